"""Answers many requests with one vision-language model: fast, under a grammar, and each as if it were alone.

- The constant beginning of prompts is read once and copied; candidates of one request share its whole prompt.
- Tokens that a grammar forces are fed together with the choice that forced them.
- Requests wait ordered by visual tokens and length; those alike are read together, and as rows finish, others join.
- A row's answer does not depend on its neighbours, up to the rounding of matrix products.
- Out of GPU memory in any part of a pass: the batch is halved and the same requests start again; it grows back later.
  A request that exceeds the memory by itself is answered by fewer candidates at once, and becomes a Fault where one
  does too.
- A request that fails by itself becomes a Fault, and its neighbours go on.
- While the device is busy, the grammars of the requests that are next are read.

The loop knows nothing of layouts: a request is a prompt and a grammar, an answer is text.
"""

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

import torch

from layoutgen.core.prompts.coordinates import GRID
from layoutgen.models.base import Fault
from layoutgen.models.decoding.backbone import Backbone
from layoutgen.models.decoding.batch import Batch, Counts
from layoutgen.models.decoding.devices import is_lost, is_out_of_memory
from layoutgen.models.decoding.grammar import FreeGuide, GrammarError, Guide, Guides
from layoutgen.models.decoding.row import Guided, Row
from layoutgen.models.vlm.prompt import Prompt

_GROW_AFTER = 4
"""Batches' worth of answers after which a halved batch doubles again."""


_SPARE_ON_GPU = 48
"""Tokens of guesses in a step on a GPU: four rows' worth. It would compute some 200 while it waits for its weights, but
of each the host has to look up what may follow. With 192, of 16 rows, that took it 20 ms a step."""


@dataclass(frozen=True)
class Request:
    """A prompt to answer under `grammar` (llguidance's Lark; None leaves the answer free) with at most `max_tokens`.

    `candidates` answers are given, drawn at `temperature` with lots of `seed`; the first is `greedy` instead, unless
    that is False. `limit` is what the numbers of the answer's boxes count to (x, y).
    """

    prompt: Prompt
    grammar: str | None = None
    max_tokens: int = 768
    candidates: int = 1
    temperature: float = 0.8
    seed: int = 0
    limit: tuple[int, int] = (GRID, GRID)
    greedy: bool = True


@dataclass(frozen=True)
class Answer:
    """What a model wrote: text, its tokens (the end's not among them), and whether it ended by itself."""

    text: str
    tokens: tuple[int, ...]
    ended: bool


class Engine(Protocol):
    """What answers requests: the loop below, or vLLM."""

    def decode(self, requests: Sequence[Request]) -> list[list[Answer | Fault]]:
        """Return a list of candidates for each request, in order."""
        ...


