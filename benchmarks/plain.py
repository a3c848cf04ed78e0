"""No benchmark itself: `generate` of transformers as usual, a model step a token, with or without the grammar as a
logits processor. What the decoding loop is measured against, and held to in tests."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from llguidance import LLMatcher
from llguidance.hf import from_tokenizer
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask
from transformers import GenerationConfig

from layoutgen.core.prompts.answers import box_digits
from layoutgen.models.decoding.decoder import Request
from layoutgen.models.vlm.checkpoints import ChatFormat
from layoutgen.models.vlm.pixel_inputs import pixel_inputs

_TAIL = 32


class GrammarProcessor:
    """Masks the scores of a batch; rows are followed from `start` tokens on.

    Tokens that a grammar forces are kept as one run, as their tokenizer writes them: asked for anew after each of them,
    a grammar may spell the rest in other tokens.
    """

    def __init__(self, tokenizer: Any, guide: Any, grammars: Sequence[str], start: int) -> None:
        self._tokenizer, self._start = tokenizer, start
        self._matchers = [LLMatcher(guide, LLMatcher.grammar_from_lark(text), log_level=0) for text in grammars]
        self._forced: list[list[int]] = [[] for _ in grammars]
        self._digits = tokenizer.convert_tokens_to_ids(list("0123456789"))

    def __call__(self, tokens: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        bits = allocate_token_bitmask(len(self._matchers), scores.shape[1])
        tails = tokens[:, self._start :][:, -_TAIL:].tolist()
        for row, tail in enumerate(tails):
            self._follow(row, tail)
            fill_next_token_bitmask(self._matchers[row], bits, row)
        allowed = np.unpackbits(bits.view(np.uint8), axis=1, bitorder="little")[:, : scores.shape[1]].astype(bool)
        for row, tail in enumerate(tails):
            if self._forced[row]:
                allowed[row] = False
                allowed[row][self._forced[row][0]] = True
                continue
            corner = box_digits(self._tokenizer.decode(tail, clean_up_tokenization_spaces=False))
            if corner is not None:
                digits, may_end = corner
                wrong = [token for value, token in enumerate(self._digits) if str(value) not in digits]
                if not may_end:
                    wrong += np.setdiff1d(np.flatnonzero(allowed[row]), self._digits).tolist()
                allowed[row][wrong] = False
        return scores.masked_fill(~torch.from_numpy(allowed).to(scores.device), float("-inf"))

    def _follow(self, row: int, tail: list[int]) -> None:
        matcher, forced = self._matchers[row], self._forced[row]
        if forced:
            assert tail[-1] == forced.pop(0)
        elif tail and not matcher.is_stopped():
            matcher.consume_token(tail[-1])
        if not forced and not matcher.is_stopped():
            forced += matcher.compute_ff_tokens()
            matcher.consume_tokens(list(forced))


@torch.inference_mode()
def generate(model: Any, chat: ChatFormat, requests: Sequence[Request], *, tokens: int = 0) -> list[list[int]]:
    """Answer requests in one batch and return their tokens, without the end; with `tokens`, exactly that many each."""
    texts = [[*request.prompt.prefix, *request.prompt.rest] for request in requests]
    longest = max(map(len, texts))
    pad = chat.ends[-1]
    ids = torch.tensor([[pad] * (longest - len(text)) + text for text in texts])
    mask = torch.tensor([[0] * (longest - len(text)) + [1] * len(text) for text in texts])
    pictures = [request.prompt.picture for request in requests if request.prompt.picture is not None]
    inputs = pixel_inputs(chat.pictures, pictures, model.device, model.dtype)
    if not chat.pictures.tiles:
        inputs["mm_token_type_ids"] = (ids == chat.image_token).long()
    processors = []
    if requests[0].grammar is not None and not tokens:
        guide = from_tokenizer(chat.tokenizer, n_vocab=model.lm_head.out_features)
        processors = [GrammarProcessor(chat.tokenizer, guide, [r.grammar or "" for r in requests], longest)]
    model.generation_config = GenerationConfig(
        do_sample=False,
        max_new_tokens=tokens or max(request.max_tokens for request in requests),
        min_new_tokens=tokens or None,
        eos_token_id=list(chat.ends),
        pad_token_id=pad,
    )
    inputs = {name: value.to(model.device) for name, value in inputs.items()}
    written = model.generate(
        input_ids=ids.to(model.device), attention_mask=mask.to(model.device), logits_processor=processors, **inputs
    )[:, longest:].tolist()
    return [row[: next((i for i, token in enumerate(row) if token in chat.ends), len(row))] for row in written]
