"""Grounds without a model: one calm colour, a wall that runs into a floor, and the photo itself, blurred.

The colour is the product's hue (OKLCH), or one beside it or across from it, at a lightness that parts from the
product's edge; the seed chooses among those. With a reference it is moved to the reference's colour by `strength`.
They are the floors that a painter with a model must beat.
"""

import math

import cv2
import numpy as np

from layoutgen.core import colour
from layoutgen.models.base import Fault, Painted, Scene

VERSION = "plain-2"
_KINDS = ((0.94, 0.022, 3.0), (0.88, 0.05, 3.0), (0.79, 0.085, 2.0), (0.34, 0.05, 1.5), (0.24, 0.025, 0.7))
"""Lightness, chroma and how often, of grounds from pale to deep."""
_TURNS = ((0.0, 3.0), (0.45, 1.0), (-0.45, 1.0), (math.pi, 0.8))
"""Turns of the hue in radians, and how often."""
_PARTED = 0.16  # least difference of lightness of product and ground
_NEUTRAL = 0.03
_BLUR_SIDE, _BLUR = 192, 0.06


class FlatPainter:
    """One colour."""

    def paint(self, scenes: list[Scene]) -> list[Painted | Fault]:
        """Return each scene's ground; never a fault."""
        return [self._paint(scene) for scene in scenes]

    @staticmethod
    def _paint(scene: Scene) -> Painted:
        ground = ground_colour(scene)
        rgb = np.rint(colour.to_rgb(ground)).astype(np.uint8)
        pixels = np.broadcast_to(rgb, (scene.canvas.height, scene.canvas.width, 3)).copy()
        return Painted(pixels, condition=f"one colour, {ground}")


class GradientPainter:
    """A wall that runs into a floor of the same hue, lit from one side; of what lies the wall alone."""

    def paint(self, scenes: list[Scene]) -> list[Painted | Fault]:
        """Return each scene's ground; never a fault."""
        return [self._paint(scene) for scene in scenes]

    @staticmethod
    def _paint(scene: Scene) -> Painted:
        draw = np.random.default_rng([scene.seed, 1])
        ground = ground_colour(scene)
        lightness, chroma, hue = (float(value) for value in colour.to_oklch(colour.to_rgb(ground)))
        light = float(draw.choice((-0.6, 0.6)))
        box = scene.product_box
        horizon = 2.0 if scene.lies else min(0.94, max(0.3, box[3] - 0.14 * (box[3] - box[1])))
        wall = colour.to_rgb(ground)
        lit = colour.to_rgb(colour.from_oklch(min(0.985, lightness + 0.035), chroma * 0.8, hue))
        floor = colour.to_rgb(colour.from_oklch(max(0.1, lightness - 0.05), chroma * 1.08, hue))
        height, width = scene.canvas.height, scene.canvas.width
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        x, y = x / width, y / height
        middle = (box[0] + box[2]) / 2 + 0.18 * light
        glow = np.exp(-2.2 * ((x - middle) ** 2 + (y - box[1] - 0.3 * (box[3] - box[1])) ** 2))[..., None]
        below = np.clip((y - horizon + 0.09) / 0.18, 0, 1)[..., None]
        below = below * below * (3 - 2 * below)
        picture = wall + (lit - wall) * glow
        picture = picture + (floor - wall) * below * (0.75 + 0.5 * np.clip(y - horizon, 0, 1))[..., None]
        picture += draw.uniform(-0.5, 0.5, (height, width, 1))  # against bands
        pixels = np.clip(np.rint(picture), 0, 255).astype(np.uint8)
        if scene.lies:
            return Painted(pixels, 0.0, light, condition=f"wall, {ground}")
        return Painted(pixels, horizon, light, condition=f"wall and floor, {ground}")


