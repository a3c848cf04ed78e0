"""Boxes as tensors (..., 4), normalised to the canvas: x by its width, y by its height.

`ltrb` is left, top, right, bottom; `cxcywh` is centre, width, height; a signal is what diffusion adds noise to:

    signal = (2 · cxcywh - 1) · SCALE,  clamped to ±SCALE        (Chen et al. 2023, DiffusionDet)
"""

import math

import numpy as np
import torch
from torch import Tensor

SCALE = 2.0
"""Signal-to-noise scale of boxes."""
_LEAST = 1e-4  # sides of boxes that a network sees: no box is a line
_EDGE = 2e-3
_DELTA_WEIGHTS = (2.0, 2.0, 1.0, 1.0)
_MOST_GROWTH = math.log(1000.0)


def to_ltrb(cxcywh: Tensor) -> Tensor:
    """Centre and size to edges."""
    centre, half = cxcywh[..., :2], cxcywh[..., 2:] / 2
    return torch.cat([centre - half, centre + half], -1)


def to_cxcywh(ltrb: Tensor) -> Tensor:
    """Edges to centre and size."""
    low, high = ltrb[..., :2], ltrb[..., 2:]
    return torch.cat([(low + high) / 2, high - low], -1)


def to_signal(ltrb: Tensor) -> Tensor:
    """Boxes as signal, not clamped."""
    return (2 * to_cxcywh(ltrb) - 1) * SCALE


def from_signal(signal: Tensor) -> Tensor:
    """A clamped signal as boxes, ltrb."""
    cxcywh = (signal.clamp(-SCALE, SCALE) / SCALE + 1) / 2
    return to_ltrb(torch.cat([cxcywh[..., :2], cxcywh[..., 2:].clamp(min=_LEAST)], -1))


def in_px(ltrb: Tensor, sizes: Tensor) -> Tensor:
    """Boxes (b, n, 4) in px of canvases whose (width, height) are `sizes` (b, 2): x times width, y times height."""
    return ltrb * torch.cat([sizes, sizes], -1)[:, None]


def refined(ltrb: Tensor, deltas: Tensor) -> Tensor:
    """Boxes moved by (dx, dy) / 2 of their size and grown by e^(dw, dh) (Girshick et al. 2014, its weights halved)."""
    old = to_cxcywh(ltrb)
    weights = deltas.new_tensor(_DELTA_WEIGHTS)
    deltas = deltas / weights
    size = old[..., 2:].clamp(min=_LEAST)
    centre = old[..., :2] + deltas[..., :2] * size
    return to_ltrb(torch.cat([centre, size * deltas[..., 2:].clamp(max=_MOST_GROWTH).exp()], -1))


def set_anew(ltrb: Tensor, told: Tensor) -> Tensor:
    """Boxes whose centre and size are σ(σ(γ) · σ⁻¹(cxcywh) + δ), of `told` = [δ, γ] (..., 8): where γ is high a box of
    any size crosses the canvas by the same δ (Zhu et al. 2021, Deformable DETR), where it is low the box does not
    matter, as at times when it is nothing but noise."""
    shift, keep = told.chunk(2, -1)
    old = to_cxcywh(ltrb).clamp(_EDGE, 1 - _EDGE)
    return to_ltrb((keep.sigmoid() * old.logit() + shift).sigmoid())


def iou_giou(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """IoU and generalised IoU (Rezatofighi et al. 2019) of boxes of equal or broadcast shapes (..., 4):

    GIoU = IoU - (hull - union) / hull, in [-1, 1].
    """
    both = _area(torch.cat([torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])], -1))
    hull = _area(torch.cat([torch.minimum(a[..., :2], b[..., :2]), torch.maximum(a[..., 2:], b[..., 2:])], -1))
    union = _area(a) + _area(b) - both
    iou = both / union.clamp(min=1e-9)
    return iou, iou - (hull - union) / hull.clamp(min=1e-9)


def survivors(ltrb: Tensor, scores: Tensor, threshold: float) -> Tensor:
    """Which of the boxes (n, 4) no box of a higher score (n,) overlaps by an IoU above `threshold`: greedy
    non-maximum suppression, (n,) bool. Of equal scores the first wins."""
    covers = (iou_giou(ltrb[:, None], ltrb[None])[0] > threshold).cpu().numpy()
    kept = np.zeros(len(ltrb), bool)
    for i in scores.argsort(descending=True, stable=True).tolist():
        kept[i] = not (covers[i] & kept).any()
    return torch.from_numpy(kept).to(ltrb.device)


def _area(ltrb: Tensor) -> Tensor:
    return (ltrb[..., 2:] - ltrb[..., :2]).clamp(min=0).prod(-1)
