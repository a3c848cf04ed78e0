"""What of a kit contradicts itself: colours, logos and clear space that no layout can keep. Needs no file but logos'
colours.
"""

from collections.abc import Iterable, Sequence

from layoutgen.core import colour
from layoutgen.core.brands.brand import Brand
from layoutgen.core.brands.visibility import VISIBLE, LogoInk, is_visible, suits
from layoutgen.core.layout import Canvas

READABLE = 4.6
"""Contrast ratio of a text at least: 4.5, and what other decoders and scales may take of it."""


def of_colours(brand: Brand) -> list[str]:
    """Colours and forbidden pairs that leave no text readable."""
    faults = []
    for first, second in brand.forbidden_pairs:
        if first == second:
            faults.append(f"forbidden_pairs has {first} with itself; name two colours")
        for side in dict.fromkeys((first, second)):
            if brand.palette and side not in brand.palette:
                faults.append(
                    f"forbidden_pairs names {side}, which colors does not have; add it there, or leave it out"
                )
    if brand.palette and not pairs(brand):
        faults.append(
            f"colors: of {', '.join(brand.palette)} no two that may stand on each other have a contrast of "
            f"{READABLE:g}; add a darker or lighter colour, or allow a pair"
        )
    return faults


def pairs(brand: Brand, least: float = READABLE) -> list[tuple[str, str]]:
    """Colours of the brand that can be read on each other: text, then what it stands on."""
    return [
        (text, ground)
        for text in brand.palette
        for ground in brand.palette
        if text != ground and not brand.forbids(text, ground) and colour.ratio(text, ground) >= least
    ]


def of_logos(brand: Brand, inks: Sequence[LogoInk]) -> list[str]:
    """Logos that can't be seen where they may stand. `inks` are those of the files that could be read."""
    faults = []
    for ink in inks:
        ground = {"dark-bg": colour.INK, "light-bg": colour.PAPER}.get(ink.logo.background)
        if ground and not is_visible(ink, ground):
            faults.append(
                f"logo {ink.logo.uri} is for {ink.logo.background}, but its colour {ink.colour} has a contrast of "
                f"{colour.ratio(ink.colour, ground):.1f} with {ground}; {VISIBLE:g} is the least: correct background"
            )
    grounds = grounds_of(brand)
    if inks and not any(is_visible(ink, ground) for ink in inks for ground in grounds):
        faults.append(
            f"logos: none of {', '.join(ink.colour for ink in inks)} can be seen on any ground that is allowed "
            f"({', '.join(grounds)}; contrast of {VISIBLE:g} at least); add a light or dark variant"
        )
    return faults


def grounds_of(brand: Brand) -> tuple[str, ...]:
    """The colours on which the brand's logo may stand: its backgrounds, else all of its colours, else ink and paper."""
    colours = brand.colours.get("background") or brand.palette or (colour.PAPER, colour.INK)
    allowed = tuple(ground for ground in colours if suits(brand.logo_grounds, ground))
    return allowed or colours


def of_space(inks: Iterable[LogoInk], canvases: Iterable[Canvas]) -> list[str]:
    """Logos that are larger than a canvas, with their clear space at their least height."""
    faults = []
    for ink in inks:
        for canvas in canvases:
            short = min(canvas.width, canvas.height)
            height = ink.logo.least_height.px(0.0, short) or 1.0
            clear = ink.logo.clear_space.px(height, short)
            across, down = height * ink.aspect + 2 * clear, height + 2 * clear
            if across > canvas.width or down > canvas.height:
                faults.append(
                    f"logo {ink.logo.uri} takes {across:.0f} x {down:.0f} px with its clear space of "
                    f"{ink.logo.clear_space} at its least height of {ink.logo.least_height}, more than the canvas "
                    f"{canvas.name}; make min_clear_space or min_height smaller"
                )
    return faults
