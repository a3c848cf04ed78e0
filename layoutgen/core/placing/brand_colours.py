"""A placed layout in its brand's colours: the nearest of them (OKLab) that can be read, on what they may stand on.

A text for which the picture leaves none gets a ground in the brand's colours. Equal colours stay equal.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from layoutgen.core import colour
from layoutgen.core.brands import contradictions
from layoutgen.core.layout import Element, Role, intersection
from layoutgen.core.placing.behind import Behind
from layoutgen.core.placing.brand_page import Page, bearing_of, underlay_count
from layoutgen.core.placing.placement import NoLayoutError

_RUN = 0.2  # in OKLab: how far a gradient's ends are apart at most


def coloured(page: Page, elements: list[Element]) -> list[Element]:
    """All of a layout's colours as the brand has them."""
    done = list(elements)
    for i, under in enumerate(elements):
        if under.role is Role.UNDERLAY:
            texts = [k for k, e in enumerate(elements) if e.lines and bearing_of(elements, k) == i]
            parent = done[under.underlay].colour if under.underlay is not None else ""
            fill, ink = _pair(page, under.colour, [elements[k].colour for k in texts], parent)
            for k in texts:
                done[k] = _outlined(page, replace(elements[k], colour=ink))
            done[i] = _outlined(page, _filled(page, replace(under, colour=fill), ink, [done[k] for k in texts]))
    free = [i for i, e in enumerate(elements) if e.lines and bearing_of(elements, i) is None]
    bare = []
    for original in dict.fromkeys(elements[i].colour for i in free):
        alike = [i for i in free if elements[i].colour == original]
        by_nearness = sorted(page.brand.palette, key=lambda own: apart(own, original))
        shared = [own for own in by_nearness if all(_reads(page, own, elements[i]) for i in alike)]
        for i in alike:
            mine = shared or [own for own in by_nearness if _reads(page, own, elements[i])]
            done[i] = _outlined(page, replace(elements[i], colour=mine[0])) if mine else elements[i]
            if not mine:
                bare.append(i)
    for moved, i in enumerate(sorted(bare)):
        _give_ground(page, done, i + moved)
    return done


def _pair(page: Page, fill: str, inks: list[str], parent: str) -> tuple[str, str]:
    """The brand's fill and text colour nearest to those that were chosen; not the colour below where it can be."""
    if not inks:
        return nearest(fill, page.brand.palette), ""
    pairs = contradictions.pairs(page.brand, page.least)
    if not pairs:
        raise NoLayoutError(
            "brand_colours",
            f"brand {page.brand.id} has no two colours that may stand on each other with a contrast of "
            f"{page.least:.2f}; add one to its kit, or lower place.min_contrast",
        )
    others = [pair for pair in pairs if pair[1] != parent] or pairs
    ink, under = min(others, key=lambda pair: (apart(pair[1], fill) + 0.5 * apart(pair[0], inks[0]), pair))
    return under, ink


def _filled(page: Page, under: Element, ink: str, texts: list[Element]) -> Element:
    """An underlay that is as clear as its texts can bear, with a gradient in the brand's colours or none."""
    gradient = nearest(under.gradient, page.brand.palette) if under.gradient else ""
    if gradient and ink and (page.brand.forbids(ink, gradient) or colour.ratio(ink, gradient) < page.least):
        gradient = ""
    if gradient == under.colour or (gradient and apart(gradient, under.colour) > _RUN):
        gradient = ""
    reads = all(
        colour.contrast_on(ink, colour.blend(page.behind(text.box), under.colour, under.opacity)) >= page.least
        for text in texts
    )
    return replace(under, gradient=gradient, opacity=under.opacity if reads else 1.0)


def _outlined(page: Page, element: Element) -> Element:
    if not element.stroke_px:
        return element
    return replace(element, stroke=nearest(element.stroke, page.brand.palette))


def _reads(page: Page, ink: str, element: Element) -> bool:
    """Tell whether a colour can be read where a text stands on the picture, and may stand there."""
    if Behind(page.behind(element.box)).readable(ink) < page.least:
        return False
    if any(intersection(element.box, part.picture) > 0 for part in page.framing.parts):
        return True
    return not any(page.brand.forbids(ink, each) for each in (page.framing.backdrop, page.framing.backdrop_to) if each)


def _give_ground(page: Page, elements: list[Element], index: int) -> None:
    """Put a ground in the brand's colours below a text that can't be read without."""
    text = elements[index]
    middle = colour.to_hex(np.median(page.behind(text.box), axis=0)) if len(page.behind(text.box)) else colour.PAPER
    fill, ink = _pair(page, middle, [text.colour], "")
    box = page.plate(elements, index, 0.3 * text.font_px)
    elements[index] = _outlined(page, replace(text, colour=ink, underlay=underlay_count(elements)))
    radius = round(0.012 * page.canvas.width)
    elements.insert(underlay_count(elements), Element(Role.UNDERLAY, box, colour=fill, radius_px=radius, z=1))


def nearest(hex_colour: str, own: Sequence[str]) -> str:
    """The one of a brand's own colours that is nearest to another."""
    return min(own, key=lambda each: (apart(each, hex_colour), each))


def apart(a: str, b: str) -> float:
    """Distance of two colours in OKLab."""
    first, second = (colour.to_oklch(colour.to_rgb(each)) for each in (a, b))
    points = [np.array([c[0], c[1] * np.cos(c[2]), c[1] * np.sin(c[2])]) for c in (first, second)]
    return float(np.linalg.norm(points[0] - points[1]))
