"""The whole network: a cut-out and a copy are read once, then the numbers of all slots are denoised together.

    a slot's token = kind + line + W [sin, cos](100 · numbers) + V [how it is tied, the canvas, is it given]
    six times:  x += self-attention(FiLM(x, t) | w · E_ij)      E: GRAM's log-ratios of the boxes (`boxes.gram`)
                x += cross-attention(x | cut-out's tokens, lines, category)
                x += MLP(FiLM(x, t))
    numbers:    x0 = √ᾱ · x_t + √(1 - ᾱ) · W x                   so noise-free numbers need nothing said of them

In states (`states`) each number is an embedding and the answer are logits of its bins. Nothing that a row is told
depends on its batch: what pads it is masked.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.models.denoising.boxes.gram import relations
from layoutgen.models.denoising.boxes.schedule import KEPT
from layoutgen.models.denoising.letters import LetterEncoder, waves
from layoutgen.models.denoising.lines import ROLES, Lines
from layoutgen.models.denoising.plans.seeing import Seer
from layoutgen.models.denoising.plans.sizes import PlanSize
from layoutgen.models.denoising.plans.slots import KINDS, Slots, boxes_of, first_line, from_signal
from layoutgen.models.denoising.plans.states import STEPS, from_states

_WAVES, _LONGEST = 32, 1000.0
_ABOUT = 5


@dataclass(frozen=True, eq=False)
class Scene:
    """What does not change while a plan is denoised: `slots`, what each is (b, n, width), and the `memory`
    (b, m, width) that they look at, of which `beyond` (b, m) is not there."""

    slots: Slots
    own: Tensor
    memory: Tensor
    beyond: Tensor

    def each(self, times: int) -> "Scene":
        """Every row so many times, one after the other."""
        slots = Slots(
            *(part.repeat_interleave(times, 0) for part in (self.slots.kinds, self.slots.there, self.slots.fit))
        )
        return Scene(slots, *(part.repeat_interleave(times, 0) for part in (self.own, self.memory, self.beyond)))


class Answer(NamedTuple):
    """What the network says: x0 of the numbers as signal (b, n, 4), or logits of their bins (b, n, 4, bins); logits of
    the roles (b, n, 8); and of whether a panel is there (b, n)."""

    numbers: Tensor
    roles: Tensor
    presence: Tensor


@dataclass(frozen=True, eq=False)
class Asked:
    """A batch as it is read: `pictures` (b, colours, view, view), of which the `shown` (b,) have a product, `lines`,
    `slots`, the canvases' log ratios (b,) and `categories` (b,), 0 for none."""

    pictures: Tensor
    shown: Tensor
    lines: Lines
    slots: Slots
    canvases: Tensor
    categories: Tensor

    def without(self, *conditions: str) -> "Asked":
        """The same, of which the network is not told some: `visual`, `text`, `category`. Slots keep their ratios."""
        lines, changed = self.lines, replace(self)
        if "visual" in conditions:
            changed = replace(changed, shown=torch.zeros_like(self.shown))
        if "text" in conditions:
            blank = Lines(lines.letters, lines.kinds, lines.numbers, torch.zeros_like(lines.there))
            changed = replace(changed, lines=blank)
        if "category" in conditions:
            changed = replace(changed, categories=torch.zeros_like(self.categories))
        return changed

    def to(self, device: torch.device) -> "Asked":
        """The same on a device."""
        parts = (self.pictures, self.shown, self.lines, self.slots, self.canvases, self.categories)
        return Asked(*(part.to(device) for part in parts))  # type: ignore[arg-type]


