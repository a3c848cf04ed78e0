"""A composer that asks a vision-language model: Qwen2-VL, Qwen2.5-VL, Qwen3-VL or InternVL, with or without a LoRA
adapter.

Decoding is bound to the answer's grammar, so an answer is a layout of the copy's own texts; what is left to go wrong
(an answer cut short, a deadline) becomes a fault. Of several candidates the best by `models.critics.ranking` is taken;
the first one is always the greedy answer, and wins a tie.
"""

from collections.abc import Sequence

from layoutgen.core.layout import Framing
from layoutgen.core.prompts.layouts import CODEC, PROMPT_VERSION, answer_grammar, layout_prompt, parse_layout
from layoutgen.models.base import Brief, Composition, Fault, Prepared
from layoutgen.models.critics.ranking import Rank, rough
from layoutgen.models.decoding.answerer import Answerer
from layoutgen.models.decoding.decoder import Answer, Request
from layoutgen.models.vlm.canvas_painter import CanvasPainter, ChooseFraming


def layout_task(family: str) -> dict[str, str]:
    """The version of what is asked, and how boxes are written: the same for all families."""
    return {"prompt_version": PROMPT_VERSION, "codec": CODEC}


class QwenVlComposer:
    """Composes layouts with a checkpoint that was opened for `layout_task`.

    `frame` says how a brief's photo lies on its canvas. Of `candidates` the first is greedy, the others are drawn at
    `temperature` from `seed`, and the best by `rank` is taken.
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
    ) -> None:
        self._answerer, self._candidates, self._temperature, self._seed = answerer, candidates, temperature, seed
        self._rank = rank
        self._painter = CanvasPainter(answerer.chat.pictures, answerer.options.max_side, frame)

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's composition, or why there is none: `empty_copy`, `copy_too_long`, `unparsable_answer`
        with the answer as it came, or what `Decoder.decode` names."""
        prepared = [
            brief.prepared or self._painter.prepare(brief.image, brief.annotation, brief.canvas) for brief in briefs
        ]
        requests = [self._request(brief, ready) for brief, ready in zip(briefs, prepared, strict=True)]
        return [
            self._best(candidates, brief, ready.framing)
            for candidates, brief, ready in zip(self._answerer.answers(requests), briefs, prepared, strict=True)
        ]

    def _request(self, brief: Brief, prepared: Prepared) -> Request | Fault:
        try:
            question = layout_prompt(brief.copy, brief.canvas, brief.logo_aspect)
        except ValueError as error:
            return Fault("empty_copy", str(error))
        # An answer repeats the copy, so a copy longer than an answer can be has none; it would only fill the memory.
        # A token holds few characters, so most copies need not be counted.
        chat, limit = self._answerer.chat, self._answerer.options.max_new_tokens
        if len(question.user) > limit:
            tokens = chat.tokenizer(question.user, truncation=True, max_length=limit + 1).input_ids
            if len(tokens) > limit:
                return Fault(
                    "copy_too_long",
                    f"copy takes more tokens than max_new_tokens={limit}; shorten it or raise the limit",
                )
        return Request(
            chat.prompt(question.system, question.user, prepared.picture),
            answer_grammar(brief.copy),
            limit,
            self._candidates,
            self._temperature,
            self._seed,
        )

    def _best(self, answers: Sequence[Answer | Fault], brief: Brief, framing: Framing) -> Composition | Fault:
        def parse(text: str) -> Composition:
            return Composition(framing, parse_layout(text, brief.copy), text)

        parsed = [self._answerer.parsed(answer, parse) for answer in answers]
        compositions = [composition for composition in parsed if isinstance(composition, Composition)]
        if len(compositions) < 2:
            return compositions[0] if compositions else parsed[0]
        return max(compositions, key=lambda composition: self._rank(brief, framing, composition.suggestions))
