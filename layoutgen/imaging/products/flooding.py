"""Cuts a product out of a studio picture: the ground is known, so what is not ground is the product.

The picture's edge tells the ground: a smooth surface of colour, a quadric per channel. It floods the picture from the
edge, on through what it passes into without an edge (gradients, soft shadows) and into holes that show it exactly. On
white, where shadows and white goods look alike, only what lies at the foot is shadow. At the outline, where ground and
product mix, opacity and colour are solved from the ground nearby: I = alpha F + (1 - alpha) B.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from layoutgen.imaging.shrinking import shrink

_LEAST_GROUND, _LEAST_CLEAN = 0.9, 0.55
"""Share of the picture's edge that has to be ground; of a clean one, to whose edge a tight picture may reach."""
_CLEAN, _NOISIEST = 1.5, 4.0
"""Noise in levels: of a studio's clean ground, and of the noisiest that is flooded."""
TOLERANCE, FINE = 8.0, 3.0
"""Levels off the ground: what is surely none of it, and what is none of it where white goods stand on clean white."""
_WHITE = 243
_SOFTEST = 4.0
"""Px from the outline that may be of product and ground."""
_FIT_SIDE, _MARGIN = 96, 8
_DEEPEST_SHADOW = 0.55
_KNEE = 0.6
"""Below this share of a product's height its shadow falls."""
_HOLE, _WALL = 0.0003, 0.6
"""Least size of a hole, as a share of the product; most thickness of its wall, in square roots of its size."""


@dataclass(frozen=True, eq=False)
class Flooded:
    """A product on a known ground: `alpha` (h, w) float32 in [0, 1], `colours` (h, w, 3) float32 without the ground's
    share, and the `ground` (h, w, 3) float32."""

    alpha: np.ndarray
    colours: np.ndarray
    ground: np.ndarray


def flooded(image: np.ndarray, tolerance: float = TOLERANCE) -> Flooded | None:
    """Cut the product out of a studio picture (h, w, 3) uint8; None where the picture's edge isn't one smooth ground or
    nothing stands before it. What differs from the ground by less than `tolerance` levels is ground."""
    ground, noise = _ground(image)
    if ground is None:
        return None
    reached = _reached(image, ground, max(tolerance, 3.0 * noise))
    edge = np.concatenate([reached[0], reached[-1], reached[:, 0], reached[:, -1]])
    if edge.mean() < (_LEAST_CLEAN if noise <= _CLEAN else _LEAST_GROUND) or reached.all():
        return None
    solid = _without_specks(~reached)
    if not solid.any():
        return None
    pixels = image.astype(np.float32)
    ground = _nearby(pixels, reached)
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    window = np.s_[max(0, rows[0] - _MARGIN) : rows[-1] + _MARGIN, max(0, columns[0] - _MARGIN) : columns[-1] + _MARGIN]
    alpha, colours = np.zeros(solid.shape, np.float32), pixels.copy()
    alpha[window], colours[window] = _solved(pixels[window], ground[window], solid[window])
    return Flooded(_whole(alpha), colours, ground)


def studio_ground(image: np.ndarray) -> np.ndarray | None:
    """The ground of a studio picture (h, w, 3) uint8 as it is where no shadow falls, (h, w, 3) float32; None where the
    picture's edge isn't one smooth ground."""
    return _ground(image)[0]


def white_ground(image: np.ndarray, least: int = 238) -> np.ndarray | None:
    """Where white reaches from the edge of a picture (h, w, 3) uint8: (h, w) bool; None where the edge isn't nearly all
    white."""
    white = image.min(2) >= least
    edge = np.concatenate([white[0], white[-1], white[:, 0], white[:, -1]])
    return _from_edge(white) if edge.mean() >= _LEAST_GROUND else None


def _from_edge(passable: np.ndarray) -> np.ndarray:
    """The parts of a mask (h, w) bool that touch the picture's edge."""
    padded = np.pad(passable.astype(np.uint8), 1, constant_values=1)
    _, labels = cv2.connectedComponents(padded, connectivity=4)
    return np.asarray((labels == labels[0, 0])[1:-1, 1:-1])


