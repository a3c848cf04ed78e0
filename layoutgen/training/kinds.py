"""What kinds of models are trained, and what `fitting` asks of each: vision-language models, networks that denoise
layouts, and those that paint grounds.

A kind is told by `train.model`: `scene`, `paint`, `painting` or the name of a family of networks that denoise is a new
one, a checkpoint whose config.json says that it is such a one goes on, and all others are vision-language models.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from layoutgen.config.stages import NETWORKS
from layoutgen.config.training import GROUNDS, REWARDED, DataSettings, TrainSettings
from layoutgen.io.storage import Storage
from layoutgen.models.base import Composition, Fault
from layoutgen.models.denoising import networks
from layoutgen.models.denoising.family import Family
from layoutgen.models.denoising.files import model_type_in
from layoutgen.models.vlm.checkpoints import family_in
from layoutgen.models.vlm.pictures import picture_kind
from layoutgen.models.weights import fetch_config
from layoutgen.training.data.augment import Size
from layoutgen.training.data.cases import Case, Data, DataError
from layoutgen.training.data.opening import open_data
from layoutgen.training.data.sample import SamplesOf
from layoutgen.training.judging.measures import Measures
from layoutgen.training.loop.rows import Encode
from layoutgen.training.rewards.rollouts import Policy


class Kind(Protocol):
    """A kind of model with the settings of a training. A learner is a module that takes a batch and returns sums (3,):
    of losses, of what they are sums over, and of hits; `weights` are what was learnt, by their names in a learner."""

    def learner(self, device: str, data: Data) -> nn.Module:
        """What is trained, on a data set."""
        ...

    def pretrain(self, learner: nn.Module, samples: SamplesOf[Any]) -> Iterator[dict[str, float]]:
        """What comes before the first step, as lines for the log."""
        ...

    def encoder(self) -> Encode:
        """What makes rows of samples."""
        ...

    def collator(self, device: torch.device) -> Callable[[list[Any]], Any]:
        """What makes batches of rows for a device."""
        ...

    def watch(self, learner: nn.Module, cases: Sequence[Any]) -> tuple[dict[str, float], np.ndarray]:
        """Make cases as in serving: means of what is measured of them, and a picture (h, w, 3) of them."""
        ...

    def export(self, learner: nn.Module, weights: dict[str, Tensor], folder: Path) -> None:
        """Write what was learnt into a folder so that serving loads it. Raises ValueError where it is nothing."""
        ...


class LayoutKind(Kind, Protocol):
    """A kind whose models make layouts, which can be rewarded."""

    def policy(self) -> Policy:
        """How it makes layouts while it learns from rewards. Raises DataError where it can't."""
        ...

    def compose(self, learner: nn.Module, cases: Sequence[Case]) -> list[Composition | Fault]:
        """Make cases as in serving."""
        ...


class GroundKind(Kind, Protocol):
    """A kind whose models paint grounds: it has data and measures of its own. `better` says of each measure whether
    `higher` or `lower` is, `whole` whether a whole model is exported, or a part for another one."""

    better: dict[str, str]
    whole: bool

    def open_data(self, settings: DataSettings) -> Data:
        """What is learnt and judged by. Raises DataError or StorageError."""
        ...

    def sheet(self, samples: SamplesOf[Any]) -> np.ndarray:
        """A picture (h, w, 3) of what is learnt."""
        ...

    def measure(self, learnt: str, cases: Sequence[Any], device: str) -> Measures:
        """What the model makes of cases, with the part that was exported to a URI; "" for none."""
        ...

    def base(self) -> dict[str, Any]:
        """What a version's card says of its base: `family`, `base_revision`, `base_sha`, `whole`, and more."""
        ...


def ground_kind(train: TrainSettings, storage: Storage) -> GroundKind | None:
    """The kind of a training of what paints grounds; None for all others. Raises what `fetch_config` does."""
    if train.model == "painting":
        from layoutgen.training.painting.kind import PaintingKind

        return PaintingKind(train, storage)
    if train.model in NETWORKS:
        return None
    name = train.model
    if name not in GROUNDS:
        name = _ground_in(fetch_config(train.model, Path(train.cache).expanduser(), storage))
    if name == "scene":
        from layoutgen.training.scenes.kind import SceneKind

        return SceneKind(train, storage)
    if name == "paint":
        from layoutgen.training.paintings.kind import PaintKind

        return PaintKind(train, storage)
    return None


def _ground_in(folder: Path) -> str:
    """Which network of grounds a checkpoint is; empty for none."""
    from layoutgen.models.denoising.painted import checkpoint as painted
    from layoutgen.models.denoising.scenes import checkpoint as scenes

    return {scenes.MODEL_TYPE: "scene", painted.MODEL_TYPE: "paint"}.get(model_type_in(folder), "")


def exports_whole(train: TrainSettings, storage: Storage) -> bool:
    """Whether a training makes a whole model; else an adapter or a part for its base."""
    if grounds := ground_kind(train, storage):
        return grounds.whole
    return train.method == "full" or network_family(train, storage) is not None


def data_of(settings: DataSettings, train: TrainSettings, storage: Storage) -> Data:
    """The data set of a training. Raises DataError or StorageError."""
    if grounds := ground_kind(train, storage):
        if train.method in REWARDED:
            raise DataError(f"train.method = {train.method!r} learns from layouts, and {train.model!r} makes none")
        return grounds.open_data(settings)
    if settings.augment.draw_given and settings.source.endswith(".arrow"):
        raise DataError(
            f"data.augment.draw_given draws on pictures, and those of {settings.source} were drawn when the file was "
            "made; learn from a data set or from drawn posters, or set it to false"
        )
    if settings.augment.draw_given and network_family(train, storage):
        raise DataError(
            f"data.augment.draw_given draws for language models, and train.model is {train.model!r}; set it to false"
        )
    return open_data(settings, train.cache, storage, size_of(train, storage))


def network_family(train: TrainSettings, storage: Storage) -> Family | None:
    """Which family of networks that denoise layouts a training is of; None for a vision-language model. Raises what
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
    return ground_kind(train, storage) or layout_kind(train, storage)


def layout_kind(train: TrainSettings, storage: Storage) -> LayoutKind:
    """The kind of a training of what makes layouts."""
    if family := network_family(train, storage):
        from layoutgen.training.networks.kind import NetworkKind

        return NetworkKind(family, train, storage)
    from layoutgen.training.vlm.kind import VlmKind

    return VlmKind(train, storage)
