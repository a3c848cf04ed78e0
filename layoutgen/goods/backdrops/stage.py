"""What every drawn scene stands on: the canvas with its product and texts, light and shade on surfaces, and shapes.

Lengths are in px, y runs down. Smooth things, such as light, are computed at a quarter of the size and enlarged; edges
are drawn at full size. A `Part` is a shape's mask with the window of the picture that it fills.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from layoutgen.goods.backdrops.numbers import SceneNumbers
from layoutgen.goods.backdrops.oklab import srgb
from layoutgen.goods.sheet import Array, blur, noise

Box = tuple[float, float, float, float]
Point = tuple[float, float]
_COARSE = 4
SURFACES = frozenset({"marble", "wood"})
"""Kinds whose floor fills the picture where a product lies on it; of the others their wall does."""


@dataclass(frozen=True, eq=False)
class Part:
    """A shape: its mask (h, w) in [0, 1] and where the mask's corner is in the picture."""

    left: int
    top: int
    mask: Array

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the picture."""
        return (
            slice(self.top, self.top + self.mask.shape[0]),
            slice(self.left, self.left + self.mask.shape[1]),
        )


def shaded(colour: Array, shade: Array) -> Array:
    """A colour (3,) or colours (h, w, 3) under a shade (h, w): 1 as it is, less is darker and deeper in colour, more
    goes to white."""
    deep = 1 + 0.45 * (1 - colour / np.maximum(colour.max(-1, keepdims=True), 1e-3))
    dark = np.clip(shade, 0.02, 1)[..., None]
    lit = colour * dark**deep
    return np.asarray(lit + (1 - lit) * np.clip(shade - 1, 0, 1)[..., None], np.float32)


def above(part: Part | None, level: float) -> Part | None:
    """What of a shape is above a level, px."""
    if part is None or level - part.top < 1:
        return None
    return Part(part.left, part.top, part.mask[: int(level) - part.top])


def around(outer: Part | None, inner: Part | None) -> Part | None:
    """What of a shape is not in another."""
    if outer is None or inner is None:
        return outer
    rest = outer.mask.copy()
    y, x = inner.top - outer.top, inner.left - outer.left
    cut = inner.mask[max(0, -y) :, max(0, -x) :]
    there = rest[max(0, y) : max(0, y) + cut.shape[0], max(0, x) : max(0, x) + cut.shape[1]]
    there -= cut[: there.shape[0], : there.shape[1]]
    return Part(outer.left, outer.top, np.clip(rest, 0, 1))


class Stage:
    """A canvas while a scene is drawn on it: `image` (h, w, 3) float32 sRGB in [0, 1]."""

    def __init__(
        self,
        numbers: SceneNumbers,
        size: tuple[int, int],
        product: Box,
        texts: Sequence[Box],
        rng: np.random.Generator,
        lies: bool = False,
    ) -> None:
        self.numbers, self.rng = numbers, rng
        self.width, self.height = size
        self.unit = float(np.sqrt(self.width * self.height))
        sides = np.array([self.width, self.height] * 2)
        self.product = tuple(float(v) for v in np.asarray(product) * sides)
        self.texts = [tuple(float(v) for v in np.asarray(text) * sides) for text in texts]
        self.wall, self.second, self.floor, self.prop, self.accent = (
            srgb(lab) for lab in (numbers.wall, numbers.second, numbers.floor, numbers.prop, numbers.accent)
        )
        left, top, right, bottom = self.product
        self.middle, self.foot = (left + right) / 2, min(bottom, self.height * 0.97)
        self.wide, self.tall = max(right - left, self.unit * 0.08), max(bottom - top, self.unit * 0.08)
        self.centre = (top + bottom) / 2
        self.horizon = self.foot - self.tall * (0.04 + 0.34 * numbers.horizon)
        if lies:  # nothing stands here, so no floor comes into the picture, or nothing else
            self.foot = 1.6 * self.height
            self.horizon = 0.0 if numbers.kind in SURFACES else 1.2 * self.height
        self.coarse = (-(-self.height // _COARSE), -(-self.width // _COARSE))
        self.y, self.x = np.mgrid[0 : self.coarse[0], 0 : self.coarse[1]].astype(np.float32) * _COARSE + _COARSE / 2
        self.quiet = self._quiet()
        self.image = np.empty((self.height, self.width, 3), np.float32)

    def _quiet(self) -> Array:
        """Where text stands, (coarse), 1 in the middle of a box, fading out beside it."""
        covered = np.zeros(self.coarse, np.float32)
        margin = 0.02 * self.unit
        for left, top, right, bottom in self.texts:
            window = (self.x > left - margin) & (self.x < right + margin)
            covered[window & (self.y > top - margin) & (self.y < bottom + margin)] = 1
        return np.clip(1.15 * blur(covered, 0.032 * self.unit / _COARSE), 0, 1)

    # Light, (coarse) fields that multiply colours.

    def large(self, field: Array) -> Array:
        """A coarse field at the canvas's size."""
        return np.asarray(cv2.resize(field, (self.width, self.height), None, 0, 0, cv2.INTER_CUBIC), np.float32)

    def pool(self, x: float, y: float, reach_x: float, reach_y: float | None = None) -> Array:
        """A round pool of light about a point, 1 in its middle."""
        across, down = (self.x - x) / reach_x, (self.y - y) / (reach_y or reach_x)
        return np.asarray(np.exp(-0.5 * (across * across + down * down)), np.float32)

    def glow(self, strength: float = 1.0) -> Array:
        """How a wall is lit: by the lamp at its side, a little behind the product, less in corners."""
        n = self.numbers
        depth = strength * (0.5 + n.contrast)
        x, y = self.width * (0.5 + 0.42 * n.light), self.height * (0.45 - 0.40 * n.height)
        lamp = self.pool(x, y, 0.52 * self.unit)
        behind = self.pool(self.middle, self.centre, 0.42 * self.unit)
        return np.asarray(0.975 + depth * (0.17 * lamp + 0.07 * behind - 0.12), np.float32) * self.corners()

    def corners(self) -> Array:
        """The vignette."""
        across = (self.x - self.width / 2) / self.width
        down = (self.y - self.height / 2) / self.height
        return np.asarray(1 - 0.34 * self.numbers.vignette * (across * across + down * down) * 2, np.float32)

    def below(self, edge: float, soft: float) -> Array:
        """(coarse) 0 above a level, 1 below it, over `soft` px."""
        t = np.clip((self.y - edge) / max(soft, 1e-3) + 0.5, 0, 1)
        return np.asarray(t * t * (3 - 2 * t), np.float32)

    def calm(self, field: Array, rest: float = 0.0, share: float = 0.92) -> Array:
        """A coarse field that goes to `rest` where text stands."""
        return np.asarray(field + (rest - field) * share * self.quiet, np.float32)

    def surface(self, colour: Array, shade: Array) -> Array:
        """A colour under a coarse shade, at the canvas's size, (h, w, 3)."""
        return self.large(shaded(colour, shade))

    def blended(self, a: Array, b: Array, share: Array) -> Array:
        """Colours (coarse, 3) from `a` to `b`."""
        return np.asarray(a + (b - a) * np.clip(share, 0, 1)[..., None], np.float32)

    # Shapes.

    def polygon(self, points: Sequence[Point] | NDArray[Any]) -> Part | None:
        """A filled outline; None where it lies outside the picture."""
        p = np.asarray(points, np.float64)
        x0, y0 = (int(v) for v in np.clip(np.floor(p.min(0)) - 1, 0, (self.width, self.height)))
        x1, y1 = (int(v) for v in np.clip(np.ceil(p.max(0)) + 2, 0, (self.width, self.height)))
        if x1 - x0 < 1 or y1 - y0 < 1:
            return None
        mask = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillPoly(mask, [np.rint((p - (x0, y0)) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
        return Part(x0, y0, mask.astype(np.float32) * np.float32(1 / 255))

    def ellipse(self, x: float, y: float, across: float, down: float | None = None) -> Part | None:
        """An ellipse, or a circle."""
        t = np.linspace(0, 2 * np.pi, 181)[:-1]
        return self.polygon(np.stack([x + across * np.cos(t), y + (down or across) * np.sin(t)], 1))

    def box(self, left: float, top: float, right: float, bottom: float, radius: float = 0.0) -> Part | None:
        """A rectangle with rounded corners."""
        r = max(min(radius, (right - left) / 2, (bottom - top) / 2), 0.0)
        t = np.linspace(0, np.pi / 2, 20)
        corners = ((right - r, bottom - r), (left + r, bottom - r), (left + r, top + r), (right - r, top + r))
        points = [
            (x + r * np.cos(t + q * np.pi / 2), y + r * np.sin(t + q * np.pi / 2)) for q, (x, y) in enumerate(corners)
        ]
        return self.polygon(np.concatenate([np.stack(p, 1) for p in points]))

    def lay(self, part: Part | None, paint: Array, opacity: float = 1.0) -> None:
        """Paint a shape: one colour (3,), colours of the picture's size, or of the shape's window."""
        if part is None:
            return
        if paint.ndim == 3 and paint.shape[:2] != part.mask.shape:
            paint = paint[part.window]
        cover = (part.mask * np.float32(opacity))[..., None]
        ground = self.image[part.window]
        ground += (paint - ground) * cover

    def cast(self, part: Part | None, offset: Point, soft: float, strength: float) -> None:
        """Darken the picture where a shape throws its shadow: moved by `offset`, blurred by `soft`, all in px."""
        if part is None:
            return
        reach = int(3 * soft) + 2
        left, top = part.left + round(offset[0]) - reach, part.top + round(offset[1]) - reach
        mask = np.pad(part.mask, reach)
        x0, y0 = max(left, 0), max(top, 0)
        x1, y1 = min(left + mask.shape[1], self.width), min(top + mask.shape[0], self.height)
        if x1 <= x0 or y1 <= y0:
            return
        dark = blur(mask, soft)[y0 - top : y1 - top, x0 - left : x1 - left]
        ground = self.image[y0:y1, x0:x1]
        keep = 1 - strength * dark
        ground *= np.stack([keep, keep**1.06, keep**1.02], -1)

    def multiply(self, field: Array) -> None:
        """Multiply the picture by a coarse field."""
        self.image *= self.large(field)[..., None]

    def texture(self, cells: float, amount: float, *, octaves: int = 3, stretch: float = 1.0) -> Array:
        """Grain as a factor about 1 (h, w), quiet where text stands; it is drawn at half the size."""
        half = (-(-self.height // 2), -(-self.width // 2))
        lumps = noise(half, self.rng, cells, octaves=octaves, stretch=stretch)
        quiet = cv2.resize(self.quiet, half[::-1], None, 0, 0, cv2.INTER_LINEAR)
        return self.large(np.asarray(1 + amount * lumps * (1 - 0.85 * quiet), np.float32))

    # Places.

    def is_free(self, left: float, top: float, right: float, bottom: float, margin: float = 0.015) -> bool:
        """Whether no text stands in a box, px."""
        m = margin * self.unit
        return not any(left - m < r and right + m > l_ and top - m < b and bottom + m > t for l_, t, r, b in self.texts)

    def may_stand(self, reach: float, depth: float) -> bool:
        """Whether the product may stand on something that reaches so far to its sides and below its foot, px: no text
        is there."""
        return self.is_free(self.middle - reach, self.foot, self.middle + reach, self.foot + depth, 0.0)

    def beside(self, wide: float, tall: float, depth: float = 0.0) -> list[float]:
        """The middles of places beside the product where something of a size can stand whose foot is `depth` px below
        the product's: the preferred side first."""
        reach = self.wide / 2 + wide * 0.36
        first = 1 if self.numbers.side > 0 else -1
        places = [self.middle + side * reach for side in (first, -first)]
        foot = self.foot + depth
        inside = [x for x in places if 0.46 * wide < x < self.width - 0.46 * wide]
        return [x for x in inside if self.is_free(x - wide / 2, foot - tall, x + wide / 2, foot)]

    def picture(self) -> NDArray[np.uint8]:
        """What was drawn, veiled behind text, (h, w, 3) uint8, with a grain of half a level against banding."""
        n = self.numbers
        if self.texts and n.veil > 0.02:
            small = cv2.resize(self.image, (self.coarse[1], self.coarse[0]), None, 0, 0, cv2.INTER_AREA)
            soft = blur(small, 0.030 * self.unit / _COARSE)
            for left, top, right, bottom in self.texts:
                y0, y1 = int(top / _COARSE), max(int(bottom / _COARSE), int(top / _COARSE) + 1)
                x0, x1 = int(left / _COARSE), max(int(right / _COARSE), int(left / _COARSE) + 1)
                window = (slice(max(y0, 0), y1), slice(max(x0, 0), x1))
                if soft[window].size:
                    soft[window] += 0.5 * n.veil * (soft[window].mean((0, 1)) - soft[window])
            soft = blur(soft, 0.012 * self.unit / _COARSE)
            cover = self.large(np.asarray(self.quiet * min(1.0, 0.35 + 0.65 * n.veil), np.float32))[..., None]
            self.image += (self.large(soft) - self.image) * cover
        lot = self.rng.random((self.height, self.width, 1), np.float32)
        return np.asarray(np.clip(self.image * 255 + lot, 0, 255), np.uint8)
