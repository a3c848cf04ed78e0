"""Attention for rows of unequal length that go through the network packed into one sequence, without padding.

The linear layers, which are nearly all of the work, see only real tokens; attention alone takes the tokens apart into
parts of equal shape. Plans of `Part`s tell it how. Two functions are registered with transformers, under own names:

- `ROWS` for the language model: queries of a plan against a `RowCache`. The query heads of a key-value head are folded
  into one long query, so keys and values are never repeated for grouped queries.
- `SEGMENTS` for the vision tower: a packed sequence of segments (windows or whole images), those of one length at once.
  transformers hands it the segments only because of the word `flash` in its name; its own way is a call a segment.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface

ROWS, SEGMENTS = "layoutgen_rows", "layoutgen_flash_segments"

ALIGN = 16
"""Key lengths are multiples of this, as CUDA's kernels want a mask's rows aligned."""

_WASTE = 1.15
"""Most that the queries of one part may be padded to, as a share of the shortest."""


@dataclass(frozen=True)
class Part:
    """Queries of equal shape: `tokens` (b, n) index the packed sequence, `rows` are b rows of the cache, `keys` is how
    many of their slots are looked at, and `mask` (b or 1, 1, group * n, keys), additive, says which. `real` (b * n)
    tells padding from queries, None where there is no padding."""

    tokens: torch.Tensor
    rows: slice | torch.Tensor
    keys: int
    mask: torch.Tensor
    real: torch.Tensor | None


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


def plan_prefill(
    chunks: Sequence[Chunk], group: int, slots: int, device: torch.device, dtype: torch.dtype
) -> list[Part]:
    """Parts for a pass that reads prompts. `group` is the number of query heads of a key-value head, `slots` the
    cache's length."""
    return list(_padded(chunks, group, slots, device, dtype))


def plan_step(chunks: Sequence[Chunk], group: int, slots: int, device: torch.device, dtype: torch.dtype) -> list[Part]:
    """Parts for a step of many rows, of which most are fed one token and a few several: the last token of every row
    makes one part over a plain view of the cache, and what comes before it parts of its own."""
    before = [Chunk(chunk.row, chunk.start, chunk.count - 1, chunk.offset) for chunk in chunks if chunk.count > 1]
    return [
        _last_tokens(chunks, group, slots, device, dtype),
        *_padded(before, group, slots, device, dtype),
    ]


def plan_ahead(ahead: Sequence[Ahead], group: int, slots: int, device: torch.device, dtype: torch.dtype) -> list[Part]:
    """Parts for the guesses of a step."""
    if not ahead:
        return []
    counts = np.array([sum(one.lengths) for one in ahead])[:, None]
    steps = np.minimum(np.arange(counts.max()), counts - 1)
    starts = np.array([one.start for one in ahead])
    keys = _aligned(int((starts + counts[:, 0]).max()), slots)
    seen = np.broadcast_to(np.arange(keys) < starts[:, None, None], (*steps.shape, keys)).copy()
    for place, one in zip(seen, ahead, strict=True):
        first = 0
        for length in one.lengths:
            chain = slice(one.start + first, one.start + first + length)
            place[first : first + length, chain] = np.tri(length, dtype=bool)
            first += length
        place[first:] = place[first - 1]
    real = np.arange(counts.max()) < counts
    return [
        Part(
            torch.from_numpy(np.array([one.offset for one in ahead])[:, None] + steps).to(device),
            torch.tensor([one.row for one in ahead], device=device),
            keys,
            _additive(torch.from_numpy(seen).to(device), group, dtype),
            None if real.all() else torch.from_numpy(real.reshape(-1)).to(device),
        )
    ]


def _last_tokens(chunks: Sequence[Chunk], group: int, slots: int, device: torch.device, dtype: torch.dtype) -> Part:
    top = 1 + max(chunk.row for chunk in chunks)
    tokens, last, real = np.zeros(top, np.int64), np.zeros(top, np.int64), np.zeros(top, bool)
    for chunk in chunks:
        tokens[chunk.row] = chunk.offset + chunk.count - 1
        last[chunk.row] = chunk.start + chunk.count - 1
        real[chunk.row] = True
    keys = _aligned(int(last.max()) + 1, slots)
    mask = _mask(last[:, None], keys, group, device, dtype)
    kept = None if real.all() else torch.from_numpy(real).to(device)
    return Part(torch.from_numpy(tokens[:, None]).to(device), slice(0, top), keys, mask, kept)


def _padded(
    chunks: Sequence[Chunk], group: int, slots: int, device: torch.device, dtype: torch.dtype
) -> Iterator[Part]:
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
        keys = _aligned(int(last.max()) + 1, slots)
        if (last == last[:1]).all():
            last = last[:1]
        real = np.arange(longest) < count
        rows = [chunk.row for chunk in some]
        together = rows == list(range(rows[0], rows[0] + len(rows)))
        yield Part(
            torch.from_numpy(tokens).to(device),
            slice(rows[0], rows[0] + len(rows)) if together else torch.tensor(rows, device=device),
            keys,
            _mask(last, keys, group, device, dtype),
            None if real.all() else torch.from_numpy(real.reshape(-1)).to(device),
        )


