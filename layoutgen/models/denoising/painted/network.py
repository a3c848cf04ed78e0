"""The network that paints: a scene's numbers and places in, its ground out, in one pass and at any size.

    c    = kind + colours and others + arrangement + their pair + places         one vector a scene
    F    = U-Net of a coarse grid (rows, columns, rounds, quiet), FiLM by c        (n, h, w, width)
    h(u) = silu(FiLM_c(F at u, between cells + rows(u) + columns(u) + rounds(u)))
    a(u) = softmax over the scene's five colours, s(u) shade, r(u) rest            linear in a third such layer
    out  = (1 + s) Σ_k a_k colour_k + r

A place's colour is a mix of the scene's own, and what decides it knows the place to the pixel: edges stay sharp at any
size, where an enlarged picture's would not. The decoder is a local implicit image function (Chen et al. 2021).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.goods.backdrops import numbers
from layoutgen.models.denoising.painted import guides
from layoutgen.models.denoising.painted.guides import Geometry
from layoutgen.models.denoising.scenes.conditions import PLACES

COLOURS = len(numbers.COLOURS)
_OUT, _LAYERS = COLOURS + 4, 3


@dataclass(frozen=True)
class PaintSize:
    """The numbers of a network: channels of the grid's three levels, of the decoder, of the condition; cells of the
    grid a side; and how many arrangements of things it knows."""

    name: str = "small"
    widths: tuple[int, int, int] = (56, 96, 144)
    decoder: int = 72
    condition: int = 160
    cells: int = 16
    arrangements: int = 8


@dataclass(frozen=True, eq=False)
class Asked:
    """What is to be painted: `vector` (n, numbers.SIZE) a scene's, `colours` (n, 5, 3) its own in sRGB, `arrangement`
    (n,), `places` (n, PLACES), and where things are."""

    vector: Tensor
    colours: Tensor
    arrangement: Tensor
    places: Tensor
    geometry: Geometry

    def tensors(self) -> list[Tensor]:
        """All of it, for a file."""
        g = self.geometry
        return [self.vector, self.colours, self.arrangement, self.places, g.sides, g.product, g.horizon, g.quiet]

    @classmethod
    def of(cls, tensors: Sequence[Tensor]) -> "Asked":
        """What `tensors` gave."""
        vector, colours, arrangement, places, *geometry = tensors
        return cls(vector, colours, arrangement, places, Geometry(*geometry))

    def to(self, device: torch.device) -> "Asked":
        """The same on a device."""
        return self.of([tensor.to(device) for tensor in self.tensors()])

    def picked(self, rows: Tensor) -> "Asked":
        """These rows alone."""
        return self.of([tensor[rows] for tensor in self.tensors()])


class _Block(nn.Module):
    """A residual block with FiLM."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.norm, self.film = nn.GroupNorm(8, width), nn.Linear(condition, 2 * width)
        self.first, self.second = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)

    def forward(self, x: Tensor, c: Tensor) -> Tensor:
        scale, shift = self.film(c)[:, :, None, None].chunk(2, 1)
        h = self.first(functional.silu(self.norm(x))) * (1 + scale) + shift
        return x + self.second(functional.silu(h))


class _Film(nn.Module):
    """Scale and shift of channels that come last."""

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.film = nn.Linear(condition, 2 * width)

    def forward(self, h: Tensor, c: Tensor) -> Tensor:
        scale, shift = self.film(c)[:, None, None].chunk(2, -1)
        return functional.silu(h * (1 + scale) + shift)


