"""Gaussian blurs of any size, edges extended."""

import cv2
import numpy as np
from numpy.typing import NDArray


def blur(image: NDArray[np.float32], sigma_px: float) -> NDArray[np.float32]:
    """Blur (h, w) or (h, w, c) float32 with a Gaussian, edges extended; large blurs run on a smaller copy, which looks
    the same and costs less."""
    if sigma_px < 0.3:
        return image
    height, width = image.shape[:2]
    scale = max(1, min(int(sigma_px // 5), 16))
    small = (
        image
        if scale == 1
        else cv2.resize(image, (-(-width // scale), -(-height // scale)), None, 0, 0, cv2.INTER_AREA)
    )
    small = cv2.GaussianBlur(small, (0, 0), sigma_px / scale, borderType=cv2.BORDER_REPLICATE)
    if scale > 1:  # the second, small blur takes the facets off that the eye would see in reflections
        large = cv2.resize(small, (width, height), None, 0, 0, cv2.INTER_LINEAR)
        small = cv2.GaussianBlur(large, (0, 0), scale * 0.8, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(small, np.float32)
