"""A placed layout in its brand's colours and with the right variant of its logo: what no proposal may break.

Colours of the layout are replaced by the brand's nearest (OKLab) that can be read, on what the brand allows them to
stand on. A text for which the picture leaves none gets a ground in the brand's colours. The logo is the variant that is
for the ground that it lies on, and can be seen there, else the ground becomes one on which it can. Equal colours stay
equal. Pure and deterministic.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from layoutgen.core import colour
from layoutgen.core.brands import contradictions
from layoutgen.core.brands.brand import Brand, safe_boxes
from layoutgen.core.brands.contradictions import LogoInk
from layoutgen.core.brands.kits import BrandKit
from layoutgen.core.layout import (
    Box,
    Canvas,
    Element,
    Framing,
    Ornament,
    Role,
    Scrim,
    Suggestion,
    area,
    from_px,
    inside,
    intersection,
    to_px,
)
from layoutgen.core.placing import colouring
from layoutgen.core.placing.placement import NoLayoutError
from layoutgen.core.shapes.underlays import OPEN
from layoutgen.core.styles.style import Style

_MARGIN = 1.02  # other decoders see slightly other colours
_DARK = 0.18  # luminance of a ground that dark-bg logos are for, at most


@dataclass(frozen=True)
class Branded:
    """A layout in its brand's colours; `logo` is the URI of the variant that it has, None for no image of a logo, and
    `contrast` the least of its texts."""

    elements: tuple[Element, ...]
    logo: str | None
    contrast: float


def ground(framing: Framing, brand: Brand) -> Framing:
    """A framing whose backdrop, veils and ornaments have the brand's colours."""
    if not brand.palette:
        return framing

    def own(hex_colour: str) -> str:
        return _nearest(hex_colour, brand.colours.get("background") or brand.palette) if hex_colour else ""

    def drawn(hex_colour: str) -> str:
        return _nearest(hex_colour, brand.palette)

    scrims = tuple(Scrim(each.box, drawn(each.colour), each.opacity, each.towards) for each in framing.scrims)
    ornaments = tuple(Ornament(each.kind, each.box, drawn(each.colour), each.opacity) for each in framing.ornaments)
    return replace(
        framing,
        backdrop=own(framing.backdrop),
        backdrop_to=own(framing.backdrop_to),
        scrims=scrims,
        ornaments=ornaments,
    )


def style_of(style: Style, kit: BrandKit) -> Style:
    """A house style as a brand's rows have it: in the brand's case and fonts."""
    cases = kit.brand.tone.cases
    types = {role: replace(style.type_of(role), case=case) for role, case in cases.items()}
    return replace(style, types={**style.types, **types}, fonts={} if kit.font_files else style.fonts)


def with_texts(suggestions: Sequence[Suggestion], required: str | None) -> list[Suggestion]:
    """A proposal with the text that must stand, at the foot of the canvas where the composer has left it out."""
    if not required:
        return list(suggestions)
    plain = "".join(required.split()).casefold()
    if any(plain in "".join(each.text.split()).casefold() for each in suggestions):
        return list(suggestions)
    others = [each for each in suggestions if each.role is not Role.DISCLAIMER]
    return [*others, Suggestion(Role.DISCLAIMER, (0.06, 0.955, 0.94, 0.985), required)]


def keep(
    elements: Sequence[Element],
    kit: BrandKit,
    canvas: Canvas,
    pixels: np.ndarray,
    framing: Framing,
    min_contrast: float,
) -> Branded:
    """Bring a placed layout under its brand's colours and logo. `pixels` (h, w, 3) uint8 are the framed canvas without
    elements, whose backdrop is the brand's already. Raises NoLayoutError (`brand_fonts`, `brand_colours`, `brand_logo`)
    with the reason where the kit leaves no way."""
    if kit.brand.fonts.only:
        _check_fonts(elements, kit)
    page = _Page(kit.brand, canvas, pixels, framing, min_contrast * _MARGIN)
    done = list(elements)
    if kit.brand.palette:
        done = page.coloured(done)
    logo = None
    if kit.inks:
        done, logo = page.with_logo(done, kit.inks)
    for space in (*page.clear_space(done, kit.ink(logo)), *safe_boxes(kit.brand, canvas)):
        done = _cleared(done, space)
    least = min((page.contrast(done, i) for i, e in enumerate(done) if e.lines), default=21.0)
    return Branded(tuple(done), logo, least)


