"""Puts a cut-out on a canvas: one scale for both axes and a shift by whole pixels, once, from the source.

Down by area, up by Lanczos; colours are weighed by their opacity, so that what lies hidden under transparency never
comes out. The same cut-out gives the same bytes wherever it is put.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from layoutgen.core.layout import Box, Canvas

MOST_ENLARGED = 1.25
"""Above this scale an enlarged product looks soft, and the row says so."""
_FEATHER_PX, _SOFT_SHARE = 0.6, 0.25


@dataclass(frozen=True, eq=False)
class Placed:
    """A cut-out at its place: `pixels` (h, w, 4) uint8 with straight alpha, its upper left corner at (`left_px`,
    `top_px`) of the canvas, and the `scale` from the cut-out's pixels to these, the same for both axes."""

    pixels: np.ndarray
    left_px: int
    top_px: int
    scale: float = 1.0

    def on_canvas(self, canvas: Canvas) -> np.ndarray:
        """A transparent canvas, (h, w, 4) uint8, with the product on it."""
        out = np.zeros((canvas.height, canvas.width, 4), np.uint8)
        out[self.window] = self.pixels
        return out

    @property
    def window(self) -> tuple[slice, slice]:
        """The rows and columns of the canvas that the pixels fill."""
        height, width = self.pixels.shape[:2]
        return slice(self.top_px, self.top_px + height), slice(self.left_px, self.left_px + width)


def placed(cut_out: np.ndarray, canvas: Canvas, box: Box) -> Placed:
    """Place a cut-out (h, w, 4) uint8 in the middle of a box (ltrb, normalised to the canvas), as large as fits in it
    and wholly on the canvas; a box that reaches over the canvas's edge is moved onto it first. Raises ValueError for a
    cut-out without an opaque pixel and for an empty box."""
    tight = trimmed(cut_out)
    left, right = _within(box[0] * canvas.width, box[2] * canvas.width, canvas.width)
    top, bottom = _within(box[1] * canvas.height, box[3] * canvas.height, canvas.height)
    if not (right - left >= 1 and bottom - top >= 1):
        raise ValueError(f"product box {box} is smaller than a pixel of {canvas.name}; give a larger one")
    scale = min((right - left) / tight.shape[1], (bottom - top) / tight.shape[0])
    pixels = softened(scaled(tight, scale))
    height, width = pixels.shape[:2]
    pixels = pixels[: canvas.height, : canvas.width]
    return Placed(
        pixels,
        int(np.clip(round((left + right - width) / 2), 0, max(0, canvas.width - width))),
        int(np.clip(round((top + bottom - height) / 2), 0, max(0, canvas.height - height))),
        scale,
    )


def scaled(rgba: np.ndarray, scale: float) -> np.ndarray:
    """Scale (h, w, 4) uint8 with straight alpha by exactly `scale` on both axes, cut to what is not transparent."""
    if scale == 1:
        return rgba
    margin = int(np.ceil(1 / scale)) if scale < 1 else 2  # what rounding of the size would take off the far sides
    alpha = rgba[..., 3:].astype(np.float32) / 255
    weighed = np.concatenate([rgba[..., :3] * alpha, alpha], axis=2)
    weighed = np.pad(weighed, ((margin, margin), (margin, margin), (0, 0)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LANCZOS4
    small = cv2.resize(weighed, None, fx=scale, fy=scale, interpolation=how)
    opacity = np.clip(small[..., 3:], 0, 1)
    colours = small[..., :3] / np.maximum(small[..., 3:], 1 / 512)
    out = np.concatenate([np.clip(colours, 0, 255), opacity * 255], axis=2)
    low, tall, wide = int(margin * scale), (margin + rgba.shape[0]) * scale, (margin + rgba.shape[1]) * scale
    out = out[low : int(np.ceil(tall)), low : int(np.ceil(wide))]  # without the filter's tails
    return trimmed(np.rint(out).astype(np.uint8))


def softened(rgba: np.ndarray) -> np.ndarray:
    """(h, w, 4) uint8 with a hard outline, as of a mask without greys, softened by .6 px inwards; one with a soft
    outline, or of too few pixels to lose any, as it is."""
    alpha = rgba[..., 3]
    around = np.pad(alpha, 1)
    soft = np.minimum(alpha, cv2.GaussianBlur(around, (0, 0), _FEATHER_PX)[1:-1, 1:-1])
    outline = (soft < alpha) & (alpha > 127)
    is_hard = outline.any() and (alpha[outline] < 255).mean() <= _SOFT_SHARE
    return np.dstack([rgba[..., :3], soft]) if is_hard and (soft == 255).any() else rgba


def trimmed(rgba: np.ndarray) -> np.ndarray:
    """The part of (h, w, 4) from its first to its last pixel that isn't transparent. Raises ValueError for none."""
    rows, columns = np.flatnonzero(rgba[..., 3].any(axis=1)), np.flatnonzero(rgba[..., 3].any(axis=0))
    if not len(rows):
        raise ValueError(f"a cut-out of {rgba.shape[1]}x{rgba.shape[0]} px without an opaque pixel; give one with some")
    return np.ascontiguousarray(rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])


def _within(low: float, high: float, side: int) -> tuple[float, float]:
    """A stretch moved onto [0, side], and cut to it where it is longer."""
    shift = max(0.0, -low) - max(0.0, high - side)
    return max(0.0, low + shift), min(float(side), high + shift)
