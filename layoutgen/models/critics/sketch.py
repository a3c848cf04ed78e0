"""A layout as the critic sees it: a small picture of the canvas with its elements, and what stands where as maps.

Letters are bars of their line's width in the text's colour, as letters are at that size; shapes and veils are their
boxes. Everything is drawn with the share of each pixel that it covers, so that a move of a fraction of a pixel is seen.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from layoutgen.core import colour
from layoutgen.core.layout import Box, Canvas, Element, Role, to_px

VERSION = "sketch-1"  # goes up with every change of what is drawn
SIDE, CHANNELS = 64, 6
_INK = 0.55  # of a line's em box that letters cover
_ABOVE, _BELOW = 0.2, 0.85  # where in the em box they stand
_LARGE = 0.1  # of the short side: a font that is 1 in the map of sizes


def sketch(elements: Sequence[Element], canvas: Canvas, ground: np.ndarray, subject: np.ndarray) -> np.ndarray:
    """The sketch (6, 64, 64) float32 of a layout on its framed photo `ground` (h, w, 3) uint8, with the subject's map
    (h, w) in [0, 1] there: colours about 0, fonts' sizes, the subject, and where the canvas is in the square."""
    scale = SIDE / max(canvas.width, canvas.height)
    width, height = max(1, round(canvas.width * scale)), max(1, round(canvas.height * scale))
    pixels = cv2.resize(ground, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    sizes = np.zeros((height, width), np.float32)
    for element in sorted(elements, key=lambda e: e.z):
        paint = _paint(element.colour)
        if element.role is Role.UNDERLAY:
            cover = _cover(to_px(element.box, width, height), width, height) * element.opacity
            pixels += cover[..., None] * (paint - pixels)
            continue
        for line in _lines(element, canvas):
            cover = _cover((line[0] * scale, line[1] * scale, line[2] * scale, line[3] * scale), width, height)
            pixels += _INK * cover[..., None] * (paint - pixels)
            size = element.font_px / min(canvas.width, canvas.height) / _LARGE
            np.maximum(sizes, np.float32(min(size, 2.0)) * cover, out=sizes)
    out = np.zeros((CHANNELS, SIDE, SIDE), np.float32)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    window = (slice(top, top + height), slice(left, left + width))
    out[(slice(0, 3), *window)] = pixels.transpose(2, 0, 1) - 0.5
    out[(3, *window)] = sizes
    out[(4, *window)] = cv2.resize(subject.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    out[(5, *window)] = 1
    return out


def _paint(hex_colour: str) -> np.ndarray:
    """A colour in [0, 1]; the middle grey for what is none, as tables from elsewhere may have it."""
    try:
        return np.asarray(colour.to_rgb(hex_colour), np.float32) / 255
    except ValueError:
        return np.full(3, 0.5, np.float32)


def _lines(element: Element, canvas: Canvas) -> list[Box]:
    """The bars of a text's lines, ltrb in px of the canvas; the box of a logo's image."""
    left, top, right, bottom = to_px(element.box, canvas.width, canvas.height)
    if not element.lines or element.font_px <= 0:
        return [(left, top, right, bottom)]
    step = element.line_height_px or element.font_px
    bars = []
    for number in range(len(element.lines)):
        em = top + step * number + (step - element.font_px) / 2
        runs = [run for run in element.runs if run.line == number]
        starts = left + min((run.x_px for run in runs), default=0.0)
        ends = left + max((run.x_px + run.width_px for run in runs), default=right - left)
        bars.append((starts, em + _ABOVE * element.font_px, ends, em + _BELOW * element.font_px))
    return bars


def _cover(box_px: Box, width: int, height: int) -> np.ndarray:
    """The share of each pixel that a box covers, (height, width) float32."""
    across = np.clip(np.minimum(np.arange(1, width + 1), box_px[2]) - np.maximum(np.arange(width), box_px[0]), 0, 1)
    down = np.clip(np.minimum(np.arange(1, height + 1), box_px[3]) - np.maximum(np.arange(height), box_px[1]), 0, 1)
    return np.outer(down, across).astype(np.float32)
