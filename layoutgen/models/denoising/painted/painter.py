"""The painter `painted`: a diffusion proposes a scene's numbers, a network paints them in one pass."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from layoutgen.goods.backdrops.drawing import FROM_ABOVE, NO_FLOOR
from layoutgen.goods.backdrops.stage import SURFACES
from layoutgen.models.base import Painted, Scene
from layoutgen.models.denoising.painted.asking import Request, asked
from layoutgen.models.denoising.painted.guides import horizon_of
from layoutgen.models.denoising.painted.network import PaintNet
from layoutgen.models.denoising.scenes.proposing import Proposal, ProposalPainter, Proposer, texts_of

_BAND_PX = 8192
"""Painted at once: what fits into a processor's cache."""


class NetworkPainter(ProposalPainter):
    """Paints what is proposed, in an arrangement that the seed chooses. What lies or hangs has a plain wall, whatever
    scene is proposed."""

    longest = 800

    def __init__(self, network: PaintNet, proposer: Proposer) -> None:
        super().__init__(proposer)
        self._network = network

    def _painted(self, scene: Scene, proposal: Proposal, size: tuple[int, int]) -> Painted:
        rng = np.random.default_rng(proposal.seed)
        numbers, arrangement = proposal.numbers, int(rng.integers(self._network.size.arrangements))
        horizon = horizon_of(size, scene.product_box, numbers.horizon)
        floor = 0.0 if numbers.kind in FROM_ABOVE else None if numbers.kind in NO_FLOOR else horizon
        if scene.lies:
            plain = numbers.kind if floor != horizon else "sweep"
            colour = numbers.floor if numbers.kind in SURFACES else numbers.wall
            numbers, floor = replace(numbers, kind=plain, wall=colour, floor=colour, props=0.0), 0.0
        request = Request(numbers, size, scene.product_box, texts_of(scene), arrangement)
        pixels = proposal.coloured(painted(self._network, request, rng))
        return Painted(pixels, floor, numbers.light, condition=f"{proposal.condition}, arrangement {arrangement}")


@torch.no_grad()
def painted(network: PaintNet, request: Request, rng: np.random.Generator) -> NDArray[np.uint8]:
    """A scene's ground (h, w, 3) of its size, some rows at a time, with a grain of half a level against banding."""
    wide, high = request.size
    wanted = asked([request], network.size)
    condition, features = network.encode(wanted)
    x, y = (((torch.arange(side) + 0.5) / side)[None] for side in (wide, high))
    bands = [
        network.decode(wanted, condition, features, band, x)[0].numpy() for band in y.split(max(1, _BAND_PX // wide), 1)
    ]
    pixels = 255 * np.concatenate(bands) + rng.random((high, wide, 1), np.float32)
    return np.asarray(np.clip(pixels, 0, 255), np.uint8)
