"""Draws a placed layout: what the gallery shows and what designers see; and tells which pixels lie behind a
text's glyphs."""

import math
from functools import cached_property, lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from layoutgen.core.colour import to_rgb
from layoutgen.core.covers.acceptance import Glyphs
from layoutgen.core.layout import Box, Canvas, Element, Role, Run, to_px, union
from layoutgen.core.shapes import gradients, underlays
from layoutgen.core.text.direction import base_direction
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.typography import line_height
from layoutgen.imaging import fonts, outlines
from layoutgen.imaging.faces import FontFace, Shaped
from layoutgen.imaging.glyph_pixels import Ink, coloured, coverage, stroked
from layoutgen.imaging.shaping import Manner, Typeface
from layoutgen.imaging.shrinking import shrink

VERSION = "drawing-3"
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


def layer(
    elements: list[Element],
    canvas: Canvas,
    *,
    logo: np.ndarray | None = None,
    font_files: tuple[str, ...] = (),
    side: int = 1 << 15,
) -> np.ndarray:
    """Elements by themselves on a transparent canvas, (h, w, 4) uint8 with straight alpha, at most `side` px on the
    longer side: opaque where what is drawn on black and on white is the same."""
    shape = (canvas.height, canvas.width, 3)
    plain = (np.full(shape, level, np.uint8) for level in (0, 255))
    drawn = (draw(ground, elements, canvas, logo=logo, font_files=font_files) for ground in plain)
    black, white = (shrink(picture, side).astype(np.float32) for picture in drawn)
    opacity = np.clip(1 - (white - black).mean(-1, keepdims=True) / 255, 0, 1)
    colour = np.divide(black, opacity, out=np.zeros_like(black), where=opacity > 0)
    return np.asarray(np.rint(np.concatenate([np.clip(colour, 0, 255), 255 * opacity], -1)), np.uint8)


def glyphs(background: np.ndarray, element: Element, canvas: Canvas, font_files: tuple[str, ...] = ()) -> Glyphs:
    """Which box the ink of a text fills, and the pixels of a framed canvas of the full output size that lie behind its
    glyphs. Neither stroke nor shadow counts."""
    text = _Text(element, to_px(element.box, canvas.width, canvas.height), font_files)
    left, top = text.corner
    mask = text.coverage
    rows, columns = np.flatnonzero((mask > _INK).any(1)), np.flatnonzero((mask > _INK).any(0))
    if len(rows) == 0:
        return Glyphs(None, np.zeros((0, 3), np.uint8))
    ink = (columns[0] + left, rows[0] + top, columns[-1] + 1 + left, rows[-1] + 1 + top)
    down, across = np.nonzero(mask >= _INSIDE)
    down, across = down + top, across + left
    on_canvas = (down >= 0) & (down < background.shape[0]) & (across >= 0) & (across < background.shape[1])
    return Glyphs((*map(float, ink),), background[down[on_canvas], across[on_canvas]])  # type: ignore[arg-type]


def ink_of_lines(element: Element, canvas: Canvas, font_files: tuple[str, ...] = ()) -> list[Box]:
    """The box of each line's ink as it is drawn, px of the canvas; of a line without ink, its baseline's. An
    element that is no text has no lines."""
    if not element.lines:
        return []
    text = _Text(element, to_px(element.box, canvas.width, canvas.height), font_files)
    return [text.ink_of(line) for line in range(len(element.lines))]


def line_widths(element: Element, font_files: tuple[str, ...] = ()) -> list[float]:
    """How wide each line of a text is as it is drawn, px. Raises ValueError for a font that is not here."""
    px = element.font_px
    if not element.runs:
        face = _typeface(element, font_files)
        return [face.width(line, px) for line in element.lines]
    reach = [(0.0, 0.0) for _ in element.lines]
    for line in range(len(element.lines)):
        ends = []
        for run in element.runs:
            if run.line == line:
                _, _, shaped = _shaped(run, px * run.scale, font_files)
                left, _, right, _ = (side * px * run.scale for side in shaped.ink or (0.0, 0.0, 0.0, 0.0))
                ends += [run.x_px + min(0.0, left), run.x_px + max(shaped.width * px * run.scale, right)]
        reach[line] = (min(ends, default=0.0), max(ends, default=0.0))
    return [right - left for left, right in reach]


