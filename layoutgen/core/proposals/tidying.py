"""Proposed texts sized and set flush, and panels drawn round what they bear, as a designer would leave them.

Texts that stand over one another (half of the narrower one's width is shared, less than an eighth of the canvas lies
between them) are a column. Of its left edges, middles and right edges those are taken that agree best, and all texts
move across to their median; a column whose best agreement is worse than a sixth of the canvas is left as it is. Where a
column stands across an upright edge of the picture, all of it moves on to where none of its texts does. A panel is a
proposal that a text, or some, stand on a ground of their own; how large it is follows from them.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from layoutgen.core.layout import Box, Canvas, Role, Suggestion
from layoutgen.core.proposals.constraints import Constraints
from layoutgen.core.proposals.separation import separated, straddles
from layoutgen.core.text.typography import em_length

_SHARED, _NEAR, _LOOSE = 0.5, 0.125, 0.16
_ROOM = 0.2
"""What a subject leaves at a side of the canvas, at least, where texts are moved off it."""
_WIDEST, _LEADING, _SLACK, _TIGHT = 0.85, 1.3, 1.1, 1.15
"""Of a line: its most width on the canvas; a box's height and width by its font size and length in em; its least
height by that."""
_TITLE, _LEAST, _MORE = 1 / 15, 1 / 30, 1.2
_ON_PANELS = (Role.CALL_TO_ACTION, Role.SELLING_POINT, Role.OTHER)
PADDING = (0.6, 0.22)
"""Of a panel beyond its text, across and down, shares of the text's height."""


def tidied(
    suggestions: Sequence[Suggestion],
    canvas: Canvas,
    free: Sequence[Box] = (),
    subject: Box | None = None,
    picture: Box = (0.0, 0.0, 1.0, 1.0),
) -> tuple[Suggestion, ...]:
    """The texts and logos set flush, off each other, off boxes that stay `free`, off a `subject` that leaves room
    beside it, and each wholly on the `picture` or wholly off it: as little as can be (`separation`). Then the panels
    that they stand on: a button or selling point, and no other text, has one where an underlay of its own was proposed
    under it, round all selling points or none."""
    obstacles = [*free, *([subject] if subject and _leaves_room(subject) else [])]
    texts = [element for element in suggestions if element.role is not Role.UNDERLAY]
    boxes = [text.box for text in texts]
    panels = [element.box for element in suggestions if element.role is Role.UNDERLAY]
    home = borne(boxes, panels)
    alone = {k for k, panel in home.items() if texts[k].role in _ON_PANELS and [*home.values()].count(panel) == 1}
    points = {k for k, text in enumerate(texts) if text.role is Role.SELLING_POINT}
    alone = alone | points if 2 * len(alone & points) > len(points) else alone - points  # all alike
    footprints = [padded(box, canvas) if k in alone else box for k, box in enumerate(boxes)]
    for _ in range(2):
        footprints = separated(flush(footprints, picture), len(footprints), obstacles, Constraints(), picture=picture)
    laid = [unpadded(box, canvas) if k in alone else box for k, box in enumerate(footprints)]
    return (
        *(replace(text, box=box) for text, box in zip(texts, laid, strict=True)),
        *(Suggestion(Role.UNDERLAY, footprints[k]) for k in sorted(alone)),
    )


def sized(suggestions: Sequence[Suggestion], canvas: Canvas) -> tuple[Suggestion, ...]:
    """The texts with boxes for a hierarchy: those of selling points hold one font size, the median of the sizes that
    theirs hold; those of the title and the price at least 1.2 times as much. No text has less than a thirtieth of the
    canvas's short side, and the title no less than a fifteenth. Middles stay, as far as the canvas allows."""
    short = min(canvas.width, canvas.height)
    sizes = {k: _size_in(text.box, text.text, canvas) for k, text in enumerate(suggestions) if text.text}
    points = [k for k in sizes if suggestions[k].role is Role.SELLING_POINT]
    size = max(_LEAST * short, float(np.median([sizes[k] for k in points])) if points else 0.0)
    least = {Role.TITLE: max(_TITLE * short, _MORE * size), Role.PRICE: _MORE * size}
    wanted = dict.fromkeys(points, size) if len(points) > 1 else {}
    wanted |= {
        k: least.get(suggestions[k].role, _LEAST * short)
        for k in sizes
        if sizes[k] < least.get(suggestions[k].role, _LEAST * short)
    }
    return tuple(
        replace(text, box=_holding(text.box, text.text, wanted[k], canvas)) if k in wanted else text
        for k, text in enumerate(suggestions)
    )


def _holding(box: Box, text: str, size: float, canvas: Canvas) -> Box:
    """A box about the same middle that holds a text of a font size in px, in as few lines as the canvas is wide for."""
    length = _SLACK * max(em_length(text), 0.5) * size / canvas.width
    lines = max(1, math.ceil(length / _WIDEST))
    width, height = min(1.0, length / lines), min(1.0, lines * _LEADING * size / canvas.height)
    left = min(max((box[0] + box[2] - width) / 2, 0.0), 1 - width)
    top = min(max((box[1] + box[3] - height) / 2, 0.0), 1 - height)
    return left, top, left + width, top + height


