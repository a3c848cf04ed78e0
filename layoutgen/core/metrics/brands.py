"""How often layouts break their brand's kit: **own_brand_violations**, checked from a published row and its picture.

Pooled over the checks that a kit asks for (lower is better): the share of them that are broken, 0 where a run keeps
every kit. Each check is one of `CONSTRAINTS`, of a row as a whole. Sizes and places are compared in px with half a
pixel of slack; a logo is visible where most of its ink has a contrast ratio (WCAG 2.2) of `visibility.VISIBLE` with the
median of what surrounds it in the finished picture.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from layoutgen.core import colour
from layoutgen.core.brands import visibility
from layoutgen.core.brands.brand import Brand, safe_boxes
from layoutgen.core.brands.tone import written
from layoutgen.core.brands.visibility import LogoInk
from layoutgen.core.layout import Box, Canvas, Element, Framing, Role, inside, intersection, to_px
from layoutgen.core.shapes.underlays import OPEN

CONSTRAINTS = {
    "font": "a text whose letters the brand's font has is set in it, with no other font beside it",
    "colour": "texts, underlays, outlines, backdrops, veils and ornaments have colours of the brand",
    "pair": "no text stands on a colour that it must not stand on",
    "logo": "the logo is one of the brand's variants, and there",
    "logo_seen": "the logo can be seen on what is behind it, of the kind of ground that it is for",
    "logo_clear": "nothing lies in the logo's clear space, which lies in the canvas",
    "logo_size": "the logo is no smaller than its least height",
    "tone": "texts have the brand's case and punctuation",
    "style": "the house style is one that the brand allows",
    "disclaimer": "every text that must stand is there",
    "safe_zone": "no element touches a zone that the brand keeps free",
    "drawn": "in the picture, texts have the colours that the row says",
}
_SLACK_PX = 0.5
_STEM = 0.085  # em, of a regular letter's stem
_THINNEST_PX = 1.5  # of a stem that says something of its colour
_FILLING_PX = (2.0, 4.0)  # of one that fills a pixel wherever it lies, and one of those that hold hues
_NEAR = 40.0  # of 441: how far lossy files carry a colour


@dataclass(frozen=True)
class Means:
    """What is known of a kit's files: its logos, and whether the font of a role has all letters of a text; and the
    file names of its fonts."""

    inks: tuple[LogoInk, ...] = ()
    covers: Callable[[Role, str], bool] = lambda role, text: False
    files: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Layout:
    """A published row: its canvas, framing, elements, the URI of its logo, its style, category, locale and language;
    and its finished picture (h, w, 3) uint8, of any size, None where there is none."""

    canvas: Canvas
    framing: Framing
    elements: Sequence[Element]
    logo: str | None = None
    style: str | None = None
    category: str | None = None
    locale: str | None = None
    language: str | None = None
    picture: np.ndarray | None = None


def violations(brand: Brand, layout: Layout, means: Means) -> tuple[list[str], int]:
    """The constraints of `brand` that a layout breaks, in the order of `CONSTRAINTS`, and how many its kit asks for."""
    texts = [element for element in layout.elements if element.lines]
    checks: dict[str, bool] = {}
    if brand.fonts.files:
        checks["font"] = any(_in_other_font(element, means) for element in texts)
    if brand.palette:
        checks["colour"] = bool({*_colours(layout)} - {*brand.palette})
    if brand.forbidden_pairs:
        checks["pair"] = any(
            brand.forbids(element.colour, ground) for element in texts for ground in _grounds(element, layout)
        )
    if brand.logos:
        checks |= _logo(brand, layout, means)
    if brand.tone != type(brand.tone)():
        checks["tone"] = any(_is_off(element, brand, layout.language) for element in texts)
    if brand.styles:
        checks["style"] = layout.style not in brand.styles
    if required := brand.texts_for(layout.category, layout.locale or layout.language):
        spoken = _plain(" ".join(element.text for element in texts))
        checks["disclaimer"] = any(
            _plain(written(text, Role.DISCLAIMER, brand.tone, layout.language)) not in spoken for text in required
        )
    if zones := safe_boxes(brand, layout.canvas):
        checks["safe_zone"] = any(_touch(each.box, zone, layout.canvas) for each in layout.elements for zone in zones)
    if layout.picture is not None and texts and brand.palette:
        checks["drawn"] = any(not _is_drawn(element, layout.canvas, layout.picture) for element in texts)
    return [name for name in CONSTRAINTS if checks.get(name)], len(checks)


def _in_other_font(element: Element, means: Means) -> bool:
    runs = [run for run in element.runs if run.text.strip()]
    return means.covers(element.role, "".join(element.lines)) and any(run.file not in means.files for run in runs)


def _colours(layout: Layout) -> list[str]:
    """Every colour that is drawn, but those of the photo and of an image of a logo."""
    framing = layout.framing
    shows_backdrop = not inside((0, 0, 1, 1), framing.picture) or framing.blend == "cut_out"
    used = [framing.backdrop, framing.backdrop_to] if shows_backdrop else []
    used += [*(scrim.colour for scrim in framing.scrims), *(each.colour for each in framing.ornaments)]
    for element in layout.elements:
        if element.lines or element.role is Role.UNDERLAY:
            used += [element.colour, element.gradient, element.stroke if element.stroke_px else ""]
    return [each for each in used if each]


def _grounds(element: Element, layout: Layout) -> list[str]:
    """The colours that a text stands on: its underlay's, else the backdrop's where that is all behind it."""
    under = None if element.underlay is None else layout.elements[element.underlay]
    if under is not None and under.shape not in OPEN:
        return [each for each in (under.colour, under.gradient) if each]
    if all(intersection(element.box, part.picture) <= 0 for part in layout.framing.parts):
        return [each for each in (layout.framing.backdrop, layout.framing.backdrop_to) if each]
    return []


def _logo(brand: Brand, layout: Layout, means: Means) -> dict[str, bool]:
    images = [element for element in layout.elements if element.role is Role.LOGO and not element.lines]
    ink = next((ink for ink in means.inks if ink.logo.uri == layout.logo), None)
    if not images or ink is None:
        return {"logo": True}
    canvas, broken = layout.canvas, {"logo": False, "logo_clear": False, "logo_size": False}
    short = min(canvas.width, canvas.height)
    for image in images:
        left, top, right, bottom = to_px(image.box, canvas.width, canvas.height)
        height = bottom - top
        clear = ink.logo.clear_space.px(height, short)
        around = (left - clear, top - clear, right + clear, bottom + clear)
        whole = (-_SLACK_PX, -_SLACK_PX, canvas.width + _SLACK_PX, canvas.height + _SLACK_PX)
        others = [
            to_px(other.box, canvas.width, canvas.height)
            for i, other in enumerate(layout.elements)
            if other is not image and i != image.underlay
        ]
        inner = tuple(
            side + step for side, step in zip(around, (_SLACK_PX, _SLACK_PX, -_SLACK_PX, -_SLACK_PX), strict=True)
        )
        broken["logo_clear"] |= not inside(around, whole) or any(intersection(inner, other) > 0 for other in others)  # type: ignore[arg-type]
        broken["logo_size"] |= height < ink.logo.least_height.px(height, short) - _SLACK_PX
        if layout.picture is not None:
            ground = surrounding(layout.picture, image.box)
            suits = visibility.suits(brand.logo_grounds, ground)
            broken["logo_seen"] = broken.get("logo_seen", False) or not (suits and visibility.is_visible(ink, ground))
    return broken


def surrounding(picture: np.ndarray, box: Box, share: float = 0.12) -> str:
    """The median colour, #rrggbb, of a ring around a box (normalised) of a picture (h, w, 3), and of its own corners:
    what a logo stands on."""
    height, width = picture.shape[:2]
    left, top, right, bottom = to_px(box, width, height)
    pad = max(2.0, share * (bottom - top))
    outer = picture[_part(top - pad, bottom + pad, height), _part(left - pad, right + pad, width)]
    ring = np.ones(outer.shape[:2], bool)
    ring[_part(pad, outer.shape[0] - pad, outer.shape[0]), _part(pad, outer.shape[1] - pad, outer.shape[1])] = False
    return colour.to_hex(np.median(outer[ring], axis=0)) if ring.any() else colour.PAPER


def _part(low: float, high: float, size: int) -> slice:
    return slice(min(max(int(low), 0), size), min(max(int(np.ceil(high)), 0), size))


def _is_off(element: Element, brand: Brand, language: str | None) -> bool:
    """Tell whether a text is not as the brand writes it; the case is that of the lines as drawn."""
    drawn = " ".join(element.lines)
    calm = written(element.text or drawn, element.role, brand.tone, language)
    cased = written(drawn, element.role, type(brand.tone)(brand.tone.cases), language)
    return calm.casefold() != (element.text or drawn).casefold() or cased != drawn


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()


def _touch(box: Box, zone: Box, canvas: Canvas) -> bool:
    across = (min(box[2], zone[2]) - max(box[0], zone[0])) * canvas.width
    down = (min(box[3], zone[3]) - max(box[1], zone[1])) * canvas.height
    return across > _SLACK_PX and down > _SLACK_PX


def _is_drawn(element: Element, canvas: Canvas, picture: np.ndarray) -> bool:
    """Tell whether a text's box has pixels of its colour, where the picture is large enough to tell. Strokes thinner
    than two pixels need not fill one, and lossy files keep one hue for two by two pixels, which takes four: half of
    what sets a colour apart from what is behind it is lightness, half hue. Strokes thinner than a pixel and a half say
    nothing."""
    height, width = picture.shape[:2]
    left, top, right, bottom = to_px(element.box, width, height)
    runs = [run for run in element.runs if run.text.strip()]
    drawn_px = element.font_px * width / canvas.width
    stem_px = max((run.weight / 400 * run.scale for run in runs), default=1.0) * _STEM * drawn_px
    if runs and stem_px < _THINNEST_PX:
        return True
    pixels = picture[_part(top, bottom, height), _part(left, right, width)].reshape(-1, 3).astype(np.float64)
    if bottom - top < 12 or not len(pixels):
        return True
    away = np.sqrt(((pixels - colour.to_rgb(element.colour)) ** 2).sum(-1))
    lacking = sum(0.5 * max(0.0, 1 - stem_px / filling) for filling in _FILLING_PX) if runs else 0.0
    return bool(np.percentile(away, 2) <= _NEAR + lacking * float(np.median(away)))


def totals(counts: Sequence[tuple[Sequence[str], int]]) -> Mapping[str, float]:
    """Of a run: `own_brand_violations` (share of the checks that are broken), and the rows that break each."""
    checks = sum(count for _, count in counts)
    broken = sum(len(names) for names, _ in counts)
    by_name = {name: float(sum(name in names for names, _ in counts)) for name in CONSTRAINTS}
    return {"own_brand_violations": broken / checks if checks else 0.0, **by_name}
