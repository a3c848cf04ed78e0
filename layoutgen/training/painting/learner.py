"""What is made smaller: the error of noise that is told from pictures, the product's pixels counting a tenth.

    loss = mean( m ⊙ ‖ε - ε_θ(z_t, t, text, c)‖² ),   m = 1 - 0.9 · (the product's opacity at an eighth)

A picture loses its prompt 20 times in a hundred, its category 12 times, and its reference 30 times. Of references see
`references`: none shows what is to be painted.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from diffusers import DDPMScheduler
from torch import Tensor, nn

from layoutgen.models.denoising.rendering.checkpoint import Checkpoint
from layoutgen.models.denoising.rendering.frames import Frame, frame_for
from layoutgen.models.denoising.rendering.placed import PlacedScene, inpainted, place
from layoutgen.models.denoising.rendering.sampling import encode as encoded
from layoutgen.models.denoising.rendering.sampling import masked_code
from layoutgen.models.denoising.rendering.words import SceneWords
from layoutgen.training.painting import parts as parts_of
from layoutgen.training.painting.parts import Parts
from layoutgen.training.painting.pictures import Picture
from layoutgen.training.painting.references import varied
from layoutgen.training.painting.rows import Row

_WITHOUT_PROMPT, _WITHOUT_CATEGORY, _WITHOUT_REFERENCE = 0.2, 0.12, 0.3
_IN_THE_PRODUCT = 0.9


@dataclass(frozen=True, eq=False)
class Painting:
    """A picture to learn: its pixels (3, h, w) in [-1, 1], the scene in its frame, the prompt, the category, the seed
    of its time and noise, and a reference (h', w', 3) uint8, None for none."""

    pixels: Tensor
    placed: PlacedScene
    prompt: str
    category: str | None
    seed: int
    reference: np.ndarray | None = None
    weight: float = 1.0
    learnt: int = 1

    @property
    def read(self) -> int:
        """Elements."""
        return len(self.placed.roles)

    def __len__(self) -> int:
        frame = self.placed.frame
        return frame.width * frame.height // 4096

    def filler(self) -> "Painting":
        """The same picture, of which nothing is learnt."""
        return replace(self, weight=0.0, learnt=0)


def encode(picture: Picture, index: int, epoch: int, *, side: int, seed: int, with_reference: bool = False) -> Painting:
    """A picture for a model of a side in px, with a time and noise that an epoch draws anew, and one `with_reference`
    where it is learnt to follow one. Raises RowError."""
    return painting(picture, side, np.random.default_rng([seed, 17, index, epoch]), with_reference=with_reference)


def painting(
    picture: Picture, side: int, rng: np.random.Generator, *, drops: bool = True, with_reference: bool = False
) -> Painting:
    """A picture in its frame; with `drops` some lose prompt, category or reference, and references are varied."""
    (pixels, scene), reference = picture.with_reference() if with_reference else (picture.shown(), None)
    if reference is not None and drops:
        reference = None if rng.random() < _WITHOUT_REFERENCE else varied(reference, rng)
    frame = frame_for(scene.canvas, side)
    without_prompt, without_category = rng.random() < _WITHOUT_PROMPT, rng.random() < _WITHOUT_CATEGORY
    return Painting(
        torch.from_numpy(_framed(pixels, frame)),
        place(scene, frame),
        "" if drops and without_prompt else _prompt(picture.row),
        None if drops and without_category else picture.row.category,
        int(rng.integers(2**62)),
        reference,
    )


class PaintingLearner(nn.Module):
    """A checkpoint of which a part is learnt, with its loss, computed in the checkpoint's own dtype: of paintings the
    sums of losses, of rows, and 0."""

    def __init__(self, checkpoint: Checkpoint, parts: Parts) -> None:
        super().__init__()
        self.checkpoint, self.parts = checkpoint, parts
        self.unet: Any = checkpoint.unet
        self.net, self.categories = parts.net, parts.categories
        self.style: nn.ModuleList | None = None
        if parts.style is not None:
            pairs = [linear for pair in parts.style.keys_values.values() for linear in pair]
            self.style = nn.ModuleList([parts.style.projection, *pairs])

    def checkpointing(self) -> None:
        """Compute activations twice and keep few; not those of attention that is guided, which would be computed anew
        when other rows are spoken of."""
        if self.categories is None and self.style is None:
            self.unet.enable_gradient_checkpointing()
        if self.net is not None:
            self.net.network.enable_gradient_checkpointing()

    def forward(self, paintings: Sequence[Painting]) -> Tensor:
        """Sums (3,)."""
        frames: dict[Frame, list[Painting]] = defaultdict(list)
        for each in paintings:
            frames[each.placed.frame].append(each)
        lost = torch.zeros((), device=self.checkpoint.device)
        for group in frames.values():
            weight = torch.tensor([each.weight for each in group], device=lost.device)
            lost = lost + (losses(self.checkpoint, self.parts, group) * weight).sum()
        return torch.stack([lost, lost.new_tensor(sum(each.weight for each in paintings)), lost.new_zeros(())])

    def export(self, folder: Path) -> None:
        """Write what was learnt."""
        parts_of.save(self.parts, self.unet, folder)


def losses(checkpoint: Checkpoint, parts: Parts, paintings: Sequence[Painting]) -> Tensor:
    """The loss of each painting (b,), all of one frame."""
    device, dtype, vae = checkpoint.device, checkpoint.dtype, checkpoint.vae
    scenes = [painting.placed for painting in paintings]
    schedule = DDPMScheduler.from_config(checkpoint.schedule)
    with torch.no_grad():
        pixels = torch.stack([painting.pixels for painting in paintings]).to(device, vae.dtype)
        code = vae.encode(pixels).latent_dist.mode().float() * vae.config.scaling_factor
        prompts = encoded(checkpoint, [painting.prompt for painting in paintings])
    tokens = prompts.tokens.clone().to(dtype)
    times, noise = _drawn([painting.seed for painting in paintings], code.shape[1:], schedule)
    noisy = schedule.add_noise(code, noise.to(device), times.to(device)).to(dtype)
    times = times.to(device)
    ground = torch.stack([scene.ground for scene in scenes]).to(device)
    added = _added(prompts.pooled, scenes, dtype) if checkpoint.kind == "sdxl" else None
    down, mid, heard, entering = None, None, tokens, noisy
    unet: Any = checkpoint.unet
    with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
        if parts.net is not None:
            condition = parts.net.condition(scenes)
            down, mid = parts.net.network(noisy, times, tokens, condition, added_cond_kwargs=added, return_dict=False)
        parts.guide.set()
        if parts.categories is not None:
            numbers = [parts.categories.row(painting.category) for painting in paintings]
            heard = torch.cat([tokens, parts.categories(numbers).to(dtype)], 1)
            parts.guide.set(ground.to(dtype), parts.categories.tokens)
        if parts.style is not None:
            shown = [painting.reference for painting in paintings]
            strength = torch.tensor([float(picture is not None) for picture in shown], device=device)
            reference = parts.style.projection(parts.style.embeddings(shown)[0].to(device, torch.float32))
            parts.guide.set(ground.to(dtype), 0, reference, strength)
        if checkpoint.is_inpainting:
            entering = torch.cat([noisy, masked_code(checkpoint, *inpainted(scenes)).clone().to(dtype)], 1)
        answer = unet(
            entering,
            times,
            heard,
            added_cond_kwargs=added,
            down_block_additional_residuals=down,
            mid_block_additional_residual=mid,
        ).sample.float()
    weight = 1 - _IN_THE_PRODUCT * (1 - ground)
    return (weight * (noise.to(device) - answer).square()).flatten(1).mean(1)


def _prompt(row: Row) -> str:
    if row.caption:
        return row.caption
    prompt = SceneWords().prompt(row.category, None)
    assert isinstance(prompt, str)
    return prompt


def _framed(pixels: np.ndarray, frame: Frame) -> np.ndarray:
    """A picture in its frame, its edge repeated where the frame is larger: (3, h, w) float32 in [-1, 1]."""
    left, top, width, height = frame.inner
    shrinks = width < pixels.shape[1]
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    right, bottom = frame.width - left - width, frame.height - top - height
    whole = cv2.copyMakeBorder(small, top, bottom, left, right, cv2.BORDER_REPLICATE)
    return np.ascontiguousarray((whole.astype(np.float32) / 127.5 - 1).transpose(2, 0, 1))


def _drawn(seeds: Sequence[int], shape: Any, noise: DDPMScheduler) -> tuple[Tensor, Tensor]:
    """Each row's time (b,) and noise (b, 4, h, w), of its own seed."""
    times, drawn = [], []
    for seed in seeds:
        numbers = torch.Generator().manual_seed(seed)
        times.append(torch.randint(noise.config.num_train_timesteps, (), generator=numbers))
        drawn.append(torch.randn(*shape, generator=numbers))
    return torch.stack(times), torch.stack(drawn)


def _added(pooled: Tensor | None, scenes: Sequence[PlacedScene], dtype: torch.dtype) -> dict[str, Tensor]:
    assert pooled is not None
    frame = scenes[0].frame
    ids = [frame.height, frame.width, 0, 0, frame.height, frame.width]
    embeds = pooled.clone().to(dtype)
    return {"text_embeds": embeds, "time_ids": torch.tensor([ids] * len(scenes), device=embeds.device, dtype=dtype)}
