"""The layout branch: each element's box and role as a map over the picture, at an eighth of its size.

    A_i(u) = share of cell u inside box i
    S_i(u) = conv stack(mask_i)(u) + A_i(u) · (E_role[c_i] + MLP(fourier(box_i, z_i)))

z_i is the element's place in the order of drawing, from 0, lowest, to 1: an underlay lies under its text.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

_BANDS = 6


def shares(boxes: Tensor, height: int, width: int) -> Tensor:
    """How much of each cell of a grid lies in boxes (b, n, 4), ltrb normalised: (b, n, height, width) in [0, 1]."""

    def along(low: Tensor, high: Tensor, count: int) -> Tensor:
        cells = torch.arange(count, device=boxes.device, dtype=torch.float32)
        first = torch.maximum(low[..., None] * count, cells)
        last = torch.minimum(high[..., None] * count, cells + 1)
        return (last - first).clamp(0, 1)

    left, top, right, bottom = boxes.float().unbind(-1)
    return along(top, bottom, height)[..., :, None] * along(left, right, width)[..., None, :]


class LayoutBranch(nn.Module):
    """Maps of the elements, `width` channels each, of `roles` kinds."""

    def __init__(self, roles: int, width: int = 64) -> None:
        super().__init__()
        self.width = width
        channels = (1, max(4, width // 4), max(4, width // 2), width)
        self.convs = nn.ModuleList(
            nn.Conv2d(channels[k], channels[k + 1], 3, stride=2, padding=1) for k in range(len(channels) - 1)
        )
        self.roles = nn.Embedding(roles, width)
        self.place = nn.Sequential(nn.Linear(5 * 2 * _BANDS, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, boxes: Tensor, roles: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Maps S (b, n, width, h/8, w/8) and shares A (b, n, h/8, w/8) of boxes (b, n, 4) with roles (b, n), lowest
        first, on a picture of `size` (h, w) px."""
        b, n = roles.shape
        height, width = size
        dtype = self.roles.weight.dtype
        maps = shares(boxes, height, width).flatten(0, 1)[:, None].to(dtype)
        for conv in self.convs:
            maps = F.silu(conv(maps))
        cells = shares(boxes, height // 8, width // 8).to(dtype)
        z = torch.linspace(0, 1, n, device=boxes.device).expand(b, n)[..., None]
        about = self.roles(roles) + self.place(_fourier(torch.cat([boxes.float(), z], -1)).to(dtype))
        return maps.unflatten(0, (b, n)) + cells[:, :, None] * about[..., None, None], cells


def _fourier(numbers: Tensor) -> Tensor:
    """Sines and cosines (…, 2 · bands · k) of numbers (…, k)."""
    bands = math.pi * 2.0 ** torch.arange(_BANDS, device=numbers.device)
    angles = (numbers[..., None] * bands).flatten(-2)
    return torch.cat([angles.sin(), angles.cos()], -1)
