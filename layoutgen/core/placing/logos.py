"""The brand's logo in a placed layout: the variant that reads best where it stands, in its own shape.

Of the variants that are for the ground and can be seen there, that with the highest contrast of its ink with the
pixels behind it; what is clear counts alike, so that then the kit's order decides. Where there is none, the logo gets a
plate in one of the brand's grounds, if the kit allows one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from layoutgen.core import colour
from layoutgen.core.brands import contradictions, visibility
from layoutgen.core.brands.visibility import LogoInk
from layoutgen.core.layout import Box, Element, Role, from_px, to_px
from layoutgen.core.placing.brand_page import Page, underlay_count
from layoutgen.core.placing.placement import NoLayoutError

_MARGIN = 1.02  # other decoders see slightly other colours


def with_logo(page: Page, elements: list[Element], inks: Sequence[LogoInk]) -> tuple[list[Element], str | None]:
    """The layout with the variant of the logo that suits its ground, and that variant's URI; None without an image of a
    logo. Raises NoLayoutError (`brand_logo`) where none fits or can be seen."""
    index = _index(elements)
    if index is None:
        return elements, None
    done, at = list(elements), elements[index]
    if at.underlay is not None and not any(e.underlay == at.underlay for i, e in enumerate(elements) if i != index):
        done = _without(done, at.underlay)  # a ground for another variant
        index = _index(done) or 0
        at = done[index]
    fitting = [(ink, box) for ink in inks if (box := _fitted(page, at.box, ink))]
    if not fitting:
        raise NoLayoutError(
            "brand_logo",
            f"no variant of the logo of brand {page.brand.id} fits its place on {page.canvas.name} at its least "
            f"height; make min_height smaller, or add a variant of another shape",
        )
    under = None if at.underlay is None else done[at.underlay]

    def behind(box: Box) -> np.ndarray:
        pixels = page.behind(box)
        return pixels if under is None else colour.blend(pixels, under.colour, under.opacity)

    chosen = _best(page, ((ink, box, behind(box)) for ink, box in fitting))
    if chosen:
        done[index] = replace(at, box=chosen[1])
        return done, chosen[0].logo.uri
    if page.brand.logo_plate:
        for fill in contradictions.grounds_of(page.brand):
            chosen = _best(page, ((ink, box, colour.to_rgb(fill)[None]) for ink, box in fitting))
            if chosen:
                return _on_plate(page, done, index, chosen, fill), chosen[0].logo.uri
    shares = ", ".join(
        f"{ink.logo.uri.rpartition('/')[2]} {visibility.seen_share(ink, behind(b)):.0%}" for ink, b in fitting
    )
    plate = "no ground of the brand shows one either" if page.brand.logo_plate else "its kit allows no plate"
    raise NoLayoutError(
        "brand_logo",
        f"no variant of the logo of brand {page.brand.id} can be seen where it stands on {page.canvas.name} ({shares} "
        f"of its ink), and {plate}; add a light or dark variant to its kit",
    )


def clear_space(page: Page, elements: Sequence[Element], ink: LogoInk | None) -> tuple[Box, ...]:
    """What the logo keeps free around itself (normalised); () without an image of a logo."""
    logo = next((e for e in elements if e.role is Role.LOGO and not e.lines), None)
    if ink is None or logo is None:
        return ()
    width, height = page.canvas.width, page.canvas.height
    left, top, right, bottom = to_px(logo.box, width, height)
    clear = ink.logo.clear_space.px(bottom - top, page.short)
    return (from_px((left - clear, top - clear, right + clear, bottom + clear), width, height),)


def _index(elements: Sequence[Element]) -> int | None:
    """Which element is the image of a logo."""
    return next((i for i, e in enumerate(elements) if e.role is Role.LOGO and not e.lines), None)


def _best(page: Page, places: Iterable[tuple[LogoInk, Box, np.ndarray]]) -> tuple[LogoInk, Box] | None:
    """The variant, with its box, that reads best of those that can be seen on the pixels (n, 3) behind each."""
    visible = [
        (ink, box, behind)
        for ink, box, behind in places
        if len(behind)
        and visibility.is_for(page.brand, ink, colour.to_hex(np.median(behind, axis=0)))
        and visibility.seen_share(ink, behind, visibility.VISIBLE * _MARGIN) >= visibility.MOST
    ]
    best = max(visible, key=lambda place: round(visibility.legibility(place[0], place[2]), 1), default=None)
    return best and best[:2]


def _on_plate(page: Page, elements: list[Element], index: int, chosen: tuple[LogoInk, Box], fill: str) -> list[Element]:
    """The layout with a plate under the logo, on what bears it."""
    ink, box = chosen
    clear = ink.logo.clear_space.px((box[3] - box[1]) * page.canvas.height, page.short)
    done, at = list(elements), underlay_count(elements)
    done[index] = replace(elements[index], box=box, underlay=at)
    parent = elements[index].underlay
    under = Element(
        Role.UNDERLAY, page.plate(done, index, clear), colour=fill, radius_px=round(0.2 * clear), underlay=parent, z=1
    )
    done.insert(at, under)
    return done


def _fitted(page: Page, box: Box, ink: LogoInk) -> Box | None:
    """The place of a variant in the box that was found for a logo; None where it would be too small."""
    left, top, right, bottom = to_px(box, page.canvas.width, page.canvas.height)
    height = min(bottom - top, (right - left) / ink.aspect)
    if height < ink.logo.least_height.px(height, page.short) - 0.5:
        return None
    width, middle = height * ink.aspect, (top + bottom) / 2
    start = left if left <= page.canvas.width - right else right - width
    placed = (start, middle - height / 2, start + width, middle + height / 2)
    return from_px(placed, page.canvas.width, page.canvas.height)


def _without(elements: Sequence[Element], index: int) -> list[Element]:
    """The elements without an underlay that only one of them stood on."""

    def moved(element: Element) -> Element:
        under = element.underlay
        if under is None or under < index:
            return element
        return replace(element, underlay=None if under == index else under - 1)

    return [moved(element) for i, element in enumerate(elements) if i != index]
