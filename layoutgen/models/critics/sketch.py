"""A layout as the critic sees it: a small picture of the canvas with its elements as they are drawn, and what stands
where as maps.

Letters, shapes, strokes and shadows are those of the finished picture, drawn small and made smaller. A text whose font
is not here is a bar a line in its colour, as letters are at that size, and so is the image of a logo.
"""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from layoutgen.core import colour
from layoutgen.core.layout import Box, Canvas, Element, Role, to_px
from layoutgen.core.text.runs import with_runs
from layoutgen.imaging import drawing, fonts

VERSION = "sketch-2"  # goes up with every change of what is drawn
SIDE, CHANNELS = 128, 6
_DRAWN = 2  # times as large things are drawn
_INK = 0.55  # of a line's em box that letters cover
_ABOVE, _BELOW = 0.2, 0.85  # where in the em box they stand
_LARGE = 0.1  # of the short side: a font that is 1 in the map of sizes


def sketch(
    elements: Sequence[Element],
    canvas: Canvas,
    ground: np.ndarray,
    subject: np.ndarray,
    font_files: tuple[str, ...] = (),
) -> np.ndarray:
    """The sketch (6, 128, 128) float32 of a layout on its framed photo `ground` (h, w, 3) uint8, with the subject's map
    (h, w) in [0, 1] there: colours about 0, fonts' sizes, the subject, and where the canvas is in the square.
    `font_files` are fonts besides the embedded ones."""
    scale = SIDE / max(canvas.width, canvas.height)
    width, height = max(1, round(canvas.width * scale)), max(1, round(canvas.height * scale))
    sizes = np.zeros((height, width), np.float32)
    for element in elements:
        for line in _lines(element, canvas) if element.role is not Role.UNDERLAY else ():
            cover = _cover((line[0] * scale, line[1] * scale, line[2] * scale, line[3] * scale), width, height)
            size = element.font_px / min(canvas.width, canvas.height) / _LARGE
            np.maximum(sizes, np.float32(min(size, 2.0)) * cover, out=sizes)
    large = _picture(elements, canvas, ground, (_DRAWN * width, _DRAWN * height), font_files)
    pixels = cv2.resize(large, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    out = np.zeros((CHANNELS, SIDE, SIDE), np.float32)
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    window = (slice(top, top + height), slice(left, left + width))
    out[(slice(0, 3), *window)] = pixels.transpose(2, 0, 1) - 0.5
    out[(3, *window)] = sizes
    out[(4, *window)] = cv2.resize(subject.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    out[(5, *window)] = 1
    return out


def _picture(
    elements: Sequence[Element],
    canvas: Canvas,
    ground: np.ndarray,
    size: tuple[int, int],
    font_files: tuple[str, ...],
) -> np.ndarray:
    """The layout as it is drawn, at a size (width, height) in px: (height, width, 3) uint8."""
    way = cv2.INTER_AREA if size[0] < ground.shape[1] else cv2.INTER_LINEAR
    picture = cv2.resize(ground, size, interpolation=way)
    small = Canvas(*size)
    for element in sorted(elements, key=lambda e: e.z):
        try:
            picture = drawing.draw(picture, [_scaled(element, canvas, small, font_files)], small, font_files=font_files)
        except ValueError:  # a font or a colour that is none, as tables from elsewhere may have them
            picture = _bars(picture, element, canvas)
        if element.role is Role.LOGO and not element.lines:
            picture = _bars(picture, element, canvas)
    return picture


def _scaled(element: Element, canvas: Canvas, small: Canvas, font_files: tuple[str, ...]) -> Element:
    """An element as it is drawn on a smaller canvas of the same shape."""
    scale = small.width / canvas.width
    sizes = {"radius_px": scale * element.radius_px, "stroke_px": scale * element.stroke_px}
    if not element.lines:
        return replace(element, **sizes)  # type: ignore[arg-type]  # drawing takes fractions of a pixel
    if not element.runs:
        face = fonts.typeface(element.font, font_files)
        element = with_runs(element, face, (element.box[2] - element.box[0]) * canvas.width)
    px = max(1, round(scale * element.font_px))
    runs = tuple(
        replace(
            run,
            x_px=scale * run.x_px,
            baseline_px=scale * run.baseline_px,
            width_px=scale * run.width_px,
            letter_spacing_px=scale * run.letter_spacing_px,
            scale=run.scale * scale * element.font_px / px,
        )
        for run in element.runs
    )
    line = max(1, round(scale * element.line_height_px))
    stroke = max(1, round(sizes["stroke_px"])) if element.stroke_px else 0
    return replace(element, font_px=px, line_height_px=line, runs=runs, stroke_px=stroke)


def _bars(picture: np.ndarray, element: Element, canvas: Canvas) -> np.ndarray:
    """Lay an element's bars over a picture of its canvas."""
    height, width = picture.shape[:2]
    out, scale = picture.astype(np.float32), width / canvas.width
    for line in _lines(element, canvas):
        cover = _cover((line[0] * scale, line[1] * scale, line[2] * scale, line[3] * scale), width, height)
        out += _INK * cover[..., None] * (_paint(element.colour) - out)
    return np.rint(out).astype(np.uint8)


def _paint(hex_colour: str) -> np.ndarray:
    """A colour in [0, 255]; the middle grey for what is none."""
    try:
        return np.asarray(colour.to_rgb(hex_colour), np.float32)
    except ValueError:
        return np.full(3, 127.5, np.float32)


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
