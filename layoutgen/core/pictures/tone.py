"""HDR and wide-gamut colours brought to sRGB: what a PQ or HLG signal shows on an ordinary screen.

Linear light is counted in units of SDR white, 203 cd/m² (ITU-R BT.2408): of PQ (SMPTE ST 2084) absolute light divided
by it, of HLG (ITU-R BT.2100) scene light divided by that of white, 0.265; its system gamma is 1, as for a screen of
about 330 cd/m². Up to `KNEE` light stays what it is; highlights above are bent under white, all channels alike, so that
hues stay. Colours outside sRGB are clipped.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

PQ, HLG = 16, 18
"""Transfer characteristics as ITU-T H.273 numbers them; all others are taken as sRGB's curve, which is near enough."""
KNEE = 0.8
_NAMES = {PQ: "PQ", HLG: "HLG"}
_WHITE_NITS, _WHITE_SCENE = 203.0, 0.265
_BRIGHTEST = 10_000 / _WHITE_NITS
_TO_709 = {
    9: [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]],  # BT.2020
    11: [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]],  # DCI-P3, white as D65
    12: [[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]],  # Display P3
}
"""Linear RGB of primaries, as H.273 numbers them, to linear RGB of BT.709."""


def is_foreign(transfer: int, primaries: int) -> bool:
    """Tell whether a signal of these characteristics (H.273) is anything else than sRGB."""
    return transfer in (PQ, HLG) or primaries in _TO_709


def note(what: str, transfer: int) -> str | None:
    """What a row says of a picture whose transfer is PQ or HLG."""
    return f"{what} ({_NAMES[transfer]}), tone-mapped to sRGB" if transfer in _NAMES else None


def to_srgb(signal: NDArray[np.uint16], transfer: int, primaries: int) -> NDArray[np.uint8]:
    """Bring R'G'B' (h, w, 3), full range in 16 bits, of a transfer and primaries (H.273) to sRGB in 8 bits."""
    light = _light_of(transfer)[signal]
    if primaries in _TO_709:
        light = light @ np.array(_TO_709[primaries], np.float32).T
    light = np.maximum(light, 0)
    if transfer in (PQ, HLG):
        light *= _bent(light.max(axis=2))[..., None]
    return np.asarray(_encoded()[np.rint(np.minimum(light, 1) * 65535).astype(np.uint16)], np.uint8)


def _bent(strongest: Floats) -> Floats:
    """By what each pixel's light (h, w), that of its strongest channel, is multiplied so that none is above white."""
    peak = float(np.quantile(strongest, 0.999))
    if peak <= 1:
        return np.ones_like(strongest)
    steep = (peak - KNEE) / (1 - KNEE)
    share = np.clip((strongest - KNEE) / (peak - KNEE), 0, 1)
    below_white = KNEE + (1 - KNEE) * steep * share / (1 + (steep - 1) * share)
    return np.asarray(np.where(strongest > KNEE, below_white / np.maximum(strongest, KNEE), 1), np.float32)


@lru_cache(maxsize=4)
def _light_of(transfer: int) -> Floats:
    """Light of each of the 65536 values of a signal, in units of SDR white."""
    value = np.linspace(0, 1, 65536)
    if transfer == PQ:
        root = value ** (1 / 78.84375)
        light = (np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125) * _BRIGHTEST
    elif transfer == HLG:
        high = np.exp((value - 0.55991073) / 0.17883277) + 0.28466892
        light = np.where(value <= 0.5, value**2 / 3, high / 12) / _WHITE_SCENE
    else:
        light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return np.asarray(light, np.float32)


@lru_cache(maxsize=1)
def _encoded() -> NDArray[np.uint8]:
    """sRGB in 8 bits of each of 65536 steps of linear light (IEC 61966-2-1)."""
    light = np.linspace(0, 1, 65536)
    value = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * value), np.uint8)
