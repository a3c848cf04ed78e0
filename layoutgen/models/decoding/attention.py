"""Attention for rows of unequal length that go through the network packed into one sequence, without padding.

The linear layers, which are nearly all of the work, see only real tokens; attention alone takes the tokens apart into
parts of equal shape. Plans of `Part`s tell it how: queries against a `RowCache`, by a function that is registered with
transformers as `ROWS`. The query heads of a key-value head are folded into one long query, so keys and values are never
repeated for grouped queries. What all rows begin with is looked at once for all queries, as one matrix product, and
joined with the rest by the sums of both softmaxes (Juravsky et al. 2024, Hydragen, https://arxiv.org/abs/2402.05099).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

from layoutgen.models.decoding.transfers import to_device

ROWS = "layoutgen_rows"

ALIGN = 16
"""Key lengths are multiples of this, as CUDA's kernels want a mask's rows aligned."""

_WASTE = 1.15
"""Most that the queries of one part may be padded to, as a share of the shortest."""


@dataclass(frozen=True)
class Part:
    """Queries of equal shape: `tokens` (b, n) index the packed sequence, `rows` are b rows of the cache, `keys` are the
    slots that are looked at, and `mask` (b or 1, 1, group * n, keys), additive, says which of them. `into` (b * n) says
    where in the packed sequence each answer goes, of padding one place beyond its end."""

    tokens: torch.Tensor
    rows: slice | torch.Tensor
    keys: slice
    mask: torch.Tensor
    into: torch.Tensor


@dataclass(frozen=True)
class Plan:
    """How a pass attends: its parts, and how many of the first slots hold the same in all its rows, `row` being one of
    them; the parts look at what is behind those. With `padded` some tokens are in no part, and nobody asks for theirs.
    """

    parts: Sequence[Part]
    shared: int
    row: int
    padded: bool = False


@dataclass(frozen=True)
class View:
    """A cache as plans see it: `slots` in a row, of which all rows of the pass `shared` the first, and `group` query
    heads to a key-value head."""

    slots: int
    shared: int
    group: int
    device: torch.device
    dtype: torch.dtype

    def keys(self, longest: int) -> slice:
        """The slots to look at, for queries that see at most `longest`."""
        return slice(self.shared, min(self.slots, -(-longest // ALIGN) * ALIGN))

    def mask(self, last: np.ndarray, keys: slice) -> torch.Tensor:
        """What queries that see the slots up to `last` (b, n) may look at, (b, 1, group * n, keys), additive."""
        slots = torch.arange(keys.start, keys.stop, device=self.device)
        return self.additive(slots <= to_device(last, self.device)[..., None])

    def additive(self, seen: torch.Tensor) -> torch.Tensor:
        """A mask (b, 1, group * n, keys) of `seen` (b, n, keys)."""
        mask = torch.zeros(seen.shape, dtype=self.dtype, device=self.device).masked_fill_(~seen, float("-inf"))
        return mask.repeat(1, self.group, 1)[:, None]


@dataclass(frozen=True)
class Chunk:
    """Tokens that one row is fed: `count` of them, to slots from `start` on, at `offset` of the packed sequence."""

    row: int
    start: int
    count: int
    offset: int


@dataclass(frozen=True)
class Ahead:
    """Guesses of how a row goes on: chains of `lengths` tokens, at `offset` of the packed sequence one after the other.
    Each sees the row's slots before `start` and itself; they are written to the slots from `start` on, for this pass
    only."""

    row: int
    start: int
    offset: int
    lengths: tuple[int, ...]


def plan_prefill(chunks: Sequence[Chunk], view: View) -> Plan:
    """How a pass that reads prompts attends."""
    return Plan(list(_padded(chunks, view, _end(chunks))), view.shared, chunks[0].row)


def plan_step(chunks: Sequence[Chunk], ahead: Sequence[Ahead], view: View) -> Plan:
    """How a step of many rows attends, of which most are fed one token and a few several: the last token of every row
    makes one part over a plain view of the cache, what comes before it parts of its own, and guesses another one."""
    before = [Chunk(chunk.row, chunk.start, chunk.count - 1, chunk.offset) for chunk in chunks if chunk.count > 1]
    beyond = max([_end(chunks), *(one.offset + sum(one.lengths) for one in ahead)])
    parts = [_last_tokens(chunks, view, beyond), *_padded(before, view, beyond), *_guesses(ahead, view, beyond)]
    return Plan(parts, view.shared, chunks[0].row)


def _end(chunks: Sequence[Chunk]) -> int:
    """How many tokens chunks that stand one after the other are."""
    return max(chunk.offset + chunk.count for chunk in chunks)


def _guesses(ahead: Sequence[Ahead], view: View, beyond: int) -> Iterator[Part]:
    if not ahead:
        return
    counts = np.array([sum(one.lengths) for one in ahead])[:, None]
    steps = np.minimum(np.arange(counts.max()), counts - 1)
    starts = np.array([one.start for one in ahead])
    keys = view.keys(int((starts + counts[:, 0]).max()))
    seen = np.broadcast_to(np.arange(keys.stop) < starts[:, None, None], (*steps.shape, keys.stop)).copy()
    for place, one in zip(seen, ahead, strict=True):
        first = 0
        for length in one.lengths:
            chain = slice(one.start + first, one.start + first + length)
            place[first : first + length, chain] = np.tri(length, dtype=bool)
            first += length
        place[first:] = place[first - 1]
    tokens = np.array([one.offset for one in ahead])[:, None] + steps
    rows = to_device(np.array([one.row for one in ahead]), view.device)
    mask = view.additive(to_device(seen[..., keys].copy(), view.device))
    yield _part(tokens, rows, keys, mask, np.arange(counts.max()) < counts, beyond)


def _last_tokens(chunks: Sequence[Chunk], view: View, beyond: int) -> Part:
    top = 1 + max(chunk.row for chunk in chunks)
    tokens, real = np.zeros(top, np.int64), np.zeros(top, bool)
    last = np.full(top, view.shared, np.int64)
    for chunk in chunks:
        tokens[chunk.row] = chunk.offset + chunk.count - 1
        last[chunk.row] = chunk.start + chunk.count - 1
        real[chunk.row] = True
    keys = view.keys(int(last.max()) + 1)
    return _part(tokens[:, None], slice(0, top), keys, view.mask(last[:, None], keys), real, beyond)


def _padded(chunks: Sequence[Chunk], view: View, beyond: int) -> Iterator[Part]:
    ordered = sorted(chunks, key=lambda chunk: (chunk.count, chunk.row))
    while ordered:
        most = max(ordered[0].count + 2, int(ordered[0].count * _WASTE))
        some = [chunk for chunk in ordered if chunk.count <= most]
        ordered = ordered[len(some) :]
        some.sort(key=lambda chunk: chunk.row)
        longest = max(chunk.count for chunk in some)
        steps = np.arange(longest)
        count = np.array([chunk.count for chunk in some])[:, None]
        # A padded query repeats the row's last one: its answer is thrown away.
        steps = np.minimum(steps, count - 1)
        tokens = np.array([chunk.offset for chunk in some])[:, None] + steps
        last = np.array([chunk.start for chunk in some])[:, None] + steps
        keys = view.keys(int(last.max()) + 1)
        if (last == last[:1]).all():
            last = last[:1]
        rows = [chunk.row for chunk in some]
        together = rows == list(range(rows[0], rows[0] + len(rows)))
        where = slice(rows[0], rows[0] + len(rows)) if together else to_device(np.array(rows), view.device)
        yield _part(tokens, where, keys, view.mask(last, keys), np.arange(longest) < count, beyond)


def _part(
    tokens: np.ndarray, rows: slice | torch.Tensor, keys: slice, mask: torch.Tensor, real: np.ndarray, beyond: int
) -> Part:
    real = real.reshape(tokens.shape)
    both = to_device(np.stack([tokens, np.where(real, tokens, beyond)]), mask.device)
    return Part(both[0], rows, keys, mask, both[1].reshape(-1))


def attend_rows(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: Any = None,
    scaling: float | None = None,
    plan: Plan = Plan((), 0, 0),
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of packed queries (1, heads, tokens, size) over a layer's cache (rows, kv heads, slots, size)."""
    heads, count, size = query.shape[1:]
    kv_heads = key.shape[1]
    group = heads // kv_heads
    packed = query[0].transpose(0, 1)
    # One place more than tokens, for what is padding: to leave that out, the host would have to ask a GPU for a number.
    out = packed.new_zeros((count + 1, heads, size)) if plan.padded else packed.new_empty((count + 1, heads, size))
    sums = packed.new_empty((count + 1, heads), dtype=torch.float32) if plan.shared else None
    for part in plan.parts:
        number, length = part.tokens.shape
        some = packed[part.tokens.reshape(-1)].view(number, length, kv_heads, group, size)
        folded = some.permute(0, 2, 3, 1, 4).reshape(number, kv_heads, -1, size)
        found, logs = _look_up(folded, key, value, part, scaling)
        out.index_copy_(0, part.into, _unfolded(found, group))
        if sums is not None and logs is not None:
            sums.index_copy_(0, part.into, _unfolded(logs[..., None], group)[..., 0])
    out = out[:count]
    if sums is not None:
        keys, values = (side[plan.row : plan.row + 1, :, : plan.shared] for side in (key, value))
        first, logs = _with_sums(query[0].reshape(1, kv_heads, -1, size), keys, values, None, scaling)
        share = torch.sigmoid(_unfolded(logs[..., None], group)[..., 0] - sums[:count])[..., None].to(out.dtype)
        out = out.lerp_(_unfolded(first, group), share)
    return out[None], None


