"""Chains of the network that draws: stochastic ones are drawn at every step but the last (η = 1), serving's are not.

What is learnt of these serves without noise (Liu et al. 2025, Flow-GRPO). Of the square only the canvas counts, and the
last step, which is not drawn, is no move.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from layoutgen.core.layout import Canvas
from layoutgen.models.denoising.chains import Move, Rollouts, ddim
from layoutgen.models.denoising.images.encoding import read_layout
from layoutgen.models.denoising.images.network import Conditioning, Drawer, likely_roles
from layoutgen.models.denoising.images.sampling import sample
from layoutgen.models.denoising.images.schedule import schedule
from layoutgen.models.denoising.inputs import Inputs
from layoutgen.models.denoising.lines import batch

ETA = 1.0


class ImageChains:
    """See `denoising.chains.Chains`."""

    def see(self, network: Drawer, inputs: Sequence[Inputs]) -> Conditioning:
        """The conditioning of layouts."""
        device = next(network.parameters()).device
        return network.conditioning(
            torch.stack([layout.picture for layout in inputs]).to(device),
            torch.tensor([layout.size for layout in inputs], device=device),
            batch([layout.lines for layout in inputs]).to(device),
        )

    def roll(
        self,
        network: Drawer,
        conditioning: Conditioning,
        inputs: Sequence[Inputs],
        seeds: Sequence[int],
        *,
        steps: int,
        stochastic: bool,
    ) -> Rollouts:
        """Denoise."""
        moves: list[Move] = []
        images, finite = sample(network, conditioning, seeds, steps=steps, eta=ETA if stochastic else 0.0, moves=moves)
        roles = likely_roles(network, conditioning)
        on_canvas = torch.zeros(len(inputs), 1, *images.shape[1:3], device=conditioning.pictures.device)
        for row, shown in enumerate(inputs):
            on_canvas[row, :, : shown.size[1], : shown.size[0]] = 1
        layouts = [
            read_layout(image, shown.size, shown.lines, Canvas(*shown.size), shown.logo_aspect, likely)
            if good
            else None
            for image, shown, likely, good in zip(images, inputs, roles, finite.tolist(), strict=True)
        ]
        return Rollouts(layouts, [move._replace(drawn=on_canvas) for move in moves])

    def mean(self, network: Drawer, conditioning: Conditioning, move: Move) -> Tensor:
        """Where the image leads that the network says."""
        mean_image = network.mean(network(move.before, move.t.to(move.before.device), conditioning))
        alphas = schedule().alphas_cumprod.to(mean_image)
        return ddim(move.before, mean_image, alphas[move.t], alphas[move.u], ETA)[0]
