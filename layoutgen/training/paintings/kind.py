"""How `fitting` trains networks that paint."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from layoutgen.config.training import DataSettings, TrainSettings
from layoutgen.core.errors import Refusal
from layoutgen.io.storage import Storage
from layoutgen.models.denoising.painted import checkpoint
from layoutgen.models.denoising.painted.network import PaintNet, PaintSize, build
from layoutgen.models.weights import fetch_weights, revision, weights_sha
from layoutgen.training.data.cases import Data
from layoutgen.training.data.sample import SamplesOf
from layoutgen.training.judging.measures import Measures
from layoutgen.training.loop.steps import restore
from layoutgen.training.paintings import judging
from layoutgen.training.paintings.drawings import Drawing, Drawings, open_drawings
from layoutgen.training.paintings.learner import PaintLearner, Row, encode


class PaintKind:
    """The kind of networks that paint; see `kinds.GroundKind`."""

    better = judging.BETTER
    whole = True

    def __init__(self, train: TrainSettings, storage: Storage) -> None:
        if train.method != "full":
            raise Refusal(f"{train.model} is a network that paints, which learns all its weights; set method = 'full'")
        if train.size != "small":
            raise Refusal(f"train.size = {train.size!r}: networks that paint have 'small' alone; leave it out")
        if train.zero or train.dense_steps:
            raise Refusal("a network that paints is small: set zero = 0 and dense_steps = 0")
        self._train, self._storage = train, storage

    def open_data(self, settings: DataSettings) -> Data:
        """See `GroundKind`."""
        return open_drawings(settings)

    def sheet(self, samples: SamplesOf[Drawing]) -> np.ndarray:
        """Scenes that are learnt."""
        assert isinstance(samples, Drawings)
        return judging.sheet(samples.cases())

    def learner(self, device: str, data: Data) -> nn.Module:
        """The network with its loss."""
        return PaintLearner(self._network().to(device), bf16=self._train.dtype == "bfloat16").train()

    def pretrain(self, learner: nn.Module, samples: SamplesOf[Any]) -> Iterator[dict[str, float]]:
        """Nothing comes before."""
        return iter(())

    def encoder(self) -> Callable[[Drawing, int, int], Row]:
        """Windows of scenes."""
        return partial(encode, seed=self._train.seed)

    def collator(self, device: torch.device) -> Callable[[list[Row]], Any]:
        """Rows are batches."""
        return list

    def watch(self, learner: Any, cases: Sequence[Drawing]) -> tuple[dict[str, float], np.ndarray]:
        """Painted, measured and drawn."""
        network = learner.network
        device = next(network.parameters()).device
        try:
            rows = judging.measure(network.cpu(), cases)
            picture = judging.sheet(cases, network)
        finally:
            network.to(device)
        return {name: float(np.mean([value for value, _ in values])) for name, values in rows.items()}, picture

    def export(self, learner: Any, weights: dict[str, Tensor], folder: Path) -> None:
        """The network as a folder."""
        restore(learner, weights)
        checkpoint.save(learner.network, folder, torch.float32)

    def measure(self, learnt: str, cases: Sequence[Drawing], device: str) -> Measures:
        """See `GroundKind`; on a CPU, where grounds are painted in serving, too."""
        return judging.measure(self._network().eval(), cases)

    def base(self) -> dict[str, Any]:
        """See `GroundKind`."""
        if self._train.model == "paint":
            return {"family": "paint", "base_revision": "", "base_sha": "", "whole": True}
        folder = self._folder()
        return {"family": "paint", "base_revision": revision(folder), "base_sha": weights_sha(folder), "whole": True}

    def _network(self) -> PaintNet:
        return build(PaintSize(), self._train.seed) if self._train.model == "paint" else checkpoint.load(self._folder())

    def _folder(self) -> Path:
        return fetch_weights(self._train.model, Path(self._train.cache).expanduser(), self._storage)
