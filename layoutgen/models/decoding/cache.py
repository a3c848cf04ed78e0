"""Keys and values of many rows of unequal length, each row dense from its slot 0 on.

A row's slots do not depend on its neighbours: whatever is written beyond its end is overwritten by its next tokens and
never looked at before. So rows join, leave and move without the others noticing, and nothing is ever padded.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from layoutgen.models.decoding.transfers import to_device

Prefix = list[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values of a constant beginning, a pair a layer, each (kv heads, tokens, head size)."""


class RowCache:
    """The cache of one batch; takes the place of transformers' cache in a forward pass.

    Buffers are (rows, kv heads, slots, head size), two a layer; they grow when asked for more and are freed by `clear`,
    and `moves` counts how often they were other ones.
    A head's keys lie together: a CPU's attention reads them up to twice as fast as with a slot's heads side by side.
    """

    def __init__(self, layers: int, kv_heads: int, head_size: int, device: torch.device, dtype: torch.dtype) -> None:
        self._shape = (kv_heads, head_size)
        self._device, self._dtype, self._layers = device, dtype, layers
        self._written = torch.zeros(0, dtype=torch.long, device=device)
        self.moves = 0
        self.clear()

    @property
    def rows(self) -> int:
        """How many rows there is room for."""
        return self._keys[0].shape[0]

    @property
    def slots(self) -> int:
        """How many tokens there is room for in a row."""
        return self._keys[0].shape[2]

    @property
    def bytes(self) -> int:
        """The memory that the buffers take."""
        return sum(side.numel() * side.element_size() for side in (*self._keys, *self._values))

    def clear(self) -> None:
        """Give the memory back."""
        self.moves += 1
        self._keys = [self._empty(0, 0) for _ in range(self._layers)]
        self._values = [self._empty(0, 0) for _ in range(self._layers)]

    def reserve(self, rows: int, slots: int) -> None:
        """Make room, keeping what is there. Where that raises torch.OutOfMemoryError, only `clear` is left."""
        if rows <= self.rows and slots <= self.slots:
            return
        rows, slots = max(rows, self.rows), max(slots, self.slots)
        self.moves += 1
        for sides in (self._keys, self._values):
            for layer, old in enumerate(sides):
                new = self._empty(rows, slots)
                new[: old.shape[0], :, : old.shape[2]] = old
                sides[layer] = new

    def aim(self, rows: np.ndarray, slots: np.ndarray) -> None:
        """Say where the next pass writes its tokens: row and slot of each."""
        heads = np.arange(self._shape[0])[:, None]
        where = (rows * self._shape[0] + heads) * self.slots + slots
        self._written = to_device(where.reshape(-1), self._device)

    def aim_at(self, rows: torch.Tensor, slots: torch.Tensor) -> None:
        """The same of rows and slots that are on the device already."""
        heads = torch.arange(self._shape[0], device=self._device)[:, None]
        self._written = ((rows * self._shape[0] + heads) * self.slots + slots).reshape(-1)

    def update(
        self, keys: torch.Tensor, values: torch.Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Write a layer's packed keys and values (1, kv heads, tokens, head size); return the layer's buffers."""
        for side, new in ((self._keys[layer_idx], keys), (self._values[layer_idx], values)):
            side.view(-1, self._shape[1]).index_copy_(0, self._written, new[0].reshape(-1, self._shape[1]))
        return self._keys[layer_idx], self._values[layer_idx]

    def get_seq_length(self, *_: Any) -> int:
        """Zero: positions are always given, so transformers need not count."""
        return 0

    def prefix(self, row: int, length: int) -> Prefix:
        """A copy of a row's first tokens."""
        return [
            (k[row, :, :length].clone(), v[row, :, :length].clone())
            for k, v in zip(self._keys, self._values, strict=True)
        ]

    def write_prefix(self, rows: Sequence[int], prefix: Prefix) -> None:
        """Begin rows with the same tokens."""
        where = to_device(np.array(rows, np.int64), self._device)
        for (keys, values), mine, yours in zip(prefix, self._keys, self._values, strict=True):
            mine[where, :, : keys.shape[1]] = keys
            yours[where, :, : values.shape[1]] = values

    def copy(self, source: int, targets: Sequence[int], length: int) -> None:
        """Copy a row's first `length` tokens to other rows."""
        where = to_device(np.array(targets, np.int64), self._device)
        for side in (*self._keys, *self._values):
            side[where, :, :length] = side[source, :, :length]

    def erase(self, row: int) -> None:
        """Zero a row that may hold NaN: the next one in its place would multiply it by 0, which is NaN too."""
        for side in (*self._keys, *self._values):
            side[row] = 0

    def _empty(self, rows: int, slots: int) -> torch.Tensor:
        # Zeros, not whatever was in memory: a masked slot's value is multiplied by 0, and 0 times NaN is NaN.
        return torch.zeros((rows, self._shape[0], slots, self._shape[1]), dtype=self._dtype, device=self._device)
