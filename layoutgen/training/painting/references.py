"""What a reference branch is shown while it learns: never the picture that is to be painted, nor a piece of it.

A picture that names a reference has that one, unless it is the picture itself or cut out of it. Of another one, two
windows of the same ground are taken that share no pixel: one with the product, which is to be painted, and one beside
it, which is the reference. Either way the reference is a piece of 50 to 90 % a side, at times mirrored, a little
lighter or darker, so that nothing but the style can be read from it.
"""

from dataclasses import replace

import cv2
import numpy as np

from layoutgen.core.layout import Box, Canvas, Suggestion
from layoutgen.models.base import Scene

_LEAST = 24
"""px; a smaller window shows no style."""
_SIDE = 64
_ALIKE, _CORRELATED, _FLAT = 8.0, 0.95, 3.0
Shown = tuple[np.ndarray, Scene]


def with_reference(pixels: np.ndarray, scene: Scene, named: np.ndarray | None) -> tuple[Shown, np.ndarray | None]:
    """A picture (h, w, 3) uint8 with its scene as it is to be painted, and its reference (h', w', 3) as it is; None
    where there is none that may be shown."""
    if named is not None:
        return (pixels, scene), None if is_of(named, pixels) else named
    windows = apart(pixels.shape[1], pixels.shape[0], scene.product_box)
    if windows is None:
        return (pixels, scene), None
    (left, top, right, bottom), (x, y, x_end, y_end) = windows
    return _cut(pixels, scene, (left, top, right, bottom)), pixels[y:y_end, x:x_end]


def apart(width: int, height: int, product: Box) -> tuple[tuple[int, int, int, int], tuple[int, int, int, int]] | None:
    """Two windows (ltrb, px) of a picture that share no pixel, of which the first has the product whole and the second
    none of it; None where beside the product there is no room for a reference."""
    left, top, right, bottom = (
        int(np.floor(product[0] * width)),
        int(np.floor(product[1] * height)),
        int(np.ceil(product[2] * width)),
        int(np.ceil(product[3] * height)),
    )
    rooms = []
    for before, after, side, along in ((left, width - right, width, 0), (top, height - bottom, height, 1)):
        for room, is_first in ((before, True), (after, False)):
            cut = room - room // 4 if is_first else side - (room - room // 4)
            window = (0, cut) if is_first else (cut, side)
            rest = (cut, side) if is_first else (0, cut)
            rooms.append((room - room // 4, along, window, rest))
    room, along, window, rest = max(rooms, key=lambda each: each[0] * (height if each[1] == 0 else width))
    if min(room, height if along == 0 else width) < _LEAST:
        return None
    if along == 0:
        return (rest[0], 0, rest[1], height), (window[0], 0, window[1], height)
    return (0, rest[0], width, rest[1]), (0, window[0], width, window[1])


def varied(reference: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A piece of a reference, at times mirrored, a little lighter or darker."""
    share = rng.uniform(0.5, 0.9)
    height, width = reference.shape[:2]
    high, wide = max(min(height, _LEAST), round(height * share)), max(min(width, _LEAST), round(width * share))
    top, left = int(rng.integers(height - high + 1)), int(rng.integers(width - wide + 1))
    piece = reference[top : top + high, left : left + wide]
    if rng.random() < 0.5:
        piece = piece[:, ::-1]
    light = rng.uniform(0.94, 1.06)
    return np.ascontiguousarray(np.clip(np.rint(piece * light), 0, 255).astype(np.uint8))


def is_of(reference: np.ndarray, picture: np.ndarray) -> bool:
    """Whether a reference is a picture or a piece of it, mirrored or not, at any scale. Pieces of flat grounds are like
    each other wherever they are from: those are not told."""
    scale = _SIDE / max(picture.shape[:2])
    target = _small(picture, max(8, round(picture.shape[1] * scale)), max(8, round(picture.shape[0] * scale)))
    ratio = reference.shape[1] / reference.shape[0]
    for wide in range(max(8, _SIDE // 3), target.shape[1] + 1):
        high = round(wide / ratio)
        if not 8 <= high <= target.shape[0]:
            continue
        small = _small(reference, wide, high)
        if small.std((0, 1)).max() < _FLAT:
            return False
        for piece in (small, np.ascontiguousarray(small[:, ::-1])):
            apart_by = cv2.matchTemplate(target, piece, cv2.TM_SQDIFF) / piece.size
            alike = cv2.matchTemplate(target, piece, cv2.TM_CCOEFF_NORMED)
            if ((apart_by < _ALIKE**2) & (alike > _CORRELATED)).any():
                return True
    return False


def _small(picture: np.ndarray, wide: int, high: int) -> np.ndarray:
    """A picture of a size, softened, since pieces lie between its pixels."""
    small = cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA).astype(np.float32)
    return cv2.GaussianBlur(small, (0, 0), 1.0, borderType=cv2.BORDER_REPLICATE)


def _cut(pixels: np.ndarray, scene: Scene, window: tuple[int, int, int, int]) -> Shown:
    """A window of a picture, with its scene."""
    left, top, right, bottom = window
    height, width = pixels.shape[:2]
    size = (right - left, bottom - top)

    def within(box: Box) -> Box:
        x, x_end = ((side * width - left) / size[0] for side in (box[0], box[2]))
        y, y_end = ((side * height - top) / size[1] for side in (box[1], box[3]))
        return x, y, x_end, y_end

    moved = [Suggestion(each.role, within(each.box), each.text) for each in scene.suggestions]
    whole = tuple(each for each in moved if min(each.box) >= 0 and max(each.box) <= 1)
    return np.ascontiguousarray(pixels[top:bottom, left:right]), replace(
        scene, canvas=Canvas(*size), product_box=within(scene.product_box), suggestions=whole
    )