class PlanNet(nn.Module):
    """PlanNet in a size. `backbone` is a folder of pretrained weights of the backbone, `encoder` another encoder of
    lines than ours, one that gives features of `size.text` numbers; `geometric` = False leaves the relations out."""

    def __init__(
        self,
        size: PlanSize,
        *,
        backbone: Path | None = None,
        encoder: nn.Module | None = None,
        geometric: bool = True,
    ) -> None:
        super().__init__()
        self.size, self.geometric, width = size, geometric, size.width
        self.seer = Seer(size, backbone)
        self.letters = encoder or LetterEncoder(size.text, size.letters)
        self.says = nn.Linear(size.text, width)
        self.kind = nn.Embedding(KINDS, width)
        self.panel = nn.Embedding(size.underlays, width)
        self.about = nn.Linear(_ABOUT, width)
        self.category = nn.Embedding(size.categories, width)
        self.given = nn.Parameter(torch.zeros(width))
        self.placed = nn.Linear(4 * _WAVES, width)
        self.state = nn.Embedding(4 * (size.bins + 1), width) if size.bins else None
        self.time = nn.Sequential(nn.Linear(width, 2 * width), nn.SiLU(), nn.Linear(2 * width, 2 * width), nn.SiLU())
        self.near = nn.Linear(size.geometry, size.layers * size.attention) if geometric else None
        self.blocks = nn.ModuleList(Block(size) for _ in range(size.layers))
        self.norm = nn.LayerNorm(width)
        self.numbers = nn.Linear(width, 4 * max(size.bins, 1))
        self.roles = nn.Linear(width, len(ROLES))
        self.presence = nn.Linear(width, 1)
        nn.init.zeros_(self.category.weight)  # a category that no training showed says nothing
        nn.init.zeros_(self.numbers.weight)
        nn.init.zeros_(self.numbers.bias)

    def scene(self, asked: Asked) -> Scene:
        """Read a batch once."""
        slots, size = asked.slots, self.size
        shown, tokens = asked.shown, self.seer(asked.pictures)
        lines = self.says(self.letters(asked.lines)) * asked.lines.there[..., None]
        category = self.category(asked.categories)[:, None]
        start = first_line(size.underlays)
        fit = slots.fit.clamp(min=1e-6).log() * slots.tied[..., None] / 2
        canvas = asked.canvases[:, None, None].expand(-1, fit.shape[1], 1)
        about = torch.cat(
            [fit, slots.tied[..., None].to(fit), canvas, shown[:, None, None].to(fit).expand_as(canvas)], -1
        )
        own = self.kind(slots.kinds) + self.about(about)
        own = torch.cat(
            [own[:, :1], own[:, 1:start] + self.panel.weight, own[:, start:] + lines[:, : own.shape[1] - start]], 1
        )
        memory = torch.cat([category, tokens, lines], 1)
        unseen = (~shown)[:, None].expand(-1, tokens.shape[1])
        beyond = torch.cat([torch.zeros_like(shown)[:, None], unseen, ~asked.lines.there], 1)
        return Scene(slots, own, memory, beyond)

    def forward(self, scene: Scene, x: Tensor, t: Tensor, given: Tensor) -> Answer:
        """What is said of noisy numbers, as signal (b, n, 4), or of states (b, n, 4), at times (b,), of which the slots
        `given` (b, n) are true already."""
        size, slots = self.size, scene.slots
        if self.state:
            numbers = from_states(x, size.bins).to(scene.own)
            offsets = torch.arange(4, device=x.device) * (size.bins + 1)
            token = self.state(x + offsets).sum(-2)
            level = t.to(scene.own) * (1000 / STEPS)
        else:
            numbers = from_signal(x)
            token, level = 0.0, t.to(scene.own)
        token = token + self.placed(waves(100 * numbers, _WAVES, _LONGEST).flatten(-2))
        h = scene.own + token + given[..., None] * self.given
        time = self.time(waves(level, size.width).to(h))
        bias = h.new_zeros(len(h), 1, 1, h.shape[1]).masked_fill(~slots.there[:, None, None], -math.inf)
        shares: Sequence[Tensor] = [bias] * size.layers
        if self.near:
            relation = waves(100 * relations(boxes_of(numbers, slots)), size.geometry // 4, _LONGEST).flatten(-2)
            shares = (self.near(relation).permute(0, 3, 1, 2) + bias).chunk(size.layers, 1)
        beyond = scene.beyond[:, None, None]
        for block, share in zip(self.blocks, shares, strict=True):
            h = block(h, time, share, scene.memory, beyond)
        h = self.norm(h)
        numbers_out = self.numbers(h)
        if self.state:
            numbers_out = numbers_out.unflatten(-1, (4, size.bins))
        else:
            alpha = KEPT.to(x)[t][:, None, None]
            numbers_out = alpha.sqrt() * x + (1 - alpha).sqrt() * numbers_out
        return Answer(numbers_out, self.roles(h), self.presence(h)[..., 0])


class Block(nn.Module):
    """A layer: self-attention with a bias (b, heads, n, n), cross-attention, MLP; time scales and shifts what enters
    the first and the last, (1 + scale) · LN(x) + shift."""

    def __init__(self, size: PlanSize) -> None:
        super().__init__()
        width, self.heads = size.width, size.attention
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(4))
        self.film = nn.Linear(2 * width, 4 * width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.query, self.key_value, self.read = (
            nn.Linear(width, width),
            nn.Linear(width, 2 * width),
            nn.Linear(width, width),
        )
        self.mlp = nn.Sequential(nn.Linear(width, size.feedforward), nn.GELU(), nn.Linear(size.feedforward, width))
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, time: Tensor, bias: Tensor, memory: Tensor, beyond: Tensor) -> Tensor:
        """Pass (b, n, width) on."""
        scale, shift, scale_2, shift_2 = self.film(time)[:, None].chunk(4, -1)
        q, k, v = self.qkv(self.norms[0](x) * (1 + scale) + shift).chunk(3, -1)
        x = x + self.out(self._attend(q, k, v, bias))
        key, value = self.key_value(self.norms[2](memory)).chunk(2, -1)
        x = x + self.read(self._attend(self.query(self.norms[1](x)), key, value, ~beyond))
        done: Tensor = x + self.mlp(self.norms[3](x) * (1 + scale_2) + shift_2)
        return done

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        q, k, v = (part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (q, k, v))
        mask = mask if mask.dtype is torch.bool else mask.to(q.dtype)
        return functional.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).flatten(2)


def build(size: PlanSize, seed: int = 0, **how: object) -> PlanNet:
    """A network with drawn weights, the same for a seed; the global generator stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return PlanNet(size, **how)  # type: ignore[arg-type]
