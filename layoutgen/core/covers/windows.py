"""Sums of maps over many boxes at once: summed-area tables (Crow 1984); a box of any size costs four look-ups.

Boxes are given in the maps' pixels, right and bottom exclusive, as arrays that broadcast against each other.
"""

import numpy as np


class Windows:
    """Summed-area tables of `maps`, (height, width, number of maps), float."""

    def __init__(self, maps: np.ndarray) -> None:
        height, width, count = maps.shape
        table = np.zeros((height + 1, width + 1, count))
        np.cumsum(maps, axis=0, dtype=np.float64, out=table[1:, 1:])
        np.cumsum(table[1:, 1:], axis=1, out=table[1:, 1:])
        self.height, self.width = height, width
        self.totals = table[-1, -1].copy()
        # One plane a map: gathering from a small plane stays in the cache.
        self._planes = [np.ascontiguousarray(table[:, :, i], np.float32).ravel() for i in range(count)]

    def sums(
        self, left: np.ndarray, top: np.ndarray, right: np.ndarray, bottom: np.ndarray, count: int | None = None
    ) -> list[np.ndarray]:
        """Return for each map, or the first `count`, the sums over the boxes, clipped to the maps; float32, right to
        about 1e-2 of a pixel."""
        stride = self.width + 1
        x1, x2 = np.clip(left, 0, self.width), np.clip(right, 0, self.width)
        y1, y2 = np.clip(top, 0, self.height) * stride, np.clip(bottom, 0, self.height) * stride
        corners = [y2 + x2, y1 + x2, y2 + x1, y1 + x1]
        return [
            plane.take(corners[0]) - plane.take(corners[1]) - plane.take(corners[2]) + plane.take(corners[3])
            for plane in self._planes[:count]
        ]


def gradients(lightness: np.ndarray) -> np.ndarray:
    """How restless a picture is at each pixel, [0, 1]: the length of the gradient of its lightness (h, w) in [0, 1], by
    central differences. A wall has 0.01, foliage and print 0.1 and more."""
    down = np.zeros_like(lightness)
    across = np.zeros_like(lightness)
    down[1:-1] = (lightness[2:] - lightness[:-2]) / 2
    across[:, 1:-1] = (lightness[:, 2:] - lightness[:, :-2]) / 2
    return np.asarray(np.minimum(1.0, np.hypot(down, across)))