class BlurredPainter:
    """The photo that the product was cut out of, blurred until nothing in it can be made out."""

    def paint(self, scenes: list[Scene]) -> list[Painted | Fault]:
        """Return each scene's ground; a Fault `no_photo` for a scene without one."""
        return [self._paint(scene) for scene in scenes]

    @staticmethod
    def _paint(scene: Scene) -> Painted | Fault:
        if scene.photo is None:
            return Fault("no_photo", "the scene has no photo to be blurred; choose another painter")
        photo = scene.photo()
        height, width = photo.shape[:2]
        canvas = scene.canvas
        scale = max(canvas.width / width, canvas.height / height) * _BLUR_SIDE / max(canvas.width, canvas.height)
        size = (max(2, math.ceil(width * scale)), max(2, math.ceil(height * scale)))
        small = cv2.resize(photo, size, interpolation=cv2.INTER_AREA)
        shrink = _BLUR_SIDE / max(canvas.width, canvas.height)
        across, down = max(2, round(canvas.width * shrink)), max(2, round(canvas.height * shrink))
        left, top = max(0, (size[0] - across) // 2), max(0, (size[1] - down) // 2)
        window = small[top : top + down, left : left + across]
        return Painted(cv2.GaussianBlur(window, (0, 0), _BLUR * _BLUR_SIDE), condition="the photo, blurred")


def ground_colour(scene: Scene) -> str:
    """A colour (#rrggbb) for the ground of a scene, the same for the same scene."""
    draw = np.random.default_rng([scene.seed, 0])
    alpha = scene.product[..., 3]
    opaque = scene.product[..., :3][alpha > 250] if (alpha > 250).any() else scene.product[..., :3].reshape(-1, 3)
    step = max(1, len(opaque) // 20_000)
    palette = colour.to_oklch(opaque[::step])
    hue, is_plain = _main_hue(palette)
    if is_plain:
        hue = float(draw.choice((1.2, 1.5, 4.3, 0.6)))  # sand, linen, slate, rose
    edge = _edge_lightness(scene.product)
    weights = np.array([often * (abs(lightness - edge) >= _PARTED) for lightness, _, often in _KINDS])
    if not weights.any():
        weights = np.array([abs(lightness - edge) for lightness, _, _ in _KINDS])
    lightness, chroma, _ = _KINDS[int(draw.choice(len(_KINDS), p=weights / weights.sum()))]
    turns = np.array([often for _, often in _TURNS])
    hue += _TURNS[int(draw.choice(len(_TURNS), p=turns / turns.sum()))][0]
    if scene.reference is not None and scene.strength > 0:
        aim = colour.to_oklch(colour.to_rgb(colour.dominant(scene.reference.reshape(-1, 3))))
        return _between((lightness, chroma, hue), aim, scene.strength)
    return colour.from_oklch(lightness, chroma, hue)


def _between(own: tuple[float, float, float], aim: np.ndarray, strength: float) -> str:
    """A colour (OKLCH) moved towards another along a straight line of OKLab."""
    lab = [np.array([c[0], c[1] * math.cos(c[2]), c[1] * math.sin(c[2])]) for c in (own, tuple(map(float, aim)))]
    lightness, a, b = (float(value) for value in lab[0] + strength * (lab[1] - lab[0]))
    return colour.from_oklch(lightness, math.hypot(a, b), math.atan2(b, a))


def _main_hue(palette: np.ndarray) -> tuple[float, bool]:
    """The hue (radians) that has the most colour in it, and whether there is next to none. `palette` (n, 3) OKLCH."""
    bins = (palette[:, 2] // (math.pi / 12)).astype(int) % 24
    weights = np.bincount(bins, palette[:, 1], minlength=24)
    fullest = palette[bins == int(weights.argmax())]
    lab = np.stack([np.cos(fullest[:, 2]), np.sin(fullest[:, 2])]) @ fullest[:, 1]
    return math.atan2(float(lab[1]), float(lab[0])), float(palette[:, 1].mean()) < _NEUTRAL


def _edge_lightness(product: np.ndarray) -> float:
    """Mean lightness (OKLab) of what is within a twentieth of the product's size of its edge."""
    alpha = product[..., 3]
    solid = cv2.copyMakeBorder((alpha > 127).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    reach = max(1.5, 0.05 * max(alpha.shape))
    near = cv2.distanceTransform(solid, cv2.DIST_L2, 3)[1:-1, 1:-1]
    ring = product[..., :3][(near > 0) & (near <= reach)]
    ring = ring if len(ring) else product[..., :3].reshape(-1, 3)
    return float(colour.to_oklch(ring[:: max(1, len(ring) // 20_000)])[:, 0].mean())
