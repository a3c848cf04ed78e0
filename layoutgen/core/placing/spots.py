"""Free places on a canvas: the one nearest to where something was asked for, away from the subject. Boxes in px."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from layoutgen.core.layout import Box, Canvas, intersection
from layoutgen.core.summed_area import box_sum, summed

_GRID = 13
_TOUCHED = 0.02
"""Share of a box on the subject that costs nothing."""
_WEIGHT = 3.0
"""What lying on the subject wholly costs, in widths of the canvas."""


@dataclass(frozen=True, eq=False)
class Spots:
    """A canvas with its safe area and a summed-area table of its subject map; `stays` is the share of a box that may
    lie on the subject where it was asked for."""

    canvas: Canvas
    safe: Box
    table: np.ndarray
    stays: float = _TOUCHED

    @classmethod
    def on(cls, canvas: Canvas, margin_px: float, subject: np.ndarray, stays: float = _TOUCHED) -> "Spots":
        """Those of a canvas with a free edge, and a subject map (h, w) in [0, 1]."""
        safe = (margin_px, margin_px, canvas.width - margin_px, canvas.height - margin_px)
        return cls(canvas, safe, summed(subject, np.float64), stays)

    def within(self, room: Box) -> "Spots":
        """Those of a part of the canvas."""
        return self if room == self.safe else replace(self, safe=room)

    def covered(self, left: np.ndarray, top: np.ndarray, width: float, height: float) -> np.ndarray:
        """Shares of boxes that lie on the subject: of all lefts (n) and tops (m), (n, m)."""
        rows, columns = self.table.shape[0] - 1, self.table.shape[1] - 1
        across, down = columns / self.canvas.width, rows / self.canvas.height
        x1, y1 = (np.floor(side + 1e-6).astype(int) for side in (left * across, top * down))
        x2 = np.minimum(columns, np.ceil((left + width) * across - 1e-6).astype(int))
        y2 = np.minimum(rows, np.ceil((top + height) * down - 1e-6).astype(int))
        x1, y1 = np.minimum(x1, x2 - 1).clip(0), np.minimum(y1, y2 - 1).clip(0)
        sizes = np.maximum(1, (x2 - x1)[:, None] * (y2 - y1)[None, :])
        return np.asarray(box_sum(self.table, x1[:, None], y1[None, :], x2[:, None], y2[None, :]) / sizes)

    def share(self, box: Box) -> float:
        """The share of a box that lies on the subject."""
        left, top = np.array([box[0]]), np.array([box[1]])
        return float(self.covered(left, top, box[2] - box[0], box[3] - box[1])[0, 0])

    def nearest(self, box: Box, taken: Sequence[Box]) -> Box | None:
        """The place for a box that costs least: it is where it was asked for wherever that is free and off the subject;
        None where there is no free place."""
        safe, width, height = self.safe, box[2] - box[0], box[3] - box[1]
        if width > safe[2] - safe[0] + 0.01 or height > safe[3] - safe[1] + 0.01:
            return None
        moved = into(box, safe)
        if not any(intersection(moved, other) > 0 for other in taken) and self.share(moved) <= self.stays:
            return moved
        gap = round(0.012 * min(self.canvas.width, self.canvas.height))
        lefts = [moved[0], *np.linspace(safe[0], safe[2] - width, _GRID)]
        tops = [moved[1], *np.linspace(safe[1], safe[3] - height, _GRID)]
        for other in taken:
            lefts += [other[0], other[2] - width, other[2] + gap, other[0] - gap - width]
            tops += [other[1], other[3] + gap, other[1] - gap - height]
        # Whole pixels, except at the far edges of a safe area that has none.
        x = np.unique(np.clip(np.rint(lefts), safe[0], max(safe[0], safe[2] - width)))
        y = np.unique(np.clip(np.rint(tops), safe[1], max(safe[1], safe[3] - height)))
        is_free = np.ones((len(x), len(y)), bool)
        for other in taken:
            is_free &= ~np.outer((x < other[2]) & (x + width > other[0]), (y < other[3]) & (y + height > other[1]))
        if not is_free.any():
            return None
        far = np.hypot(((x - box[0]) / self.canvas.width)[:, None], ((y - box[1]) / self.canvas.height)[None, :])
        cost = far + _WEIGHT * np.maximum(0.0, self.covered(x, y, width, height) - _TOUCHED)
        i, j = np.unravel_index(int(np.argmin(np.where(is_free, cost, np.inf))), cost.shape)
        return (float(x[i]), float(y[j]), float(x[i]) + width, float(y[j]) + height)


def into(box: Box, safe: Box) -> Box:
    """Move a box into the safe area, and cut it where it is larger."""
    width, height = min(box[2] - box[0], safe[2] - safe[0]), min(box[3] - box[1], safe[3] - safe[1])
    left = min(max(box[0], safe[0]), safe[2] - width)
    top = min(max(box[1], safe[1]), safe[3] - height)
    return (left, top, left + width, top + height)
