"""Gives placed elements their colours, and an underlay where no colour can be read on what is behind.

One text colour for all where one serves; pills and prices take the product's accent colour. Contrast is computed on
the pixels behind each text's box (5th percentile), blended with a translucent underlay where there is one.
"""

from dataclasses import replace

import numpy as np

from layoutgen.core import colour
from layoutgen.core.brands.visibility import VISIBLE
from layoutgen.core.layout import Box, Canvas, Element, Role, area, intersection, union
from layoutgen.core.placing.behind import Behind

_PANEL_OPACITY = 0.82
_PLAIN_CHROMA = 0.06
_PRICE_RED = "#c2152f"


def colour_elements(
    elements: list[Element],
    pills: list[Box | None],
    canvas: Canvas,
    pixels: np.ndarray,
    subject: np.ndarray,
    min_contrast: float,
    logo: str | None = None,
) -> tuple[list[Element], float]:
    """Colour texts and add underlays. Boxes in px; `pills[i]` is the pill around element i; `logo` is the logo image's
    dominant colour. Returns the elements, underlays first, and the least contrast ratio of all texts (21 for none)."""
    accent = accent_colour(pixels, subject)
    ink = colour.tint(accent, 0.24, 0.04)
    behind = [behind_of(pixels, element.box, canvas) for element in elements]
    free = [i for i, element in enumerate(elements) if pills[i] is None and element.lines]
    chosen = _text_colours(elements, behind, free, accent, ink, min_contrast)
    failing = [i for i in free if chosen[i] is None]
    panels, on_panel = panels_for(elements, pills, failing, canvas)
    underlays: list[Element] = []
    underlay_of: dict[int, int] = {}
    least = 21.0
    if panels:
        under = [behind[i] for i in on_panel if pills[i] is None]
        fill, text, opacity, reached = _panel_colours(under, ink, min_contrast)
        least = min(least, reached)
    for panel in panels:
        for i in (i for i in on_panel if on_panel[i] is panel):
            underlay_of[i] = len(underlays)
            chosen[i] = text
        underlays.append(
            Element(Role.UNDERLAY, panel, colour=fill, opacity=opacity, radius_px=round(0.012 * canvas.width), z=0)
        )
    dark = float(colour.luminance(pixels).mean()) < 0.18
    in_pills = [i for i, pill in enumerate(pills) if pill is not None]
    of_role = {
        role: pill_colours([behind[i] for i in in_pills if elements[i].role is role], accent, ink, dark, min_contrast)
        for role in dict.fromkeys(elements[i].role for i in in_pills)
    }
    for i, pill in enumerate(pills):
        if pill is None:
            continue
        fill, text = of_role[elements[i].role]
        least = min(least, colour.ratio(text, fill))
        parent = underlay_of.get(i)
        underlay_of[i] = len(underlays)
        chosen[i] = text
        radius = round((pill[3] - pill[1]) / 2)
        underlays.append(Element(Role.UNDERLAY, pill, colour=fill, radius_px=radius, underlay=parent, z=1))
    for i, element in enumerate(elements):
        if element.role is Role.LOGO and not element.lines and logo and _ratio_on(logo, behind[i]) < VISIBLE:
            fill = max((colour.PAPER, colour.INK), key=lambda c: colour.ratio(c, logo))
            others = [pills[k] or other.box for k, other in enumerate(elements) if k != i]
            others += [underlay.box for underlay in underlays]
            ground = plate(element.box, others, 0.22 * (element.box[3] - element.box[1]), canvas)
            underlay_of[i] = len(underlays)
            radius = round(0.2 * (ground[3] - ground[1]))
            underlays.append(Element(Role.UNDERLAY, ground, colour=fill, radius_px=radius, z=1))
    for i in free:
        if i not in underlay_of:
            least = min(least, behind[i].contrast(chosen[i] or ink))
    texts = [
        replace(element, colour=chosen.get(i) or ink, underlay=underlay_of.get(i), z=2)
        for i, element in enumerate(elements)
    ]
    return [*underlays, *texts], least


def accent_colour(pixels: np.ndarray, subject: np.ndarray) -> str:
    """The product's most telling colour: the dominant one of its saturated pixels, made deep enough for white text."""
    vivid = np.maximum(colour.chroma(pixels) - 0.03, 1e-4)
    weights = (subject > 0.5) * vivid
    if weights.sum() < 1:
        weights = vivid
    return colour.tint(colour.dominant(pixels, weights), 0.48, 0.14)


