"""The RALF protocol: layouts normalised to the canvas, content at 240 x 350 px, at most about ten elements.

Source: Horita et al., RALF, CVPR 2024 (arXiv 2311.13602), `metric.py` of CyberAgentAILab/RALF; alignment and overlap
are LayoutGAN++'s (Kikuchi et al. 2021). Elements that fail validity are dropped before all else.

- **validity** (higher is better, pooled): share of elements with w·h > 1e-3, unclipped.
- **overlay** (lower): mean IoU over unordered pairs of elements that are no underlays; layouts with fewer than two
  excluded.
- **alignment** (lower): (1/n) Σ_i -log10(1 - d_i), d_i the smallest distance to another element on any of 6 axes,
  edges clipped to [0, 1]; one element: 0. The reference lets empty slots of a batch, all at 0, count as neighbours,
  so that its number depends on the batch; here only elements do.
- **overlap** (lower): (1/n) Σ over i != j of |i∩j| / |i|, clipped; an empty i gives 0.
- **underlay_loose**, **underlay_strict** (higher): mean over underlays of max over others of |u∩o| / |o|, and of
  1[some ratio >= 1 - 1.2e-7]; layouts of one element or without underlays excluded.
- **utilization** (higher), **occlusion** (lower): as PKU's uti and occ, boxes clipped and rounded.
- **unreadability** (lower): mean of the float32 Sobel gradient, by its maximum, over text minus underlays; 0 where
  there is none, and 0 on a flat picture, where the reference gives NaN.

Empty layouts: alignment, overlap, utilization, occlusion, unreadability 0; the others excluded. Not comparable with
PKU's numbers of like names.
"""

from collections.abc import Sequence

import numpy as np

from layoutgen.core.metrics import raster
from layoutgen.core.metrics.layouts import (
    EMPTY,
    TEXT,
    UNDERLAY,
    Layouts,
    Score,
    axes,
    divide,
    intersections,
    join,
    others,
    score,
)

WIDTH, HEIGHT = 240, 350
SMALLEST = 1e-3
GRAPHIC = ("validity", "overlay", "alignment", "overlap", "underlay_loose", "underlay_strict")
CONTENT = ("utilization", "occlusion", "unreadability")
_WHOLE = 1 - float(np.finfo(np.float32).eps)
_FAR = 1 - 1e-9


def ralf(layouts: Layouts) -> dict[str, Score]:
    """The graphic metrics."""
    return join([_graphic(chunk) for chunk in layouts.chunks()], GRAPHIC)


def _sides(boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return boxes[2] - boxes[0], boxes[3] - boxes[1]


def _valid(boxes: np.ndarray) -> np.ndarray:
    width, height = _sides(boxes)
    return np.asarray((width > 0) & (height > 0) & (width * height > SMALLEST))


def _graphic(layouts: Layouts) -> dict[str, Score]:
    boxes = np.ascontiguousarray(layouts.boxes.transpose(2, 1, 0))
    classes = np.ascontiguousarray(layouts.classes.T)
    given = classes != EMPTY
    present = given & _valid(boxes)
    underlay, other = present & (classes == UNDERLAY), present & (classes != UNDERLAY)
    area = np.multiply(*_sides(boxes))
    shared = intersections(boxes)
    pairs = others(other, other)
    iou = divide(np.where(pairs, shared, 0.0), area[:, None] + area[None] - shared)
    ordered = pairs.sum((0, 1)).astype(np.float64)
    bearing = others(underlay, other)
    ratio = np.where(bearing, divide(shared, area[None]), 0.0).max(1, initial=0.0)
    count, underlays = present.sum(0).astype(np.float64), underlay.sum(0).astype(np.float64)
    bears = (underlays > 0) & (count > 1)
    return {
        "validity": score(present.sum(0), given.sum(0)),
        "overlay": score(divide(iou.sum((0, 1)), ordered), ordered > 0),
        "alignment": score(_alignment(boxes, present, count)),
        "overlap": score(_overlap(boxes, present, count)),
        "underlay_loose": score(divide(np.where(underlay, ratio, 0.0).sum(0), underlays), bears),
        "underlay_strict": score(divide((underlay & (ratio >= _WHOLE)).sum(0).astype(np.float64), underlays), bears),
    }


def _alignment(boxes: np.ndarray, present: np.ndarray, count: np.ndarray) -> np.ndarray:
    lines = axes(boxes)
    lines[[0, 1, 4, 5]] = np.clip(lines[[0, 1, 4, 5]], 0, 1)
    apart = ~others(present, present)
    nearest = np.full(present.shape, np.inf)
    for line in lines:
        distance = np.abs(line[:, None] - line[None])
        distance[apart] = np.inf
        np.minimum(nearest, distance.min(1, initial=np.inf), out=nearest)
    distance = np.minimum(np.where(np.isfinite(nearest), nearest, 0.0), _FAR)
    return divide(-np.log10(1 - distance).sum(0), count)


def _overlap(boxes: np.ndarray, present: np.ndarray, count: np.ndarray) -> np.ndarray:
    inside = np.clip(boxes, 0, 1)
    shared = np.where(others(present, present), intersections(inside), 0.0)
    return divide(divide(shared, np.multiply(*_sides(inside))[:, None]).sum((0, 1)), count)


def ralf_content(layouts: Layouts, saliency: Sequence[np.ndarray], images: Sequence[np.ndarray]) -> dict[str, Score]:
    """The content metrics; maps (350, 240) float in [0, 1], photos (350, 240, 3) uint8 RGB."""
    values = np.zeros((len(CONTENT), len(layouts)))
    for i in range(len(layouts)):
        keep = (layouts.classes[i] != EMPTY) & _valid(layouts.boxes[i].T)
        classes = layouts.classes[i][keep]
        cells = raster.rounded(layouts.boxes[i][keep] * (WIDTH, HEIGHT, WIDTH, HEIGHT), WIDTH, HEIGHT)
        covered, text = raster.masks(cells, classes == TEXT, classes == UNDERLAY, (HEIGHT, WIDTH))
        values[:2, i] = raster.use_of(saliency[i], covered)
        values[2, i] = raster.mean_gradient(images[i], text)
    return {name: score(value) for name, value in zip(CONTENT, values, strict=True)}
