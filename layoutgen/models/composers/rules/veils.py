"""Veils over a photo on which a text could not be read: in the picture's own hue, running out towards its middle."""

import cv2
import numpy as np

from layoutgen.core import colour
from layoutgen.core.layout import Box, Canvas, Scrim
from layoutgen.core.styles.style import Style
from layoutgen.models.composers.rules.arrangements import Spot
from layoutgen.models.composers.rules.photo import Photo
from layoutgen.models.composers.rules.scenes import Scene

_CALM = 0.07  # spread of OKLab's lightness up to which letters are read
_DARKEST, _LIGHTEST = 0.53, 0.66  # lightness up to which white, and from which on ink, is read: WCAG 4.5 with room
_DARK, _LIGHT = 0.2, 0.96
_SPREAD = 1.5
_OPACITIES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_REACH = 0.36  # share of a veil's way at which the text ends
_LEFT = 1 - _REACH**2 * (3 - 2 * _REACH)  # of its opacity there
_HELPLESS = 0.5
_BAND_PAD = 0.6


def need(scene: Scene, text: Box, style: Style) -> tuple[float, bool] | None:
    """How opaque a veil has to be so that a text is read in a box of a scene, and whether it is a dark one; opacity 0:
    none is needed; None: none that the style allows is enough."""
    if scene.ground == "band" or scene.on_photo(text) < 0.02:
        return 0.0, False
    light, spread = scene.light_in(text)
    for opacity in (0.0, *(step for step in _OPACITIES if step <= style.palette.scrim * _LEFT + 1e-9)):
        for is_dark in (light < 0.6, light >= 0.6):
            under = light * (1 - opacity) + (_DARK if is_dark else _LIGHT) * opacity
            restless = spread * (1 - opacity)
            reads = under + _SPREAD * restless <= _DARKEST if is_dark else under - _SPREAD * restless >= _LIGHTEST
            if restless <= _CALM and reads:
                return opacity, is_dark
    return None


def cost(needed: tuple[float, bool] | None) -> float:
    """What a designer holds against it: a text without a veil is the cleanest, one that needs a panel of its own the
    worst."""
    return _HELPLESS if needed is None else 0.0 if not needed[0] else 0.05 + 0.16 * needed[0]


def veil(photo: Photo, scene: Scene, text: Box, needed: tuple[float, bool]) -> Scrim:
    """The veil for a text: from the side of the canvas that it is nearest to, a little further than it reaches."""
    opacity, is_dark = needed
    window = scene.window
    ends = {
        "left": text[2] - window[0],
        "top": text[3] - window[1],
        "right": window[2] - text[0],
        "bottom": window[3] - text[1],
    }
    # Of two sides that are as near the one along which the text lies.
    side = min(ends, key=lambda name: (round(ends[name], 2), name in ("left", "right")))
    far = min(1.0, ends[side] / _REACH)
    box = {
        "left": (window[0], window[1], min(window[2], window[0] + far), window[3]),
        "top": (window[0], window[1], window[2], min(window[3], window[1] + far)),
        "right": (max(window[0], window[2] - far), window[1], window[2], window[3]),
        "bottom": (window[0], max(window[1], window[3] - far), window[2], window[3]),
    }[side]
    reached = ends[side] / max(1e-6, (box[2] - box[0]) if side in ("left", "right") else (box[3] - box[1]))
    left = max(0.2, 1 - reached**2 * (3 - 2 * reached))
    return Scrim(box, hue_of(photo, is_dark), min(0.92, opacity / left), side)


def band(scene: Scene, spot: Spot, canvas: Canvas) -> Box:
    """The part of a canvas that a band behind a text takes: all across, and to the canvas's edge where the text stands
    there."""
    text = spot.box(canvas)
    pad = _BAND_PAD * spot.group.title_px / canvas.height
    top, bottom = max(text[1] - pad, spot.room[1]), min(text[3] + pad, spot.room[3])
    at_top, at_foot = text[1] - pad < scene.safe[1], text[3] + pad > scene.safe[3]
    return (0.0, 0.0 if at_top else top, 1.0, 1.0 if at_foot else bottom)


def hue_of(photo: Photo, is_dark: bool) -> str:
    """A dark or light colour (#rrggbb) of a picture's own hue."""
    mean = colour.to_hex(np.asarray(cv2.mean(photo.pixels)[:3]))
    return colour.tint(mean, _DARK, 0.05) if is_dark else colour.tint(mean, _LIGHT, 0.02)
