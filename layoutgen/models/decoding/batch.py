"""Rows that a model answers together: their prompts are read, then each is fed what it has chosen and what that forces.

A row is dense in the cache from its slot 0 on, and every pass packs what all rows are fed into one sequence, so rows
of any length join, grow by any number of tokens and leave without a neighbour noticing.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch

from layoutgen.models.decoding.attention import ALIGN, Ahead, Chunk, View, plan_prefill, plan_step
from layoutgen.models.decoding.backbone import Backbone, Features, positions
from layoutgen.models.decoding.buckets import bucket_of, pack
from layoutgen.models.decoding.cache import Prefix
from layoutgen.models.decoding.choosing import allowed, sample
from layoutgen.models.decoding.grammar import Branch, Guides
from layoutgen.models.decoding.graphs import Graphs
from layoutgen.models.decoding.row import Row
from layoutgen.models.decoding.transfers import to_device
from layoutgen.models.vlm.prompt import Prompt

_PREFIXES = 8
"""Constant beginnings whose keys and values are kept: one a task and checkpoint would do."""

_LEAST_BRANCHES = 11
"""Tokens a row that guessing needs: the digits and what may end a number."""


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
    """The rows under way on one model, whose `guides` hold their answers.

    A step reads all weights whether it is fed ten tokens or a hundred. So where rows are few, up to `spare` tokens are
    guesses: where a row's next choice is among a few tokens, such as digits, each of them is fed too, and the choice
    after it is known as well. Guesses change no answer.

    Where the backbone is `bucketed`, steps come in few shapes. In either way the host waits for the device once a step,
    for what was chosen.
    """

    def __init__(self, backbone: Backbone, guides: Guides, spare: int = 0) -> None:
        self._model, self._guides, self._spare = backbone, guides, spare
        self._cache = backbone.cache()
        self._graphs, self._moves = Graphs(backbone.device), 0
        self._prefixes: OrderedDict[tuple[int, ...], Prefix] = OrderedDict()
        self.live: list[Row] = []
        self.counts = Counts()

    def clear(self) -> None:
        """Drop all rows and give their memory back."""
        self.live = []
        self._prefixes.clear()
        self._graphs.clear()
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
                row.place, row.prefix = free.pop(0), prefix
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
        seen = self._model.encode_pictures(pictures) if pictures else None
        hidden = self._pass(np.concatenate(texts), np.concatenate(where, 1), chunks, seen, shared=len(prefix))
        self.counts.prefills += 1
        for (_, rows), at in zip(prompts, where, strict=True):
            for row in rows:
                row.shift = int(at[:, -1].max()) + 1 - row.length
            if rows[1:]:
                self._cache.copy(rows[0].place, [row.place for row in rows[1:]], rows[0].length)
        new = [(i, row) for i, (_, rows) in enumerate(prompts) for row in rows]
        going = [(i, row) for i, row in new if not row.guide.finished]
        finished = [row for _, row in new if row.guide.finished]
        if not going:
            return finished
        states = hidden.index_select(0, to_device(np.array([i for i, _ in going]), hidden.device))
        more, chosen = self._choose([row for _, row in going], self._model.scores(states))
        self.live += more
        return finished + chosen

    def step(self) -> list[Row]:
        """Feed every row what it has chosen, and choose again; returns the rows that have finished. Where it raises,
        all are still in `live`, though some may have gone on: they can only begin anew."""
        rows = self.live
        self._close_up()
        branches = self._branches(rows)
        guessed = [sum(len(branch.tokens) for branch in some) for some in branches]
        ends = [row.length + len(row.feed) for row in rows]
        self._reserve(max(row.place for row in rows) + 1, max(map(sum, zip(ends, guessed, strict=True))) + ALIGN)
        chunks = _chunks([(row.place, row.length, len(row.feed)) for row in rows])
        offset = chunks[-1].offset + chunks[-1].count
        ahead = []
        for row, some, count, end in zip(rows, branches, guessed, ends, strict=True):
            if some:
                ahead.append(Ahead(row.place, end, offset, tuple(len(branch.tokens) for branch in some)))
                offset += count
        parts = [*(row.feed for row in rows), *(branch.tokens for some in branches for branch in some)]
        tokens = np.fromiter(chain.from_iterable(parts), np.int64, offset)
        at = [np.arange(row.length, end) + row.shift for row, end in zip(rows, ends, strict=True)]
        at += [
            np.arange(end, end + len(branch.tokens)) + row.shift
            for row, some, end in zip(rows, branches, ends, strict=True)
            for branch in some
        ]
        scores = self._scores(tokens, np.concatenate(at), chunks, ahead)
        self.counts.steps += 1
        for row in rows:
            row.length += len(row.feed)
        self.counts.looked += sum(row.length for row in rows)
        self.live, finished = self._choose(
            rows, scores, [(i, branch) for i, some in enumerate(branches) for branch in some]
        )
        return finished

    def _scores(self, tokens: np.ndarray, at: np.ndarray, chunks: list[Chunk], ahead: list[Ahead]) -> torch.Tensor:
        """Feed a step's tokens at positions `at`, both (n,); returns the scores after each chunk, then each guess."""
        model, cache = self._model, self._cache
        if not self._model.bucketed:
            first = self.live[0].prefix
            shared = len(first) if all(row.prefix == first for row in self.live) else 0
            return model.scores(self._pass(tokens, np.tile(at, (3, 1)), chunks, None, ahead, shared=shared))
        if self._moves != cache.moves:
            self._graphs.clear()
            self._moves = cache.moves
        bucket = bucket_of(chunks, ahead, cache.rows, cache.slots)
        numbers = to_device(pack(bucket, tokens, at, chunks, ahead, cache.slots), model.device)
        self.counts.fed += len(tokens)
        scores = self._graphs.run(bucket, numbers, lambda given: model.step(given, bucket, cache))
        return scores[: len(chunks) + sum(len(one.lengths) for one in ahead)]

    def _branches(self, rows: Sequence[Row]) -> list[list[Branch]]:
        """What each row may go on with, as far as spare tokens reach."""
        most = self._spare // len(rows)
        if most < _LEAST_BRANCHES:
            return [[] for _ in rows]
        bits = np.empty(self._guides.words, np.int32)
        found: list[list[Branch]] = []
        for row in rows:
            try:
                row.guide.fill(bits)
                found.append(row.guide.branches(bits, most))
            except ValueError:
                found.append([])  # the choice itself will say what is wrong
        return found

    def _prefix(self, tokens: tuple[int, ...]) -> Prefix:
        """Keys and values of a constant beginning, read once. It is read alone, into a row that is free."""
        if tokens not in self._prefixes:
            if not tokens:
                return []
            place = next(i for i in range(len(self.live) + 1) if i not in {row.place for row in self.live})
            self._reserve(place + 1, len(tokens))
            chunks = _chunks([(place, 0, len(tokens))])
            ids = np.array(tokens, np.int64)
            self._pass(ids, np.tile(np.arange(len(ids)), (3, 1)), chunks, None)
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
        self,
        tokens: np.ndarray,
        where: np.ndarray,
        chunks: list[Chunk],
        seen: Features | None,
        ahead: list[Ahead] | None = None,
        *,
        shared: int = 0,
    ) -> torch.Tensor:
        """One pass, a step where `ahead` is given; returns the hidden state of the last token of each chunk, then of
        each guess. The rows have the same in their first `shared` slots, which CPUs look at once."""
        model, cache = self._model, self._cache
        on_cpu = model.device.type == "cpu"
        view = View(cache.slots, shared if on_cpu else 0, model.group, model.device, model.dtype)
        plan = plan_prefill(chunks, view) if ahead is None else plan_step(chunks, ahead, view)
        spans = [(chunk.row, chunk.start, chunk.count) for chunk in chunks]
        spans += [(one.row, one.start, sum(one.lengths)) for one in ahead or ()]
        slots = [np.arange(start, start + count) for _, start, count in spans]
        cache.aim(np.repeat([row for row, _, _ in spans], [len(some) for some in slots]), np.concatenate(slots))
        counts = [*(chunk.count for chunk in chunks), *(length for one in ahead or () for length in one.lengths)]
        self.counts.fed += len(tokens)
        return model.read(tokens, where, plan, cache, seen, np.cumsum(counts) - 1)

    def _choose(
        self, rows: list[Row], scores: torch.Tensor, ahead: Sequence[tuple[int, Branch]] = ()
    ) -> tuple[list[Row], list[Row]]:
        """Choose each row's next token and, where its guess was fed (row's number, branch), the one after; returns the
        rows that go on and those that are finished. `scores` are a row's each, then a guess's; they are spoilt."""
        # On a GPU the scores are still under way while the masks are made.
        bits = np.empty((len(scores), self._guides.words), np.int32)
        for row, wrong in zip(rows, self._guides.fill([row.guide for row in rows], bits), strict=True):
            row.fault = wrong
        for (_, branch), mask in zip(ahead, bits[len(rows) :], strict=True):
            mask[:] = branch.bits
        scores.masked_fill_(~allowed(to_device(bits, scores.device), scores.shape[1]), float("-inf"))
        chosen = sample(scores, [(row, 0) for row in rows] + [(rows[i], 1) for i, _ in ahead])
        after = {(i, b.tokens[0]): token for (i, b), token in zip(ahead, chosen[len(rows) :], strict=True)}
        going: list[Row] = []
        finished: list[Row] = []
        for i, row in enumerate(rows):
            token = chosen[i]
            if token is None and not row.fault:
                row.fault = "the model's scores are not finite; its weights or the precision are broken"
            if not row.fault and token is not None:
                row.feed = self._take(row, token)
                second = after.get((i, token))
                if not row.fault and second is not None:
                    row.feed += self._take(row, second)
                row.tokens += row.feed
                self.counts.answered += len(row.feed)
            if row.fault:
                self._cache.erase(row.place)
            (finished if row.fault or row.guide.finished else going).append(row)
        return going, finished

    def _take(self, row: Row, token: int) -> list[int]:
        row.choices += 1
        try:
            return [token, *row.guide.take(token)]
        except ValueError as error:
            row.fault = str(error)
            return [token]


def _chunks(spans: Sequence[tuple[int, int, int]]) -> list[Chunk]:
    """Chunks of (row, start, count), packed in that order."""
    chunks, offset = [], 0
    for row, start, count in spans:
        chunks.append(Chunk(row, start, count, offset))
        offset += count
    return chunks
