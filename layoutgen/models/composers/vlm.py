"""A composer that asks a vision-language model: Qwen2-VL, Qwen2.5-VL, Qwen3-VL or InternVL, with or without a LoRA
adapter.

Decoding is bound to the answer's grammar, so an answer is a layout of the copy's own texts; what is left to go wrong
(an answer cut short, a deadline) becomes a fault. Of several candidates the best by `models.critics.ranking` is taken;
the first one is always the greedy answer, and wins a tie.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from layoutgen.core.layout import Framing, Suggestion
from layoutgen.core.prompts.layouts import (
    CODEC,
    PROMPT_VERSION,
    LayoutPrompt,
    answer_grammar,
    layout_prompt,
    parse_layout,
)
from layoutgen.core.prompts.refinements import Given, parse_refinement, refinement_grammar, refinement_prompt
from layoutgen.models.base import Brief, Composition, Fault, Prepared
from layoutgen.models.critics.ranking import Rank, rough
from layoutgen.models.decoding.answerer import Answerer
from layoutgen.models.decoding.decoder import Answer, Request
from layoutgen.models.refiners.finishing import finished
from layoutgen.models.refiners.refiner import Refiner
from layoutgen.models.vlm.canvas_painter import CanvasPainter, ChooseFraming

_LEVELS = 3.0  # times the level of hints: so far an answer may move their told edges
_WITHIN = 0.05  # where nobody knows the level


@dataclass(frozen=True)
class _Question:
    """What is asked for one brief: the prompt, the answer's grammar, and what reads the answer."""

    prompt: LayoutPrompt
    grammar: str
    parse: Callable[[str], tuple[Suggestion, ...]]


def layout_task(family: str) -> dict[str, str]:
    """The version of what is asked, and how boxes are written: the same for all families."""
    return {"prompt_version": PROMPT_VERSION, "codec": CODEC}


class QwenVlComposer:
    """Composes layouts with a checkpoint that was opened for `layout_task`.

    `frame` says how a brief's photo lies on its canvas. Of `candidates` the first is greedy, the others are drawn at
    `temperature` from `seed`, and the best by `rank` is taken. Where it `draws_given`, as the checkpoint was taught,
    pictures of unfinished layouts show what is given of them.
    """

    def __init__(
        self,
        answerer: Answerer,
        *,
        frame: ChooseFraming,
        candidates: int = 1,
        temperature: float = 0.8,
        seed: int = 0,
        rank: Rank = rough,
        draws_given: bool = False,
    ) -> None:
        self._answerer, self._candidates, self._temperature, self._seed = answerer, candidates, temperature, seed
        self._rank, self._draws_given = rank, draws_given
        self._painter = CanvasPainter(answerer.chat.pictures, answerer.options.max_side, frame)

    @cached_property
    def _refiner(self) -> Refiner:
        return Refiner()

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's composition, or why there is none: `empty_copy`, `copy_too_long`, `unparsable_answer`
        with the answer as it came, or what `Decoder.decode` names."""
        prepared = [self._prepared(brief) for brief in briefs]
        return self._answered(briefs, [_layout_question(brief) for brief in briefs], prepared)

    def refine(
        self, briefs: list[Brief], given: list[Sequence[Given]], level: float | None = None
    ) -> list[Composition | Fault]:
        """Finish each brief's unfinished layout: see `refiners.finishing.finished`. The model is told what is given,
        and the grammar keeps told edges near to where they are."""
        within = _WITHIN if level is None else min(1.0, _LEVELS * level)

        def ask(asked: list[Brief], hints: list[Sequence[Given]]) -> list[Composition | Fault]:
            pairs = [*zip(asked, hints, strict=True)]
            questions = [_refinement_question(brief, hint, within) for brief, hint in pairs]
            return self._answered(asked, questions, [self._prepared(*pair) for pair in pairs])

        return finished(
            self._refiner, briefs, given, level, lambda brief: self._prepared(brief).framing, ask, self._rank
        )

    def _prepared(self, brief: Brief, given: Sequence[Given] = ()) -> Prepared:
        if given and self._draws_given:
            return self._painter.prepare(brief.image, brief.annotation, brief.canvas, given)
        return brief.prepared or self._painter.prepare(brief.image, brief.annotation, brief.canvas)

    def _answered(
        self, briefs: list[Brief], questions: list[_Question | Fault], prepared: list[Prepared]
    ) -> list[Composition | Fault]:
        requests = [self._request(question, ready) for question, ready in zip(questions, prepared, strict=True)]
        answers = self._answerer.answers(requests)
        return [
            self._best(candidates, question, brief, ready.framing)
            for candidates, question, brief, ready in zip(answers, questions, briefs, prepared, strict=True)
        ]

    def _request(self, question: _Question | Fault, prepared: Prepared) -> Request | Fault:
        if isinstance(question, Fault):
            return question
        # An answer repeats the copy, so a copy longer than an answer can be has none; it would only fill the memory.
        # A token holds few characters, so most copies need not be counted.
        chat, limit, prompt = self._answerer.chat, self._answerer.options.max_new_tokens, question.prompt
        if len(prompt.user) > limit:
            tokens = chat.tokenizer(prompt.user, truncation=True, max_length=limit + 1).input_ids
            if len(tokens) > limit:
                return Fault(
                    "copy_too_long",
                    f"copy takes more tokens than max_new_tokens={limit}; shorten it or raise the limit",
                )
        return Request(
            chat.prompt(prompt.system, prompt.user, prepared.picture),
            question.grammar,
            limit,
            self._candidates,
            self._temperature,
            self._seed,
        )

    def _best(
        self, answers: Sequence[Answer | Fault], question: _Question | Fault, brief: Brief, framing: Framing
    ) -> Composition | Fault:
        if isinstance(question, Fault):
            return question

        def parse(text: str) -> Composition:
            return Composition(framing, question.parse(text), text)

        parsed = [self._answerer.parsed(answer, parse) for answer in answers]
        compositions = [composition for composition in parsed if isinstance(composition, Composition)]
        if len(compositions) < 2:
            return compositions[0] if compositions else parsed[0]
        return max(compositions, key=lambda composition: self._rank(brief, framing, composition.suggestions))


def _layout_question(brief: Brief) -> _Question | Fault:
    try:
        prompt = layout_prompt(brief.copy, brief.canvas, brief.logo_aspect)
    except ValueError as error:
        return Fault("empty_copy", str(error))
    return _Question(prompt, answer_grammar(brief.copy), lambda text: parse_layout(text, brief.copy))


def _refinement_question(brief: Brief, given: Sequence[Given], within: float) -> _Question | Fault:
    try:
        prompt = refinement_prompt(brief.copy, brief.canvas, given, brief.logo_aspect)
    except ValueError as error:
        return Fault("empty_copy", str(error))
    grammar = refinement_grammar(brief.copy, given, within)
    return _Question(prompt, grammar, lambda text: parse_refinement(text, brief.copy, given))
