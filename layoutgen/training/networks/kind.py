"""How `fitting` trains networks that denoise: boxes (`radm`) or drawn layouts (`layout_image`).

A sample is shown as its framed picture with its subject, the lines of its copy and its layout; the time and the noise
are drawn from a seed of the sample's index and epoch. Where a sample knows its subject's map, it is shown with it, at
times with its box alone or without it, as it will be by annotators that know less.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from layoutgen.config.stages import NETWORKS
from layoutgen.config.training import TrainSettings
from layoutgen.core.layout import Box
from layoutgen.io.storage import Storage
from layoutgen.models.base import Composition, Fault
from layoutgen.models.denoising.lines import batch
from layoutgen.models.denoising.networks import (
    SAVE,
    Network,
    NetworkParts,
    composer_of,
    fresh,
    loaded,
    size_in,
    size_named,
)
from layoutgen.models.weights import fetch_config, fetch_weights
from layoutgen.training.data.cases import Case, DataError
from layoutgen.training.data.sample import Sample, SampleError, Samples, Task
from layoutgen.training.judging.gate import brief_of, framed_before
from layoutgen.training.loop.steps import restore
from layoutgen.training.networks import boxes as box_diffusion
from layoutgen.training.networks.boxes import Shown, line_roles

_WITH_MAP, _WITH_BOX = 0.7, 0.95


@dataclass(frozen=True, eq=False)
class Row:
    """A layout as it is shown, with the seed of its time and noise; `image` has the classes of the drawn layout's
    pixels, where that is what is learnt."""

    shown: Shown
    seed: int
    image: Tensor | None = None
    weight: float = 1.0
    learnt: int = 1

    @property
    def read(self) -> int:
        """Elements."""
        return len(self.shown.truth.ltrb)

    def __len__(self) -> int:
        return len(self.shown.lines)

    def filler(self) -> "Row":
        """The same row, of which nothing is learnt."""
        return replace(self, weight=0.0, learnt=0)


def encode(sample: Sample, index: int, epoch: int, *, size: Any, seed: int, draws: bool) -> Row:
    """Show a sample to a network of a size. Raises SampleError where it can't be."""
    if sample.task is None:
        raise SampleError(
            f"sample {sample.log.get('key', index)!r} has neither canvas nor copy of its own, only prompts; draw the "
            "file again, or train a vision-language model"
        )
    lots = np.random.default_rng([seed, 61, index, epoch])
    try:
        shown = box_diffusion.show(sample.task, size, _subject(sample.task, float(lots.random())))
    except ValueError as error:
        raise SampleError(f"sample {sample.log.get('key', index)!r}: {error}") from None
    image = None
    if draws:
        from layoutgen.models.denoising.images.encoding import signal

        image = signal(sample.task.target, shown.size, size.side)
    return Row(shown, int(lots.integers(2**62)), image)


def _subject(task: Task, lot: float) -> np.ndarray | Box | None:
    if lot < _WITH_MAP and task.mask is not None:
        return task.mask
    return task.keep if lot < _WITH_BOX else None