def _ground(image: np.ndarray) -> tuple[np.ndarray | None, float]:
    """The ground as a quadric of place, (h, w, 3) float32, and its noise in levels; None where the edge has none."""
    small = shrink(image, _FIT_SIDE).astype(np.float64)
    height, width = small.shape[:2]
    if min(height, width) < 8:
        return None, 0.0
    band = max(2, min(height, width) // 24)
    at_edge = np.ones((height, width), bool)
    at_edge[band:-band, band:-band] = False
    terms = _terms(height, width)
    known, colours = terms[at_edge], small[at_edge]
    near = np.abs(colours - np.median(colours, axis=0)).max(axis=1) <= 40
    for _ in range(5):
        if near.mean() < _LEAST_CLEAN:
            return None, 0.0
        weights = np.linalg.lstsq(known[near], colours[near], rcond=None)[0]
        off = np.abs(known @ weights - colours).max(axis=1)
        near = off <= max(3.0, 3 * float(np.median(off)))
    noise = float(np.percentile(off[near], 90))
    if noise > _NOISIEST or (off <= 14).mean() < (_LEAST_CLEAN if noise <= _CLEAN else _LEAST_GROUND):
        return None, 0.0
    surface = (_terms(24, 24).reshape(-1, 6) @ weights).reshape(24, 24, 3).astype(np.float32)
    large = cv2.resize(surface, image.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.clip(large, 0, 255), noise


def _most(values: np.ndarray) -> np.ndarray:
    """The largest of three channels; `max` over so short an axis takes six times as long."""
    return np.maximum(np.maximum(values[..., 0], values[..., 1]), values[..., 2])


def _terms(height: int, width: int) -> np.ndarray:
    y = ((np.arange(height) + 0.5) / height - 0.5)[:, None] + np.zeros(width)
    x = ((np.arange(width) + 0.5) / width - 0.5) + np.zeros((height, 1))
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=2)


def _reached(image: np.ndarray, ground: np.ndarray, tolerance: float) -> np.ndarray:
    """Where ground is, (h, w) bool: what is like it, what it passes into without an edge, its shadows and holes."""
    pixels = image.astype(np.float32)
    off = _most(np.abs(pixels - ground))
    share = (cv2.GaussianBlur(pixels, (0, 0), 0.7) + 4) / (ground + 4)
    darker, tinted = share @ np.full(3, 1 / 3, np.float32), _most(share) + _most(-share)
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.0)
    steep = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=1 / 8))
    unit = max(1.0, max(image.shape[:2]) / 400)
    like = off <= tolerance
    grows = (darker > _DEEPEST_SHADOW) & (darker < 1.4) & (tinted < 0.07) & (steep < 2.5 / unit)
    plain = _from_edge(like)
    reached = _from_edge(like | grows)
    white = bool(ground.mean() > _WHITE)
    if white:  # white goods are as soft and grey as a shadow on white
        reached = plain | _low(reached & ~plain, ~reached)
    reached |= _under_foot(reached, (darker > 0.4) & (darker < 1.0) & (tinted < 0.06), 0.1 if white else 0.3)
    off = _most(np.abs(pixels - _nearby(pixels, reached)))
    return reached | _holes((off <= tolerance) & ~reached, off, steep * unit, ~reached)


def _nearby(pixels: np.ndarray, reached: np.ndarray) -> np.ndarray:
    """The ground behind the product, (h, w, 3) float32: each place has the mean of the ground around it."""
    small = cv2.resize(pixels, (64, 64), interpolation=cv2.INTER_AREA)
    share = cv2.resize(reached.astype(np.float32), (64, 64), interpolation=cv2.INTER_AREA)
    share = np.where(share > 0.99, 1.0, 0.0).astype(np.float32)
    if not share.any():
        return pixels
    total, weight = np.zeros_like(small), np.full_like(share, 1e-9)
    for sigma in (24.0, 6.0, 1.5):  # the nearest weighs most
        near = cv2.GaussianBlur(share, (0, 0), sigma)
        gain = 1.0 / sigma**3
        total += gain * cv2.GaussianBlur(small * share[..., None], (0, 0), sigma)
        weight += gain * near
    return cv2.resize(total / weight[..., None], pixels.shape[1::-1], interpolation=cv2.INTER_CUBIC)


def _low(soft: np.ndarray, product: np.ndarray) -> np.ndarray:
    """The parts of what may be shadow that lie where a shadow falls: at the product's foot, wider than tall."""
    rows = np.flatnonzero(_without_specks(product).any(axis=1))
    if not len(rows):
        return soft
    _, labels, stats, _ = cv2.connectedComponentsWithStats(soft.astype(np.uint8), connectivity=4)
    falls = stats[:, cv2.CC_STAT_TOP] >= rows[0] + _KNEE * (rows[-1] - rows[0])
    falls &= stats[:, cv2.CC_STAT_WIDTH] >= stats[:, cv2.CC_STAT_HEIGHT]
    falls[0] = False
    return np.asarray(falls[labels])


