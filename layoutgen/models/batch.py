"""Rows that a model answers together: their prompts are read, then each is fed what it has chosen and what that forces.

A row is dense in the cache from its slot 0 on, and every pass packs what all rows are fed into one sequence, so rows
of any length join, grow by any number of tokens and leave without a neighbour noticing.
"""

import random
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch

from layoutgen.models.attention import ALIGN, Chunk, plan_prefill, plan_step
from layoutgen.models.backbone import Backbone, positions
from layoutgen.models.base import Picture
from layoutgen.models.cache import Prefix

_PREFIXES = 8
"""Constant beginnings whose keys and values are kept: one a task and checkpoint would do."""

_MOST_LIKELY = 64
"""Tokens that sampling chooses from: in a grammar's choices there are seldom more."""


class Guided(Protocol):
    """Says which tokens an answer may go on with."""

    @property
    def finished(self) -> bool:
        """Whether nothing may follow."""
        ...

    def forced(self) -> list[int]:
        """Take and return the tokens that must come next."""
        ...

    def take(self, token: int) -> list[int]:
        """Take a token; return those that must follow, taken too."""
        ...

    def fill(self, bits: torch.Tensor) -> None:
        """Write the tokens that may come next, one bit each."""
        ...


@dataclass(frozen=True)
class Prompt:
    """What a model is asked: `prefix` tokens, which are the same for many prompts, then `rest`, in which the tokens of
    a picture stand for its visual tokens."""

    prefix: tuple[int, ...]
    rest: tuple[int, ...]
    picture: Picture | None = None

    def __len__(self) -> int:
        return len(self.prefix) + len(self.rest)


@dataclass
class Row:
    """An answer in the making. `length` tokens are in the cache, `feed` are next, `tokens` is the answer so far and
    `shift` what positions are ahead of slots; `temperature` 0 is greedy."""

    owner: tuple[int, int]
    guide: Guided
    temperature: float = 0.0
    lots: random.Random = field(default_factory=random.Random)
    place: int = -1
    length: int = 0
    shift: int = 0
    feed: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    fault: str = ""


@dataclass
class Counts:
    """What was done, for measurements: passes that read prompts and passes that step, tokens fed in both, tokens of
    answers, and tokens of the cache that steps looked at."""

    prefills: int = 0
    steps: int = 0
    fed: int = 0
    answered: int = 0
    looked: int = 0


