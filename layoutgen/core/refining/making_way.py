"""Elements that stand where another one is to go, moved out of its way. Boxes in px."""

from collections.abc import Mapping, Sequence

import numpy as np

from layoutgen.core.layout import Box, Canvas, Element, Role, intersection, to_px
from layoutgen.core.placing.spots import Spots
from layoutgen.core.refining.lettering import Letters
from layoutgen.core.refining.pieces import own_underlay, piece_of

_WAY = 0.3
"""How far something is moved out of the way at most, of the canvas's sides."""
_MOST = 2


def make_way(
    layout: Mapping[int, Element],
    spot: Box,
    taken: Mapping[int, Box],
    covered: float,
    spots: Spots,
    letters: Letters,
    walls: Sequence[Box] = (),
) -> dict[int, Element] | None:
    """The elements that stand in a piece's way where they are out of it; None where they can't be. Nothing is put into
    `walls`."""
    if spots.share(spot) > covered or any(intersection(spot, wall) > 0 for wall in walls):
        return None
    way: dict[int, Element] = {}
    hit = [i for i, box in taken.items() if intersection(box, spot) > 0 and layout[i].role is not Role.UNDERLAY]
    plates = {i for i in taken if layout[i].role is Role.UNDERLAY and intersection(taken[i], spot) > 0}
    own = {u for i in taken if (u := own_underlay(layout, i)) in plates}
    if plates - own or len(hit) > _MOST:
        return None
    hit = [i for i in taken if i in hit or own_underlay(layout, i) in own]
    for i in hit:
        piece = piece_of(layout, [i], [1.0], spots.canvas, letters)
        rest = [box for j, box in taken.items() if j not in piece.members]
        moved = [to_px(e.box, spots.canvas.width, spots.canvas.height) for e in way.values()]
        place = spots.nearest(piece.footprint, [spot, *rest, *moved, *walls])
        if place is None or _apart(place, piece.footprint, spots.canvas) > _WAY:
            return None
        way |= piece.at(place)
    return way


def _apart(box: Box, other: Box, canvas: Canvas) -> float:
    return float(np.hypot((box[0] - other[0]) / canvas.width, (box[1] - other[1]) / canvas.height))
