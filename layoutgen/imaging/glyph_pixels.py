"""Glyphs to pixels, by HarfBuzz's own rasteriser: the outlines that were measured are those that are drawn."""

import io
import math
from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np
import uharfbuzz as hb
from PIL import Image

from layoutgen.imaging.faces import FontFace, Shaped

_FINER = 3  # strokes are found at this many times the size


class Ink(NamedTuple):
    """A shaped run in a font size, `x` and `y` (px) being the left end of its baseline on the page, y downwards; `size`
    is its optical size."""

    face: FontFace
    size: float
    px: float
    shaped: Shaped
    x: float
    y: float


def coverage(inks: Iterable[Ink], width: int, height: int, scale: int = 1) -> np.ndarray:
    """How much of each pixel of a page outlines cover, (height, width) uint8; colours of glyphs do not count."""
    pen = hb.RasterDraw()
    pen.extents = hb.RasterExtents(0, 0, width * scale, height * scale)
    for ink in inks:
        em = ink.px / ink.face.upem * scale
        font = ink.face.font(ink.size)
        for glyph in ink.shaped.glyphs:
            if not ink.face.is_coloured(glyph.number):
                x, y = (ink.x + glyph.x * ink.px) * scale, (ink.y - glyph.y * ink.px) * scale
                pen.transform = (em, 0.0, 0.0, -em, x, y)
                pen.draw_glyph(font, glyph.number)
    image = pen.render()
    if not image.buffer:  # nothing was drawn
        return np.zeros((height * scale, width * scale), np.uint8)
    return np.frombuffer(image.buffer, np.uint8).reshape(height * scale, -1)[:, : width * scale]


def stroked(inks: Iterable[Ink], width: int, height: int, stroke_px: float) -> np.ndarray:
    """As `coverage`, with all that lies within `stroke_px` of the outlines."""
    page = cv2.threshold(coverage(inks, width, height, _FINER), 127, 255, cv2.THRESH_BINARY_INV)[1]
    reach = np.zeros((height, width), np.uint8)
    left, top, across, down = cv2.boundingRect(255 - page)
    if not across:
        return reach
    # Only as far from the letters as the stroke may come: elsewhere there is none.
    pad = math.ceil(stroke_px) + 1
    rows = slice(max(0, top // _FINER - pad), min(height, (top + down) // _FINER + 1 + pad))
    columns = slice(max(0, left // _FINER - pad), min(width, (left + across) // _FINER + 1 + pad))
    finer = page[_finer(rows), _finer(columns)]
    away = cv2.distanceTransform(finer, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    away *= -255
    away += (stroke_px * _FINER + 0.5) * 255
    full = np.clip(away, 0, 255, out=away).astype(np.uint8)
    reach[rows, columns] = cv2.resize(
        full, (finer.shape[1] // _FINER, finer.shape[0] // _FINER), interpolation=cv2.INTER_AREA
    )
    return reach


def _finer(part: slice) -> slice:
    return slice(part.start * _FINER, part.stop * _FINER)


def coloured(inks: Iterable[Ink], width: int, height: int, colour: tuple[int, int, int]) -> np.ndarray | None:
    """Glyphs that have colours of their own (COLR, CBDT, sbix) on a clear page, (height, width, 4) uint8, not
    premultiplied; None where there is none. `colour` is the text's, which some of them use."""
    page: Image.Image | None = None
    for ink in inks:
        for glyph in ink.shaped.glyphs:
            if not ink.face.is_coloured(glyph.number):
                continue
            page = page or Image.new("RGBA", (width, height))
            x, y = ink.x + glyph.x * ink.px, ink.y - glyph.y * ink.px
            drawn = _bitmap(ink, glyph.number, x, y) or _painted(ink, glyph.number, (x, y), (width, height), colour)
            page.alpha_composite(drawn[0], drawn[1])
    return None if page is None else np.asarray(page)


def _painted(
    ink: Ink, glyph: int, origin: tuple[float, float], size: tuple[int, int], colour: tuple[int, int, int]
) -> tuple[Image.Image, tuple[int, int]]:
    """A glyph of COLR on a page of its own."""
    em = ink.px / ink.face.upem
    pen = hb.RasterPaint()
    pen.foreground = hb.Color(*colour, 255)
    pen.transform = (em, 0.0, 0.0, -em, *origin)
    pen.extents = hb.RasterExtents(0, 0, *size)
    pen.paint_glyph(ink.face.font(ink.size), glyph)
    image = pen.render()  # BGRA, premultiplied
    pixels = np.frombuffer(image.buffer or bytes(4 * size[0] * size[1]), np.uint8).reshape(size[1], -1, 4)[:, : size[0]]
    pixels = pixels.astype(np.float32)
    alpha = pixels[..., 3:]
    rgb = np.divide(pixels[..., 2::-1] * 255, alpha, out=np.zeros_like(pixels[..., :3]), where=alpha > 0)
    return Image.fromarray(np.rint(np.concatenate([np.minimum(rgb, 255), alpha], -1)).astype(np.uint8), "RGBA"), (0, 0)


def _bitmap(ink: Ink, glyph: int, x: float, y: float) -> tuple[Image.Image, tuple[int, int]] | None:
    """A glyph that is a picture (CBDT, sbix) at its size, and where it goes; None for one that is none or damaged."""
    data = ink.face.picture(glyph)
    extents = ink.face.font(ink.size).get_glyph_extents(glyph)
    if not data or extents is None:
        return None
    em = ink.px / ink.face.upem
    size = (max(1, round(extents.width * em)), max(1, round(-extents.height * em)))
    corner = (max(0, round(x + extents.x_bearing * em)), max(0, round(y - extents.y_bearing * em)))
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            return picture.convert("RGBA").resize(size, Image.Resampling.LANCZOS), corner
    except (OSError, SyntaxError):  # damaged inside
        return None
