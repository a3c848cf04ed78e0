"""How two boxes stand to each other: above, beside, aligned, of one size. Boxes are ltrb in px."""

from layoutgen.core.layout import Box
from layoutgen.core.refining.changes import ALIGNED, PLACES

_NEAR_PX = 1.5
"""Edges that are no further apart are aligned: boxes stand on whole pixels."""
_EDGE = {
    "align_left": lambda box: box[0],
    "align_right": lambda box: box[2],
    "align_center": lambda box: (box[0] + box[2]) / 2,
    "align_top": lambda box: box[1],
    "align_bottom": lambda box: box[3],
    "align_middle": lambda box: (box[1] + box[3]) / 2,
}


def holds(kind: str, box: Box, other: Box, slack: float = _NEAR_PX) -> bool:
    """Whether a box stands to another one as a kind of `changes.RELATIONS` says; of `same_size`, its height."""
    if kind in _EDGE:
        return abs(edge(kind, box) - edge(kind, other)) <= slack
    if kind == "same_size":
        return abs((box[3] - box[1]) - (other[3] - other[1])) <= slack
    first, second = (box, other) if kind in ("above", "left_of") else (other, box)
    axis = 1 if kind in ("above", "below") else 0
    return first[axis + 2] <= second[axis] + slack


def between(box: Box, other: Box) -> set[str]:
    """The kinds of place and alignment that hold of a box to another one: above and below of boxes one of which lies
    over the other, beside of boxes side by side; what lies across a corner is neither."""
    beside = {kind for kind in PLACES if holds(kind, box, other)}
    return {kind for kind in (*beside, *ALIGNED) if len(beside) < 2 and holds(kind, box, other)}


def edge(kind: str, box: Box) -> float:
    """The coordinate that an alignment is of."""
    return float(_EDGE[kind](box))


def aligned(kind: str, box: Box, other: Box) -> Box:
    """A box moved so that it is aligned with another one."""
    by = edge(kind, other) - edge(kind, box)
    if kind in ("align_left", "align_center", "align_right"):
        return (box[0] + by, box[1], box[2] + by, box[3])
    return (box[0], box[1] + by, box[2], box[3] + by)