class Batch:
    """The rows under way on one model. Ends of text are `ends`; `words` is the length of a row's bit mask."""

    def __init__(self, backbone: Backbone, words: int) -> None:
        self._model, self._words = backbone, words
        self._cache = backbone.cache()
        self._prefixes: OrderedDict[tuple[int, ...], Prefix] = OrderedDict()
        self.live: list[Row] = []
        self.counts = Counts()

    def clear(self) -> None:
        """Drop all rows and give their memory back."""
        self.live = []
        self._prefixes.clear()
        self._cache.clear()
        if self._model.device.type == "cuda":
            torch.cuda.empty_cache()

    def admit(self, prompts: Sequence[tuple[Prompt, list[Row]]], room: int) -> list[Row]:
        """Read prompts of one common prefix; the rows beside each are its candidates and share what was read. Every
        row begins with what its grammar forces. Returns rows that are finished already; `room` is the number of tokens
        to make room for beyond what is known."""
        free = sorted(set(range(len(self.live) + sum(len(rows) for _, rows in prompts))) - {r.place for r in self.live})
        prefix = prompts[0][0].prefix
        known = self._prefix(prefix)
        leaders, texts = [], []
        for prompt, rows in prompts:
            opening = rows[0].guide.forced()
            for row in rows[1:]:
                row.guide.forced()
            for row in rows:
                row.place = free.pop(0)
                row.tokens = list(opening)
                row.length = len(prompt) + len(opening)
                self.counts.answered += len(opening)
            texts.append(np.array([*prompt.rest, *opening], np.int64))
            leaders.append(rows[0])
        top = max(row.place for _, rows in prompts for row in rows) + 1
        self._reserve(max(top, len(self.live)), max(row.length for row in leaders) + room)
        if known:
            self._cache.write_prefix([row.place for row in leaders], known)
        begin = len(prefix)
        where = [
            positions(text, self._model.image_token, prompt.picture.grid if prompt.picture else None, begin)
            for (prompt, _), text in zip(prompts, texts, strict=True)
        ]
        chunks = _chunks([(row.place, begin, len(text)) for row, text in zip(leaders, texts, strict=True)])
        pictures = [prompt.picture for prompt, _ in prompts if prompt.picture is not None]
        seen = self._model.look(pictures) if pictures else None
        hidden = self._pass(np.concatenate(texts), np.concatenate(where, 1), chunks, seen, step=False)
        self.counts.prefills += 1
        for (_, rows), at in zip(prompts, where, strict=True):
            for row in rows:
                row.shift = int(at[:, -1].max()) + 1 - row.length
            if rows[1:]:
                self._cache.copy(rows[0].place, [row.place for row in rows[1:]], rows[0].length)
        new = [row for _, rows in prompts for row in rows]
        states = hidden[torch.tensor([i for i, (_, rows) in enumerate(prompts) for _ in rows], device=hidden.device)]
        return self._choose(new, states)

    def step(self) -> list[Row]:
        """Feed every row what it has chosen, and choose again; returns the rows that have finished."""
        rows = self.live
        self._close_up()
        self._reserve(max(row.place for row in rows) + 1, max(row.length + len(row.feed) for row in rows) + ALIGN)
        chunks = _chunks([(row.place, row.length, len(row.feed)) for row in rows])
        tokens = np.concatenate([row.feed for row in rows])
        at = np.concatenate([np.arange(row.length, row.length + len(row.feed)) + row.shift for row in rows])
        hidden = self._pass(tokens, np.tile(at, (3, 1)), chunks, None, step=True)
        self.counts.steps += 1
        for row in rows:
            row.length += len(row.feed)
        self.counts.looked += sum(row.length for row in rows)
        self.live = []
        return self._choose(rows, hidden)

    def _prefix(self, tokens: tuple[int, ...]) -> Prefix:
        """Keys and values of a constant beginning, read once. It is read alone, into a row that is free."""
        if tokens not in self._prefixes:
            if not tokens:
                return []
            place = next(i for i in range(len(self.live) + 1) if i not in {row.place for row in self.live})
            self._reserve(place + 1, len(tokens))
            chunks = _chunks([(place, 0, len(tokens))])
            ids = np.array(tokens, np.int64)
            self._pass(ids, np.tile(np.arange(len(ids)), (3, 1)), chunks, None, step=False)
            self.counts.prefills += 1
            self._prefixes[tokens] = self._cache.prefix(place, len(tokens))
            while len(self._prefixes) > _PREFIXES:
                self._prefixes.popitem(last=False)
        self._prefixes.move_to_end(tokens)
        return self._prefixes[tokens]

    def _close_up(self) -> None:
        """Move rows into the places of those that left, once a third of the places is empty."""
        top = max(row.place for row in self.live) + 1
        if 3 * len(self.live) > 2 * top:
            return
        free = sorted(set(range(len(self.live))) - {row.place for row in self.live})
        for row in self.live:
            if row.place >= len(self.live):
                target = free.pop()
                self._cache.copy(row.place, [target], row.length)
                row.place = target

    def _reserve(self, rows: int, slots: int) -> None:
        if rows > self._cache.rows or slots > self._cache.slots:
            # An eighth more than asked for, so that a long answer does not copy the cache at every step.
            slots = slots if slots <= self._cache.slots else -(-(slots + slots // 8) // ALIGN) * ALIGN
            self._cache.reserve(rows, slots)

    def _pass(
        self, tokens: np.ndarray, where: np.ndarray, chunks: list[Chunk], seen: object, *, step: bool
    ) -> torch.Tensor:
        """One pass; returns the hidden state of each chunk's last token."""
        model, cache = self._model, self._cache
        planned = (plan_step if step else plan_prefill)(chunks, model.group, cache.slots, model.device, model.dtype)
        counts = [chunk.count for chunk in chunks]
        rows = np.repeat([chunk.row for chunk in chunks], counts)
        slots = np.concatenate([np.arange(chunk.start, chunk.start + chunk.count) for chunk in chunks])
        cache.aim(torch.from_numpy(rows * cache.slots + slots))
        hidden = model.read(tokens, where, planned, cache, seen)  # type: ignore[arg-type]
        self.counts.fed += len(tokens)
        return hidden[torch.from_numpy(np.cumsum(counts) - 1).to(hidden.device, non_blocking=True)]

    def _choose(self, rows: list[Row], hidden: torch.Tensor) -> list[Row]:
        """Choose each row's next token; rows go on or are returned as finished (some before they need a choice)."""
        finished = [row for row in rows if row.guide.finished]
        if finished:
            open_rows = [i for i, row in enumerate(rows) if not row.guide.finished]
            rows, hidden = (
                [rows[i] for i in open_rows],
                hidden[torch.tensor(open_rows, dtype=torch.long, device=hidden.device)],
            )
        if not rows:
            return finished
        scores = self._model.scores(hidden)  # on a GPU the masks are made while this is under way
        bits = torch.empty((len(rows), self._words), dtype=torch.int32)
        for row, mask in zip(rows, bits, strict=True):
            try:
                row.guide.fill(mask)
            except ValueError as error:
                row.fault = str(error)
        spread = bits.view(torch.uint8).to(scores.device, non_blocking=True)[..., None] >> torch.arange(
            8, device=scores.device, dtype=torch.uint8
        )
        allowed = (spread & 1).view(len(rows), -1)[:, : scores.shape[1]].bool()
        scores.masked_fill_(~allowed, float("-inf"))
        for row, token in zip(rows, _sample(rows, scores), strict=True):
            if token is None and not row.fault:
                row.fault = "the model's scores are not finite; its weights or the precision are broken"
            if row.fault or token is None:
                self._cache.erase(row.place)
                finished.append(row)
                continue
            try:
                forced = row.guide.take(token)
            except ValueError as error:
                row.fault = str(error)
                finished.append(row)
                continue
            row.feed = [token, *forced]
            row.tokens += row.feed
            self.counts.answered += len(row.feed)
            if row.guide.finished:
                finished.append(row)
            else:
                self.live.append(row)
        return finished


def _chunks(spans: Sequence[tuple[int, int, int]]) -> list[Chunk]:
    """Chunks of (row, start, count), packed in that order."""
    chunks, offset = [], 0
    for row, start, count in spans:
        chunks.append(Chunk(row, start, count, offset))
        offset += count
    return chunks


def _sample(rows: Sequence[Row], scores: torch.Tensor) -> list[int | None]:
    """Each row's next token: the best, or by the row's own lots among the most likely; None without a finite score."""
    best, token = scores.max(1)
    chosen = token
    if any(row.temperature > 0 for row in rows):
        likely, which = scores.topk(min(_MOST_LIKELY, scores.shape[1]), 1)
        heat = torch.tensor([row.temperature or 1.0 for row in rows], device=scores.device)[:, None]
        lot = torch.tensor([row.lots.random() for row in rows], device=scores.device, dtype=torch.float64)[:, None]
        reached = torch.softmax(likely.double() / heat, 1).cumsum(1)
        drawn = which.gather(1, (reached < lot * reached[:, -1:]).sum(1, keepdim=True).clamp_(max=which.shape[1] - 1))
        is_drawn = torch.tensor([row.temperature > 0 for row in rows], device=scores.device)
        chosen = torch.where(is_drawn, drawn[:, 0], token)
    usable = torch.isfinite(best)
    return [t if ok else None for t, ok in zip(chosen.tolist(), usable.tolist(), strict=True)]