def label(image: Image.Image, corner: tuple[float, float], text: str, colour: str, px: int) -> None:
    """Write a word of explanation into a picture, its box's upper left corner given in px."""
    face = fonts.typeface("NotoSansKR-Regular")
    height = line_height(px)
    box = (*corner, corner[0] + face.width(text, px), corner[1] + height)
    element = Element(Role.OTHER, box, text, (text,), face.name, px, height, colour)
    _text(image, element, box, ())


class _Text:
    """A text's shaped runs on a page of their own, whose upper left corner is the canvas's pixel `corner`: the text's
    box with a margin of a font size."""

    def __init__(self, element: Element, box: Box, font_files: tuple[str, ...]) -> None:
        self.element, pad = element, element.font_px
        self.corner = (round(box[0]) - pad, round(box[1]) - pad)
        self.size = (round(box[2] - box[0]) + 2 * pad, round(box[3] - box[1]) + 2 * pad)
        if not element.runs:
            element = with_runs(element, _typeface(element, font_files), box[2] - box[0])
        self.inks = []
        for run in element.runs:
            px = element.font_px * run.scale
            face, size, shaped = _shaped(run, px, font_files)
            x, y = box[0] - self.corner[0] + run.x_px, round(box[1] + run.baseline_px) - self.corner[1]
            self.inks.append((run.line, Ink(face, size, px, shaped, x, y)))

    @cached_property
    def coverage(self) -> np.ndarray:
        letters = coverage((ink for _, ink in self.inks), *self.size)
        if self.element.strike:
            letters = letters.copy()
            for left, top, right, bottom in self.strikes:
                letters[max(0, top) : bottom, max(0, left) : right] = 255
        return letters

    @property
    def strikes(self) -> list[tuple[int, int, int, int]]:
        """What strikes out each line, ltrb in whole px of the page: as the font of its largest letters says."""
        strikes = []
        for line in sorted({line for line, _ in self.inks}):
            inks = [ink for at, ink in self.inks if at == line and ink.shaped.ink]
            if not inks:
                continue
            largest = max(inks, key=lambda ink: ink.px)
            middle, thick = (em * largest.px for em in largest.face.strike(largest.size))
            across, thick = self.ink_of(line), max(1, round(thick))
            top = round(largest.y - middle - thick / 2)
            left, right = round(across[0] - self.corner[0]), round(across[2] - self.corner[0])
            strikes.append((left, top, right, top + thick))
        return strikes

    @cached_property
    def stroked(self) -> np.ndarray:
        """The letters with their stroke; without one, the letters."""
        width = self.element.stroke_px
        return stroked((ink for _, ink in self.inks), *self.size, width) if width else self.coverage

    def coloured(self) -> np.ndarray | None:
        red, green, blue = (int(part) for part in np.rint(to_rgb(self.element.colour)))
        return coloured((ink for _, ink in self.inks), *self.size, (red, green, blue))

    def ink_of(self, line: int) -> Box:
        left, top = self.corner
        inks = [ink for at, ink in self.inks if at == line]
        boxes = [
            (i.x + b[0] * i.px + left, i.y - b[1] * i.px + top, i.x + b[2] * i.px + left, i.y - b[3] * i.px + top)
            for i in inks
            if (b := i.shaped.ink)
        ]
        return union(boxes) or union([(i.x + left, i.y + top, i.x + left, i.y + top) for i in inks]) or (0, 0, 0, 0)


@lru_cache(maxsize=4096)
def _shaped(run: Run, px: float, font_files: tuple[str, ...]) -> tuple[FontFace, float, Shaped]:
    """A run's font, its optical size, and the run as that shapes it."""
    face = fonts.by_name(run.font, font_files)
    size, spacing = face.size_of(px), run.letter_spacing_px / px
    args = (run.text, run.script, run.language, run.direction, size)
    return face, size, face.shape(*args, features=run.features, spacing=spacing)


def _typeface(element: Element, font_files: tuple[str, ...]) -> Typeface:
    """What sets a text that has no runs."""
    direction = base_direction(element.text or " ".join(element.lines))
    return fonts.typeface(element.font, font_files, "", direction, Manner(element.tracking))


