"""The PKU PosterLayout protocol, twice: `pku_compat` as its authors' program computes it, `pku` as its paper means it.

Source: Hsu et al., PosterLayout, CVPR 2023 (arXiv 2303.15937), `eval.py` of PKU-ICST-MIPL/PosterLayout-CVPR2023. The
canvas is 513 x 750 px; a layout of another shape is scaled to it. Classes: text, logo, underlay.

Graphic metrics (Σ over elements that survive Val):

- **val** (higher is better, pooled): share of elements that cover at least 0.1 % of the canvas (384.75 px²) after
  clipping. The others are then dropped. Compat: |w·h|, so that a box outside the canvas, whose clipped width and
  height are both negative, is valid.
- **ove** (lower): Σ over pairs of IoU, divided by the number of elements (not of pairs), underlays left out.
- **ali** (lower): n · g(smallest distance of any two elements on any of the 6 axes), g(x) = -log10(1 - x), x
  normalised. One aligned pair makes it 0. Fewer than two elements: 0. x >= 1, where the program fails: taken as 1 -
  1e-9.
- **und_l** (higher): mean over underlays of max over other elements of |u∩o| / |o|; layouts without underlays
  excluded.
- **und_s** (higher): mean over underlays of 1[some element inside]; excluded alike. Compat: the right edge is not
  tested.

Content metrics, of a saliency map S in [0, 1] (the protocol's is the maximum of two networks' maps: another map is
another number) and the photo:

- **uti** (higher): Σ (1 - S)·M / Σ (1 - S), M the union of all elements. **occ** (lower): Σ S·M / Σ M.
- **rea** (lower): Σ G·T / Σ T, T text minus underlays, G the gradient's size by its maximum. Compat: Sobel on uint8,
  which clips at 0 and 255 and whose squares wrap at 256; in float32 the numbers are about ten times smaller.
- Compat: boxes are truncated to whole pixels and a negative coordinate counts from the far edge, as Python slices do.
  Corrected: boxes are clipped and rounded.

Empty layouts have ove, ali, uti, occ, rea 0 and no val, und_l, und_s; a flat picture has rea 0; a map that is 1
everywhere has uti 0. Bad where: ali rewards a single pair; occ is only better lower where the product must stay free.
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

WIDTH, HEIGHT = 513, 750
SMALLEST_PX2 = 5.13 * 7.50 * 10
GRAPHIC = ("val", "ove", "ali", "und_l", "und_s")
CONTENT = ("uti", "occ", "rea")
_FAR = 1 - 1e-9


def pku_compat(layouts: Layouts) -> dict[str, Score]:
    """The graphic metrics with the reference program's quirks."""
    return join([_graphic(chunk, compat=True) for chunk in layouts.chunks()], GRAPHIC)


def pku(layouts: Layouts) -> dict[str, Score]:
    """The graphic metrics, corrected."""
    return join([_graphic(chunk, compat=False) for chunk in layouts.chunks()], GRAPHIC)


def _px(boxes: np.ndarray) -> np.ndarray:
    """Boxes (..., 4) in px, rounded to float32 as the reference has them."""
    return np.asarray(boxes.astype(np.float32) * np.array([WIDTH, HEIGHT, WIDTH, HEIGHT], np.float32))


def _valid(boxes_px: np.ndarray, compat: bool) -> np.ndarray:
    """Which boxes (4, ...) are large enough."""
    width = np.minimum(boxes_px[2], WIDTH) - np.maximum(boxes_px[0], 0)
    height = np.minimum(boxes_px[3], HEIGHT) - np.maximum(boxes_px[1], 0)
    covered = np.abs(width * height) if compat else np.maximum(width, 0) * np.maximum(height, 0)
    return np.asarray(covered >= SMALLEST_PX2)