def _aligned(length: int, slots: int) -> int:
    return min(slots, -(-length // ALIGN) * ALIGN)


def _mask(last: np.ndarray, keys: int, group: int, device: torch.device, dtype: torch.dtype) -> torch.Tensor:
    """What queries that see the slots up to `last` (b, n) may look at, (b, 1, group * n, keys), additive."""
    return _additive(torch.arange(keys, device=device) <= torch.from_numpy(last).to(device)[..., None], group, dtype)


def _additive(seen: torch.Tensor, group: int, dtype: torch.dtype) -> torch.Tensor:
    mask = torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, float("-inf"))
    return mask.repeat(1, group, 1)[:, None]


def attend_rows(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: Any = None,
    scaling: float | None = None,
    plan: Sequence[Part] = (),
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of packed queries (1, heads, tokens, size) over a layer's cache (rows, slots, kv heads, size)."""
    heads, size = query.shape[1], query.shape[3]
    kv_heads = key.shape[2]
    packed = query[0].transpose(0, 1)
    out = torch.empty_like(packed)
    for part in plan:
        count, length = part.tokens.shape
        some = packed[part.tokens.reshape(-1)].view(count, length, kv_heads, heads // kv_heads, size)
        folded = some.permute(0, 2, 3, 1, 4).reshape(count, kv_heads, -1, size)
        mask = part.mask.expand(count, -1, -1, -1)
        found = _look_up(folded, key, value, part, mask, scaling)
        found = found.view(count, kv_heads, heads // kv_heads, length, size).permute(0, 3, 1, 2, 4)
        found = found.reshape(count * length, heads, size)
        where = part.tokens.reshape(-1)
        if part.real is not None:
            found, where = found[part.real], where[part.real]
        out.index_copy_(0, where, found)
    return out[None], None


def _look_up(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, part: Part, mask: torch.Tensor, scaling: float | None
) -> torch.Tensor:
    """Attention of a part's folded queries (b, kv heads, group * n, size) over its rows of the cache.

    Scattered rows are copied for one call on a GPU. A CPU looks at each where it lies: copying them takes it longer
    than a call a row, 13.2 against 12.4 s for 64 layouts on two cores.
    """
    if isinstance(part.rows, slice) or key.device.type != "cpu":
        keys, values = (side[part.rows, : part.keys].transpose(1, 2) for side in (key, value))
        return scaled_dot_product_attention(query, keys, values, attn_mask=mask, scale=scaling)
    found = torch.empty_like(query)
    for i, row in enumerate(part.rows.tolist()):
        keys, values = (side[row : row + 1, : part.keys].transpose(1, 2) for side in (key, value))
        one = slice(i, i + 1)
        found[one] = scaled_dot_product_attention(query[one], keys, values, attn_mask=mask[one], scale=scaling)
    return found


def attend_segments(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: Any = None,
    scaling: float | None = None,
    cu_seq_lens_q: torch.Tensor | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention within each segment of packed (1, heads, tokens, size); `cu_seq_lens_q` are the segments' bounds."""
    assert cu_seq_lens_q is not None
    heads, tokens, size = query.shape[1:]
    sides = [side[0].transpose(0, 1) for side in (query, key, value)]
    out = query.new_empty(tokens, heads, size)
    for length, where in _segments(cu_seq_lens_q):
        some = ((side if where is None else side[where]).view(-1, length, heads, size) for side in sides)
        queries, keys, values = (side.transpose(1, 2) for side in some)
        found = scaled_dot_product_attention(queries, keys, values, scale=scaling)
        found = found.transpose(1, 2).reshape(-1, heads, size)
        if where is None:
            out = found
        else:
            out.index_copy_(0, where, found)
    return out[None], None


_known: list[tuple[torch.Tensor, list[tuple[int, torch.Tensor | None]]]] = []


def _segments(bounds: torch.Tensor) -> list[tuple[int, torch.Tensor | None]]:
    """The lengths of segments, and for each where its tokens are (None: everywhere). All layers of a pass ask with the
    same tensors, and reading one back from a GPU stops it, so the last answers are kept."""
    for tensor, segments in _known:
        if tensor is bounds:
            return segments
    ends = bounds.cpu().numpy().astype(np.int64)
    starts, lengths = ends[:-1], np.diff(ends)
    segments = []
    for length in np.unique(lengths[lengths > 0]).tolist():
        some = starts[lengths == length]
        where = (some[:, None] + np.arange(length)).reshape(-1)
        whole = len(where) == ends[-1]
        segments.append((length, None if whole else torch.from_numpy(where).to(bounds.device)))
    _known.append((bounds, segments))
    del _known[:-4]
    return segments


AttentionInterface.register(ROWS, attend_rows)
AttentionInterface.register(SEGMENTS, attend_segments)


@contextmanager
def attention_of(config: Any, name: str) -> Iterator[None]:
    """Have the part of a model with this config attend by a registered function, for a while."""
    before = config._attn_implementation
    config._attn_implementation = name
    try:
        yield
    finally:
        config._attn_implementation = before