def _underlay(image: Image.Image, element: Element, box: Box) -> None:
    width, height = max(1, round(box[2] - box[0])), max(1, round(box[3] - box[1]))
    corner = round(box[0]), round(box[1])
    if underlays.is_plain(element):
        larger = width * _SCALE, height * _SCALE
        page, fill = Image.new("L", larger, 0), round(255 * element.opacity)
        ends = 0, 0, larger[0] - 1, larger[1] - 1
        ImageDraw.Draw(page).rounded_rectangle(ends, element.radius_px * _SCALE, fill=fill)
        image.paste(element.colour, corner, page.resize((width, height), Image.Resampling.BOX))
    else:
        _shape(image, element, (*corner, width, height))


def _shape(image: Image.Image, element: Element, place: tuple[int, int, int, int]) -> None:
    """Draw an underlay that is more than a rounded box of one colour; `place` is its left, top, width and height."""
    left, top, width, height = place
    # The outline lies half outside.
    pad = 0 if element.shape in underlays.OPEN else math.ceil(element.stroke_px / 2)
    inner = (pad, pad, pad + width, pad + height)
    size = width + 2 * pad, height + 2 * pad
    path, corner = underlays.outline(element, inner), (left - pad, top - pad)
    fill: Image.Image | str = element.colour
    if element.gradient:
        ends = gradients.ends(inner, element.gradient_angle)
        pixels = outlines.gradient(ends, element.colour, element.gradient, slice(0, size[1]), slice(0, size[0]))
        fill = Image.fromarray(np.rint(pixels).astype(np.uint8))
    mask = cv2.convertScaleAbs(outlines.coverage(path, *size), alpha=element.opacity)
    image.paste(fill, corner, Image.fromarray(mask))
    if pad:
        image.paste(element.stroke, corner, Image.fromarray(outlines.stroked(path, *size, element.stroke_px)))


def _logo(image: Image.Image, logo: np.ndarray, box: Box) -> None:
    """Paste a logo as large as its box lets it, in its own shape, in the box's middle."""
    mark = Image.fromarray(logo)
    scale = min((box[2] - box[0]) / mark.width, (box[3] - box[1]) / mark.height)
    size = (max(1, round(mark.width * scale)), max(1, round(mark.height * scale)))
    mark = mark.resize(size, Image.Resampling.LANCZOS)
    corner = (round((box[0] + box[2] - size[0]) / 2), round((box[1] + box[3] - size[1]) / 2))
    image.paste(mark, corner, mark if mark.mode == "RGBA" else None)


def _text(image: Image.Image, element: Element, box: Box, font_files: tuple[str, ...]) -> None:
    text = _Text(element, box, font_files)
    if element.shadow > 0:
        _shadow(image, element, text)
    if element.stroke_px:
        _paint(image, element.stroke, text.corner, text.stroked)
    _paint(image, element.colour, text.corner, text.coverage)
    emoji = text.coloured()
    if emoji is not None:
        over = Image.fromarray(emoji)
        image.paste(over, text.corner, over)


def _shadow(image: Image.Image, element: Element, text: "_Text") -> None:
    """Lay a soft dark shadow where the glyphs will be, a little below them."""
    blur, drop = max(1.0, _SHADOW_BLUR * element.font_px), round(_SHADOW_DROP * element.font_px)
    soft = np.asarray(Image.fromarray(text.stroked).filter(ImageFilter.GaussianBlur(blur)))
    strengthened = np.rint(np.minimum(255, 2 * element.shadow * np.arange(256))).astype(np.uint8)
    _paint(image, "#000000", (text.corner[0], text.corner[1] + drop), strengthened[soft])


def _paint(image: Image.Image, colour: str, corner: tuple[int, int], mask: np.ndarray) -> None:
    """Lay a colour over what a mask (h, w) covers, its upper left corner given in px."""
    left, top, width, height = cv2.boundingRect(mask)
    if width:
        covered = np.ascontiguousarray(mask[top : top + height, left : left + width])
        image.paste(colour, (corner[0] + left, corner[1] + top), Image.fromarray(covered))
