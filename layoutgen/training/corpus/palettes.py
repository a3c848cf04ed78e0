"""Gives a laid-out poster its colours: an ink for text, an accent for what should be seen first, cards and pills.

The accent is the product's own hue. Every text is checked on the pixels behind it; what cannot be read in any of the
poster's colours makes the layout unfit.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from layoutgen.core import colour
from layoutgen.core.layout import Box, Canvas, Element, Role
from layoutgen.core.placing.colouring import accent_colour
from layoutgen.training.corpus.blocks import Piece, Style, face
from layoutgen.training.corpus.design import Design, Group, Stage

LEAST = 4.5
"""Contrast ratio that every text has at least."""
_CARD_OPACITY = 0.88
_PLAIN_CHROMA = 0.05
_RED = "#c8102e"
_MUDDY = 45, 135  # degrees of hue (OKLCH)
PANELS = {"pale": (0.945, 0.035), "deep": (0.27, 0.055), "loud": (0.50, 0.13), "white": (0.985, 0.006)}
"""Grounds of panels and cards: lightness and most chroma (OKLCH) of the accent's hue."""


@dataclass(frozen=True)
class Palette:
    """A poster's colours, #rrggbb: the accent, deep enough for white text, and the dark text colour."""

    accent: str
    ink: str


def palette(photo: np.ndarray, subject: np.ndarray) -> Palette:
    """Colours that go with a photo (h, w, 3) whose product is where its map is 1."""
    small = cv2.resize(photo, (48, 48), interpolation=cv2.INTER_AREA)
    accent = accent_colour(small, cv2.resize(subject, (48, 48), interpolation=cv2.INTER_AREA))
    if float(colour.to_oklch(colour.to_rgb(accent))[1]) < _PLAIN_CHROMA:
        accent = colour.tint(_RED, 0.48, 0.16) if int(small.sum()) % 2 else "#2b2f38"
    return Palette(accent, colour.tint(accent, 0.25, 0.05))


def panel_of(of: Palette, kind: str) -> str:
    """The ground of a panel or card, one of `PANELS`. Yellow is loud only when it is light: as a middle tone it is mud,
    and deep instead."""
    hue = float(np.degrees(colour.to_oklch(colour.to_rgb(of.accent))[2])) % 360
    if kind == "loud" and _MUDDY[0] < hue < _MUDDY[1]:
        kind = "deep"
    return colour.tint(of.accent, *PANELS[kind])


def finish(design: Design, stage: Stage, of: Palette, style: Style) -> list[Element] | None:
    """The layout's elements with their colours, underlays first; None where something cannot be read."""
    finished: list[Element] = []
    for group in design.groups:
        coloured = _group(group, stage, of, style, len(finished))
        if coloured is None:
            return None
        finished += coloured
    texts = [element for element in finished if element.role is not Role.UNDERLAY]
    underlays = [element for element in finished if element.role is Role.UNDERLAY]
    # Underlays come first; what stood on one of them has to follow it.
    order = {id(element): index for index, element in enumerate(underlays)}
    return underlays + [
        element if element.underlay is None else _on(element, order[id(finished[element.underlay])])
        for element in texts
    ]


def _on(element: Element, index: int) -> Element:
    return Element(**{**element.__dict__, "underlay": index})


def _group(group: Group, stage: Stage, of: Palette, style: Style, first: int) -> list[Element] | None:
    canvas, pixels = stage.canvas, stage.pixels
    coloured: list[Element] = []
    behind = {box: _behind(pixels, box) for _, box in group.pieces}
    dark = float(colour.luminance(np.concatenate(list(behind.values()))).mean()) < 0.28
    card: int | None = None
    if group.card:
        fill = colour.tint(of.accent, *PANELS["deep"]) if dark else "#ffffff"
        radius = round(0.035 * stage.u * style.round_share)
        coloured.append(_underlay(group.card, fill, radius, canvas, _CARD_OPACITY))
        card = first
        behind = {box: colour.blend(under, fill, _CARD_OPACITY) for box, under in behind.items()}
    inks = ("#ffffff", of.ink) if dark else (of.ink, "#ffffff")
    plain = [behind[box] for piece, box in group.pieces if not piece.pad_x]
    ink = next(
        (candidate for candidate in inks if all(colour.contrast_on(candidate, under) >= LEAST for under in plain)), None
    )
    if ink is None:
        return None
    loud = colour.tint(of.accent, 0.86, 0.12) if ink == "#ffffff" else of.accent
    for piece, box in group.pieces:
        under, text, on = behind[box], ink, card
        if piece.pad_x:
            fill, text = _pill_colours(piece.role, under, of, ink)
            radius = round((box[3] - box[1]) / 2 * style.round_share)
            coloured.append(_underlay(box, fill, radius, canvas, 1.0, z=1))
            on = first + len(coloured) - 1
        elif piece.role is Role.PRICE and colour.contrast_on(loud, under) >= LEAST:
            text = loud
        coloured.append(_text(piece, box, text, group.alignment, canvas, on))
    return coloured


def _pill_colours(role: Role, behind: np.ndarray, of: Palette, ink: str) -> tuple[str, str]:
    """Fill and text of a pill: loud for calls and prices, quiet for selling points and tags."""
    middle = colour.to_hex(np.median(behind, axis=0))
    light_text = ink == "#ffffff"
    if role in (Role.SELLING_POINT, Role.OTHER):
        quiet = colour.tint(of.accent, 0.36, 0.07) if light_text else colour.tint(of.accent, 0.89, 0.05)
        if colour.ratio(quiet, middle) >= 1.12 and colour.ratio(quiet, ink) >= LEAST:
            return quiet, ink
    elif colour.ratio(of.accent, middle) >= 1.9 and colour.ratio("#ffffff", of.accent) >= LEAST:
        return of.accent, "#ffffff"
    return ("#ffffff", of.ink) if light_text else (of.ink, "#ffffff")


def _underlay(box: Box, fill: str, radius: int, canvas: Canvas, opacity: float, z: int = 0) -> Element:
    return Element(Role.UNDERLAY, _normalised(box, canvas), colour=fill, opacity=opacity, radius_px=radius, z=z)


def _text(piece: Piece, box: Box, text: str, alignment: str, canvas: Canvas, on: int | None) -> Element:
    inner = (box[0] + piece.pad_x, box[1] + piece.pad_y, box[2] - piece.pad_x, box[3] - piece.pad_y)
    return Element(
        piece.role,
        _normalised(inner, canvas),
        piece.text,
        piece.lines,
        face(piece.bold).name if piece.lines else "",
        piece.px,
        piece.line_px,
        text,
        "center" if piece.pad_x else alignment,
        underlay=on,
        z=2,
    )


def _normalised(box: Box, canvas: Canvas) -> Box:
    return (box[0] / canvas.width, box[1] / canvas.height, box[2] / canvas.width, box[3] / canvas.height)


def _behind(pixels: np.ndarray, box: Box) -> np.ndarray:
    height, width = pixels.shape[:2]
    x1, y1 = max(0, int(box[0])), max(0, int(box[1]))
    x2, y2 = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    step = 2 if (x2 - x1) * (y2 - y1) > 2000 else 1  # a quarter of the pixels tells as much
    return pixels[y1:y2:step, x1:x2:step].reshape(-1, 3)
