"""How elements lie to each other: the geometric relation module (GRAM) of RADM.

For boxes i and j of one layout, centres (x, y) and sizes (w, h) normalised to the canvas, and region features F_j:

    r_ij = log max(10⁻³, [|x_i - x_j| / w_j, |y_i - y_j| / h_j, w_i / w_j, h_i / h_j])
    E_ij = sines and cosines of 100 r_ij                   (64,): 8 wavelengths a number (Hu et al. 2018)
    a_ij = softmax over j of ReLU(w · E_ij + c)
    g_i  = Σ_j a_ij W F_j                                  (64,), F_j with all its positions in one vector

Source: Li et al. 2023, "Relation-Aware Diffusion Model for Controllable Poster Layout Generation", CIKM.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.models.denoising.boxes.sizes import Size
from layoutgen.models.denoising.boxes.tensors import to_cxcywh
from layoutgen.models.denoising.letters import waves

_LEAST = 1e-3
_LONGEST = 1000.0


class GeometricRelation(nn.Module):
    """The module: g (b, n, size.geometry) of region features (b, n, P, C) and boxes (b, n, 4), ltrb, normalised."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        self.width = size.geometry
        self.share = nn.Linear(size.geometry, 1)
        self.value = nn.Linear(size.width * size.positions, size.geometry)

    def forward(self, features: Tensor, ltrb: Tensor) -> Tensor:
        """Relate regions to each other."""
        told = waves(100 * relations(ltrb), self.width // 4, _LONGEST).flatten(-2)
        share = functional.relu(self.share(told)[..., 0]).softmax(-1)
        out: Tensor = share @ self.value(features.flatten(2))
        return out


def relations(ltrb: Tensor) -> Tensor:
    """r (b, n, n, 4) of boxes (b, n, 4): [b, i, j] says how i lies to j."""
    cxcywh = to_cxcywh(ltrb)
    centre, size = cxcywh[..., :2], cxcywh[..., 2:].clamp(min=1e-6)
    apart = (centre[:, :, None] - centre[:, None]).abs() / size[:, None]
    ratio = size[:, :, None] / size[:, None]
    return torch.cat([apart, ratio], -1).clamp(min=_LEAST).log()
