"""Layouts as arrays, and a metric's outcome as a total and a weight a layout.

Every metric here is a ratio of sums: the mean over layouts (weight 1, or 0 where the layout is excluded) or a mean over
things in them (weight = number of elements, pairs or boxes: such a metric is pooled). One shape for both makes means,
exclusions and bootstrap intervals the same few lines for all.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

EMPTY, TEXT, LOGO, UNDERLAY, EMBELLISHMENT = range(5)
CLASSES = {"text": TEXT, "logo": LOGO, "underlay": UNDERLAY, "embellishment": EMBELLISHMENT}
_CHUNK = 256  # layouts: (8, 8, 256) float64 is 128 KiB, so that a dozen of them stay in the second-level cache


@dataclass(frozen=True)
class Layouts:
    """`boxes` (n, m, 4) float64, ltrb normalised to the canvas; `classes` (n, m) int8, EMPTY where there is none;
    `dropped` (n,) counts elements whose box is not finite or whose class is unknown: they are empty here."""

    boxes: np.ndarray
    classes: np.ndarray
    dropped: np.ndarray

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def of(cls, boxes: np.ndarray, classes: np.ndarray) -> "Layouts":
        """Copy boxes (n, m, 4) and classes (n, m) into layouts; what can't be measured is emptied and counted."""
        boxes, classes = np.array(boxes, np.float64), np.array(classes, np.int64)
        if boxes.ndim != 3 or boxes.shape[2] != 4 or boxes.shape[:2] != classes.shape:
            raise ValueError(f"boxes {boxes.shape} and classes {classes.shape} are not (n, m, 4) and (n, m)")
        # 1e6 canvases away is no place: squares of such numbers would overflow later on.
        wrong = (classes != EMPTY) & (~(np.abs(boxes) < 1e6).all(2) | (classes < EMPTY) | (classes > EMBELLISHMENT))
        classes[wrong] = EMPTY
        boxes[classes == EMPTY] = 0.0
        return cls(boxes, classes.astype(np.int8), wrong.sum(1))

    @classmethod
    def from_lists(cls, layouts: Sequence[Sequence[tuple[int, Sequence[float]]]]) -> "Layouts":
        """Layouts from lists of (class, box)."""
        most = max((len(layout) for layout in layouts), default=0)
        boxes, classes = np.zeros((len(layouts), most, 4)), np.zeros((len(layouts), most), np.int64)
        for i, layout in enumerate(layouts):
            for k, (kind, box) in enumerate(layout):
                boxes[i, k], classes[i, k] = box, kind
        return cls.of(boxes, classes)

    def chunks(self) -> Iterator["Layouts"]:
        """Pieces of a few hundred layouts, their elements moved to the front and the empty rest cut off."""
        for first in range(0, len(self), _CHUNK):
            piece = slice(first, first + _CHUNK)
            boxes, classes = self.boxes[piece], self.classes[piece]
            most = int((classes != EMPTY).sum(1).max(initial=0))
            if most < classes.shape[1]:
                order = np.argsort(classes == EMPTY, axis=1, kind="stable")[:, :most]
                boxes = np.take_along_axis(boxes, order[..., None], 1)
                classes = np.take_along_axis(classes, order, 1)
            yield Layouts(boxes, classes, self.dropped[piece])


@dataclass(frozen=True)
class Score:
    """A metric of n layouts: `total` (n,) and `weight` (n,), both float64; weight 0 is an excluded layout."""

    total: np.ndarray
    weight: np.ndarray

    @property
    def defined(self) -> np.ndarray:
        """Which layouts count, (n,) bool."""
        return np.asarray(self.weight > 0)

    @property
    def values(self) -> np.ndarray:
        """The metric of each layout, (n,); 0 where it is not defined."""
        return np.asarray(np.divide(self.total, self.weight, out=np.zeros_like(self.total), where=self.weight > 0))

    @property
    def mean(self) -> float | None:
        """The metric of all layouts together; None where no layout counts."""
        weight = float(self.weight.sum())
        return float(self.total.sum()) / weight if weight > 0 else None

    @property
    def excluded(self) -> int:
        """How many layouts do not count."""
        return int((self.weight <= 0).sum())


def score(total: np.ndarray, weight: np.ndarray | None = None) -> Score:
    """A score of totals and weights; every layout counts once where no weight is given."""
    total = np.asarray(total, np.float64)
    weight = np.ones_like(total) if weight is None else np.asarray(weight, np.float64)
    return Score(np.where(weight > 0, total, 0.0) + 0.0, weight)  # + 0.0 turns -0.0 into 0


def join(parts: Sequence[dict[str, Score]], names: Sequence[str]) -> dict[str, Score]:
    """Scores of consecutive pieces as scores of the whole."""
    empty = np.zeros(0)
    return {
        name: Score(
            np.concatenate([empty, *(part[name].total for part in parts)]),
            np.concatenate([empty, *(part[name].weight for part in parts)]),
        )
        for name in names
    }


def divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """`above / below`, 0 where `below` is 0."""
    below = np.broadcast_to(below, np.broadcast_shapes(above.shape, below.shape))
    return np.asarray(np.divide(above, below, out=np.zeros(below.shape), where=below != 0))


def intersections(boxes: np.ndarray) -> np.ndarray:
    """Areas that each two of m boxes share: (4, m, n) to (m, m, n)."""
    left, top, right, bottom = boxes
    across = np.minimum(right[:, None], right[None]) - np.maximum(left[:, None], left[None])
    down = np.minimum(bottom[:, None], bottom[None]) - np.maximum(top[:, None], top[None])
    return np.asarray(np.maximum(across, 0) * np.maximum(down, 0))


def others(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Ordered pairs i != j with `first[i]` and `second[j]`: two (m, n) bool to (m, m, n) bool."""
    pairs = first[:, None] & second[None]
    pairs[np.arange(len(first)), np.arange(len(first))] = False
    return np.asarray(pairs)


def axes(boxes: np.ndarray) -> np.ndarray:
    """The six lines that designers align to: left, top, middle x, middle y, right, bottom; (4, m, n) to (6, m, n)."""
    left, top, right, bottom = boxes
    return np.stack([left, top, (left + right) / 2, (top + bottom) / 2, right, bottom])
