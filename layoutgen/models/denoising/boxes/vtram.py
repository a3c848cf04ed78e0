"""Which text goes with which region: the visual-text relation module (VTRAM) of RADM.

For a region with features F (C, P) over P = pooled² positions and a normalised box b, and lines T (L, D):

    PE = W_b b                                             (C,): the box as one more position
    Q  = W_p [InstanceNorm(Conv F) ; PE]                   (C, P): P + 1 positions mixed to P
    K  = Conv T,  V = Conv T                               (C, L)
    A  = softmax over lines of (Qᵀ K / √d), 2 heads        lines that are not there have no share
    M  = GELU(Conv(GELU(Conv F) ⊙ InstanceNorm(Conv(A V))))
    m  = mean of M over positions                          (C,)

Conv is a convolution of kernel 1, InstanceNorm normalises each channel over the positions. So what all positions of a
region have in common in A V is lost, and a copy of a single line says nothing here; `head` knows of it otherwise.
Source: Li et al. 2023,
"Relation-Aware Diffusion Model for Controllable Poster Layout Generation", CIKM.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.models.denoising.boxes.sizes import Size

_HEADS = 2


class VisualTextRelation(nn.Module):
    """The module: m (b, n, C) of region features (b, n, P, C), boxes (b, n, 4), ltrb, normalised, and lines (b, l, D),
    of which those `there` (b, l) are. Without any line, A V is 0. Convolutions of kernel 1 are linear layers here, with
    channels last."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        width, positions = size.width, size.positions
        self.query = nn.Linear(width, width)
        self.box = nn.Linear(4, width)
        self.positions = nn.Linear(positions + 1, positions)
        self.key = nn.Linear(size.text, width)
        self.value = nn.Linear(size.text, width)
        self.told = nn.Linear(width, width)
        self.seen = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, features: Tensor, ltrb: Tensor, lines: Tensor, there: Tensor) -> Tensor:
        """Relate regions to lines."""
        rows, count, positions, width = features.shape
        each = (rows, -1, _HEADS, width // _HEADS)
        whole = torch.cat([_normalised(self.query(features)), self.box(ltrb)[:, :, None]], 2)
        query = self.positions.weight @ whole + self.positions.bias[:, None]
        query = query.reshape(rows, count * positions, _HEADS, -1)
        logits = torch.einsum("bphd,blhd->bhpl", query, self.key(lines).reshape(each)) / (width // _HEADS) ** 0.5
        mask = there[:, None, None]
        share = logits.masked_fill(~mask, torch.finfo(logits.dtype).min).softmax(-1) * mask
        told = torch.einsum("bhpl,blhd->bphd", share, self.value(lines).reshape(each)).reshape(features.shape)
        mixed = functional.gelu(self.seen(features)) * _normalised(self.told(told))
        return functional.gelu(self.out(mixed)).mean(2)


def _normalised(x: Tensor) -> Tensor:
    """InstanceNorm: each channel over the positions of its region, (b, n, P, C)."""
    away = x - x.mean(2, keepdim=True)
    return away * torch.rsqrt(away.square().mean(2, keepdim=True) + 1e-5)
