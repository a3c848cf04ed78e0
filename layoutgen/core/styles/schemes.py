"""Colour schemes: a picture's own colours, turned and weighed in OKLCH as a style asks for, or the style's."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from layoutgen.core import colour
from layoutgen.core.styles.style import Style

TURNS = {"analogous": math.radians(32), "complement": math.pi}
"""By how much a scheme turns the picture's hue for accents; others leave it."""
GREY = 0.045
"""Chroma below which a picture has no hue of its own."""
_RED = "#c2152f"
_DEPTHS = (0.5, 0.43, 0.58, 0.36, 0.66)
_APART = 0.1
"""How far (OKLab) an accent stays from the product's colour, so that it is not taken for a part of it."""
_TOLD = 0.07
"""How far (OKLab) a container's fill is from what lies behind it."""
_VIVID = 0.35
_BADGE_TURN = math.radians(70)


@dataclass(frozen=True)
class Scheme:
    """The colours of one layout: texts on light and dark grounds, prices and buttons, badges, and what selling points
    stand on."""

    ink: str
    paper: str
    accent: str
    second: str
    tone: str


def scheme_of(style: Style, pixels: np.ndarray, subject: np.ndarray) -> Scheme:
    """The colours of a layout in a style on a picture, pixels (h, w, 3) with its subject map (h, w)."""
    palette, kind = style.palette, style.palette.scheme
    product, chroma, hue = telling(pixels, subject)
    hue += TURNS.get(kind, 0.0)
    if kind == "ink_on_paper":
        accent, tone = palette.accent or palette.ink, palette.panel or palette.paper
        return Scheme(palette.ink, palette.paper, accent, palette.second or accent, tone)
    if chroma < GREY:
        accent, second = palette.accent or _RED, palette.second or palette.ink
    else:
        strong = max(chroma, palette.accent_chroma)
        accent = palette.accent or _apart(strong, hue, product)
        second = palette.second or colour.from_oklch(0.52, strong, hue + _BADGE_TURN)
    tone = palette.panel or colour.from_oklch(palette.panel_lightness, min(chroma, palette.panel_chroma), hue)
    return Scheme(palette.ink, palette.paper, accent, second, tone)


def telling(pixels: np.ndarray, subject: np.ndarray) -> tuple[tuple[float, ...], float, float]:
    """A product's most telling colour, that of most of its saturated pixels: as OKLab, its chroma and its hue."""
    small, weights = pixels[::2, ::2], subject[::2, ::2] > 0.5
    shown = weights if weights.any() else np.ones_like(weights)
    weighed = np.zeros(shown.shape)
    weighed[shown] = np.maximum(colour.chroma(small[shown]) - 0.03, 1e-4)
    dominant = colour.dominant(small, weighed)
    _, chroma, hue = (float(value) for value in colour.to_oklch(colour.to_rgb(dominant)))
    return colour.to_oklab(dominant), chroma, hue


def legible(fill: str, scheme: Scheme, least: float) -> tuple[str, str]:
    """A fill and the colour of text on it, with a contrast of at least `least`: the fill grows darker or lighter where
    neither of the scheme's colours can be read on it."""
    for candidate in _shades(fill):
        best = max((scheme.paper, scheme.ink), key=lambda text: colour.ratio(text, candidate))
        if colour.ratio(best, candidate) >= least:
            return candidate, best
    return "#000000", "#ffffff"


def running_to(fill: str, lighter: float, text: str, least: float) -> str:
    """The colour at the other end of a fill's gradient, so much lighter, or as much of that as leaves `text` a contrast
    of `least` on it; "" where that is nothing to be seen."""
    lightness, chroma, hue = (float(value) for value in colour.to_oklch(colour.to_rgb(fill)))
    for share in (1.0, 0.7, 0.45):
        end = colour.from_oklch(min(1.0, max(0.0, lightness + share * lighter)), chroma, hue)
        if lighter and end != fill and colour.ratio(text, end) >= least:
            return end
    return ""


def readable_tone(hue_of: str, contrast: Callable[[str], float], least: float) -> str | None:
    """A colour of some colour's hue that can be read, the nearest to it in lightness, given the `contrast` of colours
    with what is behind; None where none can."""
    return next((shade for shade in _shades(hue_of) if contrast(shade) >= least), None)


def visible(fill: str, behind: str) -> str:
    """A fill that can be told from the colour behind it: the nearest shade that differs enough, more colourful the
    further it goes, so that it does not look dirty."""
    ground = colour.to_oklab(behind)
    return next((s for s in _shades(fill, _VIVID) if math.dist(colour.to_oklab(s), ground) >= _TOLD), fill)


def _shades(hex_colour: str, vivid: float = 0.0) -> Iterator[str]:
    """A colour and then its shades, step by step darker and lighter; `vivid` is the chroma that they gain a step."""
    yield hex_colour
    lightness, chroma, hue = (float(value) for value in colour.to_oklch(colour.to_rgb(hex_colour)))
    for step in (0.06, 0.12, 0.18, 0.24, 0.32, 0.4):
        for shade in (lightness - step, lightness + step):
            if 0.12 <= shade <= 0.96:
                yield colour.from_oklch(shade, chroma + vivid * step if chroma > 0.01 else chroma, hue)


def _apart(chroma: float, hue: float, product: tuple[float, ...]) -> str:
    """An accent of a hue that differs from the product's colour."""
    shades = [colour.from_oklch(lightness, chroma, hue) for lightness in _DEPTHS]
    return next((shade for shade in shades if math.dist(colour.to_oklab(shade), product) >= _APART), shades[0])
