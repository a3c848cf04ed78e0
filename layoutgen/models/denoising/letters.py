"""A small encoder of text lines of any script, letter by letter.

    e_c = E1[c mod 512] + E2[c div 512] + p_k                     (quotient-remainder trick, Shi et al. 2020)
    h = e + GELU(Conv1d₃(e)),  m = mean of h over the line's letters
    line = LayerNorm(W_m m + K[kind] + W_2 GELU(W_1 numbers))

So every code point has an embedding of its own, Chinese or Latin, in 2688 rows; letters never seen in training share
their block's row with their neighbours'. An encoder of another width can take its place: all that the network needs is
features (b, l, text) of lines.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.models.denoising.lines import KINDS, LETTER_ROWS, MOST_LETTERS, NUMBERS, Lines

_BLOCKS = 0x110000 // LETTER_ROWS


class LetterEncoder(nn.Module):
    """Lines to features (b, l, text); those of lines that are not there are 0. `width` is that of a letter."""

    def __init__(self, text: int, width: int) -> None:
        super().__init__()
        self.low = nn.Embedding(LETTER_ROWS, width)
        self.high = nn.Embedding(_BLOCKS, width)
        self.mix = nn.Conv1d(width, width, 3, padding=1)
        self.meant = nn.Linear(width, text)
        self.kind = nn.Embedding(KINDS, text)
        self.numbers = nn.Sequential(nn.Linear(NUMBERS, text), nn.GELU(), nn.Linear(text, text))
        self.norm = nn.LayerNorm(text)
        self.register_buffer("places", waves(torch.arange(MOST_LETTERS), width), persistent=False)
        for table in (self.low, self.high):
            nn.init.normal_(table.weight, std=0.3)

    def forward(self, lines: Lines) -> Tensor:
        """Encode."""
        rows, count, length = lines.letters.shape
        letters = lines.letters.reshape(rows * count, length)
        there = (letters > 0)[..., None]
        codes = (letters - 1).clamp(min=0)
        places: Tensor = self.places[:length]  # type: ignore[index]
        seen = (self.low(codes % LETTER_ROWS) + self.high(codes // LETTER_ROWS) + places) * there
        mixed = seen + functional.gelu(self.mix(seen.transpose(1, 2))).transpose(1, 2) * there
        mean = mixed.sum(1) / there.sum(1).clamp(min=1)
        features = self.meant(mean).reshape(rows, count, -1) + self.kind(lines.kinds) + self.numbers(lines.numbers)
        return self.norm(features) * lines.there[..., None]


def waves(at: Tensor, width: int, longest: float = 10_000.0) -> Tensor:
    """Sines and cosines (n, width) of numbers (n,), wavelengths from 2π to 2π · `longest` (Vaswani et al. 2017)."""
    half = width // 2
    at = at if at.is_floating_point() else at.float()
    angles = at[..., None] * torch.exp(-math.log(longest) * torch.arange(half, device=at.device) / half).to(at)
    return torch.cat([angles.sin(), angles.cos()], -1)
