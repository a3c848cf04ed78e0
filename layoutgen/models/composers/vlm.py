"""A composer that asks a vision-language model: Qwen2-VL, Qwen2.5-VL, Qwen3-VL or InternVL, with or without a LoRA
adapter.

Decoding is bound to the answer's grammar, so an answer is a layout of the copy's own texts; what is left to go wrong
(an answer cut short, a deadline) becomes a fault. Of several candidates the best by `core.proposals.ranking` is taken;
the first one is always the greedy answer, and wins a tie.
"""

from collections.abc import Sequence
from pathlib import Path

import torch

from layoutgen.core.framing import on_canvas
from layoutgen.core.layout import Framing
from layoutgen.core.prompts.layouts import CODEC, PROMPT_VERSION, answer_grammar, layout_prompt, parse_layout
from layoutgen.core.proposals.ranking import layout_score
from layoutgen.models.base import Brief, Composition, Fault, Prepared
from layoutgen.models.decoding.backbone import Backbone
from layoutgen.models.decoding.decoder import Answer, Decoder, Engine, Request
from layoutgen.models.vlm.canvas_painter import CanvasPainter, ChooseFraming
from layoutgen.models.vlm.checkpoints import check_adapter, load_chat_format, load_model
from layoutgen.models.weights import weights_sha


class QwenVlComposer:
    """Composes layouts with a checkpoint.

    `frame` says how a brief's photo lies on its canvas. The model sees the canvas with its longer side `max_side` px:
    visual tokens, and with them most of the time, grow with its square. `rows` answers are under way at once and about
    `prompt_tokens` are read in one pass; an `engine` that is given answers instead of the loop of `decoding`.
    `identity` says what answers: rows made under another identity are other rows.
    """

    def __init__(
        self,
        weights: Path,
        adapter: Path | None = None,
        *,
        frame: ChooseFraming,
        device: str = "cpu",
        dtype: str = "float32",
        max_side: int = 672,
        max_new_tokens: int = 768,
        rows: int = 8,
        prompt_tokens: int = 4096,
        candidates: int = 1,
        temperature: float = 0.8,
        seed: int = 0,
        deadline_s: float | None = None,
        engine: Engine | None = None,
    ) -> None:
        self._chat = load_chat_format(weights)
        self.identity = {
            "family": self._chat.family,
            "weights_sha": weights_sha(weights),
            "adapter_sha": weights_sha(adapter) if adapter else "",
            "prompt_version": PROMPT_VERSION,
            "codec": CODEC,
            "max_side": str(max_side),
        }
        if adapter:
            check_adapter(adapter, self.identity)
        self._painter = CanvasPainter(self._chat.pictures, max_side, frame)
        self._max_new_tokens, self._candidates = max_new_tokens, candidates
        self._temperature, self._seed = temperature, seed
        if engine is None:
            model = load_model(weights, adapter, device, getattr(torch, dtype))
            engine = Decoder(
                Backbone(model, self._chat.pictures),
                self._chat.tokenizer,
                self._chat.ends,
                rows=rows,
                prompt_tokens=prompt_tokens,
                deadline_s=deadline_s,
            )
        self._engine: Engine = engine

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's composition, or why there is none: `empty_copy`, `copy_too_long`, `unparsable_answer`
        with the answer as it came, or what `Decoder.decode` names."""
        prepared = [
            brief.prepared or self._painter.prepare(brief.image, brief.annotation, brief.canvas) for brief in briefs
        ]
        asked = [self._ask(brief, ready) for brief, ready in zip(briefs, prepared, strict=True)]
        answers = iter(self._engine.decode([one for one in asked if isinstance(one, Request)]))
        return [
            one if isinstance(one, Fault) else self._best(next(answers), brief, ready.framing)
            for one, brief, ready in zip(asked, briefs, prepared, strict=True)
        ]

    def _ask(self, brief: Brief, prepared: Prepared) -> Request | Fault:
        try:
            told = layout_prompt(brief.copy, brief.canvas, brief.logo_aspect)
        except ValueError as error:
            return Fault("empty_copy", str(error))
        # An answer repeats the copy, so a copy longer than an answer can be has none; it would only fill the memory.
        # A token holds few characters, so most copies need not be counted.
        limit = self._max_new_tokens
        if len(told.user) > limit:
            counted = self._chat.tokenizer(told.user, truncation=True, max_length=limit + 1).input_ids
            if len(counted) > limit:
                return Fault(
                    "copy_too_long",
                    f"copy takes more tokens than max_new_tokens={limit}; shorten it or raise the limit",
                )
        return Request(
            self._chat.prompt(told.system, told.user, prepared.picture),
            answer_grammar(brief.copy),
            limit,
            self._candidates,
            self._temperature,
            self._seed,
        )

    def _best(self, answers: Sequence[Answer | Fault], brief: Brief, framing: Framing) -> Composition | Fault:
        read = [self._read(answer, brief, framing) for answer in answers]
        compositions = [one for one in read if isinstance(one, Composition)]
        if len(compositions) < 2:
            return compositions[0] if compositions else read[0]
        subject = on_canvas(brief.annotation.subject, framing) if brief.annotation.subject else None
        return max(compositions, key=lambda one: layout_score(one.suggestions, brief.canvas, subject))

    def _read(self, answer: Answer | Fault, brief: Brief, framing: Framing) -> Composition | Fault:
        if isinstance(answer, Fault):
            return answer
        if not answer.ended:
            message = f"answer is cut off after max_new_tokens={self._max_new_tokens}; raise the limit"
            return Fault("unparsable_answer", message, answer.text)
        try:
            return Composition(framing, parse_layout(answer.text, brief.copy), answer.text)
        except ValueError as error:
            return Fault("unparsable_answer", str(error), answer.text)
