"""Where a piece of a layout is wanted, and the room that its relations leave it. Boxes are ltrb in px."""

from collections.abc import Sequence

from layoutgen.core.layout import Box, Canvas
from layoutgen.core.refining.changes import PLACES, Change
from layoutgen.core.refining.relations import aligned, edge

Related = Sequence[tuple[str, Box]]
"""Kinds of relations with the boxes of the elements that they are to."""
_GAP = 0.012
_ACROSS = ("align_left", "align_center", "align_right")


def wanted(box: Box, change: Change, related: Related, safe: Box, canvas: Canvas) -> Box:
    """Where a box is wanted: at its shares of the free room in `safe`, else where it stands; moved on by the change's
    shift; then beside what it is related to."""
    width, height = box[2] - box[0], box[3] - box[1]
    across, down = change.at
    left = box[0] if across is None else safe[0] + across * (safe[2] - safe[0] - width)
    top = box[1] if down is None else safe[1] + down * (safe[3] - safe[1] - height)
    left, top = left + change.shift[0] * canvas.width, top + change.shift[1] * canvas.height
    box = (left, top, left + width, top + height)
    gap = _GAP * min(canvas.width, canvas.height)
    for kind, other in related:
        if kind in PLACES:
            box = _beside(box, kind, other, gap, both=change.at == (None, None))
        else:
            box = aligned(kind, box, other)
    return box


def room(box: Box, related: Related, safe: Box) -> Box | None:
    """The part of the safe area that relations leave a box; None where it does not fit into what is left."""
    sides = [*safe]
    for kind, other in related:
        if kind == "above":
            sides[3] = min(sides[3], other[1])
        elif kind == "below":
            sides[1] = max(sides[1], other[3])
        elif kind == "left_of":
            sides[2] = min(sides[2], other[0])
        elif kind == "right_of":
            sides[0] = max(sides[0], other[2])
        else:
            axis = 0 if kind in _ACROSS else 1
            low = box[axis] + edge(kind, other) - edge(kind, box)
            high = low + box[axis + 2] - box[axis]
            sides[axis], sides[axis + 2] = max(sides[axis], low), min(sides[axis + 2], high)
    width, height = box[2] - box[0], box[3] - box[1]
    fits = sides[2] - sides[0] >= width - 0.01 and sides[3] - sides[1] >= height - 0.01
    return (sides[0], sides[1], sides[2], sides[3]) if fits else None


def _beside(box: Box, kind: str, other: Box, gap: float, *, both: bool) -> Box:
    """A box as far over as a relation asks for; with `both`, right there, and along the other one's edge."""
    width, height = box[2] - box[0], box[3] - box[1]
    left, top = box[0], box[1]
    if kind == "above":
        top = other[1] - gap - height if both else min(top, other[1] - gap - height)
    elif kind == "below":
        top = other[3] + gap if both else max(top, other[3] + gap)
    elif kind == "left_of":
        left = other[0] - gap - width if both else min(left, other[0] - gap - width)
    else:
        left = other[2] + gap if both else max(left, other[2] + gap)
    if both and kind in ("above", "below"):
        left = other[0]
    elif both:
        top = (other[1] + other[3] - height) / 2
    return (left, top, left + width, top + height)
