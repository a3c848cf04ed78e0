"""Holds what a language model writes to the grammar of an answer, one token at a time, with llguidance.

Not a loop of its own: it masks the scores in the loop of `generate`, so also a token that the grammar forces costs a
model step.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from llguidance import LLMatcher
from llguidance.hf import from_tokenizer
from llguidance.numpy import allocate_token_bitmask, fill_next_token_bitmask

from layoutgen.core.layout import Copy
from layoutgen.core.prompts import answer_grammar, box_digits

_TAIL = 32
"""Tokens that hold an unfinished box and its field's name in any tokenizer that writes a digit as one token."""

Processor = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


class AnswerGrammar:
    """The layout task's grammar for one tokenizer, whose digits are single tokens, as in all Qwen models.

    `vocabulary` is the number of scores that the model gives, which may be more than the tokenizer has tokens.
    """

    def __init__(self, tokenizer: Any, vocabulary: int) -> None:
        self._tokenizer = tokenizer
        self._guide = from_tokenizer(tokenizer, n_vocab=vocabulary)
        self._digits = tokenizer.convert_tokens_to_ids(list("0123456789"))

    def processor(self, copies: Sequence[Copy], prompt_length: int) -> Processor:
        """Return a logits processor for one batch of answers, one copy a row, after `prompt_length` tokens."""
        matchers = [self._matcher(copy) for copy in copies]

        def mask(tokens: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            bits = allocate_token_bitmask(len(matchers), scores.shape[1])
            tails = tokens[:, prompt_length:][:, -_TAIL:].tolist()
            for row, tail in enumerate(tails):
                matchers[row] = self._advance(matchers[row], tail)
                fill_next_token_bitmask(matchers[row], bits, row)
            allowed = np.unpackbits(bits.view(np.uint8), axis=1, bitorder="little")[:, : scores.shape[1]].astype(bool)
            for row, tail in enumerate(tails):
                self._order_box(tail, allowed[row])
            return scores.masked_fill(~torch.from_numpy(allowed).to(scores.device), float("-inf"))

        return mask

    def _matcher(self, copy: Copy) -> LLMatcher:
        return LLMatcher(self._guide, LLMatcher.grammar_from_lark(answer_grammar(copy)), log_level=0)

    def _advance(self, matcher: LLMatcher, tail: list[int]) -> LLMatcher:
        """Take in the last token. An answer that its grammar cannot follow may only end; it will not parse, which is
        one row's fault and not the batch's."""
        if tail and not matcher.is_stopped():
            matcher.consume_token(tail[-1])
        if not matcher.is_error():
            return matcher
        warnings.warn(f"an answer left its grammar: {matcher.get_error().splitlines()[0]}", stacklevel=3)
        return LLMatcher(self._guide, LLMatcher.grammar_from_lark('start: ""'))

    def _order_box(self, tail: list[int], allowed: np.ndarray) -> None:
        """Take out of `allowed` the tokens with which the box that the answer stands in would end before it begins."""
        corner = box_digits(self._tokenizer.decode(tail, clean_up_tokenization_spaces=False))
        if corner is None:
            return
        digits, may_end = corner
        wrong = [token for value, token in enumerate(self._digits) if str(value) not in digits]
        if not may_end:
            wrong += np.setdiff1d(np.flatnonzero(allowed), self._digits).tolist()
        allowed[wrong] = False
