"""OKLab as the drawer needs it: floats of sRGB in [0, 1] to lightness, a, b, and back. Source: Ottosson 2020."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float32]

_TO_LMS = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    np.float32,
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    np.float32,
)
_FROM_LMS, _FROM_LAB = np.linalg.inv(_TO_LMS), np.linalg.inv(_TO_LAB)


def oklab(rgb: ArrayLike) -> Floats:
    """Colours (..., 3) of sRGB in [0, 1] to OKLab (..., 3)."""
    share = np.asarray(rgb, np.float32)
    linear = np.where(share <= 0.04045, share / 12.92, ((np.maximum(share, 0) + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ _TO_LMS.T) @ _TO_LAB.T, np.float32)


def _linear_of(lab: Floats) -> Floats:
    return np.asarray((lab @ _FROM_LAB.T) ** 3 @ _FROM_LMS.T, np.float32)


def srgb(lab: ArrayLike) -> Floats:
    """OKLab (..., 3) to sRGB in [0, 1]; a colour that sRGB lacks keeps lightness and hue and loses chroma."""
    wanted = np.asarray(lab, np.float32)
    wanted = np.concatenate([np.clip(wanted[..., :1], 0, 1), wanted[..., 1:]], -1)
    share = np.ones_like(wanted)
    for _ in range(24):
        linear = _linear_of(wanted * share)
        outside = ((linear < -1e-3) | (linear > 1 + 1e-3)).any(-1, keepdims=True)
        if not outside.any():
            break
        share[..., 1:] = np.where(outside, share[..., 1:] * 0.82, share[..., 1:])
    linear = np.clip(_linear_of(wanted * share), 0, 1)
    return np.asarray(np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055), np.float32)
