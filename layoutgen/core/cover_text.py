"""A cover's copy as blocks of text in every size and number of lines that are worth trying.

A block is a title with its subtitle below it, or a sticker. Sizes go down a ladder from the style's largest; breaks
are found once, at a reference size, since they do not depend on the size. A block's width is an upper bound until its
place is chosen: advances are rounded to whole pixels at each size, by at most half a pixel a character.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from layoutgen.core.layout import Role
from layoutgen.core.typography import LEADING, Face, Setting, break_into, line_height, set_lines

_REFERENCE_PX = 128
_STEP = 0.86
_SUBTITLE_SHARE = 0.5
_STICKER_SHARE = 0.42
_GAP = 0.28
_SUBTITLE_LINES, _LINES = 3, 24
FLOOR_PX = 9

FaceFor = Callable[[Role, str], Face]


@dataclass(frozen=True)
class CoverCopy:
    """What a cover says: a title, perhaps a subtitle, and stickers, short labels that stand each on its own ground."""

    title: str
    subtitle: str | None = None
    stickers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Style:
    """Limits of a cover's text, px of the canvas: `margin_px` of free edge, font sizes, lines of a title; the least
    contrast ratio, and the largest share of the protected area that elements may cover."""

    margin_px: float
    smallest_px: int
    largest_px: int
    most_lines: int = 4
    min_contrast: float = 4.5
    most_covered: float = 0.05


@dataclass(frozen=True)
class Part:
    """One text of a block: its lines at a size, and how far below the block's top they start."""

    role: Role
    text: str
    lines: tuple[str, ...]
    face: Face
    font_px: int
    top: float

    def set(self) -> Setting:
        """The text as it is really set."""
        return set_lines(self.lines, self.face, self.font_px, LEADING)


@dataclass(frozen=True)
class Block:
    """Texts that stand together: size in px, `pad` px of ground around them (stickers only), and how many lines."""

    parts: tuple[Part, ...]
    width: float
    height: float
    pad: tuple[float, float] = (0.0, 0.0)

    @property
    def font_px(self) -> int:
        """Size of the first text."""
        return self.parts[0].font_px

    @property
    def lines(self) -> int:
        """Lines of the first text."""
        return len(self.parts[0].lines)


def ladder(largest: int, smallest: int) -> list[int]:
    """Font sizes from the largest down to the smallest, each 0.86 of the one before."""
    sizes = [largest]
    while sizes[-1] > smallest:
        sizes.append(max(smallest, min(sizes[-1] - 1, round(sizes[-1] * _STEP))))
    return sizes


def title_blocks(copy: CoverCopy, width: float, height: float, face_for: FaceFor, style: Style) -> list[Block]:
    """The title with its subtitle in all sizes and line counts that fit a room of `width` x `height` px. Where none
    fits: more lines than the style allows, then sizes below its smallest; nothing where even they do not."""
    face = face_for(Role.TITLE, copy.title)
    subtitle = copy.subtitle and _breaks(copy.subtitle, face_for(Role.SUBTITLE, copy.subtitle), 1, _SUBTITLE_LINES)
    usual, below = ladder(style.largest_px, style.smallest_px), range(style.smallest_px - 1, FLOOR_PX - 1, -2)
    for sizes, first, last in ((usual, 1, style.most_lines), (usual, style.most_lines + 1, _LINES), (below, 1, _LINES)):
        breaks = _breaks(copy.title, face, first, last)
        blocks = [
            block
            for size in sizes
            for lines, reference in breaks
            if (block := _titled(copy, lines, reference, size, subtitle or None, width, face_for, style))
            and block.width <= width
            and block.height <= height
        ]
        if blocks:
            return blocks
    return []


_Breaks = list[tuple[tuple[str, ...], float]]


def _breaks(text: str, face: Face, fewest: int, most: int) -> _Breaks:
    """The text in `fewest` to `most` lines, and how wide they are at the reference size."""
    found = []
    for count in range(fewest, most + 1):
        lines = break_into(text, count, face, _REFERENCE_PX)
        if lines:
            found.append((tuple(lines), max(face.width(line, _REFERENCE_PX) for line in lines)))
    return found


def _bound(lines: tuple[str, ...], reference: float, px: int) -> float:
    """An upper bound of the width of lines at a size."""
    return math.ceil(reference * px / _REFERENCE_PX + 0.5 * max(map(len, lines)))


def _titled(
    copy: CoverCopy,
    lines: tuple[str, ...],
    reference: float,
    size: int,
    subtitle: _Breaks | None,
    room: float,
    face_for: FaceFor,
    style: Style,
) -> Block | None:
    width = _bound(lines, reference, size)
    title = Part(Role.TITLE, copy.title, lines, face_for(Role.TITLE, copy.title), size, 0.0)
    height = float(line_height(size) * len(lines))
    if subtitle is None or copy.subtitle is None:
        return Block((title,), width, height)
    px = max(min(size, style.smallest_px), round(size * _SUBTITLE_SHARE))
    measure = min(room, max(1.1 * width, 9.0 * px))
    for sub_lines, sub_reference in subtitle:
        sub_width = _bound(sub_lines, sub_reference, px)
        if sub_width <= measure:
            top = height + round(_GAP * px)
            second = Part(Role.SUBTITLE, copy.subtitle, sub_lines, face_for(Role.SUBTITLE, copy.subtitle), px, top)
            return Block((title, second), max(width, sub_width), top + line_height(px) * len(sub_lines))
    return None


def subtitle_blocks(
    text: str, title_px: int, width: float, height: float, face_for: FaceFor, style: Style
) -> list[Block]:
    """A subtitle that stands by itself, in the sizes that go with a title's."""
    face = face_for(Role.SUBTITLE, text)
    largest = max(style.smallest_px, round(_SUBTITLE_SHARE * title_px))
    return _single(Role.SUBTITLE, text, face, ladder(largest, style.smallest_px), _SUBTITLE_LINES, width, height)


def sticker_blocks(
    text: str, title_px: int, width: float, height: float, face_for: FaceFor, style: Style
) -> list[Block]:
    """A sticker in one line on its ground, in the sizes that go with a title's."""
    face = face_for(Role.OTHER, text)
    largest = min(
        max(style.smallest_px, round(_STICKER_SHARE * title_px)), max(style.smallest_px, style.largest_px // 2)
    )
    return _single(Role.OTHER, text, face, ladder(largest, style.smallest_px), 1, width, height, padded=True)


def _single(
    role: Role,
    text: str,
    face: Face,
    sizes: list[int],
    most_lines: int,
    width: float,
    height: float,
    *,
    padded: bool = False,
) -> list[Block]:
    blocks = []
    for size in sizes:
        for lines, reference in _breaks(text, face, 1, most_lines):
            pad = (float(round(0.55 * size)), float(round(0.14 * size))) if padded else (0.0, 0.0)
            wide = _bound(lines, reference, size) + 2 * pad[0]
            high = line_height(size) * len(lines) + 2 * pad[1]
            if wide <= width and high <= height:
                blocks.append(Block((Part(role, text, lines, face, size, pad[1]),), wide, high, pad))
    return blocks
