"""How large text may be and how high its lines are: fitting against real font metrics. Where it breaks says `breaking`.

The em box, whose ascent is 0.88 in CJK fonts, is centred in its line: a line's baseline lies `line_height_px * i +
(line_height_px - font_px) / 2 + 0.88 * font_px` below the top of the text's box. Where ink reaches further than that
leaves room for, lines grow and baselines move, so that all ink lies inside the box.
"""

import math
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from layoutgen.core.layout import Role, Run
from layoutgen.core.styles.style import Style
from layoutgen.core.text.breaking import Break, break_lines
from layoutgen.core.text.direction import Direction

LEADING, BODY_LEADING = 1.28, 1.4
ASCENT = 0.88
_NOISE = 1e-6  # px, of sums of floats


class Face(Protocol):
    """A font in one weight with those that stand in for it, as much of it as typography needs; hashable, since what is
    measured is kept."""

    @property
    def name(self) -> str:
        """The name by which rows say the font that sets most of a text."""
        ...

    @property
    def direction(self) -> Direction:
        """The base direction of the lines that it sets."""
        ...

    def __hash__(self) -> int: ...

    def width(self, text: str, px: float) -> float:
        """Advance width of `text` in px at font size `px`."""
        ...

    def advances(self, text: str, px: float) -> Sequence[float]:
        """What each character of one line of text adds to its advance, px: of its parts, that adds up."""
        ...

    def runs(self, text: str, px: float) -> tuple[Run, ...]:
        """One line of text in runs from left to right; `x_px` is from the line's left end, `baseline_px` 0."""
        ...

    def heights(self, text: str, px: float) -> tuple[float, float]:
        """How far the ink of one line of text reaches above and below its baseline, px."""
        ...

    def breaks(self, text: str) -> Sequence[Break]:
        """Where lines of a text without doubled spaces may break, from left to right."""
        ...

    def covers(self, cluster: str) -> bool:
        """Tell whether a letter with all its marks can be set."""
        ...


class Faces(Protocol):
    """Which face sets a text of a role, of a row whose copy is in a language."""

    def speaking(self, language: str | None, style: Style | None = None) -> Callable[[Role, str], Face]:
        """The faces for a language (BCP 47; None where the row does not say), in a house style's families, weights and
        tracking where there is one; a price's numbers are then larger than its currency."""
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


def is_wide(character: str) -> bool:
    """Tell whether a character takes a full em, as Chinese, Japanese and Korean ones do."""
    return unicodedata.east_asian_width(character) in ("W", "F")


def set_text(
    text: str, width_px: float, face: Face, px: int, leading: float = LEADING, *, split: bool = False
) -> Setting | None:
    """Set text at one font size in lines no wider than `width_px`; None where that can't be, for words that may be
    `split` or not."""
    lines = break_lines(text, width_px, face, px, split=split)
    return set_lines(lines, face, px, leading) if lines else None


def set_lines(lines: Sequence[str], face: Face, px: int, leading: float = LEADING) -> Setting:
    """Set text whose lines are known."""
    height = line_height_for(lines, face, px, leading)
    widest = math.ceil(max(face.width(line, px) for line in lines) - _NOISE)
    return Setting(tuple(lines), px, height, widest, height * len(lines))


def line_height_for(lines: Sequence[str], face: Face, px: int, leading: float = LEADING) -> int:
    """The height of each line in px: as `leading` says, more where ink needs it."""
    return max(line_height(px, leading), sum(_reach(lines, face, px)))


def ascent_px(lines: Sequence[str], face: Face, px: int, line_height_px: int) -> int:
    """How far below the top of its line a baseline lies: the em box is centred, and moved where ink would leave."""
    up, down = _reach(lines, face, px)
    return max(up, min(round(baseline_px(0, px, line_height_px)), line_height_px - down))


def _reach(lines: Sequence[str], face: Face, px: int) -> tuple[int, int]:
    """How far the ink of the tallest and the deepest line reaches above and below its baseline, whole px."""
    above, below = zip(*(face.heights(line, px) for line in lines), strict=True)
    return math.ceil(max(above) - _NOISE), math.ceil(max(below) - _NOISE)


def leading_of(role: Role) -> float:
    """Line height in em of a text's role: tight for what stands in one line or large, open for running text."""
    return LEADING if role in (Role.TITLE, Role.PRICE, Role.LOGO) else BODY_LEADING


def fit(
    text: str,
    width_px: float,
    height_px: float,
    face: Face,
    *,
    smallest: int,
    largest: int,
    leading: float = LEADING,
    split: bool = False,
) -> Setting | None:
    """Set text at the largest font size in [smallest, largest] that fits a box; None where the smallest does not, for
    words that may be `split` or not."""
    best = None
    width_px = math.floor(width_px)  # lines are whole px wide: one that only fits the part of a px would not fit
    low, high = smallest, largest
    while low <= high:
        middle = (low + high) // 2
        setting = set_text(text, width_px, face, middle, leading, split=split)
        if setting and setting.height_px <= height_px and setting.width_px <= width_px:
            best, low = setting, middle + 1
        else:
            high = middle - 1
    return best


def em_length(text: str) -> float:
    """Rough length of text in em: 1 for a wide character, 0.55 for another."""
    return sum(1.0 if is_wide(character) else 0.55 for character in text)
