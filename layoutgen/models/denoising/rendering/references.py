"""Whether a picture can be a reference for a style: a scene, not a logo or a page of text.

Logos and texts are flat: nearly all of their pixels are of a few colours, and where those meet there are hard edges. A
scene has shades. A backdrop without anything on it has few colours as well, but no hard edges.
"""

import cv2
import numpy as np

from layoutgen.models.base import Fault

SMALLEST = 64
_COLOURS, _FLAT, _EDGES = 6, 0.96, 0.004
_SIDE = 256


def reference_fault(pixels: np.ndarray) -> Fault | None:
    """Why a picture (h, w, 3) uint8 can't be a reference: `reference_too_small`, `reference_is_graphic`; None where it
    can."""
    height, width = pixels.shape[:2]
    if min(height, width) < SMALLEST:
        return Fault(
            "reference_too_small", f"the reference is {width} x {height} px; give one of {SMALLEST} px a side or more"
        )
    scale = min(1.0, _SIDE / max(height, width))
    size = max(16, round(width * scale)), max(16, round(height * scale))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_NEAREST)  # keeps flat colours flat
    bins = (small.reshape(-1, 3).astype(np.int32) + 16) // 32 @ np.array([81, 9, 1])
    share = np.sort(np.bincount(bins))[::-1][:_COLOURS].sum() / len(bins)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.int32)
    steps = max((np.abs(np.diff(grey, axis=axis)) > 80).mean() for axis in (0, 1))
    if share >= _FLAT and steps >= _EDGES:
        return Fault(
            "reference_is_graphic",
            f"{share:.0%} of the reference are {_COLOURS} flat colours with hard edges, as in a logo or a text; give a "
            "picture of a scene",
        )
    return None
