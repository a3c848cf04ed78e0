"""A product's original picture with its opacity, and masks, from bytes."""

import numpy as np

from layoutgen.imaging import images

SIDE = 2400
MAX_PIXELS = 80_000_000


def original(data: bytes, *, side: int = SIDE, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Decode a product's picture to upright sRGB of at most `side` px on the longer side: (h, w, 4) uint8 with straight
    alpha where some of it is transparent, else (h, w, 3). Of an animation the most telling frame. Raises ImageFault."""
    rgba = images.decode_rgba(data, side=side, max_pixels=max_pixels)
    return rgba if (rgba[..., 3] < 255).any() else np.ascontiguousarray(rgba[..., :3])


def mask(data: bytes, *, side: int = SIDE, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Decode a mask, white where the product is, to (h, w) uint8 of at most `side` px on the longer side. One whose
    grey is flat and whose alpha is not says it in its alpha; one of labels 0 and 1 is spread to 0 and 255. Raises
    ImageFault."""
    rgba = images.decode_rgba(data, side=side, max_pixels=max_pixels)
    grey = np.rint(rgba[..., :3].mean(axis=2)).astype(np.uint8)
    if np.ptp(rgba[..., 3]) > np.ptp(grey):
        return np.ascontiguousarray(rgba[..., 3])
    return grey * 255 if grey.max() == 1 else grey
