"""The CGL-GAN and RADM protocol, R_*: one number over all layouts, so most of it is pooled.

Sources: Zhou et al., CGL-GAN, IJCAI 2022 (arXiv 2205.00303); Li et al., RADM, CVPR 2023, whose published `metrics.py`
is the reference program. Boxes are taken as they are, unclipped,.

- **r_occ** (higher is better): share of layouts that have an element.
- **r_com** (lower, pooled over text boxes): mean size of the 3x3 Sobel gradient, grey levels 0-255, in a text's box
  at the canvas's own size; boxes under 3 px excluded.
- **r_ove** (lower, pooled over ordered pairs): |i∩j| / |i|, underlays and embellishments left out.
- **r_und** (higher, pooled over underlays): max over others of |o∩u| / |u|, the share of the underlay that is used.
- **r_und_radm** (higher, pooled): the same by |o|, as RADM's program has it: the share of the element that is borne.
- **r_ali** (lower): mean over a layout's elements of min(-ln(1 - dx / W), -ln(1 - dy / H)), dx and dy the smallest
  distances to another element on the axes across and down; layouts of fewer than two elements excluded. Distances of
  a canvas or more count as 1 - 1e-6 of it, which is the program's guard of the logarithm.

Elements without area are no partners: ratios by them are 0.
"""

from collections.abc import Sequence

import numpy as np

from layoutgen.core.metrics import raster
from layoutgen.core.metrics.layouts import (
    EMBELLISHMENT,
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

GRAPHIC = ("r_occ", "r_ove", "r_und", "r_und_radm", "r_ali")
CONTENT = ("r_com",)
_FAR = 1 - 1e-6


def cgl(layouts: Layouts) -> dict[str, Score]:
    """The graphic metrics."""
    return join([_graphic(chunk) for chunk in layouts.chunks()], GRAPHIC)


def _graphic(layouts: Layouts) -> dict[str, Score]:
    boxes = np.ascontiguousarray(layouts.boxes.transpose(2, 1, 0))
    classes = np.ascontiguousarray(layouts.classes.T)
    present, underlay = classes != EMPTY, classes == UNDERLAY
    plain = present & ~underlay & (classes != EMBELLISHMENT)
    area = np.maximum(boxes[2] - boxes[0], 0) * np.maximum(boxes[3] - boxes[1], 0)
    shared = intersections(boxes)
    pairs = others(plain, plain)
    bearing = others(underlay, present & ~underlay)
    borne = np.where(bearing, shared, 0.0)
    used, held = divide(borne.max(1, initial=0.0), area), divide(borne, area[None]).max(1, initial=0.0)
    count = present.sum(0)
    return {
        "r_occ": score(count > 0),
        "r_ove": score(divide(np.where(pairs, shared, 0.0), area[:, None]).sum((0, 1)), pairs.sum((0, 1))),
        "r_und": score(np.where(underlay, used, 0.0).sum(0), underlay.sum(0)),
        "r_und_radm": score(np.where(underlay, held, 0.0).sum(0), underlay.sum(0)),
        "r_ali": score(_alignment(boxes, present, count), count > 1),
    }


def _alignment(boxes: np.ndarray, present: np.ndarray, count: np.ndarray) -> np.ndarray:
    apart = ~others(present, present)
    nearest = np.full(present.shape, _FAR)  # the nearer of across and down: the logarithm is monotonic
    for line in axes(boxes):
        distance = np.abs(line[:, None] - line[None])
        distance[apart] = np.inf
        np.minimum(nearest, distance.min(1, initial=np.inf), out=nearest)
    return divide(np.where(present, -np.log(1 - nearest), 0.0).sum(0), count.astype(np.float64))


def cgl_content(layouts: Layouts, images: Sequence[np.ndarray]) -> dict[str, Score]:
    """r_com; photos (h, w, 3) uint8 RGB of any size."""
    total, weight = np.zeros(len(layouts)), np.zeros(len(layouts))
    for i, image in enumerate(images):
        texts = layouts.boxes[i][layouts.classes[i] == TEXT]
        if not len(texts):
            continue
        height, width = image.shape[:2]
        steep = raster.steepness(image)
        cells = raster.truncated(np.clip(texts, 0, 1) * (width, height, width, height))
        for left, top, right, bottom in cells.tolist():
            inner = steep[top : bottom - 2, left : right - 2] if min(right - left, bottom - top) > 2 else steep[:0]
            if inner.size:
                total[i] += float(inner.mean(dtype=np.float64))
                weight[i] += 1
    return {"r_com": score(total, weight)}
