"""A RenderNet on a UNet that learns drawn scenes in a minute, of which any part can be left out. No benchmark itself.

The UNet, ControlNet, branches, fusion and attention are those of `models/denoising/rendering`, with few channels and
all of them learnt at once. Codes are the first four principal components of squares of 8 px; a frozen table of vectors
for each kind of scene stands for a text encoder. In four scenes of ten with texts a panel lies under the first text,
whose ground then need not be calm.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from diffusers import DDPMScheduler, UNet2DConditionModel
from torch import Tensor, nn

from benchmarks.scenes import scene_of
from layoutgen.core.layout import Role, Suggestion
from layoutgen.goods.backdrops.drawing import drawn
from layoutgen.goods.backdrops.numbers import KINDS
from layoutgen.models.denoising.rendering import attention, control
from layoutgen.models.denoising.rendering.frames import Frame
from layoutgen.models.denoising.rendering.layout_branch import shares
from layoutgen.models.denoising.rendering.placed import PlacedScene, elements, place
from layoutgen.models.denoising.scenes import style
from layoutgen.training.corpus.wishes import CATEGORIES, example, reference

SIDE, CELL, CROSS, TOKENS = 96, 8, 32, 2
PARTS = ("layout branch", "spatial fusion", "visual branch", "text", "identifier", "mask of attention", "reference")
_DROPPED = {"text": 0.3, "identifier": 0.12, "reference": 0.3}
_ON_PANEL, _IN_THE_PRODUCT, _BATCH, _RATE = 0.4, 0.9, 12, 2e-3


@dataclass(frozen=True, eq=False)
class Rows:
    """Scenes to paint: codes (n, 4, h, w), what they are of, and the style numbers (n, 49) of a reference."""

    codes: Tensor
    scenes: list[PlacedScene]
    kinds: Tensor
    categories: Tensor
    styles: Tensor

    def picked(self, index: Sequence[int]) -> "Rows":
        """Some of them."""
        chosen = torch.tensor(index)
        return Rows(
            self.codes[chosen],
            [self.scenes[k] for k in index],
            self.kinds[chosen],
            self.categories[chosen],
            self.styles[chosen],
        )


class Codec:
    """Squares of 8 px as their first four principal components, each of variance 1."""

    def __init__(self, pictures: np.ndarray) -> None:
        squares = _squares(pictures).reshape(-1, 3 * CELL * CELL)
        self._mean = squares.mean(0)
        values, vectors = np.linalg.eigh(np.cov((squares - self._mean).T))
        self._axes = (vectors[:, -4:] / np.sqrt(values[-4:])).astype(np.float32)

    def encode(self, pictures: np.ndarray) -> Tensor:
        """(n, h, w, 3) uint8 to (n, 4, h/8, w/8)."""
        return torch.from_numpy((_squares(pictures) - self._mean) @ self._axes).permute(0, 3, 1, 2).contiguous()


def _squares(pictures: np.ndarray) -> np.ndarray:
    n, height, width, _ = pictures.shape
    cells = pictures.reshape(n, height // CELL, CELL, width // CELL, CELL, 3).transpose(0, 1, 3, 2, 4, 5)
    return cells.reshape(n, height // CELL, width // CELL, -1).astype(np.float32) / 127.5 - 1


def rows(count: int, seed: int, codec: Codec | None = None) -> tuple[Rows, Codec]:
    """Draw scenes, and make a codec of them where there is none."""
    frame = Frame(SIDE, SIDE, (0, 0, SIDE, SIDE))
    pictures, scenes, kinds, categories, styles = [], [], [], [], []
    for k in range(count):
        rng = np.random.default_rng([seed, 41, k])
        wish = replace(example(rng), size=(1000, 1000))
        scene, calm = scene_of(wish, SIDE, k), wish.texts
        if wish.texts and rng.random() < _ON_PANEL:
            left, top, right, bottom = wish.texts[0]
            panel = Suggestion(Role.UNDERLAY, (left - 0.02, top - 0.02, right + 0.02, bottom + 0.02), "")
            scene, calm = replace(scene, suggestions=(panel, *scene.suggestions)), wish.texts[1:]
        pictures.append(drawn(wish.answer, (SIDE, SIDE), wish.product, calm, k).pixels)
        scenes.append(place(scene, frame))
        kinds.append(KINDS.index(wish.answer.kind) + 1)
        categories.append(wish.category)
        styles.append(style.numbers(style.look_of(reference(wish.answer, rng))))
    stacked = np.stack(pictures)
    codec = codec or Codec(stacked)
    codes = codec.encode(stacked)
    return Rows(codes, scenes, torch.tensor(kinds), torch.tensor(categories), torch.tensor(np.stack(styles))), codec


class _Nothing(nn.Module):
    """Zeros of a width in place of a fusion's query: elements weigh as their shares of a cell say."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self._width = width

    def forward(self, x: Tensor) -> Tensor:
        return x.new_zeros(len(x), self._width, *x.shape[2:])


