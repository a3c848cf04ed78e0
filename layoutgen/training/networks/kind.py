"""How `fitting` trains networks that denoise, whatever their family.

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
from layoutgen.core.errors import Refusal
from layoutgen.core.layout import Box
from layoutgen.io.storage import Storage
from layoutgen.models.base import Composition, Fault
from layoutgen.models.denoising.family import Family, Network, NetworkParts, NetworkSize
from layoutgen.models.denoising.inputs import Inputs
from layoutgen.models.weights import fetch_config, fetch_weights
from layoutgen.training.data.cases import Case, Data, DataError
from layoutgen.training.data.sample import Sample, SampleError, Samples, Task
from layoutgen.training.judging.measures import brief_of, framed_before
from layoutgen.training.judging.watching import watched
from layoutgen.training.loop.steps import restore
from layoutgen.training.networks.inputs import inputs_of
from layoutgen.training.rewards.rollouts import Policy

_WITH_MAP, _WITH_BOX = 0.7, 0.95


@dataclass(frozen=True, eq=False)
class Row:
    """A layout as it is shown, with the seed of its time and noise."""

    inputs: Inputs
    seed: int
    weight: float = 1.0
    learnt: int = 1

    @property
    def read(self) -> int:
        """Elements."""
        return len(self.inputs.truth.ltrb)

    def __len__(self) -> int:
        return len(self.inputs.lines)

    def filler(self) -> "Row":
        """The same row, of which nothing is learnt."""
        return replace(self, weight=0.0, learnt=0)


def encode(sample: Sample, index: int, epoch: int, *, family: Family, size: NetworkSize, seed: int) -> Row:
    """Show a sample to a network of a family and size. Raises SampleError where it can't be."""
    if sample.task is None:
        raise SampleError(
            f"sample {sample.log.get('key', index)!r} has neither canvas nor copy of its own, only prompts; draw the "
            "file again, or train a vision-language model"
        )
    rng = np.random.default_rng([seed, 61, index, epoch])
    try:
        inputs = inputs_of(sample.task, family, size, _subject(sample.task, float(rng.random()), family.whole_map))
    except ValueError as error:
        raise SampleError(f"sample {sample.log.get('key', index)!r}: {error}") from None
    return Row(inputs, int(rng.integers(2**62)))


def _subject(task: Task, lot: float, whole_map: bool) -> np.ndarray | Box | None:
    if (lot < _WITH_MAP or whole_map) and task.mask is not None:
        return task.mask
    return task.keep if lot < _WITH_BOX else None


class Denoiser(nn.Module):
    """A network and its loss, computed in bfloat16 where asked: of a batch the sums of losses, of rows, and of hits,
    which are IoUs of boxes, or shares of the elements' pixels whose class is said."""

    def __init__(self, family: Family, network: Network, *, bf16: bool = False) -> None:
        super().__init__()
        self.family, self.network, self.bf16 = family, network, bf16

    def train(self, mode: bool = True) -> "Denoiser":
        """As any module; statistics of batches, where a backbone has any, stay as they were given."""
        super().train(mode)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self

    def forward(self, rows: Sequence[Row]) -> Tensor:
        """Look at rows; those without weight are no part of it."""
        learnt = [row for row in rows if row.weight] or list(rows[:1])
        count = sum(row.weight for row in rows)
        device = next(self.network.parameters()).device
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
            loss, hits = self.family.loss(self.network, [row.inputs for row in learnt], [row.seed for row in learnt])
        loss = loss.float()
        return torch.stack([loss * count, loss.new_tensor(count), loss.new_tensor(hits * count)])


class NetworkKind:
    """The kind of networks that denoise; see `kinds.Kind`."""

    def __init__(self, family: Family, train: TrainSettings, storage: Storage) -> None:
        if train.method != "full" and train.model not in NETWORKS:
            raise DataError(
                f"{train.model} is a network of kind {family.name}, which learns all its weights; set method = 'full'"
            )
        self._family, self._train, self._storage = family, train, storage
        self._size = size_of(family, train, storage)
        self.size = partial(scaled, side=self._size.side)

    def learner(self, device: str, data: Data) -> nn.Module:
        """The network with its loss."""
        network = network_of(self._family, self._train, self._storage)
        return Denoiser(self._family, network.to(device), bf16=self._train.dtype == "bfloat16").train()

    def pretrain(self, learner: nn.Module, samples: Samples) -> Iterator[dict[str, float]]:
        """Nothing comes before."""
        return iter(())

    def encoder(self) -> Callable[[Sample, int, int], Row]:
        """Samples as they are shown."""
        return partial(encode, family=self._family, size=self._size, seed=self._train.seed)

    def collator(self, device: torch.device) -> Callable[[list[Row]], Any]:
        """Rows are batches."""
        return list

    def compose(self, learner: Any, cases: Sequence[Case]) -> list[Composition | Fault]:
        """Sampled as in serving."""
        composer = self._family.composer(learner.network, frame=framed_before, steps=self._train.denoising_steps)
        return composer.compose([brief_of(case) for case in cases])

    def policy(self) -> Policy:
        """None: they are not taught by rewards."""
        raise DataError(f"{self._train.model} learns from examples alone; set method = 'full'")

    def watch(self, learner: Any, cases: Sequence[Case]) -> tuple[dict[str, float], np.ndarray]:
        """Composed, measured and drawn."""
        return watched(cases, self.compose(learner, cases))

    def export(self, learner: Any, weights: dict[str, Tensor], folder: Path) -> None:
        """The network as a folder."""
        restore(learner, weights)
        self._family.save(learner.network, folder, torch.float32)


def size_of(family: Family, train: TrainSettings, storage: Storage) -> NetworkSize:
    """The numbers of a training's network, from configurations alone, which are looked for. Raises ValueError, and what
    `fetch_config` does."""
    cache = Path(train.cache).expanduser()
    if train.model not in NETWORKS:
        return family.size_in(fetch_config(train.model, cache, storage))
    for name in ("backbone", "encoder"):
        try:
            if part := getattr(train, name):
                fetch_config(part, cache, storage)
        except ValueError as error:
            raise Refusal(f"train.{name} = {part!r}: {error}") from None
    return family.size(train.size)


def network_of(family: Family, train: TrainSettings, storage: Storage) -> Network:
    """A training's network as it begins: new as the settings say, or a checkpoint's. Raises ValueError, and what
    `fetch_weights` does."""
    fetch = partial(fetch_weights, cache_dir=Path(train.cache).expanduser(), storage=storage)
    if train.model not in NETWORKS:
        return family.load(fetch(train.model), "cpu")
    backbone, encoder = (fetch(uri) if uri else None for uri in (train.backbone, train.encoder))
    return family.new(train.size, train.seed, NetworkParts(backbone, encoder, train.without))


def scaled(width: int, height: int, *, side: int) -> tuple[int, int]:
    """The size in px of a canvas in a picture of a side."""
    scale = side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))
