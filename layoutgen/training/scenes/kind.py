"""How `fitting` trains networks of scenes."""

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
from layoutgen.models.denoising.scenes import checkpoint
from layoutgen.models.denoising.scenes.network import SceneNet, SceneSize, build
from layoutgen.models.weights import fetch_weights, revision, weights_sha
from layoutgen.training.corpus.wishes import CATEGORIES, words
from layoutgen.training.data.cases import Data
from layoutgen.training.data.sample import SamplesOf
from layoutgen.training.judging.measures import Measures
from layoutgen.training.loop.steps import restore
from layoutgen.training.scenes import judging, preferences, wishes
from layoutgen.training.scenes.learner import Row, SceneLearner, encode


class SceneKind:
    """The kind of networks of scenes; see `kinds.GroundKind`."""

    whole = True

    def __init__(self, train: TrainSettings, storage: Storage) -> None:
        if train.method == "lora":
            raise Refusal(f"{train.model} is a network of scenes, which learns all its weights; set method = 'full'")
        if train.size != "small":
            raise Refusal(f"train.size = {train.size!r}: networks of scenes have 'small' alone; leave it out")
        if train.zero or train.dense_steps:
            raise Refusal("a network of scenes is small: set zero = 0 and dense_steps = 0")
        self._train, self._storage = train, storage
        self._is_of_choices = train.method == "dpo"
        self.better = judging.OF_CHOICES if self._is_of_choices else judging.BETTER

    def open_data(self, settings: DataSettings) -> Data:
        """See `GroundKind`."""
        if not self._is_of_choices:
            return wishes.open_wishes(settings)
        network = self._network().eval()
        propose = partial(judging.proposed, network, steps=self._train.denoising_steps)
        return preferences.open_preferences(settings, self._storage, network.words, propose)

    def sheet(self, samples: SamplesOf[wishes.SceneSample]) -> np.ndarray:
        """Answers that are learnt, and beside each the one that was rejected, where designers chose."""
        assert isinstance(samples, wishes.WishSamples | preferences.PreferenceSamples)
        return judging.sheet(samples.cases)

    def learner(self, device: str, data: Data) -> nn.Module:
        """The network with its loss."""
        network = self._network().to(device)
        return SceneLearner(network, self._train.beta if self._is_of_choices else None).train()

    def pretrain(self, learner: nn.Module, samples: SamplesOf[Any]) -> Iterator[dict[str, float]]:
        """Nothing comes before."""
        return iter(())

    def encoder(self) -> Callable[[wishes.SceneSample, int, int], Row]:
        """Samples with times and noise."""
        return partial(encode, seed=self._train.seed)

    def collator(self, device: torch.device) -> Callable[[list[Row]], Any]:
        """Rows are batches."""
        return list

    def watch(self, learner: Any, cases: Sequence[wishes.SceneCase]) -> tuple[dict[str, float], np.ndarray]:
        """Proposed, measured and drawn."""
        network, steps = learner.network, self._train.denoising_steps
        device = next(network.parameters()).device
        try:
            network = network.cpu()
            rows = judging.measure(network, cases, steps, self.better)
            picture = judging.sheet(cases, network, steps)
        finally:
            learner.network.to(device)
        return {name: _mean(values) for name, values in rows.items() if sum(weight for _, weight in values)}, picture

    def export(self, learner: Any, weights: dict[str, Tensor], folder: Path) -> None:
        """The network as a folder."""
        restore(learner, weights)
        checkpoint.save(learner.network, folder, torch.float32)

    def measure(self, learnt: str, cases: Sequence[wishes.SceneCase], device: str) -> Measures:
        """See `GroundKind`; on a CPU, where scenes are proposed in serving, too."""
        return judging.measure(self._network().eval(), cases, self._train.denoising_steps, self.better)

    def base(self) -> dict[str, Any]:
        """See `GroundKind`."""
        if self._train.model == "scene":
            return {"family": "scene", "base_revision": "", "base_sha": "", "whole": True}
        folder = self._folder()
        return {"family": "scene", "base_revision": revision(folder), "base_sha": weights_sha(folder), "whole": True}

    def _network(self) -> SceneNet:
        if self._train.model == "scene":
            return build(SceneSize(categories=len(CATEGORIES) + 1), words(), self._train.seed)
        return checkpoint.load(self._folder())

    def _folder(self) -> Path:
        return fetch_weights(self._train.model, Path(self._train.cache).expanduser(), self._storage)


def _mean(values: list[tuple[float, float]]) -> float:
    return sum(total for total, _ in values) / sum(weight for _, weight in values)