class Denoiser(nn.Module):
    """A network and its loss, computed in bfloat16 where asked: of a batch the sums of losses, of rows, and of hits,
    which are IoUs of boxes, or shares of the elements' pixels whose class is said."""

    def __init__(self, network: Network, *, bf16: bool = False) -> None:
        super().__init__()
        self.network, self.bf16 = network, bf16

    def train(self, mode: bool = True) -> "Denoiser":
        """As any module; statistics of batches, where a backbone has any, stay as they were given."""
        super().train(mode)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self

    def forward(self, rows: Sequence[Row]) -> Tensor:
        """Look at rows; those without weight are no part of it."""
        kept = [row for row in rows if row.weight] or list(rows[:1])
        count = sum(row.weight for row in rows)
        device = next(self.network.parameters()).device
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
            lost, hits = self._drawn(kept) if kept[0].image is not None else self._boxes(kept)
        lost = lost.float()
        return torch.stack([lost * count, lost.new_tensor(count), lost.new_tensor(hits * count)])

    def _boxes(self, rows: Sequence[Row]) -> tuple[Tensor, float]:
        lost, parts = box_diffusion.batch_loss(self.network, [row.shown for row in rows], [row.seed for row in rows])
        return lost, parts["iou"]

    def _drawn(self, rows: Sequence[Row]) -> tuple[Tensor, float]:
        from layoutgen.models.denoising.images.drawer import loss

        device = next(self.network.parameters()).device
        conditioning = self.network.conditioning(
            torch.stack([row.shown.picture for row in rows]).to(device),
            torch.tensor([row.shown.size for row in rows], device=device),
            batch([row.shown.lines for row in rows]).to(device),
        )
        classes = torch.stack([row.image for row in rows if row.image is not None]).to(device)
        roles = line_roles([row.shown.truth for row in rows], conditioning.lines.shape[1] - 1).to(device)
        lost, hits = loss(self.network, conditioning, classes, roles, [row.seed for row in rows])
        return lost.mean(), float(hits.mean())


class Denoising:
    """The kind of networks that denoise; see `kinds.Kind`."""

    def __init__(self, name: str, train: TrainSettings, storage: Storage) -> None:
        if train.method != "full" and train.model not in NETWORKS:
            raise DataError(
                f"{train.model} is a network of kind {name}, which learns all its weights; set method = 'full'"
            )
        self._name, self._train, self._storage = name, train, storage
        self._like = seen(name, train, storage)
        self.size = partial(scaled, side=self._like.side)

    def learner(self, device: str) -> nn.Module:
        """The network with its loss."""
        network = network_of(self._name, self._train, self._storage)
        return Denoiser(network.to(device), bf16=self._train.dtype == "bfloat16").train()

    def pretrain(self, learner: nn.Module, samples: Samples) -> Iterator[dict[str, float]]:
        """Nothing comes before."""
        return iter(())

    def encoder(self) -> Callable[[Sample, int, int], Row]:
        """Samples as they are shown."""
        return partial(encode, size=self._like, seed=self._train.seed, draws=self._name == "layout_image")

    def collator(self, device: torch.device) -> Callable[[list[Row]], Any]:
        """Rows are batches."""
        return list

    def made(self, learner: Any, cases: Sequence[Case]) -> list[Composition | Fault]:
        """Sampled as in serving."""
        composer = composer_of(self._name, learner.network, frame=framed_before, steps=self._train.denoising_steps)
        return composer.compose([brief_of(case) for case in cases])

    def export(self, learner: Any, weights: dict[str, Tensor], folder: Path) -> None:
        """The network as a folder."""
        restore(learner, weights)
        SAVE[self._name](learner.network, folder, torch.float32)


def seen(name: str, train: TrainSettings, storage: Storage) -> Any:
    """The numbers of a training's network, from configurations alone, which are looked for. Raises ValueError, and what
    `fetch_config` does."""
    cache = Path(train.cache).expanduser()
    if train.model not in NETWORKS:
        return size_in(name, fetch_config(train.model, cache, storage))
    for part in (train.backbone, train.encoder):
        if part:
            fetch_config(part, cache, storage)
    return size_named(name, train.size)


def network_of(name: str, train: TrainSettings, storage: Storage) -> Network:
    """A training's network as it begins: new as the settings say, or a checkpoint's. Raises ValueError, and what
    `fetch_weights` does."""
    fetch = partial(fetch_weights, cache_dir=Path(train.cache).expanduser(), storage=storage)
    if train.model not in NETWORKS:
        return loaded(name, fetch(train.model))
    backbone, encoder = (fetch(one) if one else None for one in (train.backbone, train.encoder))
    return fresh(name, train.size, train.seed, NetworkParts(backbone, encoder, train.without))


def scaled(width: int, height: int, *, side: int) -> tuple[int, int]:
    """The size in px of a canvas in a picture of a side."""
    scale = side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))
