"""A vision-language model as the decoding loop sees it: pictures to features, packed tokens to hidden states to scores.

One class for Qwen2-VL, Qwen2.5-VL, Qwen3-VL and InternVL in transformers' own implementations: their modules do the
arithmetic, while positions, attention over rows and the cache are given by the loop. It leaves no state in the model.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from layoutgen.models.base import ModelPicture
from layoutgen.models.decoding.attention import ROWS, Plan, View, attention_of
from layoutgen.models.decoding.buckets import Bucket, plan_of
from layoutgen.models.decoding.cache import RowCache
from layoutgen.models.decoding.segments import SEGMENTS
from layoutgen.models.decoding.shortcuts import shortcuts
from layoutgen.models.decoding.transfers import to_device
from layoutgen.models.vlm.pictures import PictureKind
from layoutgen.models.vlm.pixel_inputs import pixel_inputs


@dataclass(frozen=True)
class Features:
    """What the vision tower says of pictures: a vector a visual token (tokens, width), and Qwen3-VL's features for the
    first layers of the language model, each of the same shape."""

    vectors: torch.Tensor
    deep: list[torch.Tensor]


class Backbone:
    """A loaded model. `pictures` says how its family takes pictures. `bucketed`: its steps come in few shapes, see
    `buckets`, as a GPU wants them, while a CPU would only compute the padding; left out, what suits the device."""

    def __init__(self, model: Any, pictures: PictureKind, *, bucketed: bool | None = None) -> None:
        self.pictures = pictures
        self._model = model.eval()
        self._text = model.model.language_model
        config = self._text.config
        self.device: torch.device = model.device
        self.dtype: torch.dtype = model.dtype
        self.bucketed = self.device.type == "cuda" if bucketed is None else bucketed
        self.image_token: int = model.config.image_token_id
        self.vocabulary: int = model.lm_head.out_features
        self.context: int = config.max_position_embeddings
        heads = config.num_attention_heads
        self._layers: int = config.num_hidden_layers
        self._kv_heads: int = config.num_key_value_heads
        self._head_size: int = getattr(config, "head_dim", None) or config.hidden_size // heads
        self.group = heads // self._kv_heads
        self._axes = 1 if pictures.tiles else 3

    def cache(self) -> RowCache:
        """An empty cache of the model's shape."""
        return RowCache(self._layers, self._kv_heads, self._head_size, self.device, self.dtype)

    @property
    def bytes_a_token(self) -> int:
        """What one token takes in a cache."""
        return 2 * self._layers * self._kv_heads * self._head_size * self.dtype.itemsize

    @contextmanager
    def attention(self) -> Iterator[None]:
        """Have the model attend as the loop needs it, with shortcuts, and as before afterwards."""
        with attention_of(self._text.config, ROWS), shortcuts(self._model):
            if self.pictures.tiles:
                yield
            else:
                with attention_of(self._model.model.visual.config, SEGMENTS):
                    yield

    def encode_pictures(self, pictures: Sequence[ModelPicture]) -> Features:
        """Run the vision tower over pictures, in order."""
        found = self._model.model.get_image_features(
            **pixel_inputs(self.pictures, pictures, self.device, self.dtype), return_dict=True
        )
        deep = [_joined(layer) for layer in getattr(found, "deepstack_features", None) or ()]
        return Features(_joined(found.pooler_output).to(self.dtype), deep)

    def read(
        self,
        tokens: np.ndarray,
        positions: np.ndarray,
        plan: Plan,
        cache: RowCache,
        seen: Features | None,
        ends: np.ndarray,
    ) -> torch.Tensor:
        """Feed packed tokens (n,) at positions (3, n) and return the hidden states (m, width) of the tokens `ends`
        (m,). `seen` holds the features of the tokens that stand for pictures."""
        embeds = self._text.get_input_embeddings()(to_device(tokens, self.device))
        deep: dict[str, Any] = {}
        if seen is not None:
            where = to_device(np.flatnonzero(tokens == self.image_token), self.device)
            embeds.index_copy_(0, where, seen.vectors)
            if seen.deep:
                visual = torch.zeros(len(tokens), dtype=torch.bool, device=self.device).index_fill_(0, where, True)
                deep = {"visual_pos_masks": visual[None], "deepstack_visual_embeds": seen.deep}
        places, last = to_device(positions[: self._axes], self.device), to_device(ends, self.device)
        return self._states(embeds, places, plan, cache, last, **deep)

    def step(self, numbers: torch.Tensor, bucket: Bucket, cache: RowCache) -> torch.Tensor:
        """Scores (ends, vocabulary) of a step whose numbers are those of `bucket`, see `buckets.pack`. All that it asks
        of a device has the same shapes for the same bucket and cache, and the host waits for none of it."""
        split = bucket.split(numbers)
        ids, at, rows, slots = split[:4]
        cache.aim_at(rows, slots)
        plan = plan_of(bucket, split, View(cache.slots, 0, self.group, self.device, self.dtype))
        embeds = self._text.get_input_embeddings()(ids)
        return self.scores(self._states(embeds, at.expand(self._axes, -1), plan, cache, split[-1]))

    def _states(
        self,
        embeds: torch.Tensor,
        places: torch.Tensor,
        plan: Plan,
        cache: RowCache,
        ends: torch.Tensor,
        **deep: Any,
    ) -> torch.Tensor:
        found = self._text(
            inputs_embeds=embeds[None],
            position_ids=places if self._axes == 1 else places[:, None],
            attention_mask=None,
            past_key_values=cache,
            use_cache=True,
            plan=plan,
            ends=ends,
            **deep,
        )
        return found.last_hidden_state[0]

    def scores(self, hidden: torch.Tensor) -> torch.Tensor:
        """Scores of the next token (n, vocabulary), float32, for hidden states (n, width)."""
        return self._model.lm_head(hidden).float()


def _joined(features: torch.Tensor | Sequence[torch.Tensor]) -> torch.Tensor:
    """Features (tokens, width) of all pictures, which come as one tensor or, by family and version, one a picture."""
    whole = features if isinstance(features, torch.Tensor) else torch.cat(tuple(features))
    return whole.reshape(-1, whole.shape[-1])


def positions(tokens: np.ndarray, image_token: int, grid: tuple[int, int] | None, start: int) -> np.ndarray:
    """Positions (3, n) of a row's tokens after `start` text tokens.

    Text advances all three axes (time, row, column) together. A picture of `grid` (rows, columns) visual tokens stands
    at one time, spreads over rows and columns, and takes as many positions as its longer side (Qwen2-VL,
    https://arxiv.org/abs/2409.12191, section 2.1). Without a grid its tokens count as text.
    """
    found = np.tile(np.arange(start, start + len(tokens)), (3, 1))
    places = np.flatnonzero(tokens == image_token)
    if grid is None or not len(places):
        return found
    first, (rows, columns) = int(places[0]), grid
    if len(places) != rows * columns or places[-1] - first + 1 != len(places):
        raise ValueError(f"prompt has {len(places)} visual tokens for a picture of {rows} x {columns}; build it anew")
    at = start + first
    found[0, places] = at
    found[1, places] = at + np.repeat(np.arange(rows), columns)
    found[2, places] = at + np.tile(np.arange(columns), rows)
    found[:, places[-1] + 1 :] += max(rows, columns) - len(places)
    return found
