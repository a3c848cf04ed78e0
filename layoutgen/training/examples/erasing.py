"""Takes the text out of a poster, and hides where it was.

Whoever erases leaves marks: a smooth patch, a seam, missing grain. A model that is shown erased posters would learn to
find the marks. So regions of text-like shapes where no text was are treated in just the same way: the same filling, the
same soft edge, the same grain, in surroundings as restless as those of the text. A mark then tells no more than that
something may have been there.

What stays is what is no text: a panel or a pill that text stood on remains in the picture.
"""

import hashlib
from collections.abc import Sequence

import cv2
import numpy as np

from layoutgen.core.layout import Box, intersection
from layoutgen.core.summed_area import box_sum

Rng = np.random.Generator
_PAD = 0.14  # of a box's height, for shadows and strokes around the glyphs
_FILL_SIDE = 224  # px at which regions are filled: what is filled is smooth
_RADIUS = 4
_TRIES = 40
_RING = 0.6  # of a box's height
_ALIKE = 0.6  # apart, at most, on the log scale of surroundings; stricter finds decoys on calm grounds only


def erase(image: np.ndarray, boxes: Sequence[Box], rng: Rng) -> tuple[np.ndarray, list[Box]]:
    """Erase `boxes` (ltrb, normalised to the image) and about as many decoys from an image (h, w, 3), uint8.

    Returns the picture and the decoys. No box: the image as it is, since there is nothing to hide.
    """
    if not boxes:
        return image, []
    height, width = image.shape[:2]
    true = [padded(box, width, height) for box in boxes]
    hidden = decoys(image, true, rng)
    return fill(image, [*true, *hidden], rng), hidden


def erase_in(photo: np.ndarray, image: str, boxes: Sequence[Box]) -> np.ndarray:
    """A photo (h, w, 3) of the URI `image` without what is in `boxes`. The image, not the sample's index, decides on
    the decoys: they must not move between epochs or data sets."""
    rng = np.random.default_rng(list(hashlib.sha256(image.encode()).digest()[:8]))
    return erase(photo, boxes, rng)[0]


def padded(box: Box, width: int, height: int) -> Box:
    """What is filled for a box of text in an image of `width` x `height` px: with room for shadows and strokes."""
    pad = max(2.0, _PAD * (box[3] - box[1]) * height)
    return (
        max(0.0, box[0] - pad / width),
        max(0.0, box[1] - pad / height),
        min(1.0, box[2] + pad / width),
        min(1.0, box[3] + pad / height),
    )


