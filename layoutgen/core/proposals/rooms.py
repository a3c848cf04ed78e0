"""Free rooms of a map: the largest boxes that touch nothing, found by trying all boxes of a grid at once."""

import math
from functools import lru_cache

import numpy as np

from layoutgen.core.layout import Box, area, intersection
from layoutgen.core.summed_area import box_sum

_GRID = 14
_STEPS = 4


@lru_cache(maxsize=1)
def _spans() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All pairs of the grid's lines: each span's first and last line, and the numbers of the spans that reach one line
    further to either side, that behind the last where there is none."""
    first, last = np.triu_indices(_GRID + 1, 1)
    number = np.full((_GRID + 2, _GRID + 2), len(first))
    number[first, last] = np.arange(len(first))
    return first, last, number[first - 1, last], number[first, last + 1]


def free_rooms(taken: np.ndarray, safe: Box, least: tuple[float, float], most: int) -> list[Box]:
    """The largest boxes (ltrb, normalised) inside `safe` that hold nothing of a map, given its summed-area table
    (h + 1, w + 1); at least as wide and high as `least` says, at most `most`, and none nearly the same as another."""
    rows, columns = taken.shape[0] - 1, taken.shape[1] - 1
    x = np.linspace(safe[0], safe[2], _GRID + 1)
    y = np.linspace(safe[1], safe[3], _GRID + 1)
    first, last, sooner, later = _spans()
    # Cells that a box touches by a part are its own.
    low_x, low_y = (np.floor(line * cells + 1e-6).astype(int) for line, cells in ((x, columns), (y, rows)))
    high_x, high_y = (
        np.minimum(cells, np.ceil(line * cells - 1e-6).astype(int)) for line, cells in ((x, columns), (y, rows))
    )
    above, below = (
        taken[lines][:, high_x[last]] - taken[lines][:, low_x[first]] for lines in (low_y[first], high_y[last])
    )
    free = np.zeros((len(first) + 1, len(first) + 1), bool)  # by the spans of rows and of columns
    free[:-1, :-1] = below - above <= 0
    grown = free[:-1, sooner] | free[:-1, later] | free[sooner, :-1] | free[later, :-1]
    down, across = np.nonzero(free[:-1, :-1] & ~grown)
    i, j, m, n = first[across], first[down], last[across], last[down]
    wide, high = x[m] - x[i], y[n] - y[j]
    order = np.lexsort((n, m, j, i, -wide * high))
    cell = float(x[1] - x[0]), float(y[1] - y[0])
    rooms: list[Box] = []
    for k in order[(wide[order] >= least[0]) & (high[order] >= least[1])].tolist():
        room = (float(x[i[k]]), float(y[j[k]]), float(x[m[k]]), float(y[n[k]]))
        if all(intersection(room, other) < 0.8 * min(area(room), area(other)) for other in rooms):
            rooms.append(_refined(room, taken, safe, cell))
            if len(rooms) == most:
                break
    return rooms


def _refined(room: Box, taken: np.ndarray, safe: Box, cell: tuple[float, float]) -> Box:
    """A room with each side moved out by parts of a cell of the grid as far as nothing is touched."""
    rows, columns = taken.shape[0] - 1, taken.shape[1] - 1
    sides = list(room)
    for side, sign in ((0, -1), (1, -1), (2, 1), (3, 1)):
        for part in range(_STEPS - 1, 0, -1):
            tried = list(sides)
            tried[side] += sign * cell[side % 2] * part / _STEPS
            tried[side] = min(max(tried[side], safe[side % 2]), safe[2 + side % 2])
            left, right = math.floor(tried[0] * columns + 1e-6), min(columns, math.ceil(tried[2] * columns - 1e-6))
            top, bottom = math.floor(tried[1] * rows + 1e-6), min(rows, math.ceil(tried[3] * rows - 1e-6))
            if box_sum(taken, left, top, right, bottom) <= 0:
                sides = tried
                break
    return (sides[0], sides[1], sides[2], sides[3])
