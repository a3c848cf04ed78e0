"""Holds what a language model writes to the grammar of its answer, token by token, with llguidance.

A grammar says which tokens may come next and which must: the forced ones are taken at once and cost no choice. What no
grammar can say, that a box ends right of and below where it begins, is added to it digit by digit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from llguidance import LLMatcher
from llguidance.hf import from_tokenizer

from layoutgen.core.prompts.answers import box_digits

_TAIL = 64
"""Characters of an answer that hold an unfinished box."""

Token = int

_LONGEST_BRANCH = 3
"""Tokens of a branch: a digit, and a comma or a bracket that it forces; not the whole of the next text."""


class GrammarError(ValueError):
    """An answer left its grammar, or the grammar can't be read; the message is llguidance's."""


@dataclass(frozen=True)
class Branch:
    """A token that may come next with those that it forces, and what may follow them, one bit a token."""

    tokens: list[Token]
    bits: torch.Tensor


class Guides:
    """Makes a guide an answer, for one tokenizer. `vocabulary` is the number of scores that the model gives, which may
    be more than the tokenizer has tokens."""

    def __init__(self, tokenizer: Any, vocabulary: int) -> None:
        self.vocabulary = vocabulary
        self.words = (vocabulary + 31) // 32
        self._tokenizer = tokenizer
        self._llguidance = from_tokenizer(tokenizer, n_vocab=vocabulary)
        self.text_of = lru_cache(4096)(self._text_of)
        self.narrow = lru_cache(4096)(self._narrow)
        self._numeric: list[tuple[int, str, bool]] | None = None
        added = getattr(tokenizer, "added_tokens_decoder", {}).items()
        self._phrases = [(token, text.content) for token, text in added if not text.special]

    def guide(self, grammar: str, limit: tuple[int, int]) -> "Guide":
        """Start an answer under a grammar in llguidance's dialect of Lark, whose boxes lie within `limit` (x, y).
        Raises GrammarError where it can't."""
        return Guide(self, LLMatcher(self._llguidance, LLMatcher.grammar_from_lark(grammar), log_level=0), limit)

    def open_tail(self, tokens: Sequence[Token]) -> tuple[int, list[Token]]:
        """Where at the end of forced tokens the beginning of one of the tokenizer's added tokens stands, and which ones
        it may be the beginning of; their number and none where there is none."""
        tail, first, found = "", len(tokens), []
        for i in range(len(tokens) - 1, -1, -1) if self._phrases else ():
            tail = self.text_of(tokens[i]) + tail
            longer = [token for token, text in self._phrases if len(tail) < len(text) and text.startswith(tail)]
            if longer:
                first, found = i, longer
        return first, found

    def _text_of(self, token: Token) -> str:
        return str(self._tokenizer.decode([token], clean_up_tokenization_spaces=False))

    def _narrow(self, digits: str, may_end: bool) -> np.ndarray:
        """The tokens that keep a box right, one bit each, int32: those that begin with one of `digits` and, where the
        number may end, all that begin otherwise.

        Where a tokenizer has tokens of several digits, those are left out: the same number can be written without.
        """
        bits = np.full(self.words * 32, may_end, bool)
        for token, text, is_one in self._digits():
            bits[token] = is_one and text[0] in digits
        return np.packbits(bits, bitorder="little").view(np.int32)

    def _digits(self) -> list[tuple[int, str, bool]]:
        """The tokens that begin with a digit, and whether they are that digit alone."""
        if self._numeric is None:
            texts = ((token, self._text_of(token)) for token in range(min(self.vocabulary, len(self._tokenizer))))
            self._numeric = [(token, text, len(text) == 1) for token, text in texts if text[:1] in set("0123456789")]
        return self._numeric


class Guide:
    """One answer under its grammar."""

    def __init__(self, guides: Guides, matcher: LLMatcher, limit: tuple[int, int]) -> None:
        self._guides, self._matcher, self._limit = guides, matcher, limit
        self._written = ""
        self._open: list[Token] = []  # added tokens, of which one comes next
        self._check()

    @property
    def finished(self) -> bool:
        """Whether the answer is complete and nothing may follow."""
        return self._matcher.is_stopped()

    def forced(self) -> list[Token]:
        """Take the tokens that the grammar leaves no choice about, and return them.

        An added token may hold several words, and a choice in the midst of it. What a model has learnt there is the
        whole token, so the pieces of it up to the choice are not taken: it is chosen as one.
        """
        tokens = self._matcher.compute_ff_tokens()
        first, longer = self._guides.open_tail(tokens)
        if longer:
            self._take(tokens[:first])
            self._open = [token for token in longer if self._matcher.validate_tokens([token])]
            if self._open:
                return tokens[:first]
            self._take(tokens[first:])
        elif tokens:
            self._take(tokens)
        return tokens

    def take(self, token: Token) -> list[Token]:
        """Take a chosen token; return those that it forces."""
        self._take([token])
        return [] if self.finished else self.forced()

    def fill(self, bits: torch.Tensor) -> None:
        """Write which tokens may come next into `bits` (words,), int32, one bit a token. Raises GrammarError."""
        if self._open:
            allowed = np.zeros(self._guides.words * 32, bool)
            allowed[self._open] = True
            bits.copy_(torch.from_numpy(np.packbits(allowed, bitorder="little").view(np.int32)))
            return
        self._matcher.unsafe_compute_mask_ptr(bits.data_ptr(), bits.numel() * 4)
        self._check()
        corner = box_digits(self._written, self._limit)
        if corner is not None:
            bits &= torch.from_numpy(self._guides.narrow(*corner))

    def branches(self, bits: torch.Tensor, most: int) -> list[Branch]:
        """What may come next, as `fill` wrote it, and what may follow each; empty where more than `most` may come.
        Branches that force many tokens or end the answer are left out."""
        allowed = bits.numpy().view(np.uint32)
        if int(np.bitwise_count(allowed).sum()) > most:
            return []
        found = []
        for token in np.flatnonzero(np.unpackbits(allowed.view(np.uint8), bitorder="little")).tolist():
            guide = Guide(self._guides, self._matcher.deep_copy(), self._limit)
            guide._written = self._written
            tokens = [token, *guide.take(token)]
            if not guide.finished and len(tokens) <= _LONGEST_BRANCH:
                after = torch.empty_like(bits)
                guide.fill(after)
                found.append(Branch(tokens, after))
        return found

    def _take(self, tokens: Sequence[Token]) -> None:
        self._matcher.consume_tokens(list(tokens))
        self._check()
        self._open = []
        self._written = (self._written + "".join(map(self._guides.text_of, tokens)))[-_TAIL:]

    def _check(self) -> None:
        if self._matcher.is_error():
            raise GrammarError(self._matcher.get_error().splitlines()[0])


class FreeGuide:
    """An answer that may be anything; it ends with one of `ends`."""

    def __init__(self, ends: frozenset[Token]) -> None:
        self._ends = ends
        self.finished = False

    def forced(self) -> list[Token]:
        """Nothing is forced."""
        return []

    def take(self, token: Token) -> list[Token]:
        """Take a token."""
        self.finished = token in self._ends
        return []

    def fill(self, bits: torch.Tensor) -> None:
        """Allow every token."""
        bits.fill_(-1)

    def branches(self, bits: torch.Tensor, most: int) -> list[Branch]:
        """None: too much may come next."""
        return []