class Decoder:
    """Decodes requests on a model.

    `rows` is the most answers under way at once, `prompt_tokens` about how many are read in one pass; both bound the
    memory. `spare_tokens` are fed in a step at no cost to speak of, see `Batch`; left out, what suits the device.
    `deadline_s` is the time that one call of `decode` may take.
    """

    def __init__(
        self,
        backbone: Backbone,
        tokenizer: Any,
        ends: Sequence[int],
        *,
        rows: int = 64,
        prompt_tokens: int = 4096,
        spare_tokens: int | None = None,
        deadline_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model, self._tokenizer, self._ends = backbone, tokenizer, frozenset(ends)
        self._rows, self._prompt_tokens = rows, prompt_tokens
        self._limit, self._since = rows, 0
        self._deadline_s, self._clock = deadline_s, clock
        on_gpu = backbone.device.type == "cuda"
        # Beside a GPU the process has cores that wait; on CPUs they do the arithmetic.
        self._guides = Guides(tokenizer, backbone.vocabulary, torch.get_num_threads() if on_gpu else 1)
        if spare_tokens is None:
            spare_tokens = _SPARE_ON_GPU if on_gpu else 0
        self._batch = Batch(backbone, self._guides, spare_tokens)
        self._reader = ThreadPoolExecutor(1, "grammars") if on_gpu else None

    @property
    def counts(self) -> Counts:
        """What was done so far."""
        return self._batch.counts

    @torch.inference_mode()
    def decode(self, requests: Sequence[Request]) -> list[list[Answer | Fault]]:
        """Answer requests: a list of candidates for each, in order.

        Faults: `prompt_too_long`, `bad_grammar`, `decoding_failed`, `model_error`, `out_of_memory`, `deadline`. Raises
        what the machine raises, such as torch.AcceleratorError.
        """
        run = _Run(requests, self._clock() + self._deadline_s if self._deadline_s else None)
        for index, request in enumerate(requests):
            length = len(request.prompt) + request.max_tokens
            if length > self._model.context:
                message = (
                    f"prompt of {len(request.prompt)} tokens and an answer of {request.max_tokens} exceed the model's "
                    f"{self._model.context}; shorten the copy or show a smaller image"
                )
                run.fail(index, Fault("prompt_too_long", message))
        waiting = [index for index in range(len(requests)) if not run.answers[index]]
        run.queue.extend(sorted(waiting, key=lambda index: _likeness(requests[index], index)))
        with self._model.attention():
            try:
                while run.queue or self._batch.live:
                    if run.deadline is not None and self._clock() > run.deadline:
                        self._give_up(run)
                        break
                    self._advance(run)
            finally:
                self._batch.live = []
        return run.answers

    def _advance(self, run: "_Run") -> None:
        """Read waiting prompts while there is room, else take a step; what fails is put back or becomes a fault."""
        some: list[int] = []
        try:
            some = self._next(run)
            if some:
                self._finish(run, self._admit(run, some))
            else:
                self._finish(run, self._batch.step())
        except (RuntimeError, ValueError, IndexError, MemoryError) as error:
            if is_out_of_memory(error):
                self._shrink(run, some)
                return
            if is_lost(error):
                raise  # a fault of the machine
            suspects = self._put_back(run, some) if some else self._put_back_all(run)
            if len(suspects) == 1:
                run.queue.remove(suspects[0])
                run.fail(suspects[0], Fault("model_error", " ".join(f"{type(error).__name__}: {error}".split())[:300]))
            run.alone.update(suspects)

    def _shrink(self, run: "_Run", some: list[int]) -> None:
        """Out of memory: begin again with half the rows, and what was alone once more in an empty cache; a request that
        fails there too becomes a fault."""
        back = self._put_back(run, some)
        rows = len(self._batch.live) + sum(len(run.asked(index)) for index in back)
        back = [*self._put_back_all(run), *back]
        self._batch.clear()
        if len(back) == 1 and back[0] in run.alone:
            at_once = len(run.asked(back[0]))
            if at_once > 1:
                run.at_once[back[0]] = at_once // 2
            else:
                message = "one answer alone exceeds the GPU's memory; show a smaller image, or take a larger card"
                run.queue.remove(back[0])
                run.fail(back[0], Fault("out_of_memory", message))
        elif len(back) == 1 or self._limit == 1:
            run.alone.update(back)
        self._limit, self._since = max(1, min(self._limit, rows) // 2), 0

    def _next(self, run: "_Run") -> list[int]:
        """Waiting requests to read in one pass: alike, of one prefix, and no more than there is room for.

        Rows join when a quarter of the places is free: each reading holds up those that are under way.
        """
        live = len(self._batch.live)
        if not run.queue or (live and 4 * live > 3 * self._limit):
            return []
        first = run.queue[0]
        if first in run.alone:
            return [] if live else [run.queue.popleft()]
        some: list[int] = []
        tokens, rows = 0, live
        while run.queue and run.queue[0] not in run.alone:
            request = run.requests[run.queue[0]]
            tokens += len(request.prompt.rest)
            rows += len(run.asked(run.queue[0]))
            is_full = some and tokens > self._prompt_tokens * self._limit // self._rows
            is_other = request.prompt.prefix != run.requests[first].prompt.prefix
            if is_other or is_full or (rows > self._limit and (some or live)):
                break
            some.append(run.queue.popleft())
        return some

    def _admit(self, run: "_Run", some: Sequence[int]) -> list[Row]:
        asked = []
        for index in some:
            request = run.requests[index]
            try:
                guide = self._guide(run, index)
            except GrammarError as error:
                run.fail(index, Fault("bad_grammar", str(error)))
                continue
            first, *more = run.asked(index)
            rows = [
                self._row(request, index, first, guide),
                *(self._row(request, index, n, guide.copy()) for n in more),
            ]
            asked.append((request.prompt, rows))
        self._read_ahead(run)
        room = min(64, max(run.requests[index].max_tokens for index in some))
        return self._batch.admit(asked, room) if asked else []

    def _guide(self, run: "_Run", index: int) -> Guided:
        """The guide of a request's answers, read ahead or now. Raises GrammarError."""
        request = run.requests[index]
        if request.grammar is None:
            return FreeGuide(self._ends)
        ahead = run.guides.pop(index, None)
        return ahead.result() if ahead else self._guides.guide(request.grammar, request.limit)

    def _read_ahead(self, run: "_Run") -> None:
        """Begin to read the grammars of the requests that are next: a few milliseconds each, which the host would else
        spend while the device waits."""
        if self._reader is None:
            return
        for index in islice(run.queue, self._limit):
            request = run.requests[index]
            if request.grammar is not None and index not in run.guides:
                run.guides[index] = self._reader.submit(self._guides.guide, request.grammar, request.limit)

    def _row(self, request: Request, index: int, candidate: int, guide: Guided) -> Row:
        temperature = 0.0 if request.greedy and not candidate else request.temperature
        return Row((index, candidate), guide, temperature, f"{request.seed}/{candidate}")

    def _finish(self, run: "_Run", finished: Sequence[Row]) -> None:
        """Take in what finished rows say, and end those that have become too long."""
        for row in finished:
            run.put(
                row.owner,
                Fault("decoding_failed", row.fault, self._text(row.tokens)) if row.fault else self._answer(row, True),
            )
        over = [row for row in self._batch.live if len(row.tokens) >= run.requests[row.owner[0]].max_tokens]
        for row in over:
            run.put(row.owner, self._answer(row, False))
        if over:
            self._batch.live = [row for row in self._batch.live if row not in over]
        for index in dict.fromkeys(row.owner[0] for row in [*finished, *over]):
            if run.asked(index) and all(row.owner[0] != index for row in self._batch.live):
                run.queue.appendleft(index)  # its other candidates had no room beside these
        self._since += len(finished) + len(over)
        if self._limit < self._rows and self._since >= _GROW_AFTER * self._limit:
            self._limit, self._since = min(self._rows, self._limit * 2), 0

    def _answer(self, row: Row, ended: bool) -> Answer:
        tokens = row.tokens[:-1] if row.tokens and row.tokens[-1] in self._ends else row.tokens
        return Answer(self._text(tokens), tuple(tokens), ended)

    def _text(self, tokens: Sequence[int]) -> str:
        return str(self._tokenizer.decode(tokens, clean_up_tokenization_spaces=False))

    def _put_back(self, run: "_Run", some: Sequence[int]) -> list[int]:
        """Put requests that were about to be read back to the front of the queue, and return them."""
        back = [index for index in some if index not in run.done()]
        self._batch.live = [row for row in self._batch.live if row.owner[0] not in back]
        for index in back:
            run.answers[index] = []
        run.queue.extendleft(reversed(back))
        return back

    def _put_back_all(self, run: "_Run") -> list[int]:
        """Put all that is under way back to the front of the queue, and return it."""
        owners = {row.owner[0] for row in self._batch.live}
        self._batch.live = []
        return self._put_back(run, sorted(owners, key=lambda index: _likeness(run.requests[index], index)))

    def _give_up(self, run: "_Run") -> None:
        message = f"not answered within the {self._deadline_s:g} s of its batch; raise the deadline or lower the batch"
        for row in self._batch.live:
            run.put(row.owner, Fault("deadline", message, self._text(row.tokens)))
        while run.queue:
            run.fail(run.queue.popleft(), Fault("deadline", message))


class _Run:
    """One call of `decode`: what waits, what must be tried alone, of how many candidates at most `at_once`, `guides`
    that are read ahead, and the answers so far."""

    def __init__(self, requests: Sequence[Request], deadline: float | None) -> None:
        self.requests, self.deadline = requests, deadline
        self.queue: deque[int] = deque()
        self.alone: set[int] = set()
        self.at_once: dict[int, int] = {}
        self.guides: dict[int, Future[Guide]] = {}
        self.answers: list[list[Any]] = [[] for _ in requests]

    def put(self, owner: tuple[int, int], answer: Answer | Fault) -> None:
        index, candidate = owner
        if not self.answers[index]:
            self.answers[index] = [None] * self.requests[index].candidates
        self.answers[index][candidate] = answer

    def fail(self, index: int, fault: Fault) -> None:
        self.answers[index] = [fault] * self.requests[index].candidates

    def asked(self, index: int) -> list[int]:
        """The candidates of a request that lack an answer, as many as may be under way at once."""
        known = self.answers[index] or [None] * self.requests[index].candidates
        return [n for n, answer in enumerate(known) if answer is None][: self.at_once.get(index)]

    def done(self) -> list[int]:
        return [index for index, answers in enumerate(self.answers) if answers and None not in answers]


def _likeness(request: Request, index: int) -> tuple[Any, ...]:
    """What orders requests so that those read together are alike: prefix, visual tokens, length."""
    picture = request.prompt.picture
    return (request.prompt.prefix, picture.pixels.shape if picture else (), len(request.prompt.rest), index)
