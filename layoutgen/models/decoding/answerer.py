"""A checkpoint that answers requests: how it is spoken to, what decodes, and what tells it from others."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import torch

from layoutgen.models.base import Fault
from layoutgen.models.decoding.backbone import Backbone
from layoutgen.models.decoding.decoder import Answer, Decoder, Engine, Request
from layoutgen.models.decoding.int8 import quantised
from layoutgen.models.vlm.checkpoints import ChatFormat, check_adapter, load_chat_format, load_model
from layoutgen.models.weights import weights_sha

Parsed = TypeVar("Parsed")

Task = Callable[[str], dict[str, str]]
"""Of a family the `prompt_version` and `codec` of what it is asked, which an adapter has to be trained for."""


@dataclass(frozen=True)
class DecodingOptions:
    """How a checkpoint answers. Its pictures' longer side is at most `max_side` px, or as many tiles as cover that:
    visual tokens, and with them most of the time, grow with its square. An answer has at most `max_new_tokens`; `rows`
    answers are under way at once, about `prompt_tokens` are read in one pass, and all answers of a call are there
    after `deadline_s`. With `int8` the language model's layers are kept in 8 bits."""

    device: str = "cpu"
    dtype: str = "float32"
    max_side: int = 672
    max_new_tokens: int = 768
    rows: int = 8
    prompt_tokens: int = 4096
    deadline_s: float | None = None
    int8: bool = False


@dataclass(frozen=True)
class Answerer:
    """A checkpoint ready to answer. Rows made under another `identity` (family, weights_sha, adapter_sha,
    prompt_version, codec, max_side, weights) are other rows."""

    chat: ChatFormat
    engine: Engine
    identity: dict[str, str]
    options: DecodingOptions = DecodingOptions()

    def answers(self, requests: Sequence[Request | Fault]) -> list[list[Answer | Fault]]:
        """Return a list of candidates for each request, in order; a fault is its own answer."""
        decoded = iter(self.engine.decode([request for request in requests if isinstance(request, Request)]))
        return [[request] if isinstance(request, Fault) else next(decoded) for request in requests]

    def parsed(self, answer: Answer | Fault, parse: Callable[[str], Parsed]) -> Parsed | Fault:
        """What `parse` reads in an answer; `unparsable_answer`, with the answer as it came, where it raises ValueError
        or the answer is cut off."""
        if isinstance(answer, Fault):
            return answer
        if not answer.ended:
            message = f"answer is cut off after max_new_tokens={self.options.max_new_tokens}; raise the limit"
            return Fault("unparsable_answer", message, answer.text)
        try:
            return parse(answer.text)
        except ValueError as error:
            return Fault("unparsable_answer", str(error), answer.text)


def open_answerer(
    weights: Path,
    adapter: Path | None = None,
    options: DecodingOptions = DecodingOptions(),
    *,
    task: Task,
    engine: Engine | None = None,
) -> Answerer:
    """Load a checkpoint, with an adapter merged into it; an `engine` that is given answers instead of the loop of
    `decoding`. Raises AbsentError or ValueError, with the mend, for files that are missing or do not belong
    together."""
    chat = load_chat_format(weights)
    identity = {
        "family": chat.family,
        "weights_sha": weights_sha(weights),
        "adapter_sha": weights_sha(adapter) if adapter else "",
        **task(chat.family),
        "max_side": str(options.max_side),
        **({"weights": "int8"} if options.int8 else {}),
    }
    if adapter:
        check_adapter(adapter, identity)
    if engine is None:
        model = _loaded(weights, adapter, options)
        engine = Decoder(
            Backbone(model, chat.pictures),
            chat.tokenizer,
            chat.ends,
            rows=options.rows,
            prompt_tokens=options.prompt_tokens,
            deadline_s=options.deadline_s,
        )
    return Answerer(chat, engine, identity, options)


def _loaded(weights: Path, adapter: Path | None, options: DecodingOptions) -> Any:
    dtype = getattr(torch, options.dtype)
    if not options.int8:
        return load_model(weights, adapter, options.device, dtype)
    return quantised(load_model(weights, adapter, "cpu", dtype)).to(options.device)  # whole, a card might not hold it
