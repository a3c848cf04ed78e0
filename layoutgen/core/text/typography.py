"""How text falls into lines and how large it may be: line breaking and fitting against real font metrics.

A line's baseline lies `line_height_px * i + (line_height_px - font_px) / 2 + 0.88 * font_px` below the top of the
text's box: the em box, whose ascent is 0.88 in CJK fonts, is centred in its line. With a line height of at least 1.26
em no Latin descender leaves the box.
"""

import math
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from layoutgen.core.layout import Role
from layoutgen.core.text.words import inside_words

LEADING, BODY_LEADING = 1.28, 1.4
_TALL_LEADING = 1.5
ASCENT = 0.88

# No line starts with the first or ends with the second (the GB/T 15834 rules that readers notice).
_NOT_FIRST = set("、。，．：；！？…—·％%）」』】》〉’”〕］｝,.:;!?)]}°℃‰々ー～~")
_PAUSES = set("，。、；：！？,.;:!?—")
_MOST_PIECES = 40
_SPLIT_WORD = 0.6
_NOT_LAST = set("（「『【《〈‘“〔［｛([{￥¥$€£#@")


class Face(Protocol):
    """A font in one weight, as much of it as typography needs; hashable, since what is measured is kept."""

    name: str

    def __hash__(self) -> int: ...

    def width(self, text: str, px: int) -> float:
        """Advance width of `text` in px at font size `px`."""
        ...

    def covers(self, character: str) -> bool:
        """Tell whether the font has a glyph for `character`."""
        ...


@dataclass(frozen=True)
class Setting:
    """Text set in lines: `width_px` and `height_px` are the size of the box around them."""

    lines: tuple[str, ...]
    font_px: int
    line_height_px: int
    width_px: int
    height_px: int


def baseline_px(line: int, font_px: int, line_height_px: int) -> float:
    """Distance in px from the top of a text's box to the baseline of its line number `line` (from 0)."""
    return line_height_px * line + (line_height_px - font_px) / 2 + ASCENT * font_px


def line_height(font_px: int, leading: float = LEADING) -> int:
    """Line height in px of a font size."""
    return math.ceil(font_px * leading)


def units(text: str) -> list[str]:
    """Split text into the pieces between which a line may break, spaces attached to the piece before them.

    Latin words and numbers stay whole (`10.5kg`, `USB-C`), CJK breaks between any two characters, closing punctuation
    stays with what is before it and opening punctuation and currency signs with what follows.
    """
    pieces: list[str] = []
    for character in text:
        if pieces and _joins(pieces[-1], character):
            pieces[-1] += character
        else:
            pieces.append(character)
    return pieces


def _joins(piece: str, character: str) -> bool:
    if character.isspace() or character in _NOT_FIRST or unicodedata.combining(character):
        return True
    if piece.rstrip()[-1:] in _NOT_LAST:
        return True
    return not piece[-1].isspace() and not is_wide(piece[-1]) and not is_wide(character)


def is_wide(character: str) -> bool:
    """Tell whether a character takes a full em, as Chinese, Japanese and Korean ones do."""
    return unicodedata.east_asian_width(character) in ("W", "F")


def break_lines(text: str, width_px: float, face: Face, px: int) -> list[str] | None:
    """Break text into the fewest lines no wider than `width_px`, even in length, after punctuation where that costs
    little, the last never a lonely character; None where a piece that must stay whole is wider than that.

    Widths add up: text is laid out glyph by glyph, so a line is as wide as its pieces.
    """
    pieces = units(" ".join(text.split()))
    if not pieces:
        return []
    widths, inked = _measured(pieces, face, px)
    if max(inked) > width_px:
        return None
    starts = _greedy(widths, inked, width_px)
    if len(starts) > 1:
        starts = (
            _best_breaks(pieces, widths, inked, width_px, len(starts))
            if len(pieces) <= _MOST_PIECES
            else _balanced(widths, inked, width_px, starts)
        )
    return _lines(pieces, starts)


def break_into(text: str, count: int, face: Face, px: int) -> list[str] | None:
    """Break text into exactly `count` lines, as even in length as `break_lines` makes them, though rather uneven than
    inside a word (`core.text.words`); None where it has fewer pieces. Texts too long to try all breaks may take fewer
    lines. The breaks hold for other sizes too, since all pieces grow alike."""
    pieces = units(" ".join(text.split()))
    if not 0 < count <= len(pieces):
        return None
    widths, inked = _measured(pieces, face, px)
    if len(pieces) > _MOST_PIECES:
        even = sum(widths) / count
        return _lines(pieces, _balanced(widths, inked, 1.1 * even + max(inked), [*range(count)]))
    if count == 1:
        return _lines(pieces, [0])
    split, at, dear = inside_words("".join(pieces)), 0, set()
    for i, piece in enumerate(pieces):
        if at in split:
            dear.add(i)
        at += len(piece)
    return _lines(pieces, _best_breaks(pieces, widths, inked, math.inf, count, dear))


