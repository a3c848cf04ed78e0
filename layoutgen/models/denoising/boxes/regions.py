"""Features of boxes: ROIAlign (He et al. 2017) by `grid_sample`, without torchvision.

A box is read from the level whose stride fits its size (Lin et al. 2017),

    level = floor(4 + log2(√(w · h) / 224 · 800 / s)) - 2,  clamped to 0 … 3,   s: side of the picture in px

as `pooled` x `pooled` cells, each the mean of 2 x 2 bilinear samples; a point x px of the picture is x / stride - 1/2
in a level's cells, and what lies beyond a level's border is as its border is.
"""

import torch
from torch import Tensor
from torch.nn import functional

from layoutgen.models.denoising.boxes.pyramid import STRIDES, place

_SAMPLES = 2


def region_features(atlas: Tensor, ltrb_px: Tensor, pooled: int) -> Tensor:
    """Features (b, n, pooled², c) of boxes (b, n, 4) in px of the pictures whose `atlas` (b, c, …) it is."""
    rows, count = ltrb_px.shape[:2]
    side = atlas.shape[3]
    level = levels(ltrb_px, side * STRIDES[0])
    stride = ltrb_px.new_tensor(STRIDES)[level]
    corners = torch.tensor([place(k, side) for k in range(len(STRIDES))], device=atlas.device)[level]
    cells = side * STRIDES[0] / stride
    fine = pooled * _SAMPLES
    steps = (torch.arange(fine, device=atlas.device, dtype=ltrb_px.dtype) + 0.5) / fine

    def across(low: Tensor, high: Tensor, corner: Tensor) -> Tensor:
        at = (low[..., None] + (high - low)[..., None] * steps) / stride[..., None] - 0.5
        return torch.minimum(at.clamp(min=0), cells[..., None] - 1) + corner[..., None]

    x = across(ltrb_px[..., 0], ltrb_px[..., 2], corners[..., 1]) / (side - 1) * 2 - 1
    y = across(ltrb_px[..., 1], ltrb_px[..., 3], corners[..., 0]) / (atlas.shape[2] - 1) * 2 - 1
    grid = torch.stack(
        [x[:, :, None, :].expand(-1, -1, fine, -1), y[:, :, :, None].expand(-1, -1, -1, fine)], -1
    ).reshape(rows, count * fine, fine, 2)
    sampled = functional.grid_sample(atlas, grid.to(atlas.dtype), align_corners=True)
    means = functional.avg_pool2d(sampled, _SAMPLES)  # (b, c, n · pooled, pooled)
    return means.reshape(rows, -1, count, pooled**2).permute(0, 2, 3, 1).contiguous()


def levels(ltrb_px: Tensor, side: int) -> Tensor:
    """The level (b, n) that each box is read from."""
    size = (ltrb_px[..., 2:] - ltrb_px[..., :2]).clamp(min=1e-3).prod(-1).sqrt()
    level = torch.floor(4 + torch.log2(size / 224 * 800 / side + 1e-8)) - 2
    return level.nan_to_num().clamp(0, len(STRIDES) - 1).long()  # a box that is not finite is told of by the answer
