"""How `fitting` trains networks that denoise, whatever their family: from layouts, or from rewards."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from layoutgen.config.stages import NETWORKS
from layoutgen.config.training import REWARDED, TrainSettings
from layoutgen.core.errors import Refusal
from layoutgen.io.storage import Storage
from layoutgen.models.base import Composition, Fault
from layoutgen.models.denoising.family import Family, Network, NetworkParts, NetworkSize
from layoutgen.models.weights import fetch_config, fetch_weights
from layoutgen.training.data.cases import Case, Data, DataError
from layoutgen.training.data.sample import Sample, Samples
from layoutgen.training.judging.measures import brief_of, framed_before
from layoutgen.training.judging.watching import watched
from layoutgen.training.loop.steps import restore
from layoutgen.training.networks.learner import Denoiser, Row, encode
from layoutgen.training.networks.rewarded import NetworkPolicy, Rewarded
from layoutgen.training.rewards.rollouts import Policy


class NetworkKind:
    """The kind of networks that denoise; see `kinds.Kind`."""

    def __init__(self, family: Family, train: TrainSettings, storage: Storage) -> None:
        if train.method not in ("full", *REWARDED):
            raise DataError(
                f"{train.model} is a network of kind {family.name}, which learns all its weights; set method = 'full', "
                f"or one of {', '.join(REWARDED)}"
            )
        if train.method in REWARDED and family.chains is None:
            raise DataError(f"{family.name} does not learn from rewards; set method = 'full'")
        self._family, self._train, self._storage = family, train, storage
        self._size = size_of(family, train, storage)
        self.size = partial(scaled, side=self._size.side)

    def learner(self, device: str, data: Data) -> nn.Module:
        """The network with its loss."""
        train, family = self._train, self._family
        network, bf16 = network_of(family, train, self._storage).to(device), train.dtype == "bfloat16"
        if family.chains and train.method in REWARDED:
            explore = train.explore
            kl = explore.kl if train.method == "grpo" else 0.0
            return Rewarded(family, network, family.chains(), clip=explore.clip, kl=kl, bf16=bf16).train()
        return Denoiser(family, network, bf16=bf16).train()

    def policy(self) -> Policy:
        """How it makes layouts while it learns from rewards."""
        train = self._train
        return NetworkPolicy(
            self._family, self._size, train.method, train.explore.group, train.denoising_steps, train.seed
        )

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
