"""The shadow of a product, from its silhouette alone: how dark it makes the ground, (h, w) float32 in [0, 1].

Lengths are shares of the product's width. `light` is the side from which light falls, from -1, left, to 1, right: the
shadow falls to the other side.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from layoutgen.imaging.blurring import blur

Map = NDArray[np.float32]


def standing(alpha: Map, width_px: float, light: float = -0.5) -> Map:
    """Of a product that stands: dark where its foot touches the floor, and its silhouette laid on the floor, sheared
    away from the light and flattened to a sixth. `alpha` is the canvas's, (h, w) in [0, 1]."""
    touch, cast = _foot(alpha, width_px), _laid(alpha, light)
    dark = 1 - (1 - 0.30 * blur(cast, 0.030 * width_px)) * (1 - 0.62 * blur(touch, 0.013 * width_px))
    return np.clip(1 - (1 - dark) * (1 - 0.25 * blur(touch, 0.045 * width_px)), 0, 1)


def lying(alpha: Map, width_px: float, light: float = -0.5) -> Map:
    """Of a product that lies and is seen from above: close under its edge, and softer further out, down and away from
    the light."""
    near = _shifted(alpha, -0.014 * light * width_px, 0.010 * width_px)
    far = _shifted(alpha, -0.052 * light * width_px, 0.040 * width_px)
    return np.clip(1 - (1 - 0.42 * blur(near, 0.010 * width_px)) * (1 - 0.34 * blur(far, 0.035 * width_px)), 0, 1)


def floating(alpha: Map, width_px: float, light: float = -0.5) -> Map:
    """Of a product before a wall, with no floor to stand on: a soft halo, a little down and away from the light."""
    far = _shifted(alpha, -0.05 * light * width_px, 0.035 * width_px)
    return np.clip(0.30 * blur(far, 0.05 * width_px), 0, 1)


def stands(alpha: np.ndarray) -> bool:
    """Whether a silhouette (h, w) uint8 can stand: its lowest 2 % of rows are at least an eighth as wide as it is."""
    solid = alpha > 127
    rows = np.flatnonzero(solid.any(axis=1))
    if not len(rows):
        return False
    foot = solid[max(rows[0], rows[-1] - max(1, round(0.02 * len(rows)))) : rows[-1] + 1]
    across, columns = np.flatnonzero(foot.any(axis=0)), np.flatnonzero(solid.any(axis=0))
    return bool(across[-1] - across[0] + 1 >= 0.125 * (columns[-1] - columns[0] + 1))


def missing(target: Map, ground: NDArray[np.float32]) -> Map:
    """How much of a shadow is still to be laid on a ground (h, w, 3) that has some of it: what it has is how much
    darker it is there than around."""
    height, width = target.shape
    size = max(8, width // 8), max(8, height // 8)
    light = cv2.resize(ground, size, interpolation=cv2.INTER_AREA).mean(axis=2)
    clear = (cv2.resize(target, size, interpolation=cv2.INTER_AREA) < 0.02).astype(np.float32)
    if not clear.any():
        return target
    sigma = 0.05 * max(size)
    around = blur(light * clear, sigma) / np.maximum(blur(clear, sigma), 1e-3)
    has = np.clip(1 - light / np.maximum(around, 1), 0, 0.95) * (1 - clear)
    had = cv2.resize(has.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip((target - had) / (1 - had), 0, 1), np.float32)


def brighter_side(ground: np.ndarray) -> float:
    """The side from which light falls on a ground (h, w, 3) uint8, from -1, left, to 1, right: how its lightness rises
    across its upper two thirds, for painters that do not know it."""
    upper = ground[: max(1, 2 * len(ground) // 3)]
    columns = cv2.resize(upper, (16, 1), interpolation=cv2.INTER_AREA).astype(np.float64).mean(axis=2)[0]
    slope = float(np.polyfit(np.linspace(-0.5, 0.5, 16), columns, 1)[0])
    return float(np.clip(slope / 24, -1, 1))


def _foot_row(alpha: Map) -> int:
    rows = np.flatnonzero(alpha.max(axis=1) > 0.5)
    return int(rows[-1]) if len(rows) else alpha.shape[0] - 1


def _foot(alpha: Map, width_px: float) -> Map:
    """The lowest twentieth of the silhouette, pressed flat."""
    foot = float(_foot_row(alpha))
    touch = alpha.copy()
    touch[: int(max(0, foot - 0.05 * width_px))] = 0
    press = np.array([[1, 0, 0], [0, 0.5, 0.5 * foot + 0.004 * width_px]], np.float32)
    return np.asarray(cv2.warpAffine(touch, press, alpha.shape[::-1]), np.float32)


def _laid(alpha: Map, light: float) -> Map:
    foot, shear = float(_foot_row(alpha)), 0.6 * light
    lie = np.array([[1, shear, -shear * foot], [0, 0.17, 0.83 * foot]], np.float32)
    return np.asarray(cv2.warpAffine(alpha, lie, alpha.shape[::-1]), np.float32)


def _shifted(alpha: Map, right_px: float, down_px: float) -> Map:
    """Moved by whole pixels; what leaves the canvas is gone."""
    move = np.array([[1, 0, round(right_px)], [0, 1, round(down_px)]], np.float32)
    return np.asarray(cv2.warpAffine(alpha, move, alpha.shape[::-1], flags=cv2.INTER_NEAREST), np.float32)
