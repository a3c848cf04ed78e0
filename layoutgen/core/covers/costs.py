"""What a place for a block of text costs: the soft terms, their weights, and the hard limits as penalties.

Each term is a number of about [0, 1] for a place; the cost is the weighted sum, lower is better. The weights are best
read as exchanges: places that a designer would swap for one another cost the same.

| term | weight | what it measures | one unit of cost |
| --- | --- | --- | --- |
| occlusion | 6 | mean of the protection map under the block | 17 % protected ground under the text |
| breathing | 1.5 | mean of the map in a rim of 0.4 font sizes around it | the subject close on most sides |
| gradient | 6 | mean gradient of lightness under the block | 0.17: foliage or print under all of it |
| underlay | 0.45 | 1 where neither paper nor ink can be read on the picture itself | about two panels |
| suggestion | 2.5 | half of 1 - IoU with the suggested box, half the distance of the middles | the box missed |
| axis | 0.25 | distance to the nearest axis (margins, middle, edges of what stands); 1 at 0.1 width | – |
| size | 1.1 | log(largest / font size), three times as steep below 0.45 of the largest | a title of 0.43 of it |
| lines | 0.12 | lines of the title beyond two | – |
| middle | 0.35 | how near half the height: 1 there, 0 from the thirds on; beside a photo, how far from its middle | – |
| balance | 0.5 | distance of the common centre of subject and text from the canvas's middle line | all to one side |
| seam | 2 | 1 where the block lies across the edge of a photo beside a panel, or too near it | half a seam |
| follow | 0.8 | stickers: distance to the title's block, share of the canvas's diagonal | – |

Hard limits are penalties of at least `BROKEN` each, so that where all places break one, the place that breaks the least
is found.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from layoutgen.core import colour
from layoutgen.core.covers.text import Block, Style
from layoutgen.core.covers.windows import Windows, gradients
from layoutgen.core.layout import Box, Canvas

WEIGHTS = {
    "occlusion": 6.0,
    "breathing": 1.5,
    "gradient": 6.0,
    "underlay": 0.45,
    "suggestion": 2.5,
    "axis": 0.25,
    "size": 1.1,
    "lines": 0.12,
    "middle": 0.35,
    "balance": 0.5,
    "seam": 2.0,
    "follow": 0.8,
}
BROKEN = 1000.0
PROTECTED = 0.5
PANEL_PAD = 0.4  # of the font size
_READABLE_SHARE = 0.96
_COMFORTABLE = 0.45  # of the largest font size; below it a title is a footnote
_SPARE = 1.08  # the palette's near-white and deep shade have a little less contrast than paper and ink


@dataclass(frozen=True, eq=False)
class Ground:
    """A cover's ground, measured: windows over protection, protected area, gradient, where paper (white) and where ink
    (black) can be read; the protected area in px of the map, and the centre of protection with its mean."""

    windows: Windows
    protected: float
    centre: tuple[float, float]
    weight: float

    @classmethod
    def of(cls, protection: np.ndarray, pixels: np.ndarray, min_contrast: float) -> "Ground":
        """Measure a protection map (h, w) in [0, 1] and the pixels (h, w, 3) uint8 of the same framed canvas."""
        light = colour.luminance(pixels)
        paper = colour.contrast(colour.luminance(colour.to_rgb(colour.PAPER)), light) >= _SPARE * min_contrast
        ink = colour.contrast(colour.luminance(colour.to_rgb(colour.INK)), light) >= _SPARE * min_contrast
        maps = [protection, protection >= PROTECTED, gradients(np.cbrt(light)), paper, ink]
        windows = Windows(np.stack(maps, axis=-1).astype(np.float32))
        height, width = protection.shape
        total = float(protection.sum())
        across = float((protection.sum(0) * (np.arange(width) + 0.5)).sum() / width / total) if total > 0 else 0.5
        down = float((protection.sum(1) * (np.arange(height) + 0.5)).sum() / height / total) if total > 0 else 0.5
        return cls(windows, float(windows.totals[1]), (across, down), total / protection.size)


@dataclass(frozen=True)
class Blocked:
    """A box (px) that no element may touch, and why: the name of the limit."""

    box: Box
    reason: str


@dataclass(frozen=True, eq=False)
class Places:
    """Places of blocks: `left` (blocks, 1, columns) and `top` (blocks, rows, 1) in px."""

    blocks: Sequence[Block]
    left: np.ndarray
    top: np.ndarray

    @property
    def width(self) -> np.ndarray:
        """Of each block, (blocks, 1, 1)."""
        return np.array([block.width for block in self.blocks])[:, None, None]

    @property
    def height(self) -> np.ndarray:
        """Of each block, (blocks, 1, 1)."""
        return np.array([block.height for block in self.blocks])[:, None, None]


@dataclass(frozen=True, eq=False)
class Costs:
    """What each place costs, (blocks, rows, columns): the soft terms unweighted, the penalties by limit, whether it
    stands on a panel, and the sum of all."""

    soft: dict[str, np.ndarray]
    hard: dict[str, np.ndarray]
    panel: np.ndarray
    total: np.ndarray


@dataclass(frozen=True, eq=False)
class Standing:
    """What a block is placed among, px: boxes that it may not touch, the share of the protected area that is covered
    already, the suggested box, the left and right edges of what stands, the block that this one belongs to, and where
    the photo lies."""

    blocked: tuple[Blocked, ...] = ()
    covered: float = 0.0
    target: Box | None = None
    axes: tuple[tuple[float, ...], tuple[float, ...]] = ((), ())
    follow: Box | None = None
    picture: Box | None = None


def cost(places: Places, ground: Ground, canvas: Canvas, style: Style, standing: Standing) -> Costs:
    """Cost of all places."""
    follow, picture, target = standing.follow, standing.picture, standing.target
    left, top, width, height = places.left, places.top, places.width, places.height
    right, bottom = left + width, top + height
    size = np.array([float(block.font_px) for block in places.blocks])[:, None, None]
    own_ground = np.array([block.pad[0] > 0 for block in places.blocks])[:, None, None]
    sums = ground.windows.sums(*indices(left, top, right, bottom, canvas, ground.windows))
    pixels = _count(left, top, right, bottom, canvas, ground.windows)
    pad = np.minimum(PANEL_PAD * size, style.margin_px * 0.8)
    rim = np.where(own_ground, 0.0, pad)
    wide = ground.windows.sums(
        *indices(left - rim, top - rim, right + rim, bottom + rim, canvas, ground.windows), count=2
    )
    wide_pixels = _count(left - rim, top - rim, right + rim, bottom + rim, canvas, ground.windows)
    readable = np.maximum(sums[3], sums[4]) >= _READABLE_SHARE * pixels
    panel = ~readable & ~own_ground
    x, y = (left + right) / 2 / canvas.width, (top + bottom) / 2 / canvas.height
    around = (wide[0] - sums[0]) / np.maximum(1.0, wide_pixels - pixels)
    soft = {
        "occlusion": np.where(panel, wide[0] / wide_pixels, sums[0] / pixels),
        "breathing": np.where(own_ground, 0.0, np.maximum(0.0, around)),
        "gradient": np.where(own_ground | panel, 0.0, sums[2] / pixels),
        "underlay": panel.astype(float),
        "axis": _off_axis(left, right, canvas, style, standing.axes),
        "size": _smallness(size, style.largest_px),
        "lines": np.array([max(0.0, block.lines - 2.0) for block in places.blocks])[:, None, None],
        "balance": _imbalance(x, width * height / (canvas.width * canvas.height), ground),
    }
    if follow is None:
        soft["middle"] = np.maximum(0.0, 1 - np.abs(y - 0.5) * 6)
    else:
        soft["follow"] = _apart(left, top, right, bottom, follow, canvas)
    if picture is not None:
        on_photo = _shared(left, top, right, bottom, picture, np.zeros(1)) / (width * height)
        near_photo = _shared(left, top, right, bottom, picture, pad) > 0
        soft["seam"] = (near_photo & (on_photo < 1 - 1e-9)).astype(float)
        if "middle" in soft:
            across, down = _middle_beside(picture, canvas)
            away = np.minimum(1.0, 4 * np.abs(y - down) + np.abs(x - across))
            soft["middle"] = np.where(on_photo == 0, away, soft["middle"])
    if target is not None:
        soft["suggestion"] = _off_target(left, top, right, bottom, target, canvas)
    under = np.where(panel, wide[1], sums[1]) / ground.protected if ground.protected else np.zeros_like(sums[1])
    over = under + standing.covered - style.most_covered
    hard = {"covers_subject": np.where((over > 0) & (under > 0), BROKEN * (1 + np.maximum(over, 0.0)), 0.0)}
    for limit in standing.blocked:
        shared = _shared(left, top, right, bottom, limit.box, np.where(panel, rim, 0.0))
        penalty = np.where(shared > 0, BROKEN * (1 + shared / (width * height)), 0.0)
        hard[limit.reason] = hard.get(limit.reason, 0.0) + penalty
    hard["small_text"] = np.where(size < style.smallest_px, BROKEN * (style.smallest_px / size), 0.0)
    total = sum(
        (WEIGHTS[name] * term for name, term in soft.items()), np.zeros(np.broadcast_shapes(left.shape, top.shape))
    )
    return Costs(soft, hard, panel, total + sum(hard.values()))


_Indices = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def indices(
    left: np.ndarray, top: np.ndarray, right: np.ndarray, bottom: np.ndarray, canvas: Canvas, windows: Windows
) -> _Indices:
    """Boxes in the maps' pixels, rounded outwards."""
    across, down = windows.width / canvas.width, windows.height / canvas.height
    return (
        np.floor(left * across + 1e-6).astype(np.int64),
        np.floor(top * down + 1e-6).astype(np.int64),
        np.ceil(right * across - 1e-6).astype(np.int64),
        np.ceil(bottom * down - 1e-6).astype(np.int64),
    )


