"""Takes the text out of a poster, and hides where it was.

Whoever erases leaves marks: a smooth patch, a seam, missing grain. A model that is shown erased posters would learn to
find the marks. So regions of text-like shapes where no text was are treated in just the same way: the same filling, the
same soft edge, the same grain, in surroundings as restless as those of the text. A mark then tells no more than that
something may have been there.

What stays is what is no text: a panel or a pill that text stood on remains in the picture.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from layoutgen.core.layout import Box, intersection

Rng = np.random.Generator
_PAD = 0.14  # of a box's height, for shadows and strokes around the glyphs
_FILL_SIDE = 224  # px at which regions are filled: what is filled is smooth
_RADIUS = 4
_TRIES = 40
_RING = 0.5  # of a box's height


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
    kept = (mask == 0).astype(np.float32)
    weight = cv2.resize(kept, size, interpolation=cv2.INTER_AREA)[..., None]
    mean = cv2.resize(image.astype(np.float32) * kept[..., None], size, interpolation=cv2.INTER_AREA)
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
    """Boxes shaped like text where none is: the arrangement of the text, mirrored or moved, where that keeps clear of
    it, else single ones, each where the surroundings are about as restless as those of a text."""
    energy = _energy(image)
    wanted = [_around(energy, box) for box in boxes]
    found: list[Box] = []
    for moved in _arrangements(boxes, rng):
        apart = [box for box in moved if _is_clear(box, [*boxes, *found])]
        if len(apart) == len(moved):
            found = list(apart)
            break
    for _ in range(4 * len(boxes)):
        if len(found) >= len(boxes):
            break
        like = boxes[int(rng.integers(len(boxes)))]
        goal = wanted[int(rng.integers(len(boxes)))]
        width = min(0.96, (like[2] - like[0]) * float(rng.uniform(0.7, 1.3)))
        height = min(0.5, (like[3] - like[1]) * float(rng.uniform(0.85, 1.15)))
        corners = rng.uniform(0.02, 1, (_TRIES, 2)) * (0.98 - np.array([width, height]))
        tried = [(float(x), float(y), float(x + width), float(y + height)) for x, y in corners]
        clear = [box for box in tried if _is_clear(box, [*boxes, *found])]
        if clear:
            found.append(min(clear, key=lambda box: abs(_around(energy, box) - goal)))
    return found


def _arrangements(boxes: Sequence[Box], rng: Rng) -> list[list[Box]]:
    """The boxes mirrored to the other side, to the other end, and moved."""
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
    moved = []
    for _ in range(6):
        dx, dy = rng.uniform(-left, max(1 - right, -left)), rng.uniform(-top, max(1 - bottom, -top))
        moved.append([(b[0] + dx, b[1] + dy, b[2] + dx, b[3] + dy) for b in boxes])
    across = [(1 - b[2], b[1], 1 - b[0], b[3]) for b in boxes]
    shift = 1 - bottom - top
    below = [(b[0], b[1] + shift, b[2], b[3] + shift) for b in boxes]
    return [[across, below, *moved][int(i)] for i in rng.permutation(8)]


def _is_clear(box: Box, others: Sequence[Box]) -> bool:
    inside = min(box[0], box[1]) >= 0 and max(box[2], box[3]) <= 1
    return inside and not any(intersection(box, other) > 0 for other in others)


def _energy(image: np.ndarray) -> np.ndarray:
    """Summed-area table of how restless an image is, at a quarter of its size."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (max(8, grey.shape[1] // 4), max(8, grey.shape[0] // 4)), interpolation=cv2.INTER_AREA)
    slope = np.hypot(cv2.Sobel(small, cv2.CV_32F, 1, 0), cv2.Sobel(small, cv2.CV_32F, 0, 1))
    return np.asarray(cv2.integral(np.log1p(slope)))


def _around(energy: np.ndarray, box: Box) -> float:
    """How restless the ring around a box is."""
    pad = _RING * (box[3] - box[1])
    outer = (box[0] - pad, box[1] - pad, box[2] + pad, box[3] + pad)
    whole, count = _sum(energy, outer)
    inner, taken = _sum(energy, box)
    return (whole - inner) / max(1.0, count - taken)


def _sum(table: np.ndarray, box: Box) -> tuple[float, float]:
    height, width = table.shape[0] - 1, table.shape[1] - 1
    x1, y1, x2, y2 = _px(box, width, height)
    total = table[y2, x2] - table[y1, x2] - table[y2, x1] + table[y1, x1]
    return float(total), float((x2 - x1) * (y2 - y1))


def _grain(image: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """How grainy an image is near each pixel, (h, w) grey levels, from the pixels that are not masked."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    rough = np.abs(grey - cv2.medianBlur(grey, 3))
    kept = (cv2.dilate(mask, np.ones((5, 5), np.uint8)) == 0).astype(np.float32)
    sigma = max(image.shape[:2]) / 24
    near = cv2.GaussianBlur(np.minimum(rough, 12) * kept, (0, 0), sigma)
    return np.asarray(near / np.maximum(cv2.GaussianBlur(kept, (0, 0), sigma), 1e-3), np.float32)


def _px(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    x1, y1 = (int(min(max(v, 0.0), 1.0) * side) for v, side in zip(box[:2], (width, height), strict=True))
    x2, y2 = (int(np.ceil(min(max(v, 0.0), 1.0) * side)) for v, side in zip(box[2:], (width, height), strict=True))
    return x1, y1, max(x2, min(x1 + 1, width)), max(y2, min(y1 + 1, height))
