"""Colours of grounds: a style's palette on a picture's own hue."""

from layoutgen.core import colour
from layoutgen.core.styles.schemes import TURNS
from layoutgen.core.styles.style import Style
from layoutgen.models.composers.rules.photo import Photo

_PALE, _DEEP, _DEEP_CHROMA = 0.8, 0.27, 0.05
_ON_PAPER = 0.012
_READABLE = 5.2
_FALL = 0.045  # in lightness, from the top to the foot of a ground on which a product stands


def backdrop(style: Style, photo: Photo) -> str:
    """The colour (#rrggbb) of panels, cards and grounds: as light and at most as colourful as the style says; a style
    of pale grounds has deep ones beside dark photos."""
    palette, scheme = style.palette, style.palette.scheme
    if palette.panel:
        return palette.panel
    lightness, most = palette.panel_lightness, palette.panel_chroma
    if lightness > _PALE and photo.is_dark:
        lightness, most = _DEEP, max(most, _DEEP_CHROMA)
    if scheme == "ink_on_paper":
        most = min(most, _ON_PAPER)
    _, chroma, hue = (float(value) for value in colour.to_oklch(colour.to_rgb(photo.accent)))
    hue += TURNS.get(scheme, 0.0)
    chosen = colour.from_oklch(lightness, min(chroma, most), hue)
    if _reads(chosen):
        return chosen
    steps = (lightness + sign * 0.02 * i for i in range(1, 20) for sign in (1, -1))
    lighter = (colour.from_oklch(min(1.0, step), min(chroma, most), hue) for step in steps)
    return next((each for each in lighter if _reads(each)), chosen)


def _reads(hex_colour: str) -> bool:
    """Whether ink or paper can be read on a colour."""
    return max(colour.ratio(text, hex_colour) for text in (colour.INK, colour.PAPER)) >= _READABLE


def deeper(hex_colour: str) -> str:
    """A ground's colour at its foot."""
    lightness, chroma, hue = (float(value) for value in colour.to_oklch(colour.to_rgb(hex_colour)))
    return colour.from_oklch(max(0.0, lightness - _FALL), chroma, hue)
