"""Colours that run: from where to where, and how scrims fade."""

import math

import numpy as np

from layoutgen.core.layout import Box, Scrim, to_px

Ends = tuple[tuple[float, float], tuple[float, float]]
"""Two points, px."""
SIDES = ("left", "top", "right", "bottom", "all")
FADE = tuple((i / 8, 1 - (i / 8) ** 2 * (3 - 2 * i / 8)) for i in range(9))
"""How much of a scrim's opacity is left (0 to 1) at which share of its way, in straight pieces: no edge is seen at
either end."""


def ends(box: Box, angle: float) -> Ends:
    """Where a gradient in a box (px) begins and ends, in the direction `angle`, degrees clockwise, 0 to the right: its
    colours are pure in the corners that lie furthest that way, as in CSS."""
    turned = math.radians(angle)
    along = math.cos(turned), math.sin(turned)
    reach = (abs(along[0]) * (box[2] - box[0]) + abs(along[1]) * (box[3] - box[1])) / 2
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return (x - along[0] * reach, y - along[1] * reach), (x + along[0] * reach, y + along[1] * reach)


def fade(scrim: Scrim, width: int, height: int) -> Ends | None:
    """Where a scrim is strongest and where it has run out, on a canvas of a size in px; None for one that is as strong
    everywhere. Raises ValueError for a side that nobody knows."""
    if scrim.towards not in SIDES:
        raise ValueError(f"a scrim goes towards {scrim.towards!r}; known: {', '.join(SIDES)}")
    angle = {"left": 0, "top": 90, "right": 180, "bottom": 270}.get(scrim.towards)
    return None if angle is None else ends(to_px(scrim.box, width, height), angle)


def along(ends: Ends, rows: slice, columns: slice) -> np.ndarray:
    """How far each pixel of a part of a page lies on the way between two points, (rows, columns) float32 in [0, 1]."""
    (x0, y0), (x1, y1) = ends
    length = max(1e-6, (x1 - x0) ** 2 + (y1 - y0) ** 2)
    x = (np.arange(columns.start, columns.stop, dtype=np.float32) + 0.5 - x0) * ((x1 - x0) / length)
    y = (np.arange(rows.start, rows.stop, dtype=np.float32) + 0.5 - y0) * ((y1 - y0) / length)
    return np.asarray(np.clip(x[None] + y[:, None], 0, 1), np.float32)