def _text_colours(
    elements: list[Element], behind: list[Behind], free: list[int], accent: str, ink: str, least: float
) -> dict[int, str | None]:
    """A readable colour for each free text, or None; one for all where one serves, prices in the accent colour."""
    ratios = {c: {i: behind[i].readable(c) for i in free} for c in (ink, colour.PAPER)}
    loud = accent if _chroma(accent) >= _PLAIN_CHROMA else _PRICE_RED
    serving = [c for c in ratios if all(ratios[c][i] >= least for i in free)]
    chosen: dict[int, str | None] = {}
    for i in free:
        mine = serving or [c for c in ratios if ratios[c][i] >= least]
        chosen[i] = max(mine, key=lambda c: ratios[c][i]) if mine else None
        if chosen[i] and elements[i].role is Role.PRICE and behind[i].readable(loud) >= least:
            chosen[i] = loud
    return chosen


def _chroma(hex_colour: str) -> float:
    return float(colour.to_oklch(colour.to_rgb(hex_colour))[1])


def panels_for(
    elements: list[Element], pills: list[Box | None], failing: list[int], canvas: Canvas
) -> tuple[list[Box], dict[int, Box]]:
    """Panels for the texts that can't be read: one for all where that stays compact and touches nothing by halves,
    else one each. Texts and pills that lie wholly inside a shared panel join it."""
    if not failing:
        return [], {}
    footprints = [pills[i] or element.box for i, element in enumerate(elements)]
    pad = 0.45 * max(elements[i].font_px for i in failing)
    shared = padded(union([elements[i].box for i in failing]) or (0, 0, 0, 0), pad, canvas)
    touched = [i for i, box in enumerate(footprints) if intersection(shared, box) > 0]
    whole = all(intersection(shared, footprints[i]) >= area(footprints[i]) - 1e-6 for i in touched)
    has_logo = any(elements[i].role is Role.LOGO and not elements[i].lines for i in touched)
    compact = area(shared) <= 3.2 * sum(area(footprints[i]) for i in touched)
    if whole and compact and not has_logo:
        return [shared], dict.fromkeys(touched, shared)
    panels: list[Box] = []
    member_of: dict[int, Box] = {}
    for i in failing:
        box = elements[i].box
        others = [f for j, f in enumerate(footprints) if j != i] + panels
        panel = plate(box, others, 0.3 * elements[i].font_px, canvas)
        panels.append(panel)
        member_of[i] = panel
    return panels, member_of


def plate(box: Box, others: list[Box], pad: float, canvas: Canvas) -> Box:
    """A box with as much of `pad` around it as touches none of the others."""
    for part in (1.0, 0.5, 0.25):
        plate = padded(box, part * pad, canvas)
        if not any(intersection(plate, other) > 0 for other in others):
            return plate
    return box


def _panel_colours(behind: list[Behind], ink: str, least: float) -> tuple[str, str, float, float]:
    """Fill, text colour, opacity and contrast of all panels: dark on dark pictures, light on light ones, translucent
    where that is enough for each of their texts."""
    dark = float(colour.luminance(Behind.all_of(behind).pixels).mean()) < 0.3
    pairs = [(ink, colour.PAPER), (colour.PAPER, ink)]
    for fill, text in pairs if dark else pairs[::-1]:
        reached = min(colour.contrast_on(text, colour.blend(under.pixels, fill, _PANEL_OPACITY)) for under in behind)
        if reached >= least:
            return fill, text, _PANEL_OPACITY, reached
    return ink, colour.PAPER, 1.0, colour.ratio(ink, colour.PAPER)


def pill_colours(behind: list[Behind], accent: str, ink: str, dark: bool, least: float) -> tuple[str, str]:
    """Fill and text colour of the pills of one kind, which are equals. The fill is the accent where it stands out from
    what is behind each of them and white can be read on it, else paper on dark pictures and ink on light ones."""
    stands_out = _chroma(accent) >= _PLAIN_CHROMA and all(colour.ratio(accent, each.middle) >= 1.8 for each in behind)
    if stands_out and colour.ratio(colour.PAPER, accent) >= least:
        return accent, colour.PAPER
    return (colour.PAPER, ink) if dark else (colour.INK, colour.PAPER)


def _ratio_on(hex_colour: str, behind: Behind) -> float:
    return colour.ratio(hex_colour, behind.middle) if len(behind) else 21.0


def padded(box: Box, pad: float, canvas: Canvas) -> Box:
    """A box in px with `pad` around it, cut to the canvas."""
    return (
        max(0.0, box[0] - pad),
        max(0.0, box[1] - pad),
        min(float(canvas.width), box[2] + pad),
        min(float(canvas.height), box[3] + pad),
    )


def behind_of(pixels: np.ndarray, box: Box, canvas: Canvas) -> Behind:
    """What lies behind a box in px of the canvas."""
    height, width = pixels.shape[:2]
    part = pixels[
        int(box[1] / canvas.height * height) : int(np.ceil(box[3] / canvas.height * height)),
        int(box[0] / canvas.width * width) : int(np.ceil(box[2] / canvas.width * width)),
    ]
    return Behind(part.reshape(-1, 3))