def _measured(pieces: list[str], face: Face, px: int) -> tuple[list[float], list[float]]:
    """Each piece's width with the spaces behind it, and without."""
    widths = [face.width(piece, px) for piece in pieces]
    inked = [
        face.width(piece.rstrip(), px) if piece[-1] == " " else width
        for piece, width in zip(pieces, widths, strict=True)
    ]
    return widths, inked


def _lines(pieces: list[str], starts: list[int]) -> list[str]:
    ends = [*starts[1:], len(pieces)]
    return ["".join(pieces[first:last]).rstrip() for first, last in zip(starts, ends, strict=True)]


def _greedy(widths: list[float], inked: list[float], width_px: float) -> list[int]:
    """Indices of the pieces that start a line when each line takes all it can."""
    starts, used = [0], 0.0
    for i, (width, ink) in enumerate(zip(widths, inked, strict=True)):
        if used + ink > width_px and used > 0:
            starts.append(i)
            used = 0.0
        used += width
    return starts


def _balanced(widths: list[float], inked: list[float], width_px: float, starts: list[int]) -> list[int]:
    """The greedy breaks at the narrowest measure that needs no more lines: for texts too long to try all breaks."""
    low, high, best = max(inked), width_px, starts
    for _ in range(7):
        middle = (low + high) / 2
        tried = _greedy(widths, inked, middle)
        if len(tried) <= len(starts):
            best, high = tried, middle
        else:
            low = middle
    return best


def _best_breaks(
    pieces: list[str],
    widths: list[float],
    inked: list[float],
    width_px: float,
    count: int,
    dear: Collection[int] = (),
) -> list[int]:
    """The breaks into `count` lines of least cost: squared deviation from even lengths, less a bonus for a line that
    ends in punctuation, more for a last line of one character and for a line that starts with one of the `dear` pieces.
    Dynamic programming over the pieces."""
    total = [0.0]
    for width in widths:
        total.append(total[-1] + width)
    ideal, size = total[-1] / count, len(pieces)
    best: dict[int, tuple[float, list[int]]] = {0: (0.0, [])}
    for line in range(count):
        last_line = line == count - 1
        following: dict[int, tuple[float, list[int]]] = {}
        for first, (cost, starts) in best.items():
            for end in range(first + 1, size + 1):
                width = total[end - 1] - total[first] + inked[end - 1]
                if width > width_px:
                    break
                if last_line != (end == size):
                    continue
                here = cost + ((width - ideal) / ideal) ** 2 + (_SPLIT_WORD if first in dear else 0.0)
                if last_line:
                    here += 0.5 if len("".join(pieces[first:end])) == 1 else 0.02 * (width > ideal)
                if not last_line and pieces[end - 1].rstrip()[-1] in _PAUSES:
                    here -= 0.2
                if end not in following or here < following[end][0] - 1e-12:
                    following[end] = (here, [*starts, first])
        best = following
    return best[size][1]


def set_text(text: str, width_px: float, face: Face, px: int, leading: float = LEADING) -> Setting | None:
    """Set text at one font size in lines no wider than `width_px`; None where that can't be."""
    lines = break_lines(text, width_px, face, px)
    return set_lines(lines, face, px, leading) if lines else None


def set_lines(lines: Sequence[str], face: Face, px: int, leading: float = LEADING) -> Setting:
    """Set text whose lines are known."""
    height = line_height(px, leading_for("".join(lines), leading))
    widest = math.ceil(max(face.width(line, px) for line in lines))
    return Setting(tuple(lines), px, height, widest, height * len(lines))


def leading_of(role: Role) -> float:
    """Line height in em of a text's role: tight for what stands in one line or large, open for running text."""
    return LEADING if role in (Role.TITLE, Role.PRICE, Role.LOGO) else BODY_LEADING


def leading_for(text: str, leading: float = LEADING) -> float:
    """Line height in em that a text needs: more than `leading` where it holds letters that reach above the em box."""
    return max(leading, _TALL_LEADING) if _is_tall(text) else leading


def _is_tall(text: str) -> bool:
    """Tell whether text holds capitals under two accents, such as Vietnamese Ễ, which reach above the em box."""
    return any(len(unicodedata.normalize("NFD", c)) > 2 and c.isupper() for c in text if not c.isascii())


def fit(
    text: str, width_px: float, height_px: float, face: Face, *, smallest: int, largest: int, leading: float = LEADING
) -> Setting | None:
    """Set text at the largest font size in [smallest, largest] that fits a box; None where the smallest does not."""
    best = None
    low, high = smallest, largest
    while low <= high:
        middle = (low + high) // 2
        setting = set_text(text, width_px, face, middle, leading)
        if setting and setting.height_px <= height_px and setting.width_px <= width_px:
            best, low = setting, middle + 1
        else:
            high = middle - 1
    return best


def em_length(text: str) -> float:
    """Rough length of text in em: 1 for a wide character, 0.55 for another."""
    return sum(1.0 if is_wide(character) else 0.55 for character in text)
