"""Cuts a product out of its picture: by the opacity it has, by a mask, by its studio ground, or by a finder's map.

What the shop gives is trusted and kept as it is, glass and fur too; what is computed has to pass `mattes.check`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from layoutgen.core.layout import Box
from layoutgen.imaging.products import mattes
from layoutgen.imaging.products.faults import CutOutFault
from layoutgen.imaging.products.flooding import FINE, Flooded, flooded
from layoutgen.imaging.products.placing import trimmed
from layoutgen.imaging.products.shadows import stands

VERSION = "cutting-2"
Source = Literal["alpha", "mask", "packshot", "finder"]
_LEAST_SIDE = 16
_AGREED = 0.93
"""Least IoU of silhouettes that are seen as the same."""
_SAME_RATIO = 0.02


@dataclass(frozen=True, eq=False)
class CutOut:
    """A product without its ground: `pixels` (h, w, 4) uint8 with straight alpha, no larger than what is visible of
    it; its `box` (ltrb, normalised to the picture); what it was cut by; whether it `stands` on a foot."""

    pixels: np.ndarray
    box: Box
    source: Source
    stands: bool


def cut_out(
    image: np.ndarray, mask: np.ndarray | None, subject: np.ndarray | None, *, faces: Sequence[Box] = ()
) -> CutOut:
    """Cut the product out of its picture (h, w, 3 or 4) uint8. `mask` (h', w') uint8 is 255 where it is, `subject`
    (h', w') float in [0, 1] a finder's map, `faces` are those in the picture (ltrb, normalised). Raises CutOutFault."""
    colours = image[..., :3]
    if image.shape[2] == 4 and (alpha := _given(image[..., 3], "its alpha channel")) is not None:
        return _tight(colours, alpha, "alpha")
    if mask is not None:
        alpha = _given(_fitted(mask, colours), "its mask")
        if alpha is None:
            raise CutOutFault("mask_full", "its mask is white all over; give one that is black where the ground is")
        share = alpha.astype(np.float32) / 255
        return _tight(np.rint(mattes.decontaminated(colours, share)).astype(np.uint8), alpha, "mask")
    if (studio := flooded(colours)) is not None:
        try:
            return _judged(colours, studio.alpha, studio.colours, "packshot", faces)
        except CutOutFault as fault:  # of a studio picture this says more than what a finder's matte lacks
            if subject is None:
                raise
            cut = _by_finder(colours, subject, faces) or _agreed(colours, studio, subject, faces, fault.kind)
            if cut is None:
                raise
            return cut
    if subject is None:
        raise CutOutFault("no_cut_out", "it has no alpha channel, no mask and no plain ground; give one of them")
    return _judged(colours, mattes.refined(subject, colours), None, "finder", faces)


def _by_finder(colours: np.ndarray, subject: np.ndarray, faces: Sequence[Box]) -> CutOut | None:
    """What a finder's map cuts out; None where its matte can't be used."""
    try:
        return _judged(colours, mattes.refined(subject, colours), None, "finder", faces)
    except CutOutFault:
        return None


def _agreed(
    colours: np.ndarray, studio: Flooded, subject: np.ndarray, faces: Sequence[Box], kind: str
) -> CutOut | None:
    """Pale goods on white, whose outline is fainter than an edge: what was flooded, with its holes filled, where two
    others see the same silhouette, a finer flood and the finder. None where they don't."""
    finer = flooded(colours, FINE)
    if kind != "matte_unsure" or finer is None:
        return None
    rough = mattes.refined(subject, colours)
    if min(mattes.alike(studio.alpha, rough), mattes.alike(finer.alpha, rough)) < _AGREED:
        return None
    filled = cv2.erode(rough, np.ones((3, 3), np.uint8), iterations=max(2, max(rough.shape) // 250))
    alpha = np.maximum(studio.alpha, filled)
    mattes.check_not_worn(alpha, faces)
    clean = np.where((filled > studio.alpha)[..., None], colours, studio.colours)
    return _tight(np.rint(clean).astype(np.uint8), _bytes(alpha), "packshot")


def _judged(
    image: np.ndarray, matte: np.ndarray, colours: np.ndarray | None, source: Source, faces: Sequence[Box]
) -> CutOut:
    """What a computed matte cuts out, its colours cleared of the ground where they aren't yet. Raises CutOutFault."""
    matte = mattes.without_crumbs(matte)
    mattes.check_not_worn(matte, faces)
    mattes.check(mattes.measured(matte, image), source)
    clean = mattes.decontaminated(image, matte) if colours is None else colours
    return _tight(np.rint(clean).astype(np.uint8), _bytes(matte), source)


def _bytes(alpha: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(alpha, 0, 1) * 255).astype(np.uint8)


def _fitted(mask: np.ndarray, image: np.ndarray) -> np.ndarray:
    """A mask at its picture's size. Raises CutOutFault where its ratio is another."""
    height, width = image.shape[:2]
    tall, wide = mask.shape
    if (tall, wide) == (height, width):
        return mask
    if abs(wide * height / (tall * width) - 1) > _SAME_RATIO:
        raise CutOutFault(
            "mask_size",
            f"its mask has {wide}x{tall} px, its picture upright {width}x{height} px; give a mask of its ratio",
        )
    how = cv2.INTER_AREA if wide * tall > width * height else cv2.INTER_LINEAR
    return cv2.resize(mask, (width, height), interpolation=how)


def _given(alpha: np.ndarray, name: str) -> np.ndarray | None:
    """An opacity that came with the picture, (h, w) uint8; None where it is opaque all over and so says nothing. Raises
    CutOutFault for one that is empty, inverted or of hardly any pixel."""
    solid = alpha > 127
    if not (alpha > 12).any():
        raise CutOutFault("mask_empty", f"{name} shows nothing of it; give one that is opaque where the product is")
    if solid.mean() > 0.98:
        return None
    edge = np.concatenate([solid[0], solid[-1], solid[:, 0], solid[:, -1]]).mean()
    height, width = solid.shape
    middle = solid[height // 3 : -(height // 3) or None, width // 3 : -(width // 3) or None].mean()
    if edge > 0.9 and middle < 0.5:
        raise CutOutFault("mask_inverted", f"{name} is opaque at the edge and not in the middle; give it inverted")
    if not (alpha == 255).any():
        raise CutOutFault("matte_unsure", f"no pixel of it is opaque in {name}; give one with an opaque product")
    rows, columns = np.flatnonzero((alpha > 12).any(axis=1)), np.flatnonzero((alpha > 12).any(axis=0))
    wide, tall = columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1
    if max(wide, tall) < _LEAST_SIDE:
        raise CutOutFault("too_small", f"{name} shows {wide}x{tall} px of it; give a larger picture of it")
    return alpha


def _tight(colours: np.ndarray, alpha: np.ndarray, source: Source) -> CutOut:
    rows, columns = np.flatnonzero((alpha > 0).any(axis=1)), np.flatnonzero((alpha > 0).any(axis=0))
    height, width = alpha.shape
    box = (columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height)
    pixels = trimmed(np.dstack([colours, alpha]))
    return CutOut(pixels, (float(box[0]), float(box[1]), float(box[2]), float(box[3])), source, stands(pixels[..., 3]))
