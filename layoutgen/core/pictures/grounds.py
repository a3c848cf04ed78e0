"""Which ground a cut-out is laid on: white, or a light grey where white would swallow its outline.

What lies hidden under transparency is never seen: a pixel counts by its opacity. Not the choice of a layout's backdrop.
"""

import numpy as np
from numpy.typing import NDArray

Colour = tuple[int, int, int]
WHITE: Colour = (255, 255, 255)
GREY: Colour = (200, 204, 210)
_NEAR = 24  # of 255: what is nearer to its ground is not seen on it
_MOST_HIDDEN = 0.5
_CARD_FILL, _CARD_SHOWN = 0.97, 0.05


def ground_for(rgba: NDArray[np.uint8]) -> Colour:
    """The ground of a picture (h, w, 4), uint8, RGBA with straight alpha; some 128 px on the longer side are enough.

    White, unless most of the outline of what is opaque is lost on it and less of it on grey. A card, which fills its
    whole rectangle and has something to see on it, has no outline to lose."""
    alpha = np.asarray(rgba[..., 3] / np.float32(255), np.float32)
    solid = alpha >= max(1 / 16, min(0.5, 0.5 * float(alpha.max())))
    inner = solid.copy()
    inner[1:] &= solid[:-1]
    inner[:-1] &= solid[1:]
    inner[:, 1:] &= solid[:, :-1]
    inner[:, :-1] &= solid[:, 1:]
    outline = solid & ~inner
    if not outline.any():
        return WHITE
    lost = {ground: float((_distance(rgba, alpha, ground)[outline] < _NEAR).mean()) for ground in (WHITE, GREY)}
    if lost[WHITE] <= _MOST_HIDDEN or lost[GREY] >= lost[WHITE] or _is_card(rgba, alpha, solid):
        return WHITE
    return GREY


def laid_on(rgba: NDArray[np.uint8], ground: Colour) -> NDArray[np.uint8]:
    """A picture (h, w, 4) with straight alpha on a ground: (h, w, 3), uint8."""
    alpha = rgba[..., 3:].astype(np.float32) / 255
    mixed = rgba[..., :3] * alpha + np.array(ground, np.float32) * (1 - alpha)
    return np.asarray(np.rint(mixed), np.uint8)


def note(ground: Colour) -> str | None:
    """What a row says of a ground that is not white."""
    if ground == WHITE:
        return None
    return f"a light cut-out, which white would hide: laid on #{ground[0]:02x}{ground[1]:02x}{ground[2]:02x}"


def _distance(rgba: NDArray[np.uint8], alpha: NDArray[np.float32], ground: Colour) -> NDArray[np.float32]:
    """How far each pixel is from its ground once it lies on it, of 255, in its farthest channel."""
    apart = np.abs(rgba[..., :3].astype(np.float32) - np.array(ground, np.float32)).max(axis=2)
    return np.asarray(apart * alpha, np.float32)


def _is_card(rgba: NDArray[np.uint8], alpha: NDArray[np.float32], solid: NDArray[np.bool_]) -> bool:
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    box = solid[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    shown = _distance(rgba, alpha, WHITE)[solid] >= _NEAR
    return bool(box.mean() >= _CARD_FILL and shown.mean() >= _CARD_SHOWN)
