"""Sums of a map over boxes of any size by four look-ups in its summed-area table (Crow 1984)."""

import numpy as np


def summed(values: np.ndarray, dtype: type[np.floating] | None = None) -> np.ndarray:
    """The table (h + 1, w + 1) of a map (h, w), added up in `dtype`, by default its own; cv2.integral makes it, too."""
    return np.pad(values.cumsum(0, dtype=dtype).cumsum(1), ((1, 0), (1, 0)))


def box_sum(
    table: np.ndarray,
    left: int | np.ndarray,
    top: int | np.ndarray,
    right: int | np.ndarray,
    bottom: int | np.ndarray,
) -> np.ndarray:
    """Sums over boxes in the map's pixels, right and bottom exclusive, which broadcast against each other."""
    return np.asarray(table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left])
