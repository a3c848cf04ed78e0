"""Smaller pictures."""

import cv2
import numpy as np


def shrink(image: np.ndarray, side: int) -> np.ndarray:
    """Scale an image so that its longer side is at most `side` px."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