def _under_foot(reached: np.ndarray, grey: np.ndarray, most: float) -> np.ndarray:
    """The dark of a contact shadow, (h, w) bool: what only darkens the ground, next to it, at a foot of which
    at most a share `most` looks like that itself."""
    solid = _without_specks(~reached)
    rows = np.flatnonzero(solid.any(axis=1))
    if not len(rows):
        return np.zeros_like(reached)
    tall = rows[-1] - rows[0] + 1
    foot = np.zeros_like(reached)
    foot[rows[-1] - round(0.12 * tall) :] = True
    core = cv2.erode(solid.astype(np.uint8), np.ones((5, 5), np.uint8), iterations=max(1, tall // 60)) > 0
    core &= foot
    if not core.any() or grey[core].mean() > most:
        return np.zeros_like(reached)
    return _from_edge(reached | (grey & foot)) & ~reached


def _holes(like: np.ndarray, off: np.ndarray, steep: np.ndarray, product: np.ndarray) -> np.ndarray:
    """Parts inside the product that show the ground exactly, have a sharp rim all around and lie somewhere behind a
    thin wall, as in handles and between things that touch. A white label lies deeper in its product, a highlight has
    no rim, a white band is long."""
    opened = np.zeros_like(product)
    area = product.sum()
    count, labels, stats, _ = cv2.connectedComponentsWithStats(like.astype(np.uint8), connectivity=4)
    depth = cv2.distanceTransform(np.pad(product.astype(np.uint8), 1), cv2.DIST_L2, 3)[1:-1, 1:-1]
    for label in range(1, count):
        left, top, wide, tall, size = stats[label]
        if not max(6, _HOLE * area) < size < 0.5 * area or max(wide, tall) > 4 * min(wide, tall):
            continue
        window = np.s_[max(0, top - 2) : top + tall + 2, max(0, left - 2) : left + wide + 2]
        part = (labels[window] == label).astype(np.uint8)
        rim = (cv2.dilate(part, np.ones((3, 3), np.uint8)) > 0) & (part == 0)
        wall = float(np.percentile(depth[window][rim], 10))
        sharp = float((steep[window][rim] > 6).mean())
        if wall < max(2.5, _WALL * np.sqrt(size)) and sharp > 0.7 and np.median(off[window][part > 0]) <= 4.5:
            opened[window] |= part > 0
    return opened


def _without_specks(solid: np.ndarray) -> np.ndarray:
    """Without parts of less than a thousandth of the largest, and without what is a pixel thin."""
    opened = cv2.morphologyEx(solid.astype(np.uint8), cv2.MORPH_OPEN, np.ones((2, 2), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(opened, connectivity=8)
    if count <= 1:
        return np.zeros_like(solid)
    areas = stats[:, cv2.CC_STAT_AREA]
    large = areas >= max(4, areas[1:].max() / 1000)
    large[0] = False
    return np.asarray(large[labels])


def _solved(pixels: np.ndarray, ground: np.ndarray, solid: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Opacity and colours at the outline, where the picture mixes both: alpha = (I - B).(F - B) / |F - B|^2 with F from
    the nearest sure inside."""
    inside = cv2.distanceTransform(np.pad(solid.astype(np.uint8), 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
    outside = cv2.distanceTransform(np.pad((~solid).astype(np.uint8), 1, mode="edge"), cv2.DIST_L2, 5)[1:-1, 1:-1]
    off = _most(np.abs(pixels - ground))
    peak = solid & (off > 30) & (off >= 0.9 * cv2.dilate(off, np.ones((5, 5), np.uint8)))  # of what is thin
    sure = ((inside > _SOFTEST) | peak).astype(np.float32)
    weight = cv2.GaussianBlur(sure, (0, 0), 2.0)
    near = cv2.GaussianBlur(pixels * sure[..., None], (0, 0), 2.0) / np.maximum(weight, 1e-4)[..., None]
    apart = near - ground
    strength = np.einsum("hwc,hwc->hw", apart, apart)
    mixed = np.einsum("hwc,hwc->hw", pixels - ground, apart) / np.maximum(strength, 1.0)
    by_shape = np.clip(0.5 + (inside - outside) / 2, 0, 1)
    solvable = (strength > 30.0**2) & (weight > 0.02)
    mixed = np.where(solvable, np.clip(mixed, 0, 1), by_shape)
    # Light details near the outline are none of the ground: what is mixed lies on the slope that comes from outside.
    slope = np.hypot(cv2.Sobel(off, cv2.CV_32F, 1, 0), cv2.Sobel(off, cv2.CV_32F, 0, 1))
    slope = slope >= 0.4 * cv2.dilate(slope, np.ones((5, 5), np.uint8))
    band = (inside <= _SOFTEST) & (outside <= 1.5) & (_from_edge(~solid | (slope & (mixed < 0.9))) | (inside <= 1))
    alpha = np.where(band, mixed, solid).astype(np.float32)
    alpha = _eroded(alpha)
    thin = (alpha < 0.98) & (alpha > 0)
    share = np.maximum(alpha, 0.15)[..., None]
    unmixed = np.clip((pixels - (1 - share) * ground) / share, 0, 255)
    unmixed = np.where((weight > 0.02)[..., None], np.clip(unmixed, near - 40, near + 40), unmixed)
    return alpha, np.where(thin[..., None], np.clip(unmixed, 0, 255), pixels)


def _whole(alpha: np.ndarray) -> np.ndarray:
    """Without crumbs, as JPEG leaves them around an outline: parts of less than 1/400 of the largest."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((alpha > 0.4).astype(np.uint8), connectivity=4)
    areas = stats[:, cv2.CC_STAT_AREA]
    large = areas >= max(4, areas[1:].max(initial=0) / 400)
    large[0] = False
    near = cv2.dilate(large[labels].astype(np.uint8), np.ones((5, 5), np.uint8))
    return np.where((near > 0) & (large[labels] | (alpha <= 0.4)), alpha, 0).astype(np.float32)


def _eroded(alpha: np.ndarray) -> np.ndarray:
    """Half a pixel off the outline."""
    return (alpha + cv2.erode(alpha, np.ones((3, 3), np.uint8))) / 2
