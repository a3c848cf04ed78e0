"""Scenes to paint as the tensors that the network takes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from layoutgen.core.layout import Box
from layoutgen.goods.backdrops.numbers import COLOURS, SceneNumbers
from layoutgen.goods.backdrops.oklab import srgb
from layoutgen.models.denoising.painted.guides import Geometry, cells_of, horizon_of, quiet_of
from layoutgen.models.denoising.painted.network import Asked, PaintSize
from layoutgen.models.denoising.scenes.conditions import place_numbers


@dataclass(frozen=True)
class Request:
    """A scene to paint on a canvas of a size (width, height) px, in one of the network's arrangements; boxes are ltrb,
    normalised."""

    numbers: SceneNumbers
    size: tuple[int, int]
    product: Box
    texts: Sequence[Box] = ()
    arrangement: int = 0


def asked(requests: Sequence[Request], about: PaintSize) -> Asked:
    """Scenes, all on canvases of one size, as tensors."""
    sides = [np.array(r.size) / np.sqrt(r.size[0] * r.size[1]) for r in requests]
    grids = [quiet_of(r.size, cells_of(r.size, about.cells), r.texts) for r in requests]
    geometry = Geometry(
        _stacked(sides),
        _stacked([np.array(r.product) for r in requests]),
        _stacked([np.array(horizon_of(r.size, r.product, r.numbers.horizon)) for r in requests]),
        _stacked(grids),
    )
    return Asked(
        _stacked([r.numbers.encode() for r in requests]),
        _stacked([srgb([getattr(r.numbers, name) for name in COLOURS]) for r in requests]),
        torch.tensor([r.arrangement for r in requests]),
        _stacked([place_numbers(r.size, r.product, r.texts) for r in requests]),
        geometry,
    )


def _stacked(arrays: Sequence[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(arrays).astype(np.float32))
