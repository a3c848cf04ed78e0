"""A step of many rows in a shape that comes again, so that a GPU can be given all of it as one captured graph.

All numbers of a step travel as one vector of int64; sizes are rounded up to those of a `Bucket`. Padding tokens are in
no part of the attention and are written to the cache's last slot, which no row has reached yet. Of every row the last
token makes one part over a plain view of the cache; all else, forced tokens and guesses, goes in groups of `WIDTH`
tokens of one row, each token with the slots that it sees: those before `below`, and from `first` to `last`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from layoutgen.models.decoding.attention import Ahead, Chunk, Part, Plan, View

WIDTH = 8
"""Tokens of a group. Forced texts are 10 to 30 tokens long, guesses 1 to 3 each."""

_KEYS = 256
"""The slots that a step looks at are a multiple of this."""


@dataclass(frozen=True)
class Bucket:
    """The sizes of a step: packed tokens, rows, groups of further tokens, states that are asked for, and slots."""

    tokens: int
    rows: int
    groups: int
    ends: int
    keys: int

    def split(self, numbers: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The parts of a step's vector, see `pack`: ids, positions, rows and slots of the tokens; of the rows' last
        tokens where they are, where their answers go and the last slot that they see; of the groups' tokens the same
        with below, first, last (groups * WIDTH each); the groups' rows; and the tokens whose states are asked for."""
        grouped = self.groups * WIDTH
        return torch.split(numbers, [*[self.tokens] * 4, *[self.rows] * 3, *[grouped] * 5, self.groups, self.ends])


def bucket_of(chunks: Sequence[Chunk], ahead: Sequence[Ahead], most: int, slots: int) -> Bucket:
    """The least bucket that holds a step, over a cache of at `most` so many rows and of so many slots."""
    lengths = [chunk.count - 1 for chunk in chunks] + [sum(guess.lengths) for guess in ahead]
    longest = max(
        [chunk.start + chunk.count for chunk in chunks] + [guess.start + sum(guess.lengths) for guess in ahead]
    )
    guesses = sum(len(guess.lengths) for guess in ahead)
    rows = min(most, _size(1 + max(chunk.row for chunk in chunks)))
    return Bucket(
        tokens=_multiple(len(chunks) + sum(lengths), 32),
        rows=rows,
        groups=_size(sum(-(-length // WIDTH) for length in lengths)),
        ends=rows if not guesses else _multiple(len(chunks) + guesses, 32),
        keys=min(slots, _multiple(longest, _KEYS)),
    )


def pack(
    bucket: Bucket, tokens: np.ndarray, places: np.ndarray, chunks: Sequence[Chunk], ahead: Sequence[Ahead], slots: int
) -> np.ndarray:
    """All numbers of a step as one vector, int64: packed `tokens` (n,) at positions `places` (n,), those of the chunks
    and then those of the guesses. `slots` are the cache's."""
    count = len(tokens)
    spans = [(chunk.row, chunk.start, chunk.count) for chunk in chunks]
    spans += [(guess.row, guess.start, sum(guess.lengths)) for guess in ahead]
    owner = np.repeat([row for row, _, _ in spans], [length for _, _, length in spans])
    slot = np.concatenate([np.arange(start, start + length) for _, start, length in spans])
    last = np.array([(chunk.row, chunk.offset + chunk.count - 1, chunk.start + chunk.count - 1) for chunk in chunks])
    where, into, reach = np.zeros((3, bucket.rows), np.int64)
    into[:] = bucket.tokens
    where[last[:, 0]] = into[last[:, 0]] = last[:, 1]
    reach[last[:, 0]] = last[:, 2]
    ends = np.zeros(bucket.ends, np.int64)
    chains = [length for guess in ahead for length in guess.lengths]
    ends[: len(chunks) + len(chains)] = [*last[:, 1], *(len(tokens) - sum(chains) - 1 + np.cumsum(chains, dtype=int))]
    ids, at, rows, written = np.zeros((4, bucket.tokens), np.int64)
    ids[:count], at[:count], rows[:count] = tokens, places, owner
    written[:] = slots - 1
    written[:count] = slot
    return np.concatenate([ids, at, rows, written, where, into, reach, *_groups(bucket, chunks, ahead), ends])


def _groups(bucket: Bucket, chunks: Sequence[Chunk], ahead: Sequence[Ahead]) -> list[np.ndarray]:
    """Where the tokens of groups are, where their answers go, below, first and last (groups * WIDTH), and rows."""
    where, into, below, first, last = np.zeros((5, bucket.groups, WIDTH), np.int64)
    row = np.zeros(bucket.groups, np.int64)
    into[:], below[:], first[:] = bucket.tokens, 1, 1
    group = 0
    for chunk in chunks:
        for begin in range(0, chunk.count - 1, WIDTH):
            steps = np.arange(begin, min(begin + WIDTH, chunk.count - 1))
            filled = slice(len(steps))
            row[group] = chunk.row
            where[group, filled] = into[group, filled] = chunk.offset + steps
            below[group, filled] = chunk.start + steps + 1
            group += 1
    for guess in ahead:
        whole = np.arange(sum(guess.lengths))
        begins = np.repeat(np.cumsum([0, *guess.lengths[:-1]]), guess.lengths)
        for begin in range(0, len(whole), WIDTH):
            steps = whole[begin : begin + WIDTH]
            filled = slice(len(steps))
            row[group] = guess.row
            where[group, filled] = into[group, filled] = guess.offset + steps
            below[group, filled] = guess.start
            first[group, filled] = guess.start + begins[steps]
            last[group, filled] = guess.start + steps
            group += 1
    return [side.reshape(-1) for side in (where, into, below, first, last)] + [row]


def plan_of(bucket: Bucket, split: Sequence[torch.Tensor], view: View) -> Plan:
    """How a step attends, from the parts of its vector."""
    where, into, reach, inner, inner_into, below, first, last, rows = split[4:13]
    slots, keys = torch.arange(bucket.keys, device=view.device), slice(0, bucket.keys)
    mask = view.additive(slots <= reach[:, None, None])
    parts = [Part(where[:, None], slice(0, bucket.rows), keys, mask, into)]
    if bucket.groups:
        below, first, last = (side.view(-1, WIDTH, 1) for side in (below, first, last))
        mask = view.additive((slots < below) | ((slots >= first) & (slots <= last)))
        parts.append(Part(inner.view(-1, WIDTH), rows, keys, mask, inner_into))
    return Plan(parts, 0, 0, padded=True)


def _size(count: int) -> int:
    """How many rows, or groups, a bucket for so many has: the next power of two, or multiple of 32 if that is less."""
    return min(1 << (count - 1).bit_length(), _multiple(count, 32)) if count else 0


def _multiple(count: int, of: int) -> int:
    return -(-count // of) * of
