"""How `fitting` trains a vision-language model: see `lora`, `tokens`, `dense`."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from layoutgen.config.training import TrainSettings
from layoutgen.io.storage import Storage
from layoutgen.models.base import Composition, Fault
from layoutgen.models.composers.vlm import QwenVlComposer
from layoutgen.models.decoding.answerer import Answerer, DecodingOptions
from layoutgen.models.decoding.backbone import Backbone
from layoutgen.models.decoding.decoder import Decoder
from layoutgen.models.vlm.checkpoints import load_chat_format
from layoutgen.models.weights import fetch_weights
from layoutgen.training.data.cases import Case, Data
from layoutgen.training.data.sample import Sample, Samples
from layoutgen.training.judging.measures import brief_of, framed_before
from layoutgen.training.judging.watching import watched
from layoutgen.training.loop.engines import ranks_of
from layoutgen.training.loop.steps import recipe_of
from layoutgen.training.rewards.grpo import Terms
from layoutgen.training.vlm import dense, lora
from layoutgen.training.vlm.policy import VlmPolicy
from layoutgen.training.vlm.tokens import Row, encoder

_NEW_TOKENS = 768


class VlmKind:
    """The kind of models that write layouts as text; see `kinds.Kind`."""

    def __init__(self, train: TrainSettings, storage: Storage) -> None:
        self._train, self._recipe = train, recipe_of(train)
        self._base = fetch_weights(train.model, Path(train.cache).expanduser(), storage)
        self._chat = load_chat_format(self._base)
        self.size = partial(self._chat.pictures.size, longest=train.image_side)

    def learner(self, device: str, data: Data) -> nn.Module:
        """The checkpoint to train; under ZeRO-3 an adapter's base is sharded among the ranks as it is loaded."""
        recipe, explore = self._recipe, self._train.explore
        terms = Terms(explore.clip, explore.kl, explore.temperature)
        if self._train.zero == 3 and ranks_of()[1] > 1 and recipe.method != "full":
            from layoutgen.training.loop.zero import sharded

            with sharded(bf16=recipe.dtype == "bfloat16"):
                return lora.load_learner(self._base, recipe, None, terms)
        return lora.load_learner(self._base, recipe, device, terms)

    def pretrain(self, learner: Any, samples: Samples) -> Iterator[dict[str, float]]:
        """The tower's own steps."""
        if self._recipe.dense_steps:
            yield from dense.pretrain(learner.model, samples, self._chat, self._recipe)

    def encoder(self) -> Callable[[Sample, int, int], Row]:
        """Samples as tokens."""
        train = self._train
        return encoder(self._chat, train.image_side, train.max_tokens, pairs=train.method == "dpo", free=train.free)

    def collator(self, device: torch.device) -> Callable[[list[Row]], Any]:
        """Rows as batches."""
        return lora.collator(self._chat, self._recipe, device)

    def compose(self, learner: Any, cases: Sequence[Case]) -> list[Composition | Fault]:
        """Decoded as in serving."""
        composer = QwenVlComposer(self._opened(learner), frame=framed_before)
        return composer.compose([brief_of(case, self._chat.pictures, self._train.image_side) for case in cases])

    def policy(self) -> VlmPolicy:
        """Rollouts of the serving loop."""
        return VlmPolicy(self._chat, self._opened, self._recipe, self._train.explore)

    def _opened(self, learner: Any) -> Answerer:
        """A learner as it serves."""
        chat = self._chat
        decoder = Decoder(Backbone(learner.bare, chat.pictures), chat.tokenizer, chat.ends)
        return Answerer(chat, decoder, {}, DecodingOptions(max_side=self._train.image_side, max_new_tokens=_NEW_TOKENS))

    def watch(self, learner: Any, cases: Sequence[Case]) -> tuple[dict[str, float], np.ndarray]:
        """Composed, measured and drawn."""
        return watched(cases, self.compose(learner, cases))

    def export(self, learner: Any, weights: dict[str, Tensor], folder: Path) -> None:
        """An adapter, or a whole checkpoint."""
        lora.export(learner, weights, folder, self._base, self._train.model, self._recipe)
