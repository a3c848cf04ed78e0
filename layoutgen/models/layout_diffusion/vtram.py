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

from layoutgen.models.layout_diffusion.sizes import Size

_HEADS = 2


class VisualTextRelation(nn.Module):
    """The module: m (b, n, C) of region features (b, n, C, P), boxes (b, n, 4), ltrb, normalised, and lines (b, l, D),
    of which those `there` (b, l) are. Without any line, A V is 0."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        width, positions = size.width, size.positions
        self.query = nn.Conv1d(width, width, 1)
        self.box = nn.Linear(4, width)
        self.positions = nn.Linear(positions + 1, positions)
        self.key = nn.Conv1d(size.text, width, 1)
        self.value = nn.Conv1d(size.text, width, 1)
        self.told = nn.Conv1d(width, width, 1)
        self.seen = nn.Conv1d(width, width, 1)
        self.out = nn.Conv1d(width, width, 1)

    def forward(self, features: Tensor, ltrb: Tensor, lines: Tensor, there: Tensor) -> Tensor:
        """Relate regions to lines."""
        rows, count, width, positions = features.shape
        flat = features.reshape(rows * count, width, positions)
        seen = functional.instance_norm(self.query(flat))
        place = self.box(ltrb).reshape(rows * count, width, 1)
        query = self.positions(torch.cat([seen, place], 2)).reshape(rows, count, _HEADS, -1, positions)
        # Conv1d takes channels first, so the lines' features are transposed, never reshaped.
        key = self.key(lines.transpose(1, 2)).reshape(rows, _HEADS, -1, lines.shape[1])
        value = self.value(lines.transpose(1, 2)).reshape(rows, _HEADS, -1, lines.shape[1])
        logits = torch.einsum("bnhdp,bhdl->bnhpl", query, key) / (width // _HEADS) ** 0.5
        mask = there[:, None, None, None]
        share = logits.masked_fill(~mask, torch.finfo(logits.dtype).min).softmax(-1) * mask
        told = torch.einsum("bnhpl,bhdl->bnhdp", share, value).reshape(rows * count, width, positions)
        told = functional.instance_norm(self.told(told))
        mixed = functional.gelu(self.out(functional.gelu(self.seen(flat)) * told))
        return mixed.mean(2).reshape(rows, count, width)
