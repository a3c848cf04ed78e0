"""The network of scenes: noisy numbers and what is wanted in, clean numbers out; an MLP with adaptive norms.

    h   = W x_t
    c   = time + category + places and product + style (a learned one where there is none)
    h  += W2 silu(W1 (norm(h) · (1 + scale(c)) + shift(c)))      `depth` times
    x_0 = W norm(h)

Category 0 is none: what is learnt where the category is dropped (classifier-free guidance, Ho and Salimans 2022).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.goods.backdrops import numbers
from layoutgen.models.denoising.scenes import conditions, style


@dataclass(frozen=True)
class SceneSize:
    """The numbers of a network: its width, how many blocks, and how many categories it knows."""

    name: str = "small"
    width: int = 176
    depth: int = 4
    categories: int = 1


@dataclass(frozen=True, eq=False)
class Wanted:
    """What scenes are for: categories (n,) of which 0 is none, floats (n, conditions.SIZE), styles (n, style.SIZE), and
    whether each is given, (n,)."""

    categories: Tensor
    floats: Tensor
    styles: Tensor
    is_styled: Tensor


class _Block(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.condition = nn.Linear(width, 2 * width)
        self.inner, self.outer = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        nn.init.zeros_(self.outer.weight)
        nn.init.zeros_(self.outer.bias)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        scale, shift = self.condition(c).chunk(2, -1)
        normed = functional.layer_norm(h, h.shape[-1:]) * (1 + scale) + shift
        return h + self.outer(functional.silu(self.inner(normed)))


class SceneNet(nn.Module):
    """See the module. `words` are the categories' words with their rows."""

    def __init__(self, size: SceneSize, words: dict[str, int]) -> None:
        super().__init__()
        self.size, self.words = size, words
        width = size.width
        self.into = nn.Linear(numbers.SIZE, width)
        self.time = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width))
        self.category = nn.Embedding(size.categories, width)
        self.floats = nn.Sequential(nn.Linear(conditions.SIZE, width), nn.SiLU(), nn.Linear(width, width))
        self.style = nn.Sequential(nn.Linear(style.SIZE, width), nn.SiLU(), nn.Linear(width, width))
        self.no_style = nn.Parameter(torch.zeros(width))
        self.blocks = nn.ModuleList(_Block(width) for _ in range(size.depth))
        self.out = nn.Linear(width, numbers.SIZE)

    def forward(self, x: Tensor, times: Tensor, wanted: Wanted) -> Tensor:
        """Noisy numbers (n, numbers.SIZE) at times (n,) in [0, 1] to clean ones."""
        angles = times[:, None] * torch.exp(torch.linspace(0, 6, 32, device=x.device))[None]
        time = self.time(torch.cat([angles.sin(), angles.cos()], 1))
        styled = torch.where(wanted.is_styled[:, None], self.style(wanted.styles), self.no_style)
        c = functional.silu(time + self.category(wanted.categories) + self.floats(wanted.floats) + styled)
        h = self.into(x)
        for block in self.blocks:
            h = block(h, c)
        return self.out(functional.layer_norm(h, h.shape[-1:]))


def build(size: SceneSize, words: dict[str, int], seed: int = 0) -> SceneNet:
    """A new network, the same for a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return SceneNet(size, words)
