"""Very long pictures, such as a shop's page of details: at which size they travel, in which parts they are read, and
how the parts' lines become lines of the whole.

Brought to a square's longer side, a strip would be too narrow to read anything but nonsense. Parts overlap by more
than a line's height, so that each line is whole in one of them; what a seam cuts is dropped where lines run across the
strip, and joined with its rest where they run along it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from layoutgen.core.layout import Box, area, intersection, union

LONG = 3.0
"""Longer side over shorter side from which a picture is a strip."""
_SHORT_PX, _MOST_PIXELS, _LONGEST_PX = 640, 16_000_000, 65_000
_LEGIBLE_PX, _LEGIBLE_SCALE = 400, 0.6
_PART, _OVERLAP = 2.0, 0.3  # of the shorter side, where lines run across
_PART_ALONG, _OVERLAP_ALONG = 4.0, 1.5  # where they run along
_LEAST_PX, _MOST_PARTS = 480, 32  # a narrow strip's parts are as long as a wider one's, and no strip has more
_AT_SEAM = 0.01  # of the shorter side: nearer to a seam, a line is cut by it
_GLYPH = 1.0  # of a line's height: where lines run along, a glyph that the seam cuts is not read at all
_SAME = 0.5

Part = tuple[int, int, int, int]
"""Left, top, right, bottom in px."""
Line = TypeVar("Line")


def is_strip(width: int, height: int) -> bool:
    """Tell whether a picture is so long that it is read in parts."""
    return max(width, height) > LONG * min(width, height)


def travelling_size(width: int, height: int, side: int) -> tuple[int, int]:
    """The size in px at which a picture travels: `side` on its longer side or, of a strip, up to 640 px, and no more
    than `side`, on its shorter one, within 16 megapixels. Never larger than it is."""
    scale = min(1.0, side / max(width, height))
    if is_strip(width, height):
        short = min(side, _SHORT_PX) / min(width, height)
        bound = min(math.sqrt(_MOST_PIXELS / (width * height)), _LONGEST_PX / max(width, height))
        scale = min(1.0, max(scale, min(short, bound)))
    return max(1, round(width * scale)), max(1, round(height * scale))


def is_legible(width: int, height: int, original: tuple[int, int]) -> bool:
    """Tell whether a strip that travels at a size in px can be read, given its original's size in px."""
    short = min(width, height)
    return short >= _LEGIBLE_PX or short >= _LEGIBLE_SCALE * min(original)


def parts(width: int, height: int) -> list[Part]:
    """Windows that cover a strip, each sharing an overlap with the next; one of a picture that is none."""
    if not is_strip(width, height):
        return [(0, 0, width, height)]
    short, long = min(width, height), max(width, height)
    length, overlap = (_PART, _OVERLAP) if height > width else (_PART_ALONG, _OVERLAP_ALONG)
    unit = max(short, _LEAST_PX)
    size = max(length * unit, long / _MOST_PARTS + overlap * unit)
    count = max(1, math.ceil((long - size) / (size - overlap * unit)) + 1)
    starts = [round(k * max(0.0, long - size) / max(1, count - 1)) for k in range(count)]
    ends = [min(long, start + math.ceil(size)) for start in starts]
    if height > width:
        return [(0, start, width, end) for start, end in zip(starts, ends, strict=True)]
    return [(start, 0, end, height) for start, end in zip(starts, ends, strict=True)]


@dataclass(frozen=True)
class Piece(Generic[Line]):
    """What was read somewhere: text, box in px, the reader's confidence, and the line as the reader has it."""

    text: str
    box_px: Box
    score: float
    line: Line


def whole_lines(by_part: Sequence[tuple[Part, Iterable[Piece[Line]]]], width: int, height: int) -> list[Piece[Line]]:
    """Lines of a strip of a size in px from those of its parts, in the order of the strip; boxes are in px of the part,
    and then of the strip. A line in two pieces is the first one's."""
    along = 0 if width > height else 1
    seam = _AT_SEAM * min(width, height)
    whole: list[Piece[Line]] = []
    cut: list[list[tuple[Piece[Line], bool, bool]]] = []
    for part, pieces in by_part:
        cut.append([])
        for piece in pieces:
            left, top, right, bottom = piece.box_px
            box = (left + part[0], top + part[1], right + part[0], bottom + part[1])
            near = seam if along else max(seam, _GLYPH * (bottom - top))
            at_start = part[along] > 0 and box[along] <= part[along] + near
            at_end = part[along + 2] < (width, height)[along] and box[along + 2] >= part[along + 2] - near
            if at_start or at_end:
                cut[-1].append((replace(piece, box_px=box), at_start, at_end))
            else:
                whole.append(replace(piece, box_px=box))
    if along == 0:
        whole += _joined(cut)
    return sorted(_each_once(whole), key=lambda piece: (piece.box_px[along], piece.box_px[1 - along]))


def _each_once(lines: Iterable[Piece[Line]]) -> list[Piece[Line]]:
    """Lines of which none lies on another by half of the smaller line: of two, the larger line, then the surer line."""
    apart: list[Piece[Line]] = []
    for line in sorted(lines, key=lambda piece: (-round(area(piece.box_px)), -piece.score, piece.box_px)):
        if all(intersection(line.box_px, k.box_px) < _SAME * area(line.box_px) for k in apart):
            apart.append(line)
    return apart


def _joined(cut: Sequence[Sequence[tuple[Piece[Line], bool, bool]]]) -> list[Piece[Line]]:
    """Lines that seams cut, of each part in turn, as one each: a piece, whether its beginning is cut, and whether its
    end. A piece without its other half is none."""
    whole: list[Piece[Line]] = []
    open_: list[Piece[Line]] = []
    for pieces in cut:
        waiting, open_ = open_, []
        for piece, at_start, at_end in pieces:
            line: Piece[Line] | None = piece
            if at_start:
                line = next((both for before in waiting if (both := _both(before, piece))), None)
            if line is not None:
                (open_ if at_end else whole).append(line)
    return whole


def _both(before: Piece[Line], after: Piece[Line]) -> Piece[Line] | None:
    """Two pieces of one line as one; None where they stand on different lines or their texts don't meet."""
    a, b = before.box_px, after.box_px
    level = min(a[3], b[3]) - max(a[1], b[1]) >= 0.6 * min(a[3] - a[1], b[3] - b[1])
    text = _text_of_both(before.text, after.text) if level and b[0] <= a[2] else None
    if text is None:
        return None
    return replace(before, text=text, box_px=union([a, b]) or b, score=min(before.score, after.score))


def _text_of_both(before: str, after: str) -> str | None:
    """The text whose beginning and end overlap, but for a glyph at each that the seam cut; None where they don't."""
    best: tuple[int, str] | None = None
    for spare_before in (0, 1):
        for spare_after in (0, 1):
            head, tail = before[: len(before) - spare_before], after[spare_after:]
            shared = next((n for n in range(min(len(head), len(tail)), 0, -1) if head.endswith(tail[:n])), 0)
            if shared and (best is None or shared > best[0]):
                best = (shared, head + tail[shared:])
    return best[1] if best else None