def fill(image: np.ndarray, boxes: Sequence[Box], rng: Rng) -> np.ndarray:
    """Fill boxes from their surroundings: inpainted (Telea 2004) on a small copy, blended in with soft edges, with the
    grain of what is around."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    for box in boxes:
        x1, y1, x2, y2 = _px(box, width, height)
        mask[y1:y2, x1:x2] = 255
    scale = min(1.0, _FILL_SIDE / max(height, width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    holes = (cv2.resize(mask, size, interpolation=cv2.INTER_AREA) > 0).astype(np.uint8)
    # Text outside the holes must not bleed into them: only pixels that are wholly outside are averaged.
    outside = (mask == 0).astype(np.float32)
    weight = cv2.resize(outside, size, interpolation=cv2.INTER_AREA)[..., None]
    mean = cv2.resize(image.astype(np.float32) * outside[..., None], size, interpolation=cv2.INTER_AREA)
    small = np.clip(mean / np.maximum(weight, 1e-3), 0, 255).astype(np.uint8)
    filled = cv2.inpaint(small, holes, _RADIUS, cv2.INPAINT_TELEA)
    filled = np.where(holes[..., None] > 0, cv2.GaussianBlur(filled, (0, 0), 1.5), filled)
    large = cv2.resize(filled, (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    large += _grain(image, mask)[..., None] * rng.standard_normal((height, width, 1), np.float32)
    # The edge is soft outwards: inwards it would let the text through.
    wide = cv2.dilate(mask, np.ones((5, 5), np.uint8))
    share = cv2.GaussianBlur(wide.astype(np.float32) / 255, (0, 0), 1.2)
    share = np.maximum(share, mask.astype(np.float32) / 255)[..., None]
    return np.clip(image * (1 - share) + large * share + 0.5, 0, 255).astype(np.uint8)


def decoys(image: np.ndarray, boxes: Sequence[Box], rng: Rng) -> list[Box]:
    """Boxes arranged like text where none is, in surroundings like those of the text: all of the arrangement moved
    elsewhere where there is such a place, else parts of it, else single boxes. Fewer than the texts, or none, where
    there is no such place."""
    around = _Surroundings(image, boxes)
    moved_boxes: list[Box] = []
    waiting = [sorted(boxes, key=lambda box: (box[1], box[0]))]
    while waiting:
        group = waiting.pop()
        moved = _moved(group, [*boxes, *moved_boxes], around, rng)
        if moved:
            moved_boxes += moved
        elif len(group) > 1:
            half = len(group) // 2
            waiting += [group[half:], group[:half]]
    return moved_boxes


def _moved(group: Sequence[Box], others: Sequence[Box], around: "_Surroundings", rng: Rng) -> list[Box] | None:
    """A group of boxes, stretched a little, at the place that is most like theirs; None where none is like it."""
    wanted = np.array([around.of(box) for box in group])
    left, top = min(box[0] for box in group), min(box[1] for box in group)
    right, bottom = max(box[2] for box in group), max(box[3] for box in group)
    best, least = None, _ALIKE
    for _ in range(_TRIES):
        wide, tall = rng.uniform(0.85, 1.15, 2)
        free_x, free_y = 1 - wide * (right - left), 1 - tall * (bottom - top)
        draws = rng.random(3)
        if free_x < 0 or free_y < 0:
            continue
        x, y = free_x * draws[0], free_y * draws[1]
        moved = [
            (x + wide * (b[0] - left), y + tall * (b[1] - top), x + wide * (b[2] - left), y + tall * (b[3] - top))
            for b in group
        ]
        if draws[2] < 0.5:  # lines that start together may as well end together
            moved = [
                (2 * x + wide * (right - left) - b[2], b[1], 2 * x + wide * (right - left) - b[0], b[3]) for b in moved
            ]
        if not all(_is_clear(box, others) for box in moved):
            continue
        apart = 0.0
        for box, goal in zip(moved, wanted, strict=True):
            apart = max(apart, float(np.abs(around.of(box) - goal).max()))
            if apart >= least:
                break
        else:
            best, least = moved, apart
    return best


def _is_clear(box: Box, others: Sequence[Box]) -> bool:
    inside = min(box[0], box[1]) >= 0 and max(box[2], box[3]) <= 1
    return inside and not any(intersection(box, other) > 0 for other in others)


class _Surroundings:
    """What is around a box: how steep and how varied the grey levels of its ring are, on a log scale, text left out."""

    def __init__(self, image: np.ndarray, texts: Sequence[Box]) -> None:
        height, width = (max(8, side // 4) for side in image.shape[:2])
        grey = cv2.cvtColor(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        weight = np.ones((height, width), np.float32)
        for box in texts:
            x1, y1, x2, y2 = _px(box, width, height)
            weight[max(0, y1 - 1) : y2 + 1, max(0, x1 - 1) : x2 + 1] = 0
        slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
        level = grey.astype(np.float32)
        layers = (weight, weight * np.log1p(slope), weight * level, weight * level**2)
        self._tables = [cv2.integral(layer, sdepth=cv2.CV_64F) for layer in layers]
        self._size = width, height

    def of(self, box: Box) -> np.ndarray:
        """Steepness, variation within sides, and variation from side to side: what a filling will be like, (3,)."""
        width, height = self._size
        pad = _RING * (box[3] - box[1])
        across = pad * height / width
        left, top, right, bottom = box[0] - across, box[1] - pad, box[2] + across, box[3] + pad
        sides = [
            np.array([box_sum(table, *_px(side, width, height)) for table in self._tables])
            for side in (
                (left, top, right, box[1]),
                (left, box[3], right, bottom),
                (left, top, box[0], bottom),
                (box[2], top, right, bottom),
            )
        ]
        visible = [side for side in sides if side[0] >= 1]
        if not visible:
            return np.zeros(3)
        count, slope, _, _ = np.sum(visible, 0)
        means = np.array([side[2] / side[0] for side in visible])
        spread = [np.sqrt(max(0.0, side[3] / side[0] - (side[2] / side[0]) ** 2)) for side in visible]
        return np.array([slope / count, np.log1p(np.mean(spread)), np.log1p(means.std())])


def _grain(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """How grainy an image is near each pixel, (h, w) grey levels, from the pixels that are not masked."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    rough = np.abs(grey - cv2.medianBlur(grey, 3))
    clear = (cv2.dilate(mask, np.ones((5, 5), np.uint8)) == 0).astype(np.float32)
    sigma = max(image.shape[:2]) / 24
    near = cv2.GaussianBlur(np.minimum(rough, 12) * clear, (0, 0), sigma)
    return np.asarray(near / np.maximum(cv2.GaussianBlur(clear, (0, 0), sigma), 1e-3), np.float32)


def _px(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    x1, y1 = (int(min(max(v, 0.0), 1.0) * side) for v, side in zip(box[:2], (width, height), strict=True))
    x2, y2 = (int(np.ceil(min(max(v, 0.0), 1.0) * side)) for v, side in zip(box[2:], (width, height), strict=True))
    return x1, y1, max(x2, min(x1 + 1, width)), max(y2, min(y1 + 1, height))
