"""Whether two pictures are one: a perceptual hash, which scaling, compression and small crops leave nearly as it is."""

import numpy as np

SIDE = 32
"""Px of the square grey picture that is hashed."""
_KEPT = 8


def perceptual_hash(grey: np.ndarray) -> int:
    """The 64 bits of a grey picture (`SIDE`, `SIDE`): which of its 8 x 8 lowest frequencies (DCT-II) are above their
    median; the mean of the picture counts for nothing."""
    low = _BASIS @ np.asarray(grey, np.float64) @ _BASIS.T
    low[0, 0] = 0.0
    bits = (low > np.median(low)).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


_BASIS = np.cos(np.pi * np.outer(np.arange(_KEPT), np.arange(SIDE) + 0.5) / SIDE)