def _unfolded(found: torch.Tensor, group: int) -> torch.Tensor:
    """What was found for folded queries (b, kv heads, group * n, size), as (b * n, heads, size)."""
    number, kv_heads, _, size = found.shape
    return found.view(number, kv_heads, group, -1, size).permute(0, 3, 1, 2, 4).reshape(-1, kv_heads * group, size)


def _look_up(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, part: Part, scaling: float | None
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Attention of a part's folded queries (b, kv heads, group * n, size) over its rows of the cache; on CPUs also the
    logarithms of the softmaxes' sums (b, kv heads, group * n).

    Scattered rows are copied for one call on a GPU. A CPU looks at each where it lies: copying them takes it longer
    than a call a row.
    """
    mask = part.mask.expand(len(query), -1, -1, -1)
    if key.device.type != "cpu":
        keys, values = (side[part.rows, :, part.keys] for side in (key, value))
        return scaled_dot_product_attention(query, keys, values, attn_mask=mask, scale=scaling), None
    if isinstance(part.rows, slice):
        return _with_sums(query, key[part.rows, :, part.keys], value[part.rows, :, part.keys], mask, scaling)
    found, logs = torch.empty_like(query), query.new_empty(query.shape[:3], dtype=torch.float32)
    for i, row in enumerate(part.rows.tolist()):
        keys, values = (side[row : row + 1, :, part.keys] for side in (key, value))
        one = slice(i, i + 1)
        found[one], logs[one] = _with_sums(query[one], keys, values, mask[one], scaling)
    return found, logs


def _with_sums(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None, scaling: float | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention on a CPU, and the logarithms of its softmaxes' sums (b, heads, queries)."""
    attend = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
    found, logs = attend(query, key, value, attn_mask=mask, scale=scaling)
    return found, logs


AttentionInterface.register(ROWS, attend_rows)


@contextmanager
def attention_of(config: Any, name: str) -> Iterator[None]:
    """Have the part of a model with this config attend by a registered function, for a while."""
    before = config._attn_implementation
    config._attn_implementation = name
    try:
        yield
    finally:
        config._attn_implementation = before
