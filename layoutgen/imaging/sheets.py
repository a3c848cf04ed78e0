"""Contact sheets: many pictures as one, for looking at."""

from collections.abc import Sequence

import numpy as np

from layoutgen.imaging.shrinking import shrink


def contact_sheet(pictures: Sequence[np.ndarray], columns: int, side: int) -> np.ndarray:
    """Pictures in rows, each at most `side` px, on grey."""
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * (side + 8) + 8, columns * (side + 8) + 8, 3), 110, np.uint8)
    for i, picture in enumerate(pictures):
        small = shrink(picture, side)
        y, x = 8 + i // columns * (side + 8), 8 + i % columns * (side + 8)
        y, x = y + (side - small.shape[0]) // 2, x + (side - small.shape[1]) // 2
        sheet[y : y + small.shape[0], x : x + small.shape[1]] = small
    return sheet
