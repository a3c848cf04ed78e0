"""Pastes a placed product on its painted ground: what is opaque of it stays as it is, to the last bit.

The ground is brought to the canvas's size, moved a little towards the product's light, shaded by the product and
calmed behind text; then the product is laid on it in integers. Nothing of this ever touches the product.
"""

from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np

from layoutgen.core.layout import Box, Canvas
from layoutgen.imaging.blurring import blur
from layoutgen.imaging.products import shadows
from layoutgen.imaging.products.placing import Placed

VERSION = "pasting-1"
_MOST_WHITE_POINT, _MOST_LIGHTNESS = 0.08, 0.06
_GRAIN = 0.7
"""Standard deviation, in levels, of the grain that hides the steps of an enlarged ground."""
_CALM, _RESTLESS = 0.8, 2.5
"""Mean steepness, in levels a px of a canvas of 1080 px, of a ground that needs no veil and of one that needs all."""


class Ground(Protocol):
    """What is pasted on: `layoutgen.models.base.Painted` has these."""

    @property
    def pixels(self) -> np.ndarray:
        """(h, w, 3) uint8, of the canvas's ratio."""
        ...

    @property
    def horizon(self) -> float | None:
        """Where its floor begins, a share of the height; 0: seen from above, None: no floor."""
        ...

    @property
    def light(self) -> float:
        """The side from which light falls, -1 to 1."""
        ...

    @property
    def is_shaded(self) -> bool:
        """Whether the product's shadow is in it already."""
        ...


def finished(painted: Ground, product: Placed, canvas: Canvas, seed: int, calm: Sequence[Box] = ()) -> np.ndarray:
    """The picture (h, w, 3) uint8 of the canvas's size: ground, shadow and product, no letters. `calm` are boxes (ltrb,
    normalised to the canvas) behind which the ground is veiled. The same arguments give the same bytes."""
    return pasted(prepared(painted, product, canvas, seed, calm), product)


def prepared(painted: Ground, product: Placed, canvas: Canvas, seed: int, calm: Sequence[Box] = ()) -> np.ndarray:
    """The ground as the product is pasted on it, (h, w, 3) uint8 of the canvas's size."""
    ground = at_size(painted.pixels, canvas, seed)
    ground = harmonised(ground, product.pixels)
    ground = veiled(ground, calm)
    ground = shaded(ground, product, painted)
    return np.rint(np.clip(ground, 0, 255)).astype(np.uint8)


def pasted(ground: np.ndarray, product: Placed) -> np.ndarray:
    """Lay a product on a ground (h, w, 3) uint8 in integers: (alpha F + (255 - alpha) B + 127) // 255."""
    out = ground.copy()
    alpha = product.pixels[..., 3:].astype(np.uint16)  # 255 * 255 + 127 fits
    mixed = alpha * product.pixels[..., :3] + (255 - alpha) * out[product.window] + 127
    out[product.window] = (mixed // 255).astype(np.uint8)
    return out


def at_size(ground: np.ndarray, canvas: Canvas, seed: int) -> np.ndarray:
    """A ground (h, w, 3) uint8 as float32 of the canvas's size; an enlarged one gets a grain against banding."""
    height, width = ground.shape[:2]
    if (height, width) == (canvas.height, canvas.width):
        return ground.astype(np.float32)
    smaller = canvas.height <= height and canvas.width <= width
    how = cv2.INTER_AREA if smaller else cv2.INTER_LANCZOS4
    large = cv2.resize(ground.astype(np.float32), (canvas.width, canvas.height), interpolation=how)
    if smaller:
        return np.clip(large, 0, 255)
    grain = np.random.default_rng(seed).standard_normal((canvas.height, canvas.width, 1), np.float32)
    return np.clip(large + _GRAIN * grain, 0, 255)


def harmonised(ground: np.ndarray, product: np.ndarray) -> np.ndarray:
    """The ground, float32, with its channels moved towards the product's white point by at most 8 % and its lightness
    by at most 6 %. The white point is the mean of the brightest twentieth."""
    solid = product[product[..., 3] == 255][:, :3]
    if len(solid) < 20:
        return ground
    sample = ground[::4, ::4].reshape(-1, 3)
    there, here = _white_point(solid), _white_point(sample)
    hue = np.clip((there / there.mean()) / (here / here.mean()), 1 - _MOST_WHITE_POINT, 1 + _MOST_WHITE_POINT)
    light = np.clip(there.mean() / here.mean(), 1 - _MOST_LIGHTNESS, 1 + _MOST_LIGHTNESS)
    return np.clip(ground * (hue * light).astype(np.float32), 0, 255)


def _white_point(pixels: np.ndarray) -> np.ndarray:
    light = pixels.astype(np.float32).mean(axis=1)
    return np.maximum(pixels[light >= np.percentile(light, 95)].astype(np.float64).mean(axis=0), 1.0)


def shaded(ground: np.ndarray, product: Placed, painted: Ground) -> np.ndarray:
    """The ground, float32, with the product's shadow, or with what is missing of it: cast on a floor by what stands
    there, dropped on what it lies on, else a halo."""
    alpha = np.zeros(ground.shape[:2], np.float32)
    alpha[product.window] = product.pixels[..., 3] / np.float32(255)
    height, width = product.pixels.shape[:2]
    on_floor = painted.horizon is not None and product.top_px + height > (painted.horizon - 0.02) * len(ground)
    if painted.horizon is not None and painted.horizon <= 0:
        cast = shadows.lying
    elif on_floor and shadows.stands(product.pixels[..., 3]):
        cast = shadows.standing
    else:
        cast = shadows.floating
    dark = cast(alpha, float(width), painted.light)
    if painted.is_shaded:
        dark = shadows.missing(dark, ground)
    return ground * (1 - dark[..., None])


def veiled(ground: np.ndarray, boxes: Sequence[Box]) -> np.ndarray:
    """The ground, float32, blurred by 4.5 % of the canvas's longer side behind each box and moved half towards the
    box's mean colour, with soft edges; the less, the calmer it is already."""
    height, width = ground.shape[:2]
    side, weight, calm = max(height, width), np.zeros((height, width), np.float32), ground
    light = ground.mean(axis=2)
    for left, top, right, bottom in boxes:
        rows = slice(max(0, round(top * height)), max(0, round(bottom * height)))
        window = rows, slice(max(0, round(left * width)), max(0, round(right * width)))
        if min(light[window].shape) < 2:
            continue
        steep = np.hypot(*np.gradient(light[window])) * side / 1080
        # Lines are restless, too, and light that changes much lets no colour be read everywhere.
        restless = max(float(steep.mean()), float(np.percentile(steep, 95)) / 4, float(light[window].std()) / 16)
        strength = np.clip((restless - _CALM) / (_RESTLESS - _CALM), 0, 1)
        if strength > 0:
            calm = blur(ground, 0.045 * side) if calm is ground else calm
            calm[window] = (calm[window] + calm[window].mean(axis=(0, 1))) / 2
            weight[window] = np.maximum(weight[window], strength)
    if calm is ground:
        return ground
    weight = blur(weight, 0.018 * side)[..., None]
    return ground * (1 - weight) + blur(calm, 0.012 * side) * weight
