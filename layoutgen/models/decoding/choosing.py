"""Choosing tokens from scores under masks, for all rows at once and each by lots of its own."""

import random
from collections.abc import Sequence

import numpy as np
import torch

from layoutgen.models.decoding.row import Row
from layoutgen.models.decoding.transfers import to_device

_MOST_LIKELY = 64
"""Tokens that sampling chooses from: in a grammar's choices there are seldom more."""


def allowed(bits: torch.Tensor, vocabulary: int) -> torch.Tensor:
    """Bit masks (n, words) as bool (n, vocabulary)."""
    spread = bits.view(torch.uint8)[..., None] >> torch.arange(8, device=bits.device, dtype=torch.uint8)
    return (spread & 1).view(len(bits), -1)[:, :vocabulary].bool()


def sample(scores: torch.Tensor, choices: Sequence[tuple[Row, int]]) -> list[int | None]:
    """The best token, or one of the most likely by the row's lot for its next choice or the one after (0, 1); None
    where no score is finite."""
    best, token = scores.max(1)
    if any(row.temperature > 0 for row, _ in choices):
        temperatures = np.array([row.temperature for row, _ in choices], np.float32).astype(np.float64)
        lots = [random.Random(f"{row.seed}/{row.choices + later}").random() for row, later in choices]
        temperature, lot = to_device(np.stack([temperatures, lots])[..., None], scores.device)
        likely, which = scores.topk(min(_MOST_LIKELY, scores.shape[1]), 1)
        reached = torch.softmax(likely.double() / temperature.masked_fill(temperature == 0, 1.0), 1).cumsum(1)
        drawn = which.gather(1, (reached < lot * reached[:, -1:]).sum(1, keepdim=True).clamp_(max=which.shape[1] - 1))
        token = torch.where(temperature[:, 0] > 0, drawn[:, 0], token)
    # The one place of a step where the host waits for the device.
    return [found if found >= 0 else None for found in torch.where(torch.isfinite(best), token, -1).tolist()]
