"""A decoded frame of a clip as upright pixels of sRGB, scaled down, whatever its matrix, range, depth and curve.

A clip that does not say how its colours are coded is read as its size suggests: BT.709 from 1280 x 720 px on, else
BT.601; limited range, unless its pixel format is one of JPEG. PQ and HLG are tone-mapped (`core.pictures.tone`).
Transparency is kept, and weighs colours where frames are scaled: what lies hidden under it does not bleed.
"""

from typing import Any

import numpy as np
from PIL import Image

from layoutgen.core.pictures import tone

_BT709, _BT601, _FULL, _LIMITED = 1, 5, 2, 1  # as H.273 and FFmpeg number them
_MATRICES = {1, 4, 5, 6, 7, 9, 10}


def small_pixels(frame: Any, side: int, ratio: Any = None) -> tuple[np.ndarray, tuple[int, int]]:
    """A frame (PyAV's) as RGB, or RGBA with straight alpha, of at most `side` px, upright, its pixels made square by
    the aspect `ratio` of one; and the upright original's size in px."""
    width = round(frame.width * float(ratio)) if ratio and 0.1 < float(ratio) < 10 else frame.width
    scale = min(1.0, side / max(width, frame.height))
    size = max(1, round(width * scale)), max(1, round(frame.height * scale))
    pixels = _scaled(frame, size)
    turns = round(frame.rotation / 90) % 4  # anticlockwise, as numpy turns
    upright = (width, frame.height) if turns % 2 == 0 else (frame.height, width)
    return np.ascontiguousarray(np.rot90(pixels, turns)), upright


def note(frame: Any) -> str | None:
    """What a row says of a frame's colours."""
    return tone.note("an HDR clip", frame.color_trc)


def _scaled(frame: Any, size: tuple[int, int]) -> np.ndarray:
    how = {
        "interpolation": "AREA",
        "src_colorspace": _matrix(frame),
        "src_color_range": _range(frame),
        "dst_color_range": _FULL,
    }
    foreign = tone.is_foreign(frame.color_trc, frame.color_primaries)
    if any(component.is_alpha for component in frame.format.components):
        rgba = frame.reformat(format="rgba64le" if foreign else "rgba", **how).to_ndarray()
        if foreign:
            rgba = np.dstack([_srgb(rgba[..., :3], frame), (rgba[..., 3] >> 8).astype(np.uint8)])
        return np.array(Image.fromarray(rgba).resize(size, Image.Resampling.BOX))
    if foreign:
        return _srgb(frame.reformat(*size, format="rgb48le", **how).to_ndarray(), frame)
    return frame.reformat(*size, format="rgb24", **how).to_ndarray()


def _srgb(signal: np.ndarray, frame: Any) -> np.ndarray:
    return tone.to_srgb(signal, frame.color_trc, frame.color_primaries)


def _matrix(frame: Any) -> int:
    if frame.colorspace in _MATRICES:
        return frame.colorspace
    return _BT709 if max(frame.width, frame.height) >= 1280 or min(frame.width, frame.height) >= 720 else _BT601


def _range(frame: Any) -> int:
    if frame.color_range in (_LIMITED, _FULL):
        return frame.color_range
    return _FULL if frame.format.name.startswith(("yuvj", "rgb", "bgr", "gbr", "argb", "abgr", "gray")) else _LIMITED