def _count(
    left: np.ndarray, top: np.ndarray, right: np.ndarray, bottom: np.ndarray, canvas: Canvas, windows: Windows
) -> np.ndarray:
    """Pixels of the maps in boxes."""
    x1, y1, x2, y2 = indices(left, top, right, bottom, canvas, windows)
    across = np.clip(x2, 0, windows.width) - np.clip(x1, 0, windows.width)
    down = np.clip(y2, 0, windows.height) - np.clip(y1, 0, windows.height)
    return np.asarray(np.maximum(1, across * down))


def _smallness(size: np.ndarray, largest: float) -> np.ndarray:
    smaller = np.log(largest / size)
    return np.asarray(np.maximum(0.0, smaller) + 2 * np.maximum(0.0, smaller + np.log(_COMFORTABLE)))


def _off_axis(
    left: np.ndarray, right: np.ndarray, canvas: Canvas, style: Style, axes: tuple[tuple[float, ...], tuple[float, ...]]
) -> np.ndarray:
    nearest = np.abs((left + right) / 2 - canvas.width / 2)
    for axis in (style.margin_px, *axes[0]):
        nearest = np.minimum(nearest, np.abs(left - axis))
    for axis in (canvas.width - style.margin_px, *axes[1]):
        nearest = np.minimum(nearest, np.abs(right - axis))
    return np.asarray(np.minimum(1.0, nearest / (0.1 * canvas.width)))


