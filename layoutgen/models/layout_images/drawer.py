"""A small U-Net that draws layout images by diffusion, beside the framed photo and the copy.

The image of a layout (one flat colour a role, `core.layout_image`) is the signal, colour / 127.5 - 1; the U-Net sees it
noisy, with the photo and its subject as four more channels, attends to the lines of the copy, and says the image
without noise. Squares of 4 x 4 px go in and out as one place of 16 times the channels: most of an image is flat. U-Net
and schedule are diffusers': cosine betas, x0 prediction, DDIM with trailing times, so one step is enough to answer and
more answer better. Normalisation is by groups of channels alone, so a row knows nothing of its batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.core.layout import Suggestion
from layoutgen.core.layout_image import GROUND, draw
from layoutgen.models.layout_diffusion.letters import LetterEncoder
from layoutgen.models.layout_diffusion.lines import Lines

STEPS = 1000
_NEAR = 0.1
INSET = 1
"""Px by which each side of an element is drawn further in, where 3 px are left: lines of text that stand close to each
other stay apart, also after a blur."""


@dataclass(frozen=True)
class ImageSize:
    """The numbers of a network: images of `side` px, seen in squares of `patch` px, and blocks of `widths` channels,
    the coarser half of which attend to lines of `text` numbers each."""

    name: str
    side: int
    widths: tuple[int, ...]
    layers: int
    text: int
    letters: int
    attention: int
    lines: int = 20
    channels: int = 4
    patch: int = 4


SMALL = ImageSize("small", side=128, widths=(48, 96, 160), layers=1, text=128, letters=64, attention=32)


class Beside(NamedTuple):
    """What an image is drawn beside: pictures (b, 4, s, s), 0 to 1; features of lines (b, 1 + l, text), the first one
    of no line; and which of them are there (b, 1 + l)."""

    pictures: Tensor
    lines: Tensor
    there: Tensor


class Drawer(nn.Module):
    """The network: noisy images (b, 3, s, s) at times (b,) to images."""

    def __init__(self, size: ImageSize) -> None:
        super().__init__()
        self.size = size
        self.letters = LetterEncoder(size.text, size.letters)
        self.none = nn.Parameter(torch.zeros(size.text))
        coarse = [k >= len(size.widths) // 2 for k in range(len(size.widths))]
        self.unet = UNet2DConditionModel(
            sample_size=size.side // size.patch,
            in_channels=(3 + size.channels) * size.patch**2,
            out_channels=3 * size.patch**2,
            down_block_types=tuple("CrossAttnDownBlock2D" if attends else "DownBlock2D" for attends in coarse),
            up_block_types=tuple("CrossAttnUpBlock2D" if attends else "UpBlock2D" for attends in reversed(coarse)),
            block_out_channels=size.widths,
            layers_per_block=size.layers,
            cross_attention_dim=size.text,
            attention_head_dim=size.attention,
            norm_num_groups=16,
        )

    def beside(self, pictures: Tensor, lines: Lines) -> Beside:
        """Read pictures and lines."""
        told = self.letters(lines)
        none = self.none.expand(len(told), 1, -1)
        there = torch.cat([torch.ones_like(lines.there[:, :1]), lines.there], 1)
        return Beside(pictures, torch.cat([none, told], 1), there)

    def forward(self, noisy: Tensor, t: Tensor, beside: Beside) -> Tensor:
        """Say the images without noise."""
        seen = functional.pixel_unshuffle(torch.cat([noisy, 2 * beside.pictures - 1], 1), self.size.patch)
        out: Tensor = self.unet(
            seen, t, encoder_hidden_states=beside.lines, encoder_attention_mask=beside.there, return_dict=False
        )[0]
        return functional.pixel_shuffle(out, self.size.patch)


def build(size: ImageSize, seed: int = 0) -> Drawer:
    """A network with drawn weights, the same for a seed; the global generator stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Drawer(size)


def schedule() -> DDIMScheduler:
    """The noise, and how it is taken away."""
    return DDIMScheduler(
        num_train_timesteps=STEPS,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="sample",
        timestep_spacing="trailing",
        clip_sample=True,
    )


def signal(elements: Sequence[Suggestion], canvas_px: tuple[int, int], side: int) -> Tensor:
    """The image of a layout as the network draws it, (3, side, side), -1 to 1: in the upper left of the square."""
    width, height = canvas_px
    image = np.full((side, side, 3), GROUND, np.uint8)
    image[:height, :width] = draw(inset(elements, width, height), width, height)
    return torch.from_numpy(image).permute(2, 0, 1) / 127.5 - 1


def inset(elements: Sequence[Suggestion], width: int, height: int, px: int = INSET) -> list[Suggestion]:
    """The elements with each side `px` further in on an image of a size, or further out where `px` is negative; a side
    that would be left with less than 3 px, or leave the canvas, stays."""
    out = []
    for one in elements:
        left, top, right, bottom = one.box
        if (right - left) * width >= 3 + max(0, 2 * px):
            left, right = max(0.0, left + px / width), min(1.0, right - px / width)
        if (bottom - top) * height >= 3 + max(0, 2 * px):
            top, bottom = max(0.0, top + px / height), min(1.0, bottom - px / height)
        out.append(Suggestion(one.role, (left, top, right, bottom), one.text))
    return out


def loss(network: Drawer, beside: Beside, images: Tensor, seeds: Sequence[int]) -> tuple[Tensor, Tensor]:
    """Squared errors (b,) of the images (b, 3, s, s) said at times and with noise of each row's own seed, and the
    shares (b,) of their numbers that are right to within a tenth of the range."""
    drawn = [torch.Generator().manual_seed(seed) for seed in seeds]
    t = torch.stack([torch.randint(STEPS, (), generator=one) for one in drawn]).to(images.device)
    noise = torch.stack([torch.randn(images.shape[1:], generator=one) for one in drawn]).to(images)
    said = network(schedule().add_noise(images, noise, t), t, beside)
    error = (said.float() - images).abs()
    return error.square().mean((1, 2, 3)), (error.detach() < 2 * _NEAR).float().mean((1, 2, 3))


@torch.inference_mode()
def sample(
    network: Drawer,
    beside: Beside,
    seeds: Sequence[int],
    *,
    steps: int = 8,
    seen: Callable[[int, np.ndarray, np.ndarray], None] | None = None,
) -> np.ndarray:
    """Draw images (b, s, s, 3), uint8, from noise of each row's own seed. No lots are drawn on the way (η = 0). `seen`
    is told of each step: the time, the noisy images and what the network says they are."""
    side = network.size.side
    noise = [torch.randn(3, side, side, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    x = torch.stack(noise).to(beside.pictures)
    plan = schedule()
    plan.set_timesteps(steps)
    for t in plan.timesteps:
        said = network(x, t.expand(len(x)).to(x.device), beside)
        if seen is not None:
            seen(int(t), _image(x), _image(said))
        x = plan.step(said, int(t), x, eta=0.0).prev_sample
    return _image(x)


def _image(x: Tensor) -> np.ndarray:
    image = ((x.clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return image.permute(0, 2, 3, 1).cpu().numpy()
