"""How `fitting` trains what paints by Stable Diffusion: a part, for the checkpoint that `train.backbone` names."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from layoutgen.config.training import DataSettings, TrainSettings
from layoutgen.core.errors import Refusal
from layoutgen.io.storage import Storage
from layoutgen.models.building import diffusion
from layoutgen.models.denoising.rendering import checkpoint as checkpoints
from layoutgen.models.denoising.rendering.checkpoint import Checkpoint
from layoutgen.models.weights import fetch_tree, revision, weights_sha
from layoutgen.training.data.cases import Data, DataError
from layoutgen.training.data.sample import SampleError, SamplesOf
from layoutgen.training.judging.card import new_network
from layoutgen.training.judging.measures import Measures
from layoutgen.training.loop.steps import restore
from layoutgen.training.painting import judging
from layoutgen.training.painting import parts as parts_of
from layoutgen.training.painting.learner import Painting, PaintingLearner, encode
from layoutgen.training.painting.parts import Size
from layoutgen.training.painting.pictures import Picture, open_pictures

_LOOKED_AT = 64


class PaintingKind:
    """The kind of parts for Stable Diffusion; see `kinds.GroundKind`."""

    better = judging.BETTER
    whole = False

    def __init__(self, train: TrainSettings, storage: Storage) -> None:
        if train.size == "discrete":
            raise Refusal("train.size = 'discrete': parts of a painting have 'small' and 'paper'; set one of them")
        if train.part == "ip_adapter" and not train.encoder:
            raise Refusal("train.part = 'ip_adapter' sees references by an image encoder; name one in train.encoder")
        self._train, self._storage = train, storage
        self._follows = train.part == "ip_adapter"

    def open_data(self, settings: DataSettings) -> Data:
        """See `GroundKind`."""
        data = open_pictures(settings, self._storage)
        if self._train.part == "categories" and not data.card["categories"]:
            raise DataError(f"{settings.source} names no category in what is learnt; give rows with category")
        if self._follows:
            _check_references(data.train)
        return data

    def sheet(self, samples: SamplesOf[Picture]) -> np.ndarray:
        """Pictures that are learnt."""
        return judging.sheet([samples.sample(k, 0) for k in range(min(12, len(samples)))])

    def learner(self, device: str, data: Data) -> nn.Module:
        """The checkpoint with a part that is to be learnt, and its loss."""
        train, checkpoint = self._train, self._checkpoint(device, self._train.dtype)
        size = Size(rank=train.rank, tokens=train.tokens, style_tokens=max(4, train.tokens))
        if train.size == "small":
            size = replace(size, width=8, widths=(8, 8, 16, 16))
        names = sorted(data.card["categories"])
        parts = parts_of.new(checkpoint, train.part, names, size, train.seed, self._encoder())
        learner = PaintingLearner(checkpoint, parts)
        if train.checkpointing is True or (train.checkpointing == "auto" and device.startswith("cuda")):
            learner.checkpointing()
        return learner.train()

    def pretrain(self, learner: nn.Module, samples: SamplesOf[Any]) -> Iterator[dict[str, float]]:
        """Nothing comes before."""
        return iter(())

    def encoder(self) -> Callable[[Picture, int, int], Painting]:
        """Pictures in their frames."""
        return partial(
            encode, side=checkpoints.side_in(self._folder()), seed=self._train.seed, with_reference=self._follows
        )

    def collator(self, device: torch.device) -> Callable[[list[Painting]], Any]:
        """Rows are batches."""
        return list

    def watch(self, learner: Any, cases: Sequence[Picture]) -> tuple[dict[str, float], np.ndarray]:
        """Painted, measured and drawn."""
        model, parts = learner.checkpoint, learner.parts
        how: dict[str, Any] = {"steps": self._train.denoising_steps, "with_reference": self._follows}
        grounds = [judging.painted(model, parts, case, seed=k, **how) for k, case in enumerate(cases)]
        rows = judging.measure(model, parts, cases, **how)
        means = {name: sum(total for total, _ in values) / len(values) for name, values in rows.items() if values}
        return means, judging.sheet(cases, grounds)

    def export(self, learner: Any, weights: dict[str, Tensor], folder: Path) -> None:
        """What was learnt, as [paint] takes it."""
        restore(learner, weights)
        learner.export(folder)

    def measure(self, learnt: str, cases: Sequence[Picture], device: str) -> Measures:
        """See `GroundKind`; in float32, so that contenders differ by what they learnt."""
        checkpoint = self._checkpoint(device, "float32")
        parts = parts_of.none(checkpoint)
        if learnt:
            folder = fetch_tree(learnt, self._cache(), self._storage)
            parts = parts_of.load(checkpoint, self._train.part, folder, self._encoder())
        steps = self._train.denoising_steps
        return judging.measure(checkpoint, parts, cases, steps, with_reference=self._follows)

    def base(self) -> dict[str, Any]:
        """See `GroundKind`."""
        folder = self._folder()
        sha = weights_sha(folder, tree=True)
        about = {"family": "painting", "part": self._train.part, "whole": False, "new": new_network(self._train)}
        return about | {"base_revision": revision(folder), "base_sha": sha}

    def _checkpoint(self, device: str, dtype: str) -> Checkpoint:
        return checkpoints.load(self._folder(), device, getattr(torch, dtype), variant=self._train.variant)

    def _folder(self) -> Path:
        files = diffusion.files_of(self._train.variant)
        return fetch_tree(self._train.backbone, self._cache(), self._storage, files)

    def _encoder(self) -> Path | None:
        """The image encoder's folder, for an `ip_adapter`."""
        return fetch_tree(self._train.encoder, self._cache(), self._storage) if self._follows else None

    def _cache(self) -> Path:
        return Path(self._train.cache).expanduser()


def _check_references(samples: SamplesOf[Picture]) -> None:
    """Raise DataError where none of the first pictures leaves ground for a reference or names one that may be shown."""
    first = range(min(_LOOKED_AT, len(samples)))
    try:
        if not any(samples.sample(k, 0).with_reference()[1] is not None for k in first):
            raise DataError(
                f"none of {len(first)} pictures has ground beside its product for a reference, or names a reference "
                "that shows something else; give rows with reference"
            )
    except SampleError as error:
        raise DataError(str(error)) from None