def _imbalance(x: np.ndarray, share: np.ndarray, ground: Ground) -> np.ndarray:
    """Distance of the common centre of subject and text from the middle line, [0, 1]."""
    mass = ground.weight + share
    return np.asarray(2 * np.abs((ground.weight * ground.centre[0] + share * x) / np.maximum(mass, 1e-6) - 0.5))


def _middle_beside(picture: Box, canvas: Canvas) -> tuple[float, float]:
    """The middle of the ground that a photo (px) leaves free, as shares of the canvas's width and height."""
    across, down = (
        0.5 if max(before, after) < 0.1 else before / 2 if before >= after else 1 - after / 2
        for before, after in (
            (picture[0] / canvas.width, 1 - picture[2] / canvas.width),
            (picture[1] / canvas.height, 1 - picture[3] / canvas.height),
        )
    )
    return across, down


def _apart(
    left: np.ndarray, top: np.ndarray, right: np.ndarray, bottom: np.ndarray, other: Box, canvas: Canvas
) -> np.ndarray:
    across = np.maximum(0.0, np.maximum(other[0] - right, left - other[2]))
    down = np.maximum(0.0, np.maximum(other[1] - bottom, top - other[3]))
    return np.asarray(np.hypot(across, down) / np.hypot(canvas.width, canvas.height))


def _off_target(
    left: np.ndarray, top: np.ndarray, right: np.ndarray, bottom: np.ndarray, target: Box, canvas: Canvas
) -> np.ndarray:
    shared = _shared(left, top, right, bottom, target, np.zeros(1))
    union = (right - left) * (bottom - top) + (target[2] - target[0]) * (target[3] - target[1]) - shared
    across = ((left + right) - (target[0] + target[2])) / 2 / canvas.width
    down = ((top + bottom) - (target[1] + target[3])) / 2 / canvas.height
    return np.asarray(0.5 * (1 - shared / np.maximum(union, 1.0)) + 0.5 * np.minimum(1.0, np.hypot(across, down)))


def _shared(
    left: np.ndarray, top: np.ndarray, right: np.ndarray, bottom: np.ndarray, box: Box, pad: np.ndarray
) -> np.ndarray:
    """Area that boxes, grown by `pad`, share with another."""
    across = np.minimum(right + pad, box[2]) - np.maximum(left - pad, box[0])
    down = np.minimum(bottom + pad, box[3]) - np.maximum(top - pad, box[1])
    return np.asarray(np.maximum(0.0, across) * np.maximum(0.0, down))
