"""An instruction as a list of known words and what they stand for, the longest known word first; what is none of them
stays as unknown words."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from layoutgen.core.instructions import places, words

_QUOTED = re.compile(r"[\"“”„]([^\"“”„]{1,200})[\"“”]|[「『《]([^」』》]{1,200})[」』》]|(?<!\w)'([^']{1,200})'(?!\w)")
_PERCENT = re.compile(r"([0-9]{1,3}(?:\.[0-9])?) ?(?:%|percent|％)")
_COLOUR = re.compile(r"#[0-9a-f]{6}(?![0-9a-f])")
_BREAK = re.compile(r"[;；。!！\n]|\.(?=\s|$)")
_PAUSE = re.compile(r"[,，、]")
_WORD = re.compile(r"[a-z0-9'’-]+|[^\W_]", re.UNICODE)
_SPACE = re.compile(r"[\s:：?？()（）]+")


@dataclass(frozen=True)
class Token:
    """A known word: its `kind`, what it stands for, and how it is written."""

    kind: str
    value: object
    text: str


def tokens(text: str) -> Iterator[Token]:
    """The words of a text, in lower case but for what is quoted."""
    at, lower = 0, text.lower()
    while at < len(text):
        if match := _SPACE.match(text, at):
            at = match.end()
            continue
        token, at = _next(text, lower, at)
        yield token


def _next(text: str, lower: str, at: int) -> tuple[Token, int]:
    if match := _QUOTED.match(text, at):
        return Token("quote", next(filter(None, match.groups())).strip(), match[0]), match.end()
    for kind, pattern in (("percent", _PERCENT), ("colour", _COLOUR), ("break", _BREAK), ("pause", _PAUSE)):
        if match := pattern.match(lower, at):
            share = float(match[1]) / 100 if kind == "percent" else None
            return Token(kind, match[0] if share is None else share, match[0]), match.end()
    for length in range(min(_longest(), len(lower) - at), 0, -1):
        phrase = lower[at : at + length]
        if phrase in _known() and _is_whole(lower, at, at + length):
            kind, value = _known()[phrase]
            return Token(kind, value, phrase), at + length
    match = _WORD.match(lower, at)
    end = match.end() if match else at + 1
    return Token("unknown", None, text[at:end]), end


def _is_whole(text: str, start: int, end: int) -> bool:
    """Whether a word in Latin letters ends where it seems to."""
    return not any(
        text[k].isascii() and text[k].isalnum() and text[k + 1].isascii() and text[k + 1].isalnum()
        for k in (start - 1, end - 1)
        if 0 <= k < len(text) - 1
    )


@lru_cache(maxsize=1)
def _longest() -> int:
    return max(map(len, _known()))


@lru_cache(maxsize=1)
def _known() -> dict[str, tuple[str, object]]:
    """Words to kind and value; of a word of two kinds, the one that comes later here counts."""
    table: dict[str, tuple[str, object]] = {}

    def enter(kind: str, phrases: Iterable[str], value: object = None) -> None:
        table.update((phrase, (kind, value)) for phrase in phrases)

    enter("nothing", words.NOTHING)
    enter("and", words.AND)
    enter("break", words.THEN)
    enter("with", words.WITH)
    enter("says", words.SAYS)
    enter("add", words.ADD)
    enter("remove", words.REMOVE)
    enter("larger", words.LARGER, 1)
    enter("larger", words.SMALLER, -1)
    enter("little", words.A_LITTLE)
    enter("much", words.MUCH)
    for kind, of in (("times", words.TIMES), ("colour", words.COLOURS), ("way", places.WAYS)):
        for value, phrases in of.items():
            enter(kind, phrases, value)
    for sides, phrases in places.CORNERS.items():
        enter("place", phrases, sides)
    for relation, phrases in places.RELATIONS.items():
        enter("relation", phrases, relation)
    for side, phrases in places.ALIGN.items():
        enter("align", phrases, side)
    enter("same", words.SAME)
    for nth, phrases in words.ORDINALS.items():
        enter("ordinal", phrases, nth)
    for role, phrases in words.ELEMENTS.items():
        enter("element", phrases, role)
        enter("elements", [f"{phrase}s" for phrase in phrases if f"{phrase}s" in words.PLURALS], role)
    return table
