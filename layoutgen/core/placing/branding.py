"""A placed layout in its brand's colours and with the right variant of its logo: what no proposal may break.

Colours are `brand_colours`' part, the variant of the logo `logos`'. Pure and deterministic.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from layoutgen.core.brands.brand import Brand, safe_boxes
from layoutgen.core.brands.kits import BrandKit
from layoutgen.core.layout import (
    Canvas,
    Element,
    Framing,
    Ornament,
    Role,
    Scrim,
    Suggestion,
)
from layoutgen.core.placing import brand_colours, logos
from layoutgen.core.placing.brand_page import Page
from layoutgen.core.placing.clearing import cleared
from layoutgen.core.placing.placement import NoLayoutError
from layoutgen.core.styles.style import Style

_MARGIN = 1.02  # other decoders see slightly other colours


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
        return brand_colours.nearest(hex_colour, brand.colours.get("background") or brand.palette) if hex_colour else ""

    def drawn(hex_colour: str) -> str:
        return brand_colours.nearest(hex_colour, brand.palette)

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


def logo_room(kit: BrandKit, short: int) -> dict[str, Any]:
    """The limits of a kit's logo: the strictest of its variants: which it is depends on its place."""
    logos = [ink.logo for ink in kit.inks]
    if not logos:
        return {}
    return {
        "logo_least_px": max(logo.least_height.px(0.0, short) for logo in logos),
        "logo_clear": lambda height_px: max(logo.clear_space.px(height_px, short) for logo in logos),
    }


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
    page = Page(kit.brand, canvas, pixels, framing, min_contrast * _MARGIN)
    done = list(elements)
    if kit.brand.palette:
        done = brand_colours.coloured(page, done)
    logo = None
    if kit.inks:
        done, logo = logos.with_logo(page, done, kit.inks)
    for space in (*logos.clear_space(page, done, kit.ink(logo)), *safe_boxes(kit.brand, canvas)):
        done = cleared(done, space)
    least = min((page.contrast(done, i) for i, e in enumerate(done) if e.lines), default=21.0)
    return Branded(tuple(done), logo, least)


def _check_fonts(elements: Sequence[Element], kit: BrandKit) -> None:
    """Refuse a layout with letters in a font that is none of the brand's."""
    own = {path.replace("\\", "/").rpartition("/")[2] for path in kit.font_files}  # as they lie on this machine
    for element in elements:
        other = next((run for run in element.runs if run.text.strip() and run.file not in own), None)
        if own and other is not None:
            raise NoLayoutError(
                "brand_fonts",
                f"no font of {kit.brand.id} has all letters of {other.text!r}, and its fonts.only is true; give a font "
                "that has them, or set it to false",
            )