class Renderer(nn.Module):
    """A UNet with RenderNet, identifiers and references; `without` are parts that it is built without."""

    def __init__(self, seed: int, without: Sequence[str] = ()) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.unet: Any = UNet2DConditionModel(
                sample_size=SIDE // CELL,
                block_out_channels=(32, 48),
                layers_per_block=1,
                norm_num_groups=4,
                cross_attention_dim=CROSS,
                attention_head_dim=2,
                down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
                up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            )
            self.words = nn.Embedding(len(KINDS) + 1, TOKENS * CROSS).requires_grad_(False)
            self.identifiers = nn.Embedding(len(CATEGORIES) + 1, CROSS)
            self.style = nn.Linear(style.SIZE, TOKENS * CROSS)
            layers = {name: self.unet.get_submodule(name) for name in attention.cross_layers(self.unet)}
            pairs = {
                name: (nn.Linear(CROSS, layer.to_k.out_features), nn.Linear(CROSS, layer.to_v.out_features))
                for name, layer in layers.items()
            }
        self.heard = nn.ModuleList(nn.ModuleList(pair) for pair in pairs.values())
        self.guide = attention.guided(self.unet, pairs)
        self.net = control.new(self.unet, width=24, widths=(4, 8, 16, 16), seed=seed)
        self.without = frozenset(without)
        self._noise = DDPMScheduler(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")

    @contextmanager
    def switched_off(self, *parts: str) -> Iterator[None]:
        """Leave out more parts for a while."""
        before, self.without = self.without, self.without | set(parts)
        try:
            yield
        finally:
            self.without = before

    def errors(self, batch: Rows, generator: torch.Generator, *, drops: bool) -> Tensor:
        """The squared error of the noise in each cell (b, h, w), the ground's; with `drops` some conditions of some
        rows are not told."""
        answer, noise = self._answer(batch, generator, drops=drops)
        ground = torch.stack([scene.ground for scene in batch.scenes])[:, 0]
        return (1 - _IN_THE_PRODUCT * (1 - ground)) * (answer - noise).square().mean(1)

    def _answer(self, batch: Rows, generator: torch.Generator, *, drops: bool) -> tuple[Tensor, Tensor]:
        """The noise that is seen, and the one that there is, (b, 4, h, w)."""
        n = len(batch.scenes)
        times = torch.randint(self._noise.config.num_train_timesteps, (n,), generator=generator)
        noise = torch.randn(batch.codes.shape, generator=generator)
        draws = torch.rand(len(_DROPPED), n, generator=generator)
        off = {
            name: (draws[k] < share * drops) | (name in self.without)
            for k, (name, share) in enumerate(_DROPPED.items())
        }
        noisy = self._noise.add_noise(batch.codes, noise, times)
        words = self.words(torch.where(off["text"], 0, batch.kinds)).unflatten(1, (TOKENS, CROSS))
        named = self.identifiers(torch.where(off["identifier"], 0, batch.categories))[:, None]
        shown = self.style(batch.styles).unflatten(1, (TOKENS, CROSS))
        ground = torch.stack([scene.ground for scene in batch.scenes])
        heard = torch.ones_like(ground) if "mask of attention" in self.without else ground
        down, mid = self.net.network(noisy, times, words, self._condition(batch.scenes), return_dict=False)
        self.guide.set(heard, 1, shown, (~off["reference"]).float())
        answer = self.unet(
            noisy,
            times,
            torch.cat([words, named], 1),
            down_block_additional_residuals=down,
            mid_block_additional_residual=mid,
        ).sample
        self.guide.set()
        return answer, noise

    def _condition(self, scenes: Sequence[PlacedScene]) -> Tensor:
        self.net.layout = "layout branch" not in self.without
        self.net.visual = "visual branch" not in self.without
        fusion = self.net.maps.fusion
        if "spatial fusion" not in self.without:
            return self.net.condition(scenes)
        query = fusion.query
        fusion.query = _Nothing(query.out_channels)  # type: ignore[assignment]  # stands for a convolution
        try:
            return self.net.condition(scenes)
        finally:
            fusion.query = query

    def learn(self, data: Rows, steps: int, seed: int) -> None:
        """Train."""
        optimiser = torch.optim.AdamW((p for p in self.parameters() if p.requires_grad), _RATE, fused=True)
        self.train()
        for step in range(steps):
            generator = torch.Generator().manual_seed(seed * 1_000_003 + step)
            chosen = torch.randint(len(data.scenes), (_BATCH,), generator=generator).tolist()
            loss = self.errors(data.picked(chosen), generator, drops=True).mean()
            learn(optimiser, loss, _RATE, step, steps)

    @torch.no_grad()
    def measured(self, held: Rows, looks: int) -> dict[str, np.ndarray]:
        """Of each scene the error of its ground, of its cells behind text, and of those beside its product, NaN where
        there are none; and how much another identifier moves the answer in the product, as a share of its ground."""
        self.eval()
        seeds = [900 + number for number in range(looks)]
        errors = torch.stack([self.errors(held, torch.Generator().manual_seed(s), drops=False) for s in seeds]).mean(0)
        boxes, _, present = elements(held.scenes)
        text = (shares(boxes, *errors.shape[1:]) * present[..., None, None]).amax(1) > 0.5
        ground = torch.stack([scene.ground for scene in held.scenes])
        near = (nn.functional.max_pool2d(1 - ground, 3, 1, 1)[:, 0] > 0.3) & (ground[:, 0] > 0.5)
        other = replace(held, categories=1 + (held.categories + 7) % (len(CATEGORIES)))
        answers = [self._answer(each, torch.Generator().manual_seed(900), drops=False)[0] for each in (held, other)]
        moved = (answers[0] - answers[1]).abs().mean(1)
        areas = {"ground": ground[:, 0] > 0.5, "behind text": text, "beside the product": near}
        values = {name: _means(errors, area) for name, area in areas.items()}
        inside = _means(moved, ground[:, 0] < 0.1) / _means(moved, ground[:, 0] > 0.9).clamp(min=1e-9)
        return {name: value.numpy() for name, value in (values | {"identifier in the product": inside}).items()}


def learn(optimiser: torch.optim.Optimizer, loss: Tensor, rate: float, step: int, steps: int) -> None:
    """A step of so many; the rate rises over the first 40 and falls to nothing over the last quarter."""
    for group in optimiser.param_groups:
        group["lr"] = rate * min(1.0, (step + 1) / 40, 4 * (steps - step) / steps)
    optimiser.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for group in optimiser.param_groups for p in group["params"]], 1.0)
    optimiser.step()


def _means(cells: Tensor, area: Tensor) -> Tensor:
    """Means (b,) of cells (b, h, w) in areas; NaN for none."""
    count = area.sum((1, 2))
    return (cells * area).sum((1, 2)) / torch.where(count > 0, count, torch.nan)
