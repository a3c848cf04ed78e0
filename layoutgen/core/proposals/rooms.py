"""Free rooms of a map: the largest boxes that touch nothing, found by trying all boxes of a grid at once."""

from functools import lru_cache

import numpy as np

from layoutgen.core.layout import Box, area, intersection
from layoutgen.core.summed_area import box_sum

_GRID = 14
_STEPS = 4


@lru_cache(maxsize=1)
def _boxes() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """All boxes of the grid as the numbers of its lines: left, top, right, bottom, which broadcast to four axes."""
    lines = np.arange(_GRID + 1)
    return (
        lines[:, None, None, None],
        lines[None, :, None, None],
        lines[None, None, :, None],
        lines[None, None, None, :],
    )


def free_rooms(taken: np.ndarray, safe: Box, least: tuple[float, float], most: int) -> list[Box]:
    """The largest boxes (ltrb, normalised) inside `safe` that hold nothing of a map, given its summed-area table
    (h + 1, w + 1); at least as wide and high as `least` says, at most `most`, and none nearly the same as another."""
    rows, columns = taken.shape[0] - 1, taken.shape[1] - 1
    x = np.linspace(safe[0], safe[2], _GRID + 1)
    y = np.linspace(safe[1], safe[3], _GRID + 1)
    # Cells that a box touches by a part are its own.
    low_x, high_x = (
        np.floor(x * columns + 1e-6).astype(int),
        np.minimum(columns, np.ceil(x * columns - 1e-6).astype(int)),
    )
    low_y, high_y = np.floor(y * rows + 1e-6).astype(int), np.minimum(rows, np.ceil(y * rows - 1e-6).astype(int))
    left, top, right, bottom = _boxes()
    sums = box_sum(taken, low_x[left], low_y[top], high_x[right], high_y[bottom])
    free = (sums <= 0) & (right > left) & (bottom > top)
    grown = np.zeros_like(free)
    grown[1:] |= free[:-1]
    grown[:, 1:] |= free[:, :-1]
    grown[:, :, :-1] |= free[:, :, 1:]
    grown[:, :, :, :-1] |= free[:, :, :, 1:]
    largest = np.argwhere(free & ~grown)
    if len(largest) == 0:
        return []
    wide, high = x[largest[:, 2]] - x[largest[:, 0]], y[largest[:, 3]] - y[largest[:, 1]]
    order = np.argsort(-wide * high, kind="stable")
    rooms: list[Box] = []
    for k in order:
        if wide[k] < least[0] or high[k] < least[1]:
            continue
        i, j, m, n = largest[k]
        room = (float(x[i]), float(y[j]), float(x[m]), float(y[n]))
        if all(intersection(room, other) < 0.8 * min(area(room), area(other)) for other in rooms):
            rooms.append(_refined(room, taken, safe, (x[1] - x[0], y[1] - y[0])))
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
            left, right = (
                int(np.floor(tried[0] * columns + 1e-6)),
                min(columns, int(np.ceil(tried[2] * columns - 1e-6))),
            )
            top, bottom = int(np.floor(tried[1] * rows + 1e-6)), min(rows, int(np.ceil(tried[3] * rows - 1e-6)))
            if box_sum(taken, left, top, right, bottom) <= 0:
                sides = tried
                break
    return (sides[0], sides[1], sides[2], sides[3])
