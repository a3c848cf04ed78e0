"""Whether a logo can be told from what is behind it: by all colours of its ink, each as much as the logo has of it.

A contrast ratio of 2 is enough between light colours, and next to nothing between dark ones: navy on black has it. So
the least is `VISIBLE`, what WCAG 2.2 asks of graphics, and most of the ink has to have it, on most of the pixels.
"""

from dataclasses import dataclass

import numpy as np

from layoutgen.core import colour
from layoutgen.core.brands.brand import Brand, Logo

VISIBLE = 3.0
"""Contrast ratio (WCAG 2.2, 1.4.11) of a logo's ink with what is behind it, at least."""
MOST = 0.6
"""Share of a logo's ink that has it."""
_CLEAR = 7.0  # a contrast above which more makes nothing clearer
_DARK = 0.18  # luminance of a ground that dark-bg logos are for, at most


@dataclass(frozen=True)
class LogoInk:
    """A logo's file as it was read: its dominant colour (#rrggbb), width / height, whether nothing in it is
    transparent, so that it brings its own ground, and its colours with the share of the ink that each has."""

    logo: Logo
    colour: str
    aspect: float
    is_opaque: bool = False
    tones: tuple[tuple[str, float], ...] = ()

    @property
    def ink(self) -> tuple[tuple[str, float], ...]:
        """Its colours with their shares; of one that was read as its dominant colour alone, that."""
        return self.tones or ((self.colour, 1.0),)


def seen_share(ink: LogoInk, behind: np.ndarray, least: float = VISIBLE) -> float:
    """Share of a logo's ink that has a contrast of `least` with pixels (n, 3), [0, 1]; higher is better, 1 of a logo
    with a ground of its own."""
    if ink.is_opaque:
        return 1.0
    return sum(share for tone, share in ink.ink if colour.contrast_on(tone, behind) >= least)


def legibility(ink: LogoInk, behind: np.ndarray) -> float:
    """Contrast ratio of a logo with pixels (n, 3), the mean of its ink, in which what is clear counts alike: [1, 7],
    higher is better."""
    if ink.is_opaque:
        return _CLEAR
    return sum(share * min(_CLEAR, colour.contrast_on(tone, behind)) for tone, share in ink.ink)


def is_visible(ink: LogoInk, ground: str) -> bool:
    """Tell whether a logo can be seen on a colour."""
    return seen_share(ink, colour.to_rgb(ground)[None]) >= MOST


def suits(kind: str, ground: str) -> bool:
    """Tell whether a ground is of a kind that `visual_guidelines.logo_placement.background_contrast` names."""
    return kind == "any" or is_dark(ground) == (kind == "dark_only")


def is_for(brand: Brand, ink: LogoInk, ground: str) -> bool:
    """Tell whether a variant is for a ground, and the brand's logo may stand on it."""
    for_it = {"dark-bg": is_dark(ground), "light-bg": not is_dark(ground)}.get(ink.logo.background, True)
    return for_it and suits(brand.logo_grounds, ground)


def is_dark(ground: str) -> bool:
    """Tell whether a colour is a dark ground."""
    return float(colour.luminance(colour.to_rgb(ground))) < _DARK