def _size_in(box: Box, text: str, canvas: Canvas) -> float:
    """The largest font size in px at which a box holds a text tightly, in one to three lines."""
    width, height = (box[2] - box[0]) * canvas.width, (box[3] - box[1]) * canvas.height
    return max(min(height / (_TIGHT * lines), width * lines / max(em_length(text), 0.5)) for lines in (1, 2, 3))


def flush(boxes: Sequence[Box], picture: Box = (0.0, 0.0, 1.0, 1.0)) -> list[Box]:
    """The boxes (ltrb, normalised) with every column set flush, off the upright edges of a `picture` where that can be;
    none leaves the canvas or changes its size."""
    out = list(boxes)
    for column in _columns(boxes):
        edges = np.array([boxes[k] for k in column])
        anchors = np.stack([edges[:, 0], (edges[:, 0] + edges[:, 2]) / 2, edges[:, 2]])
        best = anchors[int(np.ptp(anchors, axis=1).argmin())]
        if np.ptp(best) > _LOOSE:
            continue
        moves = np.median(best) - best
        moves = moves - max(0.0, (edges[:, 2] + moves).max() - 1) + max(0.0, -(edges[:, 0] + moves).min())
        for k, move in zip(column, moves.tolist(), strict=True):
            left, top, right, bottom = boxes[k]
            if left + move >= 0 and right + move <= 1:
                out[k] = (left + move, top, right + move, bottom)
        off = _off_edges([out[k] for k in column], picture)
        for k in column:
            left, top, right, bottom = out[k]
            out[k] = (left + off, top, right + off, bottom)
    return out


def _off_edges(boxes: Sequence[Box], picture: Box) -> float:
    """How far boxes have to move across, all alike, so that none stands across an upright edge of a picture; 0 where no
    way on the canvas is."""
    moves = [edge - side for edge in (picture[0], picture[2]) for box in boxes for side in (box[0], box[2])]
    room = -min(box[0] for box in boxes), 1 - max(box[2] for box in boxes)
    for move in sorted((0.0, *(move for move in moves if room[0] <= move <= room[1])), key=abs):
        if not any(_is_across(box, move, picture) for box in boxes):
            return move
    return 0.0


def _is_across(box: Box, move: float, picture: Box) -> bool:
    """Whether a box, moved across, stands across an upright edge of a picture beside which it stands."""
    left, top, right, bottom = box[0] + move, box[1], box[2] + move, box[3]
    beside = (left, picture[1], right, picture[3])
    return bottom > picture[1] and top < picture[3] and straddles(beside, picture)


def _leaves_room(subject: Box) -> bool:
    return max(subject[0], subject[1], 1 - subject[2], 1 - subject[3]) >= _ROOM


def _columns(boxes: Sequence[Box]) -> list[list[int]]:
    """The columns of two or more boxes, by their numbers."""
    home = list(range(len(boxes)))
    for i, a in enumerate(boxes):
        for k, b in enumerate(boxes[:i]):
            across = min(a[2], b[2]) - max(a[0], b[0])
            between = max(a[1], b[1]) - min(a[3], b[3])
            if across >= _SHARED * min(a[2] - a[0], b[2] - b[0]) and between <= _NEAR:
                home = [home[k] if number == home[i] else number for number in home]
    columns = [[k for k, number in enumerate(home) if number == column] for column in sorted(set(home))]
    return [column for column in columns if len(column) > 1]


def padded(text: Box, canvas: Canvas) -> Box:
    """A text's box with the panel that belongs to it, cut at the canvas's edge."""
    down = PADDING[1] * (text[3] - text[1])
    across = PADDING[0] * (text[3] - text[1]) * canvas.height / canvas.width
    return (max(0.0, text[0] - across), max(0.0, text[1] - down), min(1.0, text[2] + across), min(1.0, text[3] + down))


def unpadded(panel: Box, canvas: Canvas) -> Box:
    """The box of the text in a panel, as far as the panel is wide enough for what `padded` adds."""
    height = (panel[3] - panel[1]) / (1 + 2 * PADDING[1])
    down = PADDING[1] * height
    across = min(PADDING[0] * height * canvas.height / canvas.width, (panel[2] - panel[0]) / 4)
    return (panel[0] + across, panel[1] + down, panel[2] - across, panel[3] - down)


def borne(texts: Sequence[Box], panels: Sequence[Box]) -> dict[int, int]:
    """Which panel each text stands on, by number: of those that bear its middle the smallest."""
    out = {}
    for k, text in enumerate(texts):
        x, y = (text[0] + text[2]) / 2, (text[1] + text[3]) / 2
        bearing = [p for p, box in enumerate(panels) if box[0] <= x <= box[2] and box[1] <= y <= box[3]]
        if bearing:
            out[k] = min(bearing, key=lambda p: (panels[p][2] - panels[p][0]) * (panels[p][3] - panels[p][1]))
    return out
