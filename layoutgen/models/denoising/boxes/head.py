"""One of the cascaded heads: looks at the regions of noisy boxes and says what each is and where it should be.

As in Sparse R-CNN (Sun et al. 2021) and DiffusionDet (Chen et al. 2023), with RADM's relations: proposals attend to
each other; each proposal's features make two small matrices that its region's features pass through (dynamic
convolution); time scales and shifts the result, (1 + scale) · x + shift. Class and box are read from
[g 64 | features | m], the geometric relation, the proposal and the visual-text relation.

Not in RADM: `carries`, which line of the copy an element carries; it binds boxes to texts. A plain head tells it by the
match of a proposal's features with the lines', with one more for none. An anchored head knows it: proposal k is line
k's, and proposals beyond the lines carry none and are for underlays. It also differs in that

- what a proposal carries, c = W T_k, goes into its features, its role and its box: a text's length drives its box;
- a proposal knows where it is, W [sin, cos](100 · cxcywh): where nothing is drawn yet, no region tells it;
- it attends to the whole picture in cells of 16 px, which know where they are, too: from noise a region is anywhere,
  and room for a text may be elsewhere;
- its box is σ(σ(γ) · σ⁻¹(b) + δ) instead of one moved by shares of its own size: layouts are set, not refined.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.models.denoising.boxes.gram import GeometricRelation
from layoutgen.models.denoising.boxes.pyramid import cells
from layoutgen.models.denoising.boxes.regions import region_features
from layoutgen.models.denoising.boxes.sizes import Size
from layoutgen.models.denoising.boxes.tensors import in_px, refined, set_anew, to_cxcywh
from layoutgen.models.denoising.boxes.vtram import VisualTextRelation
from layoutgen.models.denoising.letters import waves
from layoutgen.models.denoising.lines import ROLES

_PRIOR = 0.01
_WAVES, _LONGEST = 32, 1000.0
_SURE = 20.0  # logit of what is known


class Scene(NamedTuple):
    """What does not change while boxes are denoised: the pictures' `atlas` (b, c, …), the canvases' `sizes` (b, 2) in
    px of the pictures, the features (b, l, D) of the `lines`, and which of them are `there` (b, l)."""

    atlas: Tensor
    sizes: Tensor
    lines: Tensor
    there: Tensor


class Prediction(NamedTuple):
    """What a head says of n proposals: logits (b, n, 8) of the roles, boxes `ltrb` (b, n, 4), normalised, and logits
    (b, n, l + 1) of the lines they may carry, the last one for none."""

    roles: Tensor
    ltrb: Tensor
    carries: Tensor


class Head(nn.Module):
    """A head. `geometric` and `textual` switch a relation off: zeros stand in its place. One that is not `anchored` has
    RADM's classes and boxes."""

    def __init__(self, size: Size, *, geometric: bool = True, textual: bool = True, anchored: bool = True) -> None:
        super().__init__()
        self.size, self.anchored, width = size, anchored, size.width
        self.place = nn.Linear(4 * _WAVES, width) if anchored else None
        self.attention = nn.MultiheadAttention(width, size.attention, batch_first=True)
        self.look = nn.MultiheadAttention(width, size.attention, batch_first=True) if anchored else None
        self.after_look = nn.LayerNorm(width) if anchored else None
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
        plain = size.geometry + 2 * width
        joined = plain + width if anchored else plain
        self.role = nn.Sequential(
            nn.Linear(joined, width), nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, len(ROLES))
        )
        self.box = nn.Sequential(
            *(nn.Linear(joined, width), nn.LayerNorm(width), nn.ReLU()),
            *(nn.Linear(width, width), nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, 8 if anchored else 4)),
        )
        self.says = nn.Linear(size.text, width)
        self.asks = None if anchored else nn.Linear(plain, width)
        self.none = None if anchored else nn.Linear(plain, 1)
        nn.init.constant_(self.role[-1].bias, -math.log((1 - _PRIOR) / _PRIOR))  # type: ignore[arg-type]

    def forward(self, scene: Scene, ltrb: Tensor, features: Tensor | None, time: Tensor) -> tuple[Prediction, Tensor]:
        """Look at boxes (b, n, 4), with the proposals' features (b, n, C) of the head before, at times (b, 4 C)."""
        regions = region_features(scene.atlas, in_px(ltrb, scene.sizes), self.size.pooled)
        x = regions.mean(2) if features is None else features
        says = self.says(scene.lines)
        own = anchors(scene.there, ltrb.shape[1])
        carried = own.to(x) @ says
        if self.place:
            x = x + carried + self.place(_places(ltrb))
        x = self.after_attention(x + self.attention(x, x, x, need_weights=False)[0])
        if self.place and self.look and self.after_look:
            whole, where, beyond = cells(scene.atlas, scene.sizes)
            whole = whole + self.place(_places(where))
            x = self.after_look(x + self.look(x, whole, whole, key_padding_mask=beyond, need_weights=False)[0])
        x = self.after_dynamic(x + self.dynamic(x, regions))
        x = self.after_feedforward(x + self.feedforward(x))
        scale, shift = self.time(time)[:, None].chunk(2, -1)
        x = x * (1 + scale) + shift
        near = self.geometric(regions, ltrb) if self.geometric else x.new_zeros(*x.shape[:2], self.size.geometry)
        told = self.textual(regions, ltrb, scene.lines, scene.there) if self.textual else torch.zeros_like(x)
        joined = torch.cat([near, x, told], -1)
        if self.asks and self.none:
            match = self.asks(joined) @ says.transpose(1, 2) / self.size.width**0.5
            match = match.masked_fill(~scene.there[:, None], torch.finfo(match.dtype).min)
            carries = torch.cat([match, self.none(joined)], -1)
            return Prediction(self.role(joined), refined(ltrb, self.box(joined)), carries), x
        joined = torch.cat([joined, carried], -1)
        carries = torch.where(torch.cat([own, ~own.any(-1, keepdim=True)], -1), _SURE, -_SURE).to(x)
        return Prediction(self.role(joined), set_anew(ltrb, self.box(joined)), carries), x


def _places(ltrb: Tensor) -> Tensor:
    return waves(100 * to_cxcywh(ltrb), _WAVES, _LONGEST).flatten(-2)


def anchors(there: Tensor, count: int) -> Tensor:
    """Which line each of `count` anchored proposals carries: (b, count, l) bool, of the lines `there` (b, l)."""
    return torch.eye(count, there.shape[1], dtype=torch.bool, device=there.device) & there[:, None]


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
        """Proposals (b, n, C) and regions (b, n, P, C) to (b, n, C)."""
        rows, count, width = proposals.shape
        first, second = self.make(proposals).chunk(2, -1)
        x = regions @ first.reshape(rows, count, width, self.inner)
        x = functional.relu(self.first(x)) @ second.reshape(rows, count, self.inner, width)
        x = functional.relu(self.second(x))
        return functional.relu(self.last(self.out(x.flatten(2))))
