"""A cover's copy as blocks of text in every size and number of lines that are worth trying.

A block is a title with its subtitle below it, or a sticker. Sizes go down a ladder from the style's largest; breaks
are found once, at a reference size, since they do not depend on the size.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from layoutgen.core.covers.acceptance import Limits
from layoutgen.core.layout import Canvas, Role
from layoutgen.core.text.breaking import break_into
from layoutgen.core.text.typography import Face, Setting, line_height_for, set_lines

_REFERENCE_PX = 128
_STEP = 0.86
_SUBTITLE_SHARE = 0.5
_STICKER_SHARE = 0.42
_STICKER_PADS = (0.55, 0.14)
_GAP = 0.28
_SUBTITLE_LINES, _LINES = 3, 24
FLOOR_PX = 9

FaceFor = Callable[[Role, str], Face]


@dataclass(frozen=True)
class CoverCopy:
    """What a cover says: a title, perhaps a subtitle, and stickers, short labels that stand each on its own ground; and
    the language (BCP 47) that it is in, if that is known."""

    title: str
    subtitle: str | None = None
    stickers: tuple[str, ...] = ()
    language: str | None = None


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
class Proportions:
    """A cover's text on any canvas: free edge and largest font of a title as shares of its short side, lines of a
    title."""

    margin: float
    largest_font: float
    most_lines: int

    def on(self, canvas: Canvas, limits: Limits) -> Style:
        """The style in px of a canvas, within the limits of acceptance."""
        short = min(canvas.width, canvas.height)
        smallest = math.ceil(limits.smallest_font * canvas.width - 1e-6)
        return Style(
            margin_px=self.margin * short,
            smallest_px=smallest,
            largest_px=max(smallest, round(self.largest_font * short)),
            most_lines=self.most_lines,
            min_contrast=limits.min_contrast,
            most_covered=limits.most_covered,
        )


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
        return set_lines(self.lines, self.face, self.font_px)


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
    fits: more lines than the style allows, then words that are split, then sizes below its smallest; nothing where even
    they do not."""
    face = face_for(Role.TITLE, copy.title)
    subtitle = _Text.of(Role.SUBTITLE, copy.subtitle, face_for, 1, _SUBTITLE_LINES) if copy.subtitle else None
    usual, below = ladder(style.largest_px, style.smallest_px), range(style.smallest_px - 1, FLOOR_PX - 1, -2)
    for sizes, first, last, split in (
        (usual, 1, style.most_lines, False),
        (usual, style.most_lines + 1, _LINES, False),
        (usual, 1, _LINES, True),
        (below, 1, _LINES, True),
    ):
        title = _Text(Role.TITLE, copy.title, face, _breaks(copy.title, face, first, last, split))
        blocks = [
            block
            for size in sizes
            for which in range(len(title.breaks))
            if (block := _titled(title, which, size, subtitle, width, style))
            and block.width <= width
            and block.height <= height
        ]
        if blocks:
            return blocks
    return []


_Breaks = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class _Text:
    """A text with its ways to be broken into lines."""

    role: Role
    text: str
    face: Face
    breaks: _Breaks

    @classmethod
    def of(cls, role: Role, text: str, face_for: FaceFor, fewest: int, most: int) -> "_Text":
        face = face_for(role, text)
        return cls(role, text, face, _breaks(text, face, fewest, most))

    def part(self, which: int, px: int, top: float) -> Part:
        return Part(self.role, self.text, self.breaks[which], self.face, px, top)

    def width(self, which: int, px: int) -> float:
        """Width of one way's lines at a size, in whole px."""
        return math.ceil(max(self.face.width(line, px) for line in self.breaks[which]) - 1e-6)

    def height(self, which: int, px: int) -> float:
        return line_height_for(self.breaks[which], self.face, px) * len(self.breaks[which])


@lru_cache(maxsize=4096)
def _breaks(text: str, face: Face, fewest: int, most: int, split: bool = False) -> _Breaks:
    """The text in `fewest` to `most` lines, of words that may be split or not."""
    broken = []
    for count in range(fewest, most + 1):
        lines = break_into(text, count, face, _REFERENCE_PX, split=split)
        if lines:
            broken.append(tuple(lines))
    return tuple(broken)


def _titled(title: _Text, which: int, size: int, subtitle: _Text | None, room: float, style: Style) -> Block | None:
    """A title with its subtitle, in as few lines as go with the title's width; None where that can't be."""
    width, height = title.width(which, size), title.height(which, size)
    first = title.part(which, size, 0.0)
    if subtitle is None:
        return Block((first,), width, height)
    px = max(min(size, style.smallest_px), round(size * _SUBTITLE_SHARE))
    measure = min(room, max(1.1 * width, 9.0 * px))
    for way in range(len(subtitle.breaks)):
        if subtitle.width(way, px) <= measure:
            top = height + round(_GAP * px)
            wide, high = max(width, subtitle.width(way, px)), top + subtitle.height(way, px)
            return Block((first, subtitle.part(way, px, top)), wide, high)
    return None


def subtitle_blocks(
    text: str, title_px: int, width: float, height: float, face_for: FaceFor, style: Style
) -> list[Block]:
    """A subtitle that stands by itself, in the sizes that go with a title's."""
    largest = max(style.smallest_px, round(_SUBTITLE_SHARE * title_px))
    broken = _Text.of(Role.SUBTITLE, text, face_for, 1, _SUBTITLE_LINES)
    return _single(broken, ladder(largest, style.smallest_px), width, height)


def sticker_blocks(
    text: str, title_px: int, width: float, height: float, face_for: FaceFor, style: Style
) -> list[Block]:
    """A sticker in one line on its ground, in the sizes that go with a title's."""
    largest = max(style.smallest_px, min(round(_STICKER_SHARE * title_px), style.largest_px // 2))
    broken = _Text.of(Role.OTHER, text, face_for, 1, 1)
    return _single(broken, ladder(largest, style.smallest_px), width, height, pads=_STICKER_PADS)


def _single(
    text: _Text, sizes: list[int], width: float, height: float, pads: tuple[float, float] = (0.0, 0.0)
) -> list[Block]:
    """A text by itself in all its sizes and ways that fit, with `pads` (font sizes) of ground around it."""
    blocks = []
    for size in sizes:
        pad = (float(round(pads[0] * size)), float(round(pads[1] * size)))
        for which in range(len(text.breaks)):
            wide, high = text.width(which, size) + 2 * pad[0], text.height(which, size) + 2 * pad[1]
            if wide <= width and high <= height:
                blocks.append(Block((text.part(which, size, pad[1]),), wide, high, pad))
    return blocks
