"""One of the cascaded heads: looks at the regions of noisy boxes and says what each is and where it should be.

As in Sparse R-CNN (Sun et al. 2021) and DiffusionDet (Chen et al. 2023), with RADM's relations: proposals attend to
each other; each proposal's features make two small matrices that its region's features pass through (dynamic
convolution); time scales and shifts the result, (1 + scale) · x + shift. Class and box are read from
[g 64 | features | m], the geometric relation, the proposal and the visual-text relation.

Not in RADM: `carries`, which line of the copy an element carries, as the match of its features with the lines', with
one more for none. It is what binds boxes to texts. Of lines T and s_i = softmax of a proposal's matches,

    c_i = Σ_l s_il W T_l                                   (C,): what it carries, nothing where it carries none

goes with the proposal into its role, its box and the next head, so that a text's length drives its box (`bound`).
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.models.layout_diffusion.boxes import in_px, refined
from layoutgen.models.layout_diffusion.gram import GeometricRelation
from layoutgen.models.layout_diffusion.regions import region_features
from layoutgen.models.layout_diffusion.sizes import ROLES, Size
from layoutgen.models.layout_diffusion.vtram import VisualTextRelation

_PRIOR = 0.01


class Scene(NamedTuple):
    """What does not change while boxes are denoised: the pictures' `atlas` (b, c, …), the canvases' `sizes` (b, 2) in
    px of the pictures, the features (b, l, D) of the `lines`, and which of them are `there` (b, l)."""

    atlas: Tensor
    sizes: Tensor
    lines: Tensor
    there: Tensor


class Found(NamedTuple):
    """What a head says of n proposals: logits (b, n, 8) of the roles, boxes `ltrb` (b, n, 4), normalised, and logits
    (b, n, l + 1) of the lines they may carry, the last one for none."""

    roles: Tensor
    ltrb: Tensor
    carries: Tensor


class Head(nn.Module):
    """A head. `geometric` and `textual` switch a relation off, and `bound` what a proposal carries: zeros stand in its
    place. Without `bound`, classes and boxes are RADM's."""

    def __init__(self, size: Size, *, geometric: bool = True, textual: bool = True, bound: bool = True) -> None:
        super().__init__()
        self.size, self.bound, width = size, bound, size.width
        self.attention = nn.MultiheadAttention(width, size.attention, batch_first=True)
        self.after_attention = nn.LayerNorm(width)
        self.dynamic = DynamicConvolution(size)
        self.after_dynamic = nn.LayerNorm(width)
        self.feedforward = nn.Sequential(
            nn.Linear(width, size.feedforward), nn.ReLU(), nn.Linear(size.feedforward, width)
        )
        self.after_feedforward = nn.LayerNorm(width)
        self.time = nn.Sequential(nn.SiLU(), nn.Linear(4 * width, 2 * width))
        self.geometric = GeometricRelation(size) if geometric else None
        self.textual = VisualTextRelation(size) if textual else None
        joined = size.geometry + 2 * width
        self.role = nn.Sequential(
            nn.Linear(joined + width, width), nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, len(ROLES))
        )
        self.box = nn.Sequential(
            *(nn.Linear(joined + width, width), nn.LayerNorm(width), nn.ReLU()),
            *(nn.Linear(width, width), nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, 4)),
        )
        self.asks = nn.Linear(joined, width)
        self.says = nn.Linear(size.text, width)
        self.none = nn.Linear(joined, 1)
        nn.init.constant_(self.role[-1].bias, -math.log((1 - _PRIOR) / _PRIOR))  # type: ignore[arg-type]

    def forward(self, scene: Scene, ltrb: Tensor, features: Tensor | None, time: Tensor) -> tuple[Found, Tensor]:
        """Look at boxes (b, n, 4), with the proposals' features (b, n, C) of the head before, at times (b, 4 C)."""
        regions = region_features(scene.atlas, in_px(ltrb, scene.sizes), self.size.pooled)
        x = regions.mean(-1) if features is None else features
        x = self.after_attention(x + self.attention(x, x, x, need_weights=False)[0])
        x = self.after_dynamic(x + self.dynamic(x, regions))
        x = self.after_feedforward(x + self.feedforward(x))
        scale, shift = self.time(time)[:, None].chunk(2, -1)
        x = x * (1 + scale) + shift
        near = self.geometric(regions, ltrb) if self.geometric else x.new_zeros(*x.shape[:2], self.size.geometry)
        told = self.textual(regions, ltrb, scene.lines, scene.there) if self.textual else torch.zeros_like(x)
        joined = torch.cat([near, x, told], -1)
        says = self.says(scene.lines)
        match = self.asks(joined) @ says.transpose(1, 2) / self.size.width**0.5
        match = match.masked_fill(~scene.there[:, None], torch.finfo(match.dtype).min)
        carries = torch.cat([match, self.none(joined)], -1)
        carried = carries.softmax(-1)[..., :-1] @ says if self.bound else torch.zeros_like(x)
        joined = torch.cat([joined, carried], -1)
        return Found(self.role(joined), refined(ltrb, self.box(joined)), carries), x + carried


class DynamicConvolution(nn.Module):
    """A proposal's features p make W1 (C, k) and W2 (k, C), which its region's features F (P, C) pass through:

    ReLU(LN(W · vec(ReLU(LN(ReLU(LN(F W1)) W2)))))."""

    def __init__(self, size: Size) -> None:
        super().__init__()
        width, self.inner = size.width, size.dynamic
        self.make = nn.Linear(width, 2 * width * self.inner)
        self.first, self.second, self.last = nn.LayerNorm(self.inner), nn.LayerNorm(width), nn.LayerNorm(width)
        self.out = nn.Linear(width * size.positions, width)

    def forward(self, proposals: Tensor, regions: Tensor) -> Tensor:
        """Proposals (b, n, C) and regions (b, n, C, P) to (b, n, C)."""
        rows, count, width = proposals.shape
        first, second = self.make(proposals).chunk(2, -1)
        x = regions.transpose(2, 3) @ first.reshape(rows, count, width, self.inner)
        x = functional.relu(self.first(x)) @ second.reshape(rows, count, self.inner, width)
        x = functional.relu(self.second(x))
        return functional.relu(self.last(self.out(x.flatten(2))))
