"""What products of a series have in common besides their style: the hue of their grounds. It is made of the series'
name, so that no product has to see another one."""

import math
from dataclasses import replace

from layoutgen.core import colour
from layoutgen.core.layout import Framing
from layoutgen.core.styles.style import Style

_TINTED = frozenset({"panel", "band", "card", "frame", "split", "cut_out"})
_FALL = 0.045  # in lightness, from the top to the foot of a ground


def tinted(framing: Framing, seed: int, style: Style) -> Framing:
    """A framing with its ground in a series' hue, as light and colourful as the style's panels; grounds that are the
    photo's own stay."""
    if framing.ground not in _TINTED:
        return framing
    hue = 2 * math.pi * (seed % 360) / 360
    lightness, chroma = style.palette.panel_lightness, style.palette.panel_chroma
    backdrop = colour.from_oklch(lightness, chroma, hue)
    foot = colour.from_oklch(max(0.0, lightness - _FALL), chroma, hue) if framing.backdrop_to else ""
    return replace(framing, backdrop=backdrop, backdrop_to=foot)
