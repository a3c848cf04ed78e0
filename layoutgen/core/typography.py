"""How text falls into lines and how large it may be: line breaking and fitting against real font metrics.

A line's baseline lies `line_height_px * i + (line_height_px - font_px) / 2 + 0.88 * font_px` below the top of the
text's box: the em box, whose ascent is 0.88 in CJK fonts, is centred in its line. With a line height of at least 1.26
em no Latin descender leaves the box.
"""

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

LEADING = 1.28
_TALL_LEADING = 1.5
ASCENT = 0.88

# No line starts with the first or ends with the second (the GB/T 15834 rules that readers notice).
_NOT_FIRST = set("、。，．：；！？…—·％%）」』】》〉’”〕］｝,.:;!?)]}°℃‰々ー～~")
_NOT_LAST = set("（「『【《〈‘“〔［｛([{￥¥$€£#@")


class Face(Protocol):
    """A font in one weight, as much of it as typography needs."""

    name: str

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
    return not piece[-1].isspace() and not _is_wide(piece[-1]) and not _is_wide(character)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in ("W", "F")


def break_lines(text: str, width_px: float, face: Face, px: int) -> list[str] | None:
    """Break text into the fewest lines no wider than `width_px`, balanced so that no line is a lonely rest; None
    where a piece that must stay whole is wider than that."""
    pieces = units(" ".join(text.split()))
    widths = [face.width(piece.rstrip(), px) for piece in pieces]
    if not pieces or max(widths) > width_px:
        return [] if not pieces else None
    greedy = _greedy(pieces, width_px, face, px)
    if len(greedy) == 1:
        return greedy
    # The narrowest measure with the same number of lines: balanced lines look set, ragged ones look broken.
    low, high = max(widths), width_px
    best = greedy
    while high - low > 1:
        middle = (low + high) / 2
        lines = _greedy(pieces, middle, face, px)
        if len(lines) <= len(greedy):
            best, high = lines, min(middle, max(face.width(line, px) for line in lines))
        else:
            low = middle
    return best


def _greedy(pieces: list[str], width_px: float, face: Face, px: int) -> list[str]:
    lines = [pieces[0]]
    for piece in pieces[1:]:
        longer = lines[-1] + piece
        if face.width(longer.rstrip(), px) <= width_px:
            lines[-1] = longer
        else:
            lines.append(piece)
    return [line.rstrip() for line in lines]


def set_text(text: str, width_px: float, face: Face, px: int, leading: float = LEADING) -> Setting | None:
    """Set text at one font size in lines no wider than `width_px`; None where that can't be."""
    lines = break_lines(text, width_px, face, px)
    if not lines:
        return None
    height = line_height(px, max(leading, _TALL_LEADING) if _is_tall(text) else leading)
    widest = math.ceil(max(face.width(line, px) for line in lines))
    return Setting(tuple(lines), px, height, widest, height * len(lines))


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


def drop_uncovered(text: str, face: Face) -> tuple[str, str]:
    """Return text without the characters that the font has no glyph for, and those characters.

    Joiners and variation selectors, which belong to emoji, go silently.
    """
    kept, dropped = [], []
    for character in text:
        if character.isspace() or face.covers(character):
            kept.append(character)
        elif unicodedata.category(character) not in ("Mn", "Cf", "Cc", "Sk"):
            dropped.append(character)
    return " ".join("".join(kept).split()), "".join(dict.fromkeys(dropped))


def runs_right_to_left(text: str) -> bool:
    """Tell whether text holds letters of a right-to-left script, which need shaping that this setter does not do."""
    return any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)


def em_length(text: str) -> float:
    """Rough length of text in em: 1 for a wide character, 0.55 for another."""
    return sum(1.0 if _is_wide(character) else 0.55 for character in text)


def choose_face(text: str, faces: Iterable[Face]) -> Face:
    """Return the first of the faces that covers the most characters of the text."""
    faces = list(faces)
    return max(faces, key=lambda face: (sum(map(face.covers, text)), -faces.index(face)))
