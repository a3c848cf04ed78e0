"""A small U-Net that draws layout images by diffusion, beside the framed photo and the copy.

The signal is the image of a layout, one flat colour a role (`core.proposals.layout_image`), as c · (colour / 127.5 -
1); the U-Net sees it noisy, with the photo and its subject, with the canvas's bounds and the places on it, attends to
the lines of the copy, and says of each pixel how likely each role is and the ground. The image without noise is the
mean colour.

    x_t = √ᾱ_t x_0 + √(1 - ᾱ_t) ε,   x_0 = c · Σ_k p_k colour_k,   loss = - log p of the true class, over pixels

So the mean squared error's best answer is learnt by cross-entropy (score interpolation, Dieleman et al. 2022), which
gives thin lines of text more say. c is small because large flat colours are seen through much noise (Chen 2023): with
c = 1 nine tenths of all times would teach nothing about where a text goes. Squares of `patch` px go in and out as one
place; U-Net and schedule are diffusers': cosine betas, DDIM with trailing times, so one step is enough to answer and
more answer better. Normalisation is by groups of channels alone, so a row knows nothing of its batch.

A line of the copy is given roles, too, by its features alone: which text goes into which region is told by them.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.core.proposals.layout_image import PALETTE
from layoutgen.models.denoising.letters import LetterEncoder
from layoutgen.models.denoising.lines import ROLES, Lines

STEPS = 1000
CLASSES = len(PALETTE)


@dataclass(frozen=True)
class ImageSize:
    """The numbers of a network: images of `side` px, seen in squares of `patch` px, and blocks of `widths` channels,
    the coarser half of which attend, in heads of `attention` channels, to lines of `text` numbers each; `signal` is c,
    `out` the channels of a square before its pixels' classes are said. Photos are seen at half the size."""

    name: str
    side: int
    widths: tuple[int, ...]
    layers: int
    text: int
    letters: int
    attention: int
    out: int
    patch: int = 8
    signal: float = 0.15
    lines: int = 20
    channels: int = 4


SMALL = ImageSize(
    "small", side=256, widths=(48, 96, 160), layers=1, text=128, letters=64, attention=32, out=96
)  # fmt: skip


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
        spread = (torch.from_numpy(_COLOURS).square().mean() * size.signal**2).item()
        self.register_buffer("loud", (plan * spread + 1 - plan).sqrt(), persistent=False)
        self.register_buffer("colours", torch.from_numpy(_COLOURS) * size.signal, persistent=False)

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
        clip_sample=False,
    )


def loss(
    network: Drawer, conditioning: Conditioning, classes: Tensor, roles: Tensor, seeds: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Cross-entropies (b,) of the classes (b, s, s) said at times and with noise of each row's own seed, and a tenth of
    that of the lines' roles (b, l), -1 where there is none; and the shares (b,) of the elements' pixels whose class is
    said to be likelier than not."""
    drawn = [torch.Generator().manual_seed(seed) for seed in seeds]
    t = torch.stack([torch.randint(STEPS, (), generator=one) for one in drawn]).to(classes.device)
    images = network.painted(classes)
    noise = torch.stack([torch.randn(images.shape[1:], generator=one) for one in drawn]).to(images)
    said = network(schedule().add_noise(images, noise, t), t, conditioning).float()
    target = functional.pixel_unshuffle(classes[:, None], network.size.patch).long()
    each = functional.cross_entropy(said, target, reduction="none").flatten(1)
    taken = target.flatten(1) > 0
    hits = ((each.detach() < math.log(2)) & taken).sum(1) / taken.sum(1).clamp(min=1)
    return each.mean(1) + 0.1 * _role_loss(network.roles(conditioning.lines[:, 1:]).float(), roles), hits


def _role_loss(said: Tensor, roles: Tensor) -> Tensor:
    lost = functional.cross_entropy(said.transpose(1, 2), roles, ignore_index=-1, reduction="none")
    return lost.sum(1) / (roles >= 0).sum(1).clamp(min=1)


@torch.inference_mode()
def sample(
    network: Drawer,
    conditioning: Conditioning,
    seeds: Sequence[int],
    *,
    steps: int = 8,
    seen: Callable[[int, np.ndarray, np.ndarray], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw images (b, s, s, 3), uint8, from noise of each row's own seed, and tell which of them are finite (b,), bool.
    No lots are drawn on the way (η = 0). `seen` is told of each step: the time, the noisy images and what the network
    says they are."""
    side, c = network.size.side, network.size.signal
    noise = [torch.randn(3, side, side, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    x = torch.stack(noise).to(conditioning.pictures)
    plan = schedule()
    plan.set_timesteps(steps)
    said = x
    for t in plan.timesteps:
        said = network.mean(network(x, t.expand(len(x)).to(x.device), conditioning))
        if seen is not None:
            seen(int(t), _image(x), _image(said / c))
        x = plan.step(said, int(t), x, eta=0.0).prev_sample
    return _image(said / c), said.isfinite().flatten(1).all(1).cpu().numpy()


def _image(x: Tensor) -> np.ndarray:
    image = ((x.nan_to_num().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return image.permute(0, 2, 3, 1).cpu().numpy()


_COLOURS = (PALETTE / 127.5 - 1).astype(np.float32)
