"""The spatial fusion module: at each place the elements' maps are weighed against each other.

    a_i(u) = softmax_i( q(u) · k_i(u) / √c + log(A_i(u) + 1e-4) )
    L(u)   = W_0 · conv( Σ_i a_i(u) v_i(u) )

q is of Σ_i A_i S_i and of how much of the cell is product. Besides the elements there is "nothing here", with
A_0 = 1 - max_i A_i and a value of zero: without it a softmax would spread elements over places that have none. W_0
begins at zero, so an untrained module says nothing.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

_LEAST = 1e-4


class SpatialFusion(nn.Module):
    """Fuses maps of `width` channels into one of `channels`, those of a ControlNet's first convolution."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.query = nn.Conv2d(width + 1, width, 1)
        self.key = nn.Conv2d(width, width, 1)
        self.value = nn.Conv2d(width, width, 1)
        self.nothing = nn.Parameter(torch.zeros(width))
        self.smooth = nn.Conv2d(width, width, 3, padding=1)
        self.out = nn.Conv2d(width, channels, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)  # type: ignore[arg-type]

    def forward(self, maps: Tensor, cells: Tensor, present: Tensor, product: Tensor) -> Tensor:
        """L (b, channels, h, w) of maps S (b, n, width, h, w) with shares A (b, n, h, w), of which `present` (b, n)
        are elements and the others fill places, and the product's share of each cell (b, 1, h, w)."""
        weights = self.weights(maps, cells, present, product)
        b, n = present.shape
        values = self.value(maps.flatten(0, 1)).unflatten(0, (b, n)) if n else maps
        fused = (weights[:, 1:, None] * values).sum(1)
        return self.out(F.silu(self.smooth(fused)))

    def weights(self, maps: Tensor, cells: Tensor, present: Tensor, product: Tensor) -> Tensor:
        """a (b, 1 + n, h, w), which sum to 1 over the elements; the first is that of nothing."""
        b, n, width = maps.shape[:3]
        cells = cells * present[..., None, None]
        query = self.query(torch.cat([(cells[:, :, None] * maps).sum(1), product], 1))
        keys = self.key(maps.flatten(0, 1)).unflatten(0, (b, n)) if n else maps
        keys = torch.cat([self.nothing[None, None, :, None, None].expand(b, 1, width, *maps.shape[3:]), keys], 1)
        free = 1 - cells.amax(1, keepdim=True) if n else torch.ones_like(product)
        logits = (query[:, None] * keys).sum(2) / width**0.5 + torch.log(torch.cat([free, cells], 1) + _LEAST)
        there = torch.cat([present.new_ones(b, 1), present], 1)
        return logits.masked_fill(~there[..., None, None], -torch.inf).softmax(1)
