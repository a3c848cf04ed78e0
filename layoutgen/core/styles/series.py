"""What layouts of a series have in common besides their style: the side where the copy stands and how it is arranged,
the kind of ground and its hue, the size of titles. All of it is made of the series' name, the style and the canvas, so
that no product has to see another one; a picture that does not allow it goes its own way, and pays for it.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from layoutgen.core import colour
from layoutgen.core.layout import Canvas, Framing
from layoutgen.core.styles.style import Style

_TINTED = frozenset({"panel", "band", "card", "frame", "split", "cut_out", "collage"})
_FALL = 0.045  # in lightness, from the top to the foot of a ground
_OTHER_SIDE, _OTHER_BLOCK, _OTHER_GROUND = 0.7, 0.4, 1.5  # what it costs to look unlike the others
_WIDE = 1.2
_TITLE = 0.075  # of the short side: as large as most pictures allow
_FOR_ANY_PHOTO = ("panel", "card", "frame", "split")
_FOR_PACKSHOTS = ("cut_out", "extend")  # they have the hue, or are as plain as it
_OF_SIDES = {"top": ("column", "centred"), "bottom": ("column", "centred"), "left": ("column", "centred", "rail"),
             "right": ("column", "centred", "rail")}  # fmt: skip


def shared(style: Style, seed: int, canvas: Canvas) -> Style:
    """A style as all products of a series have it on a canvas: what they have in common costs less than all else."""
    sides = ("left", "right") if canvas.width > _WIDE * canvas.height else ("top", "bottom")
    side = _pick(sides, seed, "side")
    blocks = {name: cost for name, cost in style.blocks.items() if name in _OF_SIDES[side]} or {"column": 0.0}
    grounds = {name: cost for name, cost in style.grounds.items() if name in _FOR_ANY_PHOTO}
    ground = min(grounds, key=lambda name: (grounds[name], name), default="")
    return replace(
        style,
        anchors={name: _OTHER_SIDE * (name != side) for name in ("top", "bottom", "left", "right", "middle")},
        blocks=_favoured({**style.blocks, **blocks}, (_pick(sorted(blocks), seed, "block"),), _OTHER_BLOCK),
        grounds=_favoured(style.grounds, (ground, *_FOR_PACKSHOTS), _OTHER_GROUND) if ground else style.grounds,
        title_most=max(style.title_least, min(style.title_most, _TITLE)),
    )


def _favoured(costs: Mapping[str, float], names: Iterable[str], more: float) -> dict[str, float]:
    """Costs in which all but some names cost so much more."""
    favoured = {*names}
    return {name: cost + more * (name not in favoured) for name, cost in costs.items()}


def _pick(names: Iterable[str], seed: int, what: str) -> str:
    """One of some names, by a series' seed."""
    return min(names, key=lambda name: hashlib.blake2b(f"{seed}\n{what}\n{name}".encode(), digest_size=8).digest())


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
