"""Draws a placed layout with Pillow: what the gallery shows and what designers see."""

import numpy as np
from PIL import Image, ImageDraw

from layoutgen.core.layout import Canvas, Element, Role, to_px
from layoutgen.core.typography import baseline_px
from layoutgen.io import fonts

_SCALE = 2


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


def _underlay(image: Image.Image, element: Element, box: tuple[float, float, float, float]) -> None:
    width, height = round(box[2] - box[0]), round(box[3] - box[1])
    mask = Image.new("L", (width * _SCALE, height * _SCALE), 0)
    ImageDraw.Draw(mask).rounded_rectangle(
        (0, 0, width * _SCALE - 1, height * _SCALE - 1), element.radius_px * _SCALE, fill=round(255 * element.opacity)
    )
    image.paste(element.colour, (round(box[0]), round(box[1])), mask.resize((width, height), Image.Resampling.BOX))


def _logo(image: Image.Image, logo: np.ndarray, box: tuple[float, float, float, float]) -> None:
    """Paste a logo as large as its box lets it, in its own shape, in the box's middle."""
    mark = Image.fromarray(logo)
    scale = min((box[2] - box[0]) / mark.width, (box[3] - box[1]) / mark.height)
    size = (max(1, round(mark.width * scale)), max(1, round(mark.height * scale)))
    mark = mark.resize(size, Image.Resampling.LANCZOS)
    corner = (round((box[0] + box[2] - size[0]) / 2), round((box[1] + box[3] - size[1]) / 2))
    image.paste(mark, corner, mark if mark.mode == "RGBA" else None)


def _text(
    image: Image.Image, element: Element, box: tuple[float, float, float, float], font_files: tuple[str, ...]
) -> None:
    font = fonts.by_name(element.font, font_files).at(element.font_px)
    pen = ImageDraw.Draw(image)
    for i, line in enumerate(element.lines):
        free = box[2] - box[0] - font.getlength(line)
        x = box[0] + {"left": 0.0, "center": free / 2, "right": free}[element.alignment]
        y = box[1] + baseline_px(i, element.font_px, element.line_height_px)
        pen.text((round(x), round(y)), line, font=font, fill=element.colour, anchor="ls")
