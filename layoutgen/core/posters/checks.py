"""What must hold of a finished picture before letters are set on it: each check a name, a number and its limit.

Pictures are (h, w, 3) uint8 of the canvas's size; a product is (h, w, 4) uint8, straight alpha, at (left, top) in px.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layoutgen.core import colour
from layoutgen.core.layout import Box

Pixels = NDArray[np.uint8]

VERSION = "checks-2"
MOST_RING_ERROR = 1.0
MOST_GROWTH = 0.005
MOST_RESTLESS = 6.0
LEAST_CONTRAST = 3.0
_LEAST_IN_COMMON = 0.3
"""Share of the product's colours, weighed by how much of it they fill, that a copy of it has at least."""


@dataclass(frozen=True)
class Check:
    """A measure of a picture: `value` has to be at most `limit`, or at least where `at_least`."""

    name: str
    value: float
    limit: float
    at_least: bool = False

    @property
    def holds(self) -> bool:
        """Whether the value is within its limit."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def identity(picture: Pixels, product: Pixels, left: int, top: int) -> Check:
    """Share of the product's opaque pixels (alpha 255) that are in the picture as they are; 0 where none is opaque."""
    height, width = product.shape[:2]
    opaque = product[..., 3] == 255
    same = (picture[top : top + height, left : left + width] == product[..., :3]).all(axis=2)
    share = float(same[opaque].mean()) if opaque.any() else 0.0
    return Check("product_identity", share, 1.0, at_least=True)


def ring(picture: Pixels, ground: Pixels, product: Pixels, left: int, top: int, reach: int = 3) -> Check:
    """Mean difference, in levels, between the picture and alpha F + (1 - alpha) B within `reach` px of the product's
    outline; `ground` (h, w, 3) is what it was pasted on."""
    shape = picture.shape[:2]
    alpha, front = np.zeros(shape, np.float32), np.zeros(picture.shape, np.float32)
    window = np.s_[top : top + product.shape[0], left : left + product.shape[1]]
    alpha[window], front[window] = product[..., 3] / np.float32(255), product[..., :3]
    wanted = alpha[..., None] * front + (1 - alpha[..., None]) * ground
    solid = alpha > 0.5
    near = _grown(solid, reach) & ~_shrunk(solid, reach)
    off = np.abs(picture.astype(np.float32) - wanted).mean(axis=2)[near]
    return Check("product_ring", float(off.mean()) if off.size else 0.0, MOST_RING_ERROR)


def growth(ground: Pixels, product: Pixels, left: int, top: int) -> Check:
    """Share of the canvas outside the product that looks like the product: patches whose colours are six times as
    frequent in the product as in the ground; none where these patches together have few of the product's colours, as a
    leaf of its green. `ground` is what the painter gave, at the canvas's size:
    a moved light takes the product's colours off a copy."""
    step = max(1, round(max(ground.shape[:2]) / 160))
    small = ground[::step, ::step]
    covered = np.zeros(ground.shape[:2], bool)
    covered[top : top + product.shape[0], left : left + product.shape[1]] = product[..., 3] > 127
    outside = ~covered[::step, ::step]
    inside = product[product[..., 3] == 255][:, :3]
    if not len(inside) or not outside.any():
        return Check("product_growth", 0.0, MOST_GROWTH)
    of_product = _shares(inside)
    of_ground = _shares(small[outside])
    bins = _bins(small)
    alike = (of_product[bins] > 6 * of_ground[bins]) & outside
    alike = _grown(_shrunk(alike, 1), 1) & alike
    theirs = _shares(small[alike])
    in_common = float(np.minimum(theirs, of_product).sum())
    return Check("product_growth", float(alike.mean()) if in_common >= _LEAST_IN_COMMON else 0.0, MOST_GROWTH)


def calmness(picture: Pixels, boxes: Sequence[Box]) -> Check:
    """Mean steepness of lightness, in levels a px, in the most restless of the text boxes (ltrb, normalised)."""
    worst = 0.0
    for box in boxes:
        part = _cut(picture, box)
        if min(part.shape[:2]) >= 2:
            light = part.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
            down, across = np.gradient(light)
            worst = max(worst, float(np.hypot(down, across).mean()))
    return Check("text_restlessness", worst, MOST_RESTLESS)


def contrast(picture: Pixels, boxes: Sequence[Box]) -> Check:
    """The least contrast, over the text boxes, of the better of ink and paper with 95 % of the pixels behind."""
    least = 21.0
    for box in boxes:
        part = _cut(picture, box).reshape(-1, 3)
        least = min(least, max(colour.contrast_on(text, part) for text in (colour.INK, colour.PAPER)))
    return Check("text_contrast", least, LEAST_CONTRAST, at_least=True)


def _cut(picture: Pixels, box: Box) -> Pixels:
    height, width = picture.shape[:2]
    return picture[
        max(0, round(box[1] * height)) : max(0, round(box[3] * height)),
        max(0, round(box[0] * width)) : max(0, round(box[2] * width)),
    ]


def _bins(pixels: Pixels) -> NDArray[np.int64]:
    return np.asarray((pixels.astype(np.int64) // 16) @ np.array([256, 16, 1]))


def _shares(pixels: Pixels) -> NDArray[np.float64]:
    """How often each of 16 x 16 x 16 colours is, spread a little to its neighbours."""
    cube = np.bincount(_bins(pixels.reshape(-1, 3)), minlength=4096).reshape(16, 16, 16) / max(1, pixels.size // 3)
    for axis in range(3):
        padded = np.pad(cube, [(1, 1) if k == axis else (0, 0) for k in range(3)])
        before, after = np.take(padded, range(16), axis), np.take(padded, range(2, 18), axis)
        cube = 0.25 * before + 0.5 * cube + 0.25 * after
    return np.asarray(cube.ravel(), np.float64)


def _grown(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    out = mask.copy()
    for _ in range(reach):
        around = np.pad(out, 1)
        out = out | around[:-2, 1:-1] | around[2:, 1:-1] | around[1:-1, :-2] | around[1:-1, 2:]
    return np.asarray(out)


def _shrunk(mask: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    return ~_grown(~mask, reach)