def _check_fonts(elements: Sequence[Element], kit: BrandKit) -> None:
    """Refuse a layout with letters in a font that is none of the brand's."""
    own = {path.replace("\\", "/").rpartition("/")[2] for path in kit.font_files}
    for element in elements:
        other = next((run for run in element.runs if run.text.strip() and run.file not in own), None)
        if own and other is not None:
            raise NoLayoutError(
                "brand_fonts",
                f"no font of {kit.brand.id} has all letters of {other.text!r}, and its fonts.only is true; give a font "
                "that has them, or set it to false",
            )


@dataclass(frozen=True, eq=False)
class _Page:
    """What all elements of a layout share."""

    brand: Brand
    canvas: Canvas
    pixels: np.ndarray
    framing: Framing
    least: float

    def behind(self, box: Box) -> np.ndarray:
        """The pixels (n, 3) behind a normalised box."""
        height, width = self.pixels.shape[:2]
        left, top, right, bottom = to_px(box, width, height)
        part = self.pixels[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
        return np.asarray(part.reshape(-1, 3))

    def contrast(self, elements: Sequence[Element], index: int) -> float:
        """Contrast ratio of a text with its underlay, or with the picture."""
        element = elements[index]
        behind = self.behind(element.box)
        if (bearing := _bearing(elements, index)) is not None:
            under = elements[bearing]
            behind = colour.blend(behind, under.colour, under.opacity)
        return colour.contrast_on(element.colour, behind)

    def coloured(self, elements: list[Element]) -> list[Element]:
        """All of a layout's colours as the brand has them."""
        done = list(elements)
        for i, under in enumerate(elements):
            if under.role is Role.UNDERLAY:
                texts = [k for k, e in enumerate(elements) if e.lines and _bearing(elements, k) == i]
                parent = done[under.underlay].colour if under.underlay is not None else ""
                fill, ink = self._pair(under.colour, [elements[k].colour for k in texts], parent)
                for k in texts:
                    done[k] = self._outlined(replace(elements[k], colour=ink))
                done[i] = self._outlined(self._filled(replace(under, colour=fill), ink, [done[k] for k in texts]))
        free = [i for i, e in enumerate(elements) if e.lines and _bearing(elements, i) is None]
        bare = []
        for original in dict.fromkeys(elements[i].colour for i in free):
            alike = [i for i in free if elements[i].colour == original]
            by_nearness = sorted(self.brand.palette, key=lambda own: _away(own, original))
            shared = [own for own in by_nearness if all(self._reads(own, elements[i]) for i in alike)]
            for i in alike:
                mine = shared or [own for own in by_nearness if self._reads(own, elements[i])]
                done[i] = self._outlined(replace(elements[i], colour=mine[0])) if mine else elements[i]
                if not mine:
                    bare.append(i)
        for moved, i in enumerate(sorted(bare)):
            self._give_ground(done, i + moved)
        return done

    def _pair(self, fill: str, inks: list[str], parent: str) -> tuple[str, str]:
        """The brand's fill and text colour nearest to those that were chosen; not the colour below where it can be."""
        if not inks:
            return _nearest(fill, self.brand.palette), ""
        pairs = contradictions.pairs(self.brand, self.least)
        if not pairs:
            raise NoLayoutError(
                "brand_colours",
                f"brand {self.brand.id} has no two colours that may stand on each other with a contrast of "
                f"{self.least:.2f}; add one to its kit, or lower place.min_contrast",
            )
        apart = [pair for pair in pairs if pair[1] != parent] or pairs
        ink, under = min(apart, key=lambda pair: (_away(pair[1], fill) + 0.5 * _away(pair[0], inks[0]), pair))
        return under, ink

    def _filled(self, under: Element, ink: str, texts: list[Element]) -> Element:
        """An underlay that is as clear as its texts can bear, with a gradient in the brand's colours or none."""
        gradient = _nearest(under.gradient, self.brand.palette) if under.gradient else ""
        if gradient and ink and (self.brand.forbids(ink, gradient) or colour.ratio(ink, gradient) < self.least):
            gradient = ""
        reads = all(
            colour.contrast_on(ink, colour.blend(self.behind(text.box), under.colour, under.opacity)) >= self.least
            for text in texts
        )
        return replace(under, gradient=gradient, opacity=under.opacity if reads else 1.0)

    def _outlined(self, element: Element) -> Element:
        if not element.stroke_px:
            return element
        return replace(element, stroke=_nearest(element.stroke, self.brand.palette))

    def _reads(self, ink: str, element: Element) -> bool:
        """Tell whether a colour can be read where a text stands on the picture, and may stand there."""
        if colouring.readable(ink, self.behind(element.box)) < self.least:
            return False
        if intersection(element.box, self.framing.picture) > 0:
            return True
        return not any(
            self.brand.forbids(ink, each) for each in (self.framing.backdrop, self.framing.backdrop_to) if each
        )

    def _give_ground(self, elements: list[Element], index: int) -> None:
        """Put a ground in the brand's colours below a text that can't be read without."""
        text = elements[index]
        middle = colour.to_hex(np.median(self.behind(text.box), axis=0)) if len(self.behind(text.box)) else colour.PAPER
        fill, ink = self._pair(middle, [text.colour], "")
        box = self._plate(elements, index, 0.3 * text.font_px)
        elements[index] = self._outlined(replace(text, colour=ink, underlay=_count(elements)))
        radius = round(0.012 * self.canvas.width)
        elements.insert(_count(elements), Element(Role.UNDERLAY, box, colour=fill, radius_px=radius, z=1))

    def _plate(self, elements: Sequence[Element], index: int, pad: float) -> Box:
        """A box around an element (normalised), with as much of `pad` (px) as touches no other."""
        width, height = self.canvas.width, self.canvas.height
        others = [to_px(other.box, width, height) for i, other in enumerate(elements) if i != index]
        return from_px(
            colouring.plate(to_px(elements[index].box, width, height), others, pad, self.canvas), width, height
        )

    def with_logo(self, elements: list[Element], inks: Sequence[LogoInk]) -> tuple[list[Element], str | None]:
        """The layout with the variant of the logo that suits its ground, in that variant's own shape."""
        index = next((i for i, e in enumerate(elements) if e.role is Role.LOGO and not e.lines), None)
        if index is None:
            return elements, None
        done, at = list(elements), elements[index]
        if at.underlay is not None and not any(e.underlay == at.underlay for i, e in enumerate(elements) if i != index):
            at = replace(at, underlay=None)  # a ground for another variant
            done = _without(done, elements[index].underlay or 0)
            index = next(i for i, e in enumerate(done) if e.role is Role.LOGO and not e.lines)
        fitting = [(ink, box) for ink in inks if (box := self._fitted(at.box, ink))]
        if not fitting:
            raise NoLayoutError(
                "brand_logo",
                f"no variant of the logo of brand {self.brand.id} fits its place on {self.canvas.name} at its least "
                f"height; make min_height smaller, or add a variant of another shape",
            )
        under = done[at.underlay] if at.underlay is not None else None
        for ink, box in fitting:
            behind = self.behind(box) if under is None else colour.to_rgb(under.colour)[None]
            if self._is_seen(ink, behind):
                done[index] = replace(at, box=box)
                return done, ink.logo.uri
        for fill in contradictions.grounds_of(self.brand):
            for ink, box in fitting:
                if under is None and self._is_seen(ink, colour.to_rgb(fill)[None]):
                    clear = ink.logo.clear_space.px((box[3] - box[1]) * self.canvas.height, self._short)
                    done[index] = replace(at, box=box, underlay=_count(done))
                    plate = self._plate(done, index, clear)
                    radius = round(0.2 * clear)
                    done.insert(_count(done), Element(Role.UNDERLAY, plate, colour=fill, radius_px=radius, z=1))
                    return done, ink.logo.uri
        raise NoLayoutError(
            "brand_logo",
            f"no variant of the logo of brand {self.brand.id} can be seen where it stands on {self.canvas.name}; add a "
            f"light or dark variant to its kit",
        )

    def clear_space(self, elements: Sequence[Element], ink: LogoInk | None) -> tuple[Box, ...]:
        """What the logo keeps free around itself (normalised); () without an image of a logo."""
        logo = next((e for e in elements if e.role is Role.LOGO and not e.lines), None)
        if ink is None or logo is None:
            return ()
        width, height = self.canvas.width, self.canvas.height
        left, top, right, bottom = to_px(logo.box, width, height)
        clear = ink.logo.clear_space.px(bottom - top, self._short)
        return (from_px((left - clear, top - clear, right + clear, bottom + clear), width, height),)

    @property
    def _short(self) -> int:
        return min(self.canvas.width, self.canvas.height)

    def _fitted(self, box: Box, ink: LogoInk) -> Box | None:
        """The place of a variant in the box that was found for a logo; None where it would be too small."""
        left, top, right, bottom = to_px(box, self.canvas.width, self.canvas.height)
        height = min(bottom - top, (right - left) / ink.aspect)
        if height < ink.logo.least_height.px(height, self._short) - 0.5:
            return None
        width, middle = height * ink.aspect, (top + bottom) / 2
        start = left if left <= self.canvas.width - right else right - width
        placed = (start, middle - height / 2, start + width, middle + height / 2)
        return from_px(placed, self.canvas.width, self.canvas.height)

    def _is_seen(self, ink: LogoInk, behind: np.ndarray) -> bool:
        """Tell whether a variant is for the ground behind it, and can be seen on it."""
        if not len(behind):
            return False
        middle = colour.to_hex(np.median(behind, axis=0))
        is_dark = float(colour.luminance(colour.to_rgb(middle))) < _DARK
        suits = {"dark-bg": is_dark, "light-bg": not is_dark}.get(ink.logo.background, True)
        if not (suits and contradictions.suits(self.brand.logo_grounds, middle)):
            return False
        return ink.is_opaque or colour.contrast_on(ink.colour, behind) >= contradictions.VISIBLE * _MARGIN


def _cleared(elements: list[Element], space: Box) -> list[Element]:
    """The layout with grounds of texts cut where they reach into a space that stays free; a logo's own may."""
    own = {e.underlay for e in elements if e.role is Role.LOGO and not e.lines}
    done = list(elements)
    for i, under in enumerate(elements):
        if under.role is not Role.UNDERLAY or i in own or intersection(under.box, space) <= 0:
            continue
        left, top, right, bottom = under.box
        parts = [
            (left, top, min(right, space[0]), bottom),
            (max(left, space[2]), top, right, bottom),
            (left, top, right, min(bottom, space[1])),
            (left, max(top, space[3]), right, bottom),
        ]
        held = [e.box for e in elements if e.underlay == i]
        whole = [part for part in parts if all(inside(each, part, 1e-4) for each in held)]
        if whole:
            done[i] = replace(under, box=max(whole, key=area))
    return done


def _nearest(hex_colour: str, own: Sequence[str]) -> str:
    return min(own, key=lambda each: (_away(each, hex_colour), each))


def _away(a: str, b: str) -> float:
    """Distance of two colours in OKLab."""
    first, second = (colour.to_oklch(colour.to_rgb(each)) for each in (a, b))
    points = [np.array([c[0], c[1] * np.cos(c[2]), c[1] * np.sin(c[2])]) for c in (first, second)]
    return float(np.linalg.norm(points[0] - points[1]))


def _bearing(elements: Sequence[Element], index: int) -> int | None:
    """The underlay that an element stands on: rules below and beside it bear nothing."""
    at = elements[index].underlay
    while at is not None and elements[at].shape in OPEN:
        at = elements[at].underlay
    return at


def _count(elements: Sequence[Element]) -> int:
    """Where the next underlay stands: they come first."""
    return next((i for i, e in enumerate(elements) if e.role is not Role.UNDERLAY), len(elements))


def _without(elements: Sequence[Element], index: int) -> list[Element]:
    """The elements without an underlay that only one of them stood on."""

    def moved(element: Element) -> Element:
        under = element.underlay
        if under is None or under < index:
            return element
        return replace(element, underlay=None if under == index else under - 1)

    return [moved(element) for i, element in enumerate(elements) if i != index]
