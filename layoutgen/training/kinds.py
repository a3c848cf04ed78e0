"""What kinds of models are trained, and what `fitting` asks of each: vision-language models, and networks that denoise.

A kind is told by `train.model`: the name of a family of networks that denoise is a new one of them, a checkpoint whose
config.json says such a family is one, and all others are vision-language models.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from layoutgen.config.training import TrainSettings
from layoutgen.io.storage import Storage
from layoutgen.models.base import Composition, Fault
from layoutgen.models.denoising import networks
from layoutgen.models.denoising.family import Family
from layoutgen.models.vlm.checkpoints import family_in
from layoutgen.models.vlm.pictures import picture_kind
from layoutgen.models.weights import fetch_config
from layoutgen.training.data.augment import Size
from layoutgen.training.data.cases import Case
from layoutgen.training.data.sample import Samples
from layoutgen.training.loop.rows import Encode


class Kind(Protocol):
    """A kind of model with the settings of a training. A learner is a module that takes a batch and returns sums (3,):
    of losses, of what they are sums over, and of hits; `weights` are what was learnt, by their names in a learner."""

    @property
    def size(self) -> Size:
        """The size in px at which it sees a canvas of a width and height."""
        ...

    def learner(self, device: str) -> nn.Module:
        """What is trained."""
        ...

    def pretrain(self, learner: nn.Module, samples: Samples) -> Iterator[dict[str, float]]:
        """What comes before the first step, as lines for the log."""
        ...

    def encoder(self) -> Encode:
        """What makes rows of samples."""
        ...

    def collator(self, device: torch.device) -> Callable[[list[Any]], Any]:
        """What makes batches of rows for a device."""
        ...

    def compose(self, learner: nn.Module, cases: Sequence[Case]) -> list[Composition | Fault]:
        """Lay cases out as in serving."""
        ...

    def export(self, learner: nn.Module, weights: dict[str, Tensor], folder: Path) -> None:
        """Write what was learnt into a folder so that serving loads it. Raises ValueError where it is nothing."""
        ...


def network_family(train: TrainSettings, storage: Storage) -> Family | None:
    """Which family of networks that denoise a training is of; None for a vision-language model. Raises what
    `fetch_config` does."""
    if train.model in networks.FAMILIES:
        return networks.FAMILIES[train.model]
    return networks.family_in(fetch_config(train.model, Path(train.cache).expanduser(), storage))


def size_of(train: TrainSettings, storage: Storage) -> Size:
    """The size at which a training's model sees a canvas, from its configuration alone."""
    if family := network_family(train, storage):
        from layoutgen.training.networks.kind import scaled
        from layoutgen.training.networks.kind import size_of as network_size

        return partial(scaled, side=network_size(family, train, storage).side)
    shown = fetch_config(train.model, Path(train.cache).expanduser(), storage)
    return partial(picture_kind(shown, family_in(shown)).size, longest=train.image_side)


def kind_of(train: TrainSettings, storage: Storage) -> Kind:
    """The kind of a training, with what it needs fetched to this machine."""
    if family := network_family(train, storage):
        from layoutgen.training.networks.kind import NetworkKind

        return NetworkKind(family, train, storage)
    from layoutgen.training.vlm.kind import VlmKind

    return VlmKind(train, storage)
