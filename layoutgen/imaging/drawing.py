"""Draws a placed layout with Pillow: what the gallery shows and what designers see; and tells which pixels lie behind a
text's glyphs."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from layoutgen.core.covers.acceptance import Glyphs
from layoutgen.core.layout import Box, Canvas, Element, Role, to_px
from layoutgen.core.text.typography import baseline_px
from layoutgen.imaging import fonts

_SCALE = 2
_SHADOW_BLUR, _SHADOW_DROP = 0.09, 0.03  # of the font size
_INK, _INSIDE = 64, 128  # coverage of a pixel that counts as drawn, and as the glyph's own


def draw(
    background: np.ndarray,
    elements: list[Element],
    canvas: Canvas,
    *,
    logo: np.ndarray | None = None,
    font_files: tuple[str, ...] = (),
    boxes: bool = False,
) -> np.ndarray:
    """Draw elements over a framed canvas of the full output size, (h, w, 3); `boxes` outlines each element."""
    image = Image.fromarray(background).convert("RGB")
    for element in sorted(elements, key=lambda e: e.z):
        box = to_px(element.box, canvas.width, canvas.height)
        if element.role is Role.UNDERLAY:
            _underlay(image, element, box)
        elif element.lines:
            _text(image, element, box, font_files)
        elif element.role is Role.LOGO and logo is not None:
            _logo(image, logo, box)
    if boxes:
        pen = ImageDraw.Draw(image)
        for element in elements:
            pen.rectangle(to_px(element.box, canvas.width, canvas.height), outline="#e03131", width=2)
    return np.asarray(image)


def glyphs(background: np.ndarray, element: Element, canvas: Canvas, font_files: tuple[str, ...] = ()) -> Glyphs:
    """Which box the ink of a text fills, and the pixels of a framed canvas of the full output size that lie behind its
    glyphs. Neither stroke nor shadow counts."""
    box = to_px(element.box, canvas.width, canvas.height)
    pad = element.font_px
    corner = (round(box[0]) - pad, round(box[1]) - pad)
    page = Image.new("L", (round(box[2] - box[0]) + 2 * pad, round(box[3] - box[1]) + 2 * pad))
    font = fonts.by_name(element.font, font_files).at(element.font_px)
    pen = ImageDraw.Draw(page)
    for line, (x, y) in _lines(element, box, font):
        pen.text((x - corner[0], y - corner[1]), line, font=font, fill=255, anchor="ls")
    mask = np.asarray(page)
    rows, columns = np.flatnonzero((mask > _INK).any(1)), np.flatnonzero((mask > _INK).any(0))
    if len(rows) == 0:
        return Glyphs(None, np.zeros((0, 3), np.uint8))
    ink = (columns[0] + corner[0], rows[0] + corner[1], columns[-1] + 1 + corner[0], rows[-1] + 1 + corner[1])
    down, across = np.nonzero(mask >= _INSIDE)
    down, across = down + corner[1], across + corner[0]
    on_canvas = (down >= 0) & (down < background.shape[0]) & (across >= 0) & (across < background.shape[1])
    return Glyphs((*map(float, ink),), background[down[on_canvas], across[on_canvas]])  # type: ignore[arg-type]


def _underlay(image: Image.Image, element: Element, box: Box) -> None:
    width, height = max(1, round(box[2] - box[0])), max(1, round(box[3] - box[1]))
    mask = Image.new("L", (width * _SCALE, height * _SCALE), 0)
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, width * _SCALE - 1, height * _SCALE - 1), element.radius_px * _SCALE, fill=round(255 * element.opacity)
    )
    image.paste(element.colour, (round(box[0]), round(box[1])), mask.resize((width, height), Image.Resampling.BOX))


def _logo(image: Image.Image, logo: np.ndarray, box: Box) -> None:
    """Paste a logo as large as its box lets it, in its own shape, in the box's middle."""
    mark = Image.fromarray(logo)
    scale = min((box[2] - box[0]) / mark.width, (box[3] - box[1]) / mark.height)
    size = (max(1, round(mark.width * scale)), max(1, round(mark.height * scale)))
    mark = mark.resize(size, Image.Resampling.LANCZOS)
    corner = (round((box[0] + box[2] - size[0]) / 2), round((box[1] + box[3] - size[1]) / 2))
    image.paste(mark, corner, mark if mark.mode == "RGBA" else None)


def _text(image: Image.Image, element: Element, box: Box, font_files: tuple[str, ...]) -> None:
    font = fonts.by_name(element.font, font_files).at(element.font_px)
    lines = _lines(element, box, font)
    if element.shadow > 0:
        _shadow(image, element, box, lines, font)
    pen = ImageDraw.Draw(image)
    width, edge = element.stroke_px, element.stroke
    for line, corner in lines:
        pen.text(corner, line, font=font, fill=element.colour, anchor="ls", stroke_width=width, stroke_fill=edge)


def _shadow(
    image: Image.Image,
    element: Element,
    box: Box,
    lines: list[tuple[str, tuple[int, int]]],
    font: ImageFont.FreeTypeFont,
) -> None:
    """Lay a soft dark shadow where the glyphs will be, a little below them."""
    blur, drop = max(1.0, _SHADOW_BLUR * element.font_px), round(_SHADOW_DROP * element.font_px)
    pad = element.font_px
    left, top = round(box[0]) - pad, round(box[1]) - pad
    mask = Image.new("L", (round(box[2] - box[0]) + 2 * pad, round(box[3] - box[1]) + 2 * pad))
    pen = ImageDraw.Draw(mask)
    for line, (x, y) in lines:
        pen.text((x - left, y - top + drop), line, font=font, fill=255, anchor="ls", stroke_width=element.stroke_px)
    soft = mask.filter(ImageFilter.GaussianBlur(blur)).point(lambda value: min(255, round(2 * element.shadow * value)))
    image.paste("#000000", (left, top), soft)


def _lines(element: Element, box: Box, font: ImageFont.FreeTypeFont) -> list[tuple[str, tuple[int, int]]]:
    """Each line with the left end of its baseline, px."""
    placed = []
    for i, line in enumerate(element.lines):
        free = box[2] - box[0] - font.getlength(line)
        x = box[0] + {"left": 0.0, "center": free / 2, "right": free}[element.alignment]
        y = box[1] + baseline_px(i, element.font_px, element.line_height_px)
        placed.append((line, (round(x), round(y))))
    return placed
