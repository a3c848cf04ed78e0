"""The network that mends boxes: each edge stays, or goes to where another element says it should be.

Elements look at each other through what lies between them. Of elements i and j, across and down alike, with edges near
and far, middle m and size s, there are six moves of an edge of i:

    to j's near edge, by j's middle, to j's far edge, from near to far, from far to near, to j's size

An edge of i moves by a mean of these over all j, and of staying, with learnt weights (softmax), and by its level times
a number that is learnt freely, by three levels at most. So a layout is only ever moved towards its own order, and not
much further than it may be off: without any experience nearly all stays. Attention between elements has the differences
as a bias and as values, each at several scales: of the level (tanh), of a hundredth, and whether it is none at all.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.models.refiners.inputs import NUMBERS, ROLES, Inputs

WIDTH, PAIR, HEADS, LAYERS = 96, 64, 4, 3
LEAST_LEVEL = 0.002
MOST_LEVELS = 3.0
"""How far an edge moves at most, in its levels."""
_LEAST_SIDE = 0.004
_MOVES = 6
_SCALES = 5
_EQUAL = 0.001
_WAVES = (0.5, 1.0, 2.0, 4.0)
_NODE = 4 + 4 + 2 + 1 + NUMBERS + ROLES + 4 + 1 + 8 + 1 + 2 * len(_WAVES) + 3
_EDGE = 2 * _MOVES * _SCALES + 6


class Refined(NamedTuple):
    """Boxes `ltrb` (b, n, 4), ltrb, normalised, as they should be; for each edge the `shares` (b, n, 4, n * 6 + 1) of
    the moves, the last one of staying, and how far each `moves` it (b, n, 4, n * 6)."""

    ltrb: Tensor
    shares: Tensor
    moves: Tensor


class BoxRefiner(nn.Module):
    """The network, of 0.27 million weights."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Linear(_NODE, WIDTH)
        self.pair = nn.Sequential(nn.Linear(_EDGE, PAIR), nn.GELU())
        self.layers = nn.ModuleList(_Layer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.from_own, self.from_other = nn.Linear(WIDTH, PAIR), nn.Linear(WIDTH, PAIR)
        self.move, self.stay = nn.Linear(PAIR, 4 * _MOVES), nn.Linear(WIDTH, 4)
        self.free = nn.Linear(WIDTH, 4)
        nn.init.constant_(self.stay.bias, 6.0)  # at first, boxes stay
        nn.init.zeros_(self.free.weight)
        nn.init.zeros_(self.free.bias)

    def forward(self, inputs: Inputs) -> Refined:
        """Mend layouts."""
        levels = inputs.levels.clamp(min=LEAST_LEVEL)
        apart = differences(inputs.ltrb)
        node, pair = self._features(inputs, levels, apart)
        x, e = self.enter(node), self.pair(pair)
        for layer in self.layers:
            x = layer(x, e, inputs.there)
        x = self.norm(x)
        count = x.shape[1]
        joint = functional.gelu(e + self.from_own(x)[:, :, None] + self.from_other(x)[:, None])
        logits = self.move(joint).unflatten(-1, (4, _MOVES)).transpose(2, 3)  # (b, i, edge, j, move)
        others = inputs.there[:, None] & ~torch.eye(count, dtype=torch.bool, device=x.device)
        logits = logits.masked_fill(~others[:, :, None, :, None], torch.finfo(logits.dtype).min).flatten(3)
        shares = torch.cat([logits, self.stay(x)[..., None]], -1).softmax(-1)
        moves = _moves(apart)
        steps = (shares[..., :-1] * moves).sum(-1) + levels * self.free(x)
        reach = MOST_LEVELS * inputs.levels
        ltrb = inputs.ltrb + torch.maximum(torch.minimum(steps, reach), -reach)
        return Refined(ltrb, shares, moves)

    def _features(self, inputs: Inputs, levels: Tensor, apart: Tensor) -> tuple[Tensor, Tensor]:
        """What is seen of each element (b, n, _NODE), and of each pair (b, n, n, _EDGE)."""
        ltrb, numbers = inputs.ltrb, inputs.numbers
        size = (ltrb[..., 2:] - ltrb[..., :2]).clamp(min=_LEAST_SIDE)
        shape = size[..., 0].log() - size[..., 1].log() + inputs.aspects[:, None]
        set_as = shape - numbers[..., 0]  # log of width over height, by that of the text in one line
        doubt = levels.mean(-1, keepdim=True) / size  # how far a side may be off, of itself
        waves = [wave(2 * torch.pi * rate * set_as)[..., None] for rate in _WAVES for wave in (torch.sin, torch.cos)]
        node = [
            *(ltrb, torch.tanh(ltrb / 0.05), size.log(), shape[..., None], numbers),
            *(functional.one_hot(inputs.roles, ROLES).to(ltrb), levels.log()),
            inputs.aspects[:, None, None].expand(-1, ltrb.shape[1], 1),
            *(torch.tanh(ltrb / (3 * levels)), torch.tanh((1 - ltrb) / (3 * levels))),
            *(set_as[..., None] / 2, *waves, doubt.log().clamp(-6, 2), doubt.sum(-1, keepdim=True).log()),
        ]
        near = levels.mean(-1)
        scale = (near[:, :, None] + near[:, None])[..., None]
        ratio = set_as[:, :, None] - set_as[:, None]
        larger = size.log()[:, :, None] - size.log()[:, None]
        doubts = doubt[:, :, None] + doubt[:, None]
        pair = [
            *(torch.tanh(apart / scale), torch.tanh(apart / (4 * scale)), torch.tanh(apart / 0.2)),
            *(torch.tanh(apart / _EQUAL), 1 / (1 + (apart / _EQUAL) ** 2)),
            *(torch.tanh(ratio[..., None] / doubts.sum(-1, keepdim=True)), torch.tanh(ratio[..., None])),
            *(torch.tanh(larger / doubts), torch.tanh(larger)),
        ]
        return torch.cat(node, -1), torch.cat(pair, -1)


def differences(ltrb: Tensor) -> Tensor:
    """For each pair (i, j) of boxes (b, n, 4) what i's near edge, middle, far edge, near edge, far edge and size are
    beyond j's near edge, middle, far edge, far edge, near edge and size, across and then down: (b, n, n, 12)."""
    out = []
    for axis in (0, 1):
        near, far = ltrb[..., axis], ltrb[..., axis + 2]
        own, other = (
            (near, (near + far) / 2, far, near, far, far - near),
            (near, (near + far) / 2, far, far, near, far - near),
        )
        out += [a[:, :, None] - b[:, None] for a, b in zip(own, other, strict=True)]
    return torch.stack(out, -1)


def _moves(apart: Tensor) -> Tensor:
    """How far each move takes left, top, right and bottom of i: (b, n, 4, n * 6). To take j's size the near edge moves
    one way, the far edge the other."""
    across, down = -apart[..., :_MOVES], -apart[..., _MOVES:]
    sign = across.new_tensor([1.0] * (_MOVES - 1) + [-1.0])
    return torch.stack([across * sign, down * sign, across, down], 2).flatten(3)


class _Layer(nn.Module):
    """Attention between elements (Vaswani et al. 2017) with a bias and values of pairs, and a network of two layers."""

    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.project, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.bias, self.value = nn.Linear(PAIR, HEADS), nn.Linear(PAIR, WIDTH)
        self.mix = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))

    def forward(self, x: Tensor, e: Tensor, there: Tensor) -> Tensor:
        rows, count, width = x.shape
        query, key, value = self.project(self.before(x)).view(rows, count, 3, HEADS, -1).unbind(2)
        logits = torch.einsum("bihd,bjhd->bhij", query, key) / query.shape[-1] ** 0.5
        logits = logits + self.bias(e).permute(0, 3, 1, 2)
        share = logits.masked_fill(~there[:, None, None], torch.finfo(logits.dtype).min).softmax(-1)
        between = self.value(e).view(rows, count, count, HEADS, -1)
        taken = torch.einsum("bhij,bjhd->bihd", share, value) + torch.einsum("bhij,bijhd->bihd", share, between)
        x = x + self.out(taken.reshape(rows, count, width))
        mixed: Tensor = self.mix(self.between(x))
        return x + mixed