def _graphic(layouts: Layouts, *, compat: bool) -> dict[str, Score]:
    px = np.ascontiguousarray(_px(layouts.boxes).transpose(2, 1, 0))
    classes = np.ascontiguousarray(layouts.classes.T)
    given = classes != EMPTY
    present = given & _valid(px, compat)
    underlay, other = present & (classes == UNDERLAY), present & (classes != UNDERLAY)
    boxes = px.astype(np.float64)
    area = (boxes[2] - boxes[0]) * (boxes[3] - boxes[1])
    shared = intersections(boxes)
    pairs = others(other, other)
    iou = divide(np.where(pairs, shared, 0.0), area[:, None] + area[None] - shared)
    bearing = others(underlay, other)
    ratio = np.where(bearing, divide(shared, np.where(area == 0, 0.0, area)[None]), 0.0)
    inside = bearing & (boxes[0][:, None] <= boxes[0][None]) & (boxes[1][:, None] <= boxes[1][None])
    inside &= boxes[3][:, None] >= boxes[3][None]
    if not compat:
        inside &= boxes[2][:, None] >= boxes[2][None]
    underlays = underlay.sum(0)
    loose = np.where(underlay, ratio.max(1, initial=0.0), 0.0).sum(0)
    strict = (inside.any(1) & underlay).sum(0)
    return {
        "val": score(present.sum(0), given.sum(0)),
        "ove": score(divide(iou.sum((0, 1)) / 2, other.sum(0).astype(np.float64))),
        "ali": score(_alignment(px, present, compat)),
        "und_l": score(divide(loose, underlays.astype(np.float64)), underlays > 0),
        "und_s": score(divide(strict.astype(np.float64), underlays.astype(np.float64)), underlays > 0),
    }


def _alignment(px: np.ndarray, present: np.ndarray, compat: bool) -> np.ndarray:
    scaled = px / np.array([WIDTH, HEIGHT, WIDTH, HEIGHT], np.float32)[:, None, None]
    smallest = np.full(present.shape[1], np.inf, np.float32)
    apart = ~others(present, present)
    for line in axes(scaled):
        distance = np.abs(line[:, None] - line[None])
        distance[apart] = np.inf
        np.minimum(smallest, distance.min((0, 1), initial=np.inf), out=smallest)
    count = present.sum(0)
    distance = np.where(count > 1, smallest, np.float32(0))
    free = np.float32(1) - distance if compat else 1 - distance.astype(np.float64)  # the program subtracts in float32
    return np.asarray(count * -np.log10(np.maximum(free.astype(np.float64), 1 - _FAR)))


def pku_compat_content(
    layouts: Layouts, saliency: Sequence[np.ndarray], images: Sequence[np.ndarray]
) -> dict[str, Score]:
    """The content metrics with the quirks; maps (750, 513) float in [0, 1], photos (750, 513, 3) uint8 RGB."""
    return _content(layouts, saliency, images, compat=True)


def pku_content(layouts: Layouts, saliency: Sequence[np.ndarray], images: Sequence[np.ndarray]) -> dict[str, Score]:
    """The content metrics, corrected; inputs as for `pku_compat_content`."""
    return _content(layouts, saliency, images, compat=False)


def _content(
    layouts: Layouts, saliency: Sequence[np.ndarray], images: Sequence[np.ndarray], *, compat: bool
) -> dict[str, Score]:
    values = np.zeros((len(CONTENT), len(layouts)))
    for i in range(len(layouts)):
        px = _px(layouts.boxes[i])
        keep = (layouts.classes[i] != EMPTY) & _valid(px.T, compat)
        classes = layouts.classes[i][keep]
        cells = raster.truncated(px[keep]) if compat else raster.rounded(px[keep], WIDTH, HEIGHT)
        covered, text = raster.masks(cells, classes == TEXT, classes == UNDERLAY, (HEIGHT, WIDTH))
        values[:2, i] = raster.use_of(saliency[i], covered)
        if compat:
            values[2, i] = raster.mean_under(raster.gradient_uint8(images[i]), text) if text.any() else 0.0
        else:
            values[2, i] = raster.mean_gradient(images[i], text)
    return {name: score(value) for name, value in zip(CONTENT, values, strict=True)}
