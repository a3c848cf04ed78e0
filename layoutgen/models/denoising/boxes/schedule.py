"""How noise is added to boxes and taken away: cosine schedule, x0 prediction, DDIM.

ᾱ_t = f(t) / f(0),  f(t) = cos²((t/T + s) / (1 + s) · π/2),  s = 0.008, with betas of at most 0.999
                                                              (Nichol & Dhariwal 2021)
x_t = √ᾱ_t · x0 + √(1 - ᾱ_t) · ε
DDIM (Song et al. 2021) from t to u < t, with ε = (x_t - √ᾱ_t · x0) / √(1 - ᾱ_t):
σ = η · √((1 - ᾱ_t/ᾱ_u) · (1 - ᾱ_u) / (1 - ᾱ_t)),  x_u = √ᾱ_u · x0 + √(1 - ᾱ_u - σ²) · ε + σ · noise
"""

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

STEPS = 1000
"""T: times are 0 to T - 1."""


def _kept() -> Tensor:
    t = np.arange(STEPS + 1) / STEPS
    f = np.cos((t + 0.008) / 1.008 * np.pi / 2) ** 2
    betas = np.minimum(1 - f[1:] / f[:-1], 0.999)
    return torch.from_numpy(np.cumprod(1 - betas)).float()


KEPT = _kept()
"""ᾱ_t for each time (T,): the share of the signal's variance that is left."""


def noised(x0: Tensor, t: Tensor, noise: Tensor) -> Tensor:
    """x_t of signals x0 (b, n, 4) at times (b,)."""
    kept = KEPT.to(x0.device)[t][:, None, None]
    return kept.sqrt() * x0 + (1 - kept).sqrt() * noise


def times(steps: int) -> list[tuple[int, int]]:
    """The pairs (t, u) of a sampling in so many steps, from T - 1 on; the last u is -1: no noise left."""
    if not 1 <= steps <= STEPS:
        raise ValueError(f"steps is {steps}; give 1 to {STEPS}")
    at = np.rint(np.linspace(STEPS - 1, -1, steps + 1)).astype(int).tolist()
    return list(pairwise(at))


def ddim(x: Tensor, x0: Tensor, t: int, u: int, noise: Tensor, eta: float = 1.0) -> Tensor:
    """x_u of x_t and the predicted x0; x0 itself where u is -1."""
    mean, sigma = gaussian(x, x0, t, u, eta)
    return mean + sigma * noise if u >= 0 else mean


def gaussian(x: Tensor, x0: Tensor, t: int, u: int, eta: float = 1.0) -> tuple[Tensor, float]:
    """What x_u is drawn from: its mean, and σ; x0 itself and 0 where u is -1."""
    if u < 0:
        return x0, 0.0
    now, then = KEPT[t].item(), KEPT[u].item()
    epsilon = (x - now**0.5 * x0) / (1 - now) ** 0.5
    sigma = eta * ((1 - now / then) * (1 - then) / (1 - now)) ** 0.5
    return then**0.5 * x0 + max(0.0, 1 - then - sigma**2) ** 0.5 * epsilon, sigma
