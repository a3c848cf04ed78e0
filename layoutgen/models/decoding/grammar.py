"""Holds what a language model writes to the grammar of its answer, token by token, with llguidance.

A grammar says which tokens may come next and which must: the forced ones are taken at once and cost no choice. What no
grammar can say, that a box ends right of and below where it begins, is added to it digit by digit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from llguidance import LLExecutor, LLMatcher
from llguidance.hf import from_tokenizer

from layoutgen.core.prompts.answers import box_digits
from layoutgen.models.decoding.row import Guided

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
    bits: np.ndarray


class Guides:
    """Makes a guide an answer, for one tokenizer. `vocabulary` is the number of scores that the model gives, which may
    be more than the tokenizer has tokens; of many answers the masks are made by `threads`."""

    def __init__(self, tokenizer: Any, vocabulary: int, threads: int = 1) -> None:
        self.vocabulary = vocabulary
        self.words = (vocabulary + 31) // 32
        self._tokenizer = tokenizer
        self._llguidance = from_tokenizer(tokenizer, n_vocab=vocabulary)
        self.text_of = lru_cache(4096)(self._text_of)
        self.narrow = lru_cache(4096)(self._narrow)
        self._numeric: list[tuple[int, str, bool]] | None = None
        self._threads = LLExecutor(threads) if threads > 1 else None
        added = getattr(tokenizer, "added_tokens_decoder", {}).items()
        self._phrases = [(token, text.content) for token, text in added if not text.special]

    def guide(self, grammar: str, limit: tuple[int, int]) -> "Guide":
        """Start an answer under a grammar in llguidance's dialect of Lark, whose boxes lie within `limit` (x, y).
        Raises GrammarError where it can't."""
        return Guide(self, LLMatcher(self._llguidance, LLMatcher.grammar_from_lark(grammar), log_level=0), limit)

    def fill(self, guides: Sequence[Guided], bits: np.ndarray) -> list[str]:
        """Write which tokens may come next in each answer into `bits` (guides, words), by as many threads as there
        are; returns what is wrong with each, empty where nothing is."""
        ready = {i: guide for i, guide in enumerate(guides) if isinstance(guide, Guide) and not guide.pending}
        if self._threads is None or len(ready) == 1:
            ready = {}
        elif ready:
            asked = [(guide.matcher, i) for i, guide in ready.items()]
            self._threads.unsafe_compute_mask_ptr(asked, bits.ctypes.data, bits.strides[0], len(bits))
        wrong = []
        for i, guide in enumerate(guides):
            try:
                if i in ready:
                    ready[i].narrow(bits[i])
                else:
                    guide.fill(bits[i])
                wrong.append("")
            except ValueError as error:
                wrong.append(str(error))
        return wrong

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
        self._guides, self.matcher, self._limit = guides, matcher, limit
        self._written = ""
        self.pending: list[Token] = []  # added tokens, of which one comes next
        self._check()

    def copy(self) -> "Guide":
        """Another answer that has come as far, at a hundredth of what a grammar costs to read."""
        guide = Guide(self._guides, self.matcher.deep_copy(), self._limit)
        guide._written, guide.pending = self._written, list(self.pending)
        return guide

    @property
    def finished(self) -> bool:
        """Whether the answer is complete and nothing may follow."""
        return self.matcher.is_stopped()

    def forced(self) -> list[Token]:
        """Take the tokens that the grammar leaves no choice about, and return them.

        An added token may hold several words, and a choice in the midst of it. What a model has learnt there is the
        whole token, so the pieces of it up to the choice are not taken: it is chosen as one.
        """
        tokens = self.matcher.compute_ff_tokens()
        first, longer = self._guides.open_tail(tokens)
        if longer:
            self._take(tokens[:first])
            self.pending = [token for token in longer if self.matcher.validate_tokens([token])]
            if self.pending:
                return tokens[:first]
            self._take(tokens[first:])
        elif tokens:
            self._take(tokens)
        return tokens

    def take(self, token: Token) -> list[Token]:
        """Take a chosen token; return those that it forces."""
        self._take([token])
        return [] if self.finished else self.forced()

    def fill(self, bits: np.ndarray) -> None:
        """Write which tokens may come next into `bits` (words,), int32, one bit a token. Raises GrammarError."""
        if self.pending:
            allowed = np.zeros(self._guides.words * 32, bool)
            allowed[self.pending] = True
            bits[:] = np.packbits(allowed, bitorder="little").view(np.int32)
            return
        self.matcher.unsafe_compute_mask_ptr(bits.ctypes.data, bits.nbytes)
        self.narrow(bits)

    def narrow(self, bits: np.ndarray) -> None:
        """Take out of the matcher's own bits what would spoil a box. Raises GrammarError."""
        self._check()
        corner = box_digits(self._written, self._limit)
        if corner is not None:
            bits &= self._guides.narrow(*corner)

    def branches(self, bits: np.ndarray, most: int) -> list[Branch]:
        """What may come next, as `fill` wrote it, and what may follow each; empty where more than `most` may come.
        Branches that force many tokens or end the answer are left out."""
        allowed = bits.view(np.uint32)
        if int(np.bitwise_count(allowed).sum()) > most:
            return []
        found = []
        for token in np.flatnonzero(np.unpackbits(allowed.view(np.uint8), bitorder="little")).tolist():
            guide = self.copy()
            tokens = [token, *guide.take(token)]
            if not guide.finished and len(tokens) <= _LONGEST_BRANCH:
                after = np.empty_like(bits)
                guide.fill(after)
                found.append(Branch(tokens, after))
        return found

    def _take(self, tokens: Sequence[Token]) -> None:
        self.matcher.consume_tokens(list(tokens))
        self._check()
        self.pending = []
        self._written = (self._written + "".join(map(self._guides.text_of, tokens)))[-_TAIL:]

    def _check(self) -> None:
        if self.matcher.is_error():
            raise GrammarError(self.matcher.get_error().splitlines()[0])


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

    def copy(self) -> "FreeGuide":
        """Another answer that has come as far."""
        return FreeGuide(self._ends)

    def fill(self, bits: np.ndarray) -> None:
        """Allow every token."""
        bits[:] = -1

    def branches(self, bits: np.ndarray, most: int) -> list[Branch]:
        """None: too much may come next."""
        return []