class PaintNet(nn.Module):
    """See the module."""

    def __init__(self, size: PaintSize) -> None:
        super().__init__()
        self.size = size
        c, (top, middle, low) = size.condition, size.widths
        kinds = len(numbers.KINDS)
        self.numbers = nn.Sequential(nn.Linear(numbers.SIZE + PLACES, c), nn.SiLU(), nn.Linear(c, c))
        self.arrangement = nn.Embedding(size.arrangements, c)
        self.pair = nn.Embedding(size.arrangements * kinds, c)
        self.mix = nn.Sequential(nn.SiLU(), nn.Linear(c, c), nn.SiLU())
        self.into = nn.Conv2d(guides.ROWS + guides.COLUMNS + guides.ROUNDS + 1, top, 1)
        self.down = nn.ModuleList([nn.Conv2d(top, middle, 3, 2, 1), nn.Conv2d(middle, low, 3, 2, 1)])
        self.up = nn.ModuleList([nn.Conv2d(low + middle, middle, 1), nn.Conv2d(middle + top, top, 1)])
        self.blocks = nn.ModuleList(_Block(width, c) for width in (top, middle, middle, low, low, middle, middle, top))
        self.features = nn.Conv2d(top, size.decoder, 1)
        self.rows = nn.Linear(guides.ROWS, size.decoder, bias=False)
        self.columns = nn.Linear(guides.COLUMNS, size.decoder, bias=False)
        self.rounds = nn.Linear(guides.ROUNDS, size.decoder, bias=False)
        self.films = nn.ModuleList(_Film(size.decoder, c) for _ in range(_LAYERS))
        self.hidden = nn.ModuleList(nn.Linear(size.decoder, size.decoder) for _ in range(_LAYERS - 1))
        self.out = nn.Linear(size.decoder, _OUT)

    def encode(self, asked: Asked) -> tuple[Tensor, Tensor]:
        """The condition (n, condition) and the grid's features (n, decoder, h, w)."""
        kind = asked.vector[:, : len(numbers.KINDS)].argmax(1)
        pair = self.pair(kind * self.size.arrangements + asked.arrangement)
        known = self.numbers(torch.cat([asked.vector, asked.places], 1))
        c = self.mix(known + self.arrangement(asked.arrangement) + pair)
        quiet = asked.geometry.quiet
        n, high, wide = quiet.shape
        y, x = (_middles(side, quiet).expand(n, side) for side in (high, wide))
        maps = [
            guides.rows(y, asked.geometry)[:, :, None].expand(n, high, wide, -1),
            guides.columns(x, asked.geometry)[:, None].expand(n, high, wide, -1),
            guides.rounds(y, x, asked.geometry),
            quiet[..., None],
        ]
        h = self.into(torch.cat(maps, -1).permute(0, 3, 1, 2))
        blocks, skips = iter(self.blocks), []
        for level, down in enumerate(self.down):
            for _ in range(level + 1):
                h = next(blocks)(h, c)
            skips.append(h)
            h = down(h)
        for _ in range(2):
            h = next(blocks)(h, c)
        for level, up in zip((1, 0), self.up, strict=True):
            skip = skips.pop()
            h = up(torch.cat([functional.interpolate(h, skip.shape[2:], mode="bilinear"), skip], 1))
            for _ in range(level + 1):
                h = next(blocks)(h, c)
        return c, self.features(h)

    def decode(self, asked: Asked, c: Tensor, features: Tensor, y: Tensor, x: Tensor) -> Tensor:
        """The colours (n, h, w, 3), sRGB about [0, 1], of rows y (n, h) and columns x (n, w) in [0, 1]."""
        n, high, wide = len(y), y.shape[1], x.shape[1]
        places = torch.stack([x[:, None].expand(n, high, wide), y[:, :, None].expand(n, high, wide)], -1)
        between = functional.grid_sample(features.float(), 2 * places - 1, padding_mode="border", align_corners=False)
        across, down = self.columns(guides.columns(x, asked.geometry)), self.rows(guides.rows(y, asked.geometry))
        h = between.permute(0, 2, 3, 1) + down[:, :, None] + across[:, None]
        h = self.films[0](h + self.rounds(guides.rounds(y, x, asked.geometry)), c)
        for linear, film in zip(self.hidden, list(self.films)[1:], strict=True):
            h = film(linear(h), c)
        out = self.out(h).float()
        mixed = out[..., :COLOURS].softmax(-1) @ asked.colours[:, None]
        return mixed * (1 + out[..., COLOURS : COLOURS + 1]) + out[..., COLOURS + 1 :]

    def forward(self, asked: Asked, y: Tensor, x: Tensor) -> Tensor:
        """See `decode`."""
        return self.decode(asked, *self.encode(asked), y, x)


def _middles(count: int, like: Tensor) -> Tensor:
    return (torch.arange(count, device=like.device, dtype=like.dtype) + 0.5) / count


def build(size: PaintSize, seed: int = 0) -> PaintNet:
    """A new network, the same for a seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return PaintNet(size)
