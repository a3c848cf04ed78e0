"""Which proposal learns which element: SimOTA (Ge et al. 2021, YOLOX).

    cost_ij = 5 · focal_ij + |b_i - b_j|₁ - GIoU_ij + 100 · [centre of i outside j or far from j's]
                                                    + 10⁴ · [centre of i outside all and far from all]
    k_j     = max(1, ⌊Σ of the 5 largest IoU with j⌋)

Element j takes the k_j proposals that cost least; a proposal that several took stays with the one it costs least; an
element left without one gets the cheapest that nobody has or that somebody can spare. focal_ij is the loss of calling i
j's role less that of calling it nothing. Far is more than 2.5 of j's sides away.
"""

import torch
from torch import Tensor

from layoutgen.models.denoising.boxes.tensors import iou_giou, to_cxcywh

ALPHA, GAMMA = 0.25, 2.0
"""Of the focal loss (Lin et al. 2017)."""
_NEAR = 2.5
_MOST = 5


@torch.no_grad()
def match(roles: Tensor, ltrb: Tensor, true_roles: Tensor, true_ltrb: Tensor) -> Tensor:
    """For each proposal (n,) the element it learns, -1 for none: from its logits (n, roles) and box (n, 4), and the
    elements' roles (m,) and boxes (m, 4). Needs m ≤ n; each element is learnt by at least one proposal."""
    proposals, elements = len(ltrb), len(true_ltrb)
    if elements > proposals:
        raise ValueError(f"{elements} elements for {proposals} proposals; give no more than there are proposals")
    taken = torch.full((proposals,), -1, dtype=torch.long, device=ltrb.device)
    if elements == 0:
        return taken
    iou, giou = iou_giou(ltrb[:, None], true_ltrb[None])
    apart = (ltrb[:, None] - true_ltrb[None]).abs().sum(-1)
    inside, near = _centred(ltrb, true_ltrb)
    cost = 5 * _focal(roles)[:, true_roles] + apart - giou + 100 * ~(inside & near)
    cost = cost + 10_000 * ~(inside | near).any(1, keepdim=True)
    wanted = iou.topk(min(_MOST, proposals), dim=0).values.sum(0).int().clamp(min=1)
    rank = cost.argsort(dim=0, stable=True).argsort(dim=0)
    takes = rank < wanted
    chosen = cost.masked_fill(~takes, torch.inf)
    has = takes.any(1)
    taken[has] = chosen[has].argmin(1)
    for j in range(elements):
        if not (taken == j).any():
            held = taken[taken >= 0].bincount(minlength=elements)
            spare = (taken < 0) | (held[taken.clamp(min=0)] > 1)
            taken[cost[:, j].masked_fill(~spare, torch.inf).argmin()] = j
    return taken


def _focal(logits: Tensor) -> Tensor:
    """What it costs to call each proposal each role, less what it costs to call it nothing: (n, roles)."""
    p = logits.sigmoid()
    yes = ALPHA * (1 - p) ** GAMMA * -(p + 1e-8).log()
    no = (1 - ALPHA) * p**GAMMA * -(1 - p + 1e-8).log()
    return yes - no


def _centred(ltrb: Tensor, true_ltrb: Tensor) -> tuple[Tensor, Tensor]:
    """Whether each proposal's centre is inside each element, and near its centre: (n, m) bool twice."""
    centre, true = to_cxcywh(ltrb)[:, None, :2], to_cxcywh(true_ltrb)[None]
    away = (centre - true[..., :2]).abs()
    return (away < true[..., 2:] / 2).all(-1), (away < _NEAR * true[..., 2:]).all(-1)
