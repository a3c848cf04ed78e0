"""What is made smaller: how far a window of a painted scene is from the drawn one.

    loss = L1 of pixels + L1 of their steps to the right and down + L1 of means of 4 x 4

A window has every first, second or third pixel of its part of a picture, so that a network learns edges and the whole.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.models.denoising.painted.asking import Request, asked
from layoutgen.models.denoising.painted.network import PaintNet
from layoutgen.training.paintings.drawings import Drawing

WINDOW = 40
_NEAR = 8 / 255


@dataclass(frozen=True, eq=False)
class Row:
    """A window of a scene: rows y (h,) and columns x (w,) in [0, 1], and its colours (h, w, 3) in [0, 1]."""

    request: Request
    y: NDArray[np.float32]
    x: NDArray[np.float32]
    colours: NDArray[np.float32]
    weight: float = 1.0
    learnt: int = 1
    read: int = 1

    def __len__(self) -> int:
        return 1

    def filler(self) -> "Row":
        """The same row, of which nothing is learnt."""
        return replace(self, weight=0.0, learnt=0)


def encode(sample: Drawing, index: int, epoch: int, *, seed: int) -> Row:
    """A window of a scene, which an epoch draws anew."""
    return window(sample, np.random.default_rng([seed, 71, index, epoch]))


def window(sample: Drawing, rng: np.random.Generator) -> Row:
    """A window of a scene."""
    high, wide = sample.picture.shape[:2]
    step = int(rng.integers(1, 4))
    lines = []
    for side in (high, wide):
        count = min(WINDOW, side // step)
        lines.append(int(rng.integers(side - step * (count - 1))) + step * np.arange(count))
    y, x = ((line + 0.5) / side for line, side in zip(lines, (high, wide), strict=True))
    colours = sample.picture[np.ix_(*lines)].astype(np.float32) / 255
    return Row(sample.request, y.astype(np.float32), x.astype(np.float32), colours)


class PaintLearner(nn.Module):
    """A network with its loss: of rows the sums of losses, of rows, and of hits, which are shares of places whose
    colour is within 8 levels. Rows of one shape are painted at once."""

    def __init__(self, network: PaintNet, *, bf16: bool = False) -> None:
        super().__init__()
        self.network, self.bf16 = network, bf16

    def forward(self, rows: Sequence[Row]) -> Tensor:
        """Sums (3,)."""
        shapes = defaultdict(list)
        for row in rows:
            shapes[(row.request.size, row.colours.shape)].append(row)
        return torch.stack([self._sums(alike) for alike in shapes.values()]).sum(0)

    def _sums(self, rows: Sequence[Row]) -> Tensor:
        device = next(self.network.parameters()).device
        wanted = asked([row.request for row in rows], self.network.size).to(device)
        y, x, truth = (
            torch.from_numpy(np.stack(arrays)).to(device)
            for arrays in zip(*((row.y, row.x, row.colours) for row in rows), strict=True)
        )
        weight = torch.tensor([row.weight for row in rows], device=device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
            painted = self.network(wanted, y, x)
        losses = losses_of(painted, truth)
        hits = ((painted.detach() - truth).abs().amax(-1) < _NEAR).float().mean((1, 2))
        return torch.stack([(losses * weight).sum(), weight.sum(), (hits * weight).sum()])


def losses_of(painted: Tensor, truth: Tensor) -> Tensor:
    """The loss of each picture, of (n, h, w, 3)."""
    off = (painted - truth).permute(0, 3, 1, 2)
    parts = (off, off.diff(dim=2), off.diff(dim=3), functional.avg_pool2d(off, 4))
    return torch.stack([part.abs().flatten(1).mean(1) for part in parts]).sum(0)
