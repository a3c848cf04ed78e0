"""A packshot without its plain ground, which is taken away so that its shadow stays.

With alpha and the ground's colour B from flooding, and the shade S = I / B of what is left of the light there, a
picture on another ground is I + (1 - alpha) S (ground - B): the product as it is, the ground as dark as the photo's.
"""

import weakref
from dataclasses import dataclass

import cv2
import numpy as np

from layoutgen.imaging.products import mattes
from layoutgen.imaging.products.faults import CutOutFault
from layoutgen.imaging.products.flooding import flooded, studio_ground
from layoutgen.imaging.shrinking import shrink

VERSION = "packshots-2"
_SIDE = 768
_LEAST_EDGE, _MOST_UNSURE = 0.97, 0.2
"""Stricter than where products are pasted, since nobody is told: of 46 packshots on white, those with white parts of
white cartons lost have an edge of .96 and less, and a leek in two parts is unsure in .32 of it."""
_RIM_WIDTH = 0.016
"""Wider than this share of the photo's shorter side, what looks like the ground is part of the product."""
_SUM = np.ones((1, 3), np.float32)
_NOISE = 0.012
"""Darker by less than this is no shadow, but noise."""
_EDGE = 0.05
"""Towards the photo's edge, this share of its shorter side, shadows run out: they would end with it."""


@dataclass(frozen=True, eq=False)
class Packshot:
    """What stands on another ground G as `product` + `veil` * G: the product's own light, (h, w, 3) int16, 0 to 255
    (signed, so that what is scaled may swing over), and how much of the ground is seen, and how light, (h, w) float32
    in [0, 1]."""

    product: np.ndarray
    veil: np.ndarray


_known: dict[int, tuple["weakref.ref[np.ndarray]", Packshot | None]] = {}


def packshot(image: np.ndarray) -> Packshot | None:
    """Cut the product of a photo (h, w, 3) uint8 off its plain ground; None where it has none, or where the cut would
    be seen. A photo that is asked about again is not cut again, as long as it is the same array."""
    key = id(image)
    known = _known.get(key)
    if known is None or known[0]() is not image:
        known = _known[key] = weakref.ref(image, lambda _: _known.pop(key, None)), _cut(image)
    return known[1]


def _cut(image: np.ndarray) -> Packshot | None:
    small = np.ascontiguousarray(shrink(image, _SIDE))
    cut = flooded(small)
    ground = None if cut is None else studio_ground(small)
    if cut is None or ground is None:
        return None
    measures = mattes.measured(cut.alpha, small)
    try:
        mattes.check(measures, "packshot")
    except CutOutFault:
        return None
    if measures.edge < _LEAST_EDGE or measures.unsure > _MOST_UNSURE:
        return None
    matte = _without_rims(cut.alpha, small, ground)
    shade = _shade(small, ground, matte)
    height, width = image.shape[:2]
    alpha, shade = (_enlarged(values, width, height) for values in (matte, shade))
    veil = np.clip((1 - alpha) * shade, 0, 1)
    product = image - veil[..., None] * _enlarged(ground, width, height)
    product *= np.clip(20 * alpha, 0, 1)[..., None]
    return Packshot(np.rint(np.clip(product, 0, 255)).astype(np.int16), veil)


def _without_rims(alpha: np.ndarray, image: np.ndarray, ground: np.ndarray) -> np.ndarray:
    """A matte without what of the ground and its shadow clings to the product: what looks like that, reaches the
    ground and is thin everywhere. White goods look like it, too, and are thick."""
    share = cv2.divide(image.astype(np.float32) + 4, ground + 4)
    red, green, blue = cv2.split(share)
    least, most = cv2.min(cv2.min(red, green), blue), cv2.max(cv2.max(red, green), blue)
    clings = ((alpha > 0.02) & (most - least < 0.07) & (least > 0.4)).astype(np.uint8)
    count, labels = cv2.connectedComponents(clings, connectivity=4)
    if count <= 1:
        return alpha
    marked = clings > 0
    depth = cv2.distanceTransform(clings, cv2.DIST_L2, 3)[marked]
    deepest, outside = np.zeros(count, np.float32), np.zeros(count, bool)
    np.maximum.at(deepest, labels[marked], depth)
    touched = cv2.dilate((alpha <= 0.02).astype(np.uint8), np.ones((3, 3), np.uint8))[marked] > 0
    np.logical_or.at(outside, labels[marked], touched)
    thin = outside & (deepest <= max(1.5, _RIM_WIDTH * min(alpha.shape) / 2))
    thin[0] = False
    return np.where(thin[labels], 0, alpha).astype(np.float32)


def _shade(image: np.ndarray, ground: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """How light the ground is, (h, w) float32 in [0, 1]: 1 where it is in no shadow. Behind the product it goes on as
    it is around it."""
    share = (cv2.transform(image.astype(np.float32), _SUM) + 3) / (cv2.transform(ground, _SUM) + 3)
    clear = (alpha < 0.004).astype(np.float32)
    height, width = clear.shape
    weight, total = clear * 1e3, clear * share * 1e3
    # What lies further away needs no fine look.
    small = [
        cv2.resize(values, (0, 0), fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA) for values in (clear, clear * share)
    ]
    for sigma in (1.0, 3.0):
        near = [cv2.GaussianBlur(values, (0, 0), sigma) for values in small]
        weight += cv2.resize(near[0], (width, height), interpolation=cv2.INTER_LINEAR)
        total += cv2.resize(near[1], (width, height), interpolation=cv2.INTER_LINEAR)
    shade = cv2.GaussianBlur(total / np.maximum(weight, 1e-3), (0, 0), 0.8)
    shade = np.where(weight > 1e-3, shade, 1)
    away = np.minimum(*np.meshgrid(*(np.minimum(np.arange(n), np.arange(n)[::-1]) for n in (width, height))))
    dark = np.clip(1 - shade - _NOISE, 0, 1) * np.clip(away / (_EDGE * min(width, height)), 0, 1)
    return np.asarray(1 - dark, np.float32)


def _enlarged(values: np.ndarray, width: int, height: int) -> np.ndarray:
    if values.shape[:2] == (height, width):
        return values
    return np.asarray(cv2.resize(values, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
