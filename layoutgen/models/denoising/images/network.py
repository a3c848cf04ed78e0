"""A small U-Net that says of a noisy layout image how likely each role is at each pixel, beside the photo and the copy.

The U-Net sees the noisy image, with the photo and its subject, with the canvas's bounds and the places on it, attends
to the lines of the copy, and says of each pixel how likely each role is and the ground. The image without noise is the
mean colour. Squares of `patch` px go in and out as one place; the U-Net is diffusers'. Normalisation is by groups of
channels alone, so a row knows nothing of its batch.

A line of the copy is given roles, too, by its features alone: which text goes into which region is told by them.
"""

from typing import NamedTuple

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.core.layout import Role
from layoutgen.models.denoising.images.schedule import CLASSES, COLOURS, schedule
from layoutgen.models.denoising.images.sizes import ImageSize
from layoutgen.models.denoising.letters import LetterEncoder
from layoutgen.models.denoising.lines import ROLES, Lines


class Conditioning(NamedTuple):
    """What an image is drawn beside: pictures (b, 4 · (patch / 2)², g, g) in squares; places (b, 3, g, g), whether a
    square is on the canvas, and where; features of lines (b, 1 + l, text), the first one of no line; and which of them
    are there (b, 1 + l)."""

    pictures: Tensor
    places: Tensor
    lines: Tensor
    there: Tensor


class Drawer(nn.Module):
    """The network: noisy images (b, 3, s, s) at times (b,) to the classes of their pixels, as logits in squares
    (b, CLASSES, patch², g, g)."""

    def __init__(self, size: ImageSize) -> None:
        super().__init__()
        self.size = size
        self.letters = LetterEncoder(size.text, size.letters)
        self.roles = nn.Linear(size.text, len(ROLES))
        self.none = nn.Parameter(torch.zeros(size.text))
        coarse = [k >= len(size.widths) // 2 for k in range(len(size.widths))]
        self.unet = UNet2DConditionModel(
            sample_size=size.side // size.patch,
            in_channels=3 * size.patch**2 + size.channels * (size.patch // 2) ** 2 + 3,
            conv_in_kernel=1,
            out_channels=size.out,
            down_block_types=tuple("CrossAttnDownBlock2D" if attends else "DownBlock2D" for attends in coarse),
            up_block_types=tuple("CrossAttnUpBlock2D" if attends else "UpBlock2D" for attends in reversed(coarse)),
            block_out_channels=size.widths,
            layers_per_block=size.layers,
            cross_attention_dim=size.text,
            attention_head_dim=tuple(width // size.attention for width in size.widths),  # diffusers counts heads here
            norm_num_groups=16,
        )
        self.pixels = nn.Conv2d(size.out, CLASSES * size.patch**2, 1)
        plan = schedule().alphas_cumprod
        spread = (torch.from_numpy(COLOURS).square().mean() * size.signal**2).item()
        self.register_buffer("loud", (plan * spread + 1 - plan).sqrt(), persistent=False)
        self.register_buffer("colours", torch.from_numpy(COLOURS) * size.signal, persistent=False)

    def conditioning(self, pictures: Tensor, sizes: Tensor, lines: Lines) -> Conditioning:
        """Read pictures (b, 4, s, s), 0 to 1, the canvases' (width, height) in them (b, 2), and lines."""
        patch, side = self.size.patch, self.size.side // self.size.patch
        seen = functional.pixel_unshuffle(functional.avg_pool2d(2 * pictures - 1, 2), patch // 2)
        middles = (torch.arange(side, device=pictures.device).to(pictures) + 0.5) * patch
        across, down = (middles / sizes[:, axis, None].to(pictures) for axis in (0, 1))
        x, y = across[:, None, :].expand(-1, side, -1), down[:, :, None].expand(-1, -1, side)
        places = torch.stack([((x < 1) & (y < 1)).to(pictures), 2 * x.clamp(max=1) - 1, 2 * y.clamp(max=1) - 1], 1)
        told = self.letters(lines)
        none = self.none.expand(len(told), 1, -1)
        there = torch.cat([torch.ones_like(lines.there[:, :1]), lines.there], 1)
        return Conditioning(seen, places, torch.cat([none, told], 1), there)

    def forward(self, noisy: Tensor, t: Tensor, conditioning: Conditioning) -> Tensor:
        """Say the classes of the pixels without noise."""
        loud: Tensor = self.loud[t].to(noisy)  # type: ignore[index]
        squares = functional.pixel_unshuffle(noisy / loud[:, None, None, None], self.size.patch)
        seen = torch.cat([squares, conditioning.pictures, conditioning.places], 1)
        out: Tensor = self.unet(
            seen,
            t,
            encoder_hidden_states=conditioning.lines,
            encoder_attention_mask=conditioning.there,
            return_dict=False,
        )[0]
        said: Tensor = self.pixels(functional.silu(out))
        return said.unflatten(1, (CLASSES, -1))

    def painted(self, classes: Tensor) -> Tensor:
        """Images (b, 3, s, s) of classes (b, s, s), as signals."""
        colours: Tensor = self.colours  # type: ignore[assignment]
        return colours[classes.long()].permute(0, 3, 1, 2)

    def mean(self, logits: Tensor) -> Tensor:
        """The mean images (b, 3, s, s) of logits in squares, as signals."""
        colours: Tensor = self.colours  # type: ignore[assignment]
        means = colours.to(logits).T @ logits.flatten(2).softmax(1)
        return functional.pixel_shuffle(means.view(len(means), -1, *logits.shape[3:]), self.size.patch)


@torch.inference_mode()
def likely_roles(network: Drawer, conditioning: Conditioning) -> list[list[dict[Role, float]]]:
    """How likely each role is of each line there is, by what the line says, for each row."""
    said = network.roles(conditioning.lines[:, 1:]).float().softmax(2).tolist()
    counts = conditioning.there[:, 1:].sum(1).tolist()
    return [
        [dict(zip(ROLES, line, strict=True)) for line in row[:count]] for row, count in zip(said, counts, strict=True)
    ]


def build(size: ImageSize, seed: int = 0) -> Drawer:
    """A network with drawn weights, the same for a seed; the global generator stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Drawer(size)
