"""Draws a framed photo: the canvas as it looks before any element is on it."""

import cv2
import numpy as np

from layoutgen.core.colour import to_rgb
from layoutgen.core.layout import Canvas, Framing


def draw(image: np.ndarray, framing: Framing, canvas: Canvas, side: int) -> np.ndarray:
    """Draw `framing.crop` of an image into `framing.picture` of the canvas, its longer side scaled to `side` px.

    `image` is (h, w) or (h, w, 3), uint8 or float32; a map (h, w) gets 0 where the canvas shows no photo.
    """
    scale = side / max(canvas.width, canvas.height)
    return draw_at(image, framing, max(1, round(canvas.width * scale)), max(1, round(canvas.height * scale)))


def draw_at(image: np.ndarray, framing: Framing, width: int, height: int) -> np.ndarray:
    """Draw as `draw` does, at a size in px."""
    is_map = image.ndim == 2
    out = np.zeros((height, width, *image.shape[2:]), image.dtype)
    if not is_map:
        out[:] = np.rint(to_rgb(framing.backdrop)).astype(np.uint8)
    left, top, right, bottom = (
        round(framing.picture[0] * width),
        round(framing.picture[1] * height),
        round(framing.picture[2] * width),
        round(framing.picture[3] * height),
    )
    if right <= left or bottom <= top:
        return out
    rows, columns = image.shape[:2]
    cut = image[
        int(framing.crop[1] * rows) : max(int(framing.crop[1] * rows) + 1, round(framing.crop[3] * rows)),
        int(framing.crop[0] * columns) : max(int(framing.crop[0] * columns) + 1, round(framing.crop[2] * columns)),
    ]
    shrinks = cut.shape[0] * cut.shape[1] > (right - left) * (bottom - top)
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR if is_map else cv2.INTER_CUBIC
    out[top:bottom, left:right] = cv2.resize(cut, (right - left, bottom - top), interpolation=how)
    return out


def shrink(image: np.ndarray, side: int) -> np.ndarray:
    """Scale an image so that its longer side is at most `side` px."""
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA)
