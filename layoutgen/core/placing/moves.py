"""Ways to mend a layout without another idea: its texts set flush, apart, in a larger type, or in a freer room.

Each move takes proposed elements, where they were placed, and gives proposals that the solver places anew; whether one
is better is for the judge to say. Boxes are ltrb in px.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from layoutgen.core.layout import Box, Canvas, Suggestion, area, from_px, to_px, union
from layoutgen.core.placing.units import rows_of, shifted

VERSION = "moves-3"  # goes up with every change of what is proposed, and of what `stages.repair` takes of it
_BESIDE = 2.0  # how far what stands side by side is apart at most, of the lower one's height
_SHARED = 0.5  # of the narrower line's width, of lines in one column
_APART = 0.45  # between lines, of the lower one's height
_LARGER = 1.25
_ROOM = 0.08  # of the canvas: less is no room
_CROWDED = 0.5
_MIDDLE = ("texts set on one middle axis", 0.5)
_EDGE = 0.06  # of the short side, round a room

Proposal = tuple[str, list[Suggestion]]


def lines_of(boxes: Sequence[Box]) -> list[list[int]]:
    """Which boxes stand side by side in one line, near each other; lines from top to bottom."""
    lines: list[list[int]] = []
    for row in rows_of(boxes):
        lines.append(row[:1])
        for at in row[1:]:
            before, box = boxes[lines[-1][-1]], boxes[at]
            if box[0] - before[2] < _BESIDE * min(box[3] - box[1], before[3] - before[1]):
                lines[-1].append(at)
            else:
                lines.append([at])
    return lines


def proposals(
    placed: Sequence[Suggestion],
    canvas: Canvas,
    subject: np.ndarray,
    terms: Mapping[str, float],
    most: int,
    *,
    is_rtl: bool = False,
) -> list[Proposal]:
    """At most `most` proposals against what is objected to, each with what it does, the most promising first. `terms`
    are the judge's, `subject` is the subject's map (h, w) in [0, 1]; `is_rtl`: the copy runs from right to left."""
    if not placed:
        return []
    boxes = [to_px(suggestion.box, canvas.width, canvas.height) for suggestion in placed]
    titles = [i for i, suggestion in enumerate(placed) if suggestion.role == "title"]
    axes = [("texts set flush right", 1.0) if is_rtl else ("texts set flush left", 0.0), _MIDDLE]
    ways: list[tuple[str, Callable[[], list[Box]]]] = []
    if terms["crowding"] > _CROWDED:
        ways += [(f"{words}, and apart", partial(_apart, _flush(boxes, titles, at), canvas)) for words, at in axes]
    elif terms["alignment"]:
        ways += [(words, partial(_flush, boxes, titles, at)) for words, at in axes]
    if terms["hierarchy"]:
        ways.append(("a larger title", partial(_larger, boxes, titles)))
    ways += [
        (f"texts {words} the product", partial(_gathered, boxes, room, at))
        for words, room, at in _rooms(subject, canvas, float(is_rtl))
    ]
    out: list[Proposal] = []
    for words, way in ways[:most]:
        moved = [from_px(box, canvas.width, canvas.height) for box in way()]
        out.append((words, [replace(s, box=box) for s, box in zip(placed, moved, strict=True)]))
    return out


def _flush(boxes: Sequence[Box], titles: Sequence[int], share: float) -> list[Box]:
    """Lines of each column on one axis, at a share of their width: the title's where it is in the column, else the
    middle one of theirs."""
    out = list(boxes)
    lines = lines_of(boxes)
    around = [_around(boxes, line) for line in lines]
    for column in _columns(around):
        axes = [around[k][0] + share * (around[k][2] - around[k][0]) for k in column]
        leading = [axis for k, axis in zip(column, axes, strict=True) if set(lines[k]) & set(titles)]
        target = leading[0] if leading else float(np.median(axes))
        for k, axis in zip(column, axes, strict=True):
            for i in lines[k]:
                out[i] = shifted(boxes[i], target - axis, 0.0)
    return out


def _apart(boxes: Sequence[Box], canvas: Canvas) -> list[Box]:
    """Lines of each column with some air between them, those below moved down; all up again where that leaves the
    canvas."""
    out = list(boxes)
    lines = lines_of(boxes)
    around = [_around(boxes, line) for line in lines]
    for column in _columns(around):
        bottom = -np.inf
        for before, k in zip([None, *column], column, strict=False):
            lower = min(_high(around[k]), _high(around[before])) if before is not None else 0.0
            down = max(0.0, bottom + _APART * lower - around[k][1])
            for i in lines[k]:
                out[i] = shifted(boxes[i], 0.0, down)
            bottom = around[k][3] + down
        up = max(0.0, bottom - canvas.height * (1 - _EDGE))
        for i in (i for k in column for i in lines[k]):
            out[i] = shifted(out[i], 0.0, -up)
    return out


def _larger(boxes: Sequence[Box], titles: Sequence[int]) -> list[Box]:
    out = list(boxes)
    for i in titles:
        box = boxes[i]
        across, down = ((_LARGER - 1) / 2 * (high - low) for low, high in ((box[0], box[2]), (box[1], box[3])))
        out[i] = (box[0] - across, box[1] - down, box[2] + across, box[3] + down)
    return out


def _gathered(boxes: Sequence[Box], room: Box, share: float) -> list[Box]:
    """All lines as one column in a room, on one axis at a share of its width, smaller where it is too small."""
    lines = lines_of(boxes)
    around = [_around(boxes, line) for line in lines]
    gaps = [0.0, *(_APART * min(_high(a), _high(b)) for a, b in pairwise(around))]
    whole = sum(map(_high, around)) + sum(gaps)
    scale = min(1.0, (room[3] - room[1]) / whole, *((room[2] - room[0]) / (box[2] - box[0]) for box in around))
    top = (room[1] + room[3]) / 2 - scale * whole / 2
    out = list(boxes)
    for line, box, gap in zip(lines, around, gaps, strict=True):
        top += scale * gap
        left = room[0] + share * (room[2] - room[0] - scale * (box[2] - box[0]))
        for i in line:
            x, y = left + scale * (boxes[i][0] - box[0]), top + scale * (boxes[i][1] - box[1])
            width, height = boxes[i][2] - boxes[i][0], boxes[i][3] - boxes[i][1]
            out[i] = (x, y, x + scale * width, y + scale * height)
        top += scale * _high(box)
    return out


def _rooms(subject: np.ndarray, canvas: Canvas, start: float) -> list[tuple[str, Box, float]]:
    """The free sides of the subject's box, the largest first: its name, its box, and on which axis texts stand in it,
    a share of its width: at a side where lines start."""
    edge = _EDGE * min(canvas.width, canvas.height)
    inner = (edge, edge, canvas.width - edge, canvas.height - edge)
    rows, columns = (np.flatnonzero((subject > 0.5).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return []
    across, down = canvas.width / subject.shape[1], canvas.height / subject.shape[0]
    left, right = columns[0] * across - edge / 2, (columns[-1] + 1) * across + edge / 2
    top, bottom = rows[0] * down - edge / 2, (rows[-1] + 1) * down + edge / 2
    sides: list[tuple[str, Box, float]] = [
        ("left of", (inner[0], inner[1], min(left, inner[2]), inner[3]), start),
        ("right of", (max(right, inner[0]), inner[1], inner[2], inner[3]), start),
        ("above", (inner[0], inner[1], inner[2], min(top, inner[3])), 0.5),
        ("below", (inner[0], max(bottom, inner[1]), inner[2], inner[3]), 0.5),
    ]
    free = [side for side in sides if area(side[1]) > _ROOM * canvas.width * canvas.height]
    return sorted(free, key=lambda side: -area(side[1]))


def _columns(lines: Sequence[Box]) -> list[list[int]]:
    """Lines that stand above one another, by number, in their order."""
    home = list(range(len(lines)))
    for i, a in enumerate(lines):
        for k, b in enumerate(lines[:i]):
            if min(a[2], b[2]) - max(a[0], b[0]) >= _SHARED * min(a[2] - a[0], b[2] - b[0]):
                home = [home[k] if number == home[i] else number for number in home]
    return [[k for k, number in enumerate(home) if number == column] for column in sorted(set(home))]


def _around(boxes: Sequence[Box], line: Sequence[int]) -> Box:
    return union([boxes[i] for i in line]) or (0.0, 0.0, 0.0, 0.0)


def _high(box: Box) -> float:
    return box[3] - box[1]
