"""Numbers as states, and how states are forgotten and found again: discrete diffusion with mask and replace.

A number is one of K bins; state K is the mask M. A step keeps a state with α_t, draws any bin with β_t each and masks
it with γ_t, α_t + K β_t + γ_t = 1; a masked state stays masked. So from step u to t > u, with u = -1 for the truth,

    q(x_t = k | x_u = j) = α δ_jk + β,   q(x_t = M | x_u = j) = γ,   α = ᾱ_t / ᾱ_u,  γ = 1 - (1 - γ̄_t) / (1 - γ̄_u)
    q(x_u | x_t) ∝ q(x_t | x_u) · Σ over x_0 of q(x_u | x_0) p(x_0) / q(x_t | x_0)

with ᾱ_t falling from 1 to 0 and γ̄_t rising from 0 to 1 in a line, a tenth of what is lost being drawn anew midway.
Source: Austin et al. 2021, "Structured Denoising Diffusion Models in Discrete State-Spaces"; Gu et al. 2022, "Vector
Quantized Diffusion Model for Text-to-Image Synthesis"; for layouts, Inoue et al. 2023, LayoutDM.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

STEPS = 100
"""T: times are 0 to T - 1."""
_REPLACED = 0.1


def _kept_and_masked() -> tuple[Tensor, Tensor]:
    t = (torch.arange(STEPS, dtype=torch.float64) + 1) / STEPS
    alpha = (1 - t).clamp(min=1e-5)
    return alpha, (1 - alpha) * (1 - _REPLACED * alpha)


KEPT, MASKED = _kept_and_masked()
"""ᾱ_t and γ̄_t for each time (T,)."""


def to_states(numbers: Tensor, bins: int) -> Tensor:
    """Numbers in [0, 1] as bins."""
    return (numbers * bins).floor().long().clamp(0, bins - 1)


def from_states(states: Tensor, bins: int) -> Tensor:
    """The middles of bins; 1/2 for the mask."""
    return torch.where(states < bins, (states + 0.5) / bins, 0.5)


def forgotten(states: Tensor, t: Tensor, draws: Tensor, anew: Tensor, bins: int) -> Tensor:
    """x_t of the true states (b, …) at times (b,), by `draws` in [0, 1) and `anew` bins of the same shape."""
    shape = (-1, *[1] * (states.dim() - 1))
    alpha, masked = KEPT.to(draws)[t].reshape(shape), MASKED.to(draws)[t].reshape(shape)
    out = torch.where(draws < alpha, states, anew)
    return torch.where(draws >= 1 - masked, bins, out)


def times(steps: int) -> list[tuple[int, int]]:
    """The pairs (t, u) of a sampling in so many steps, from T - 1 on; the last u is -1: the truth."""
    if steps < 1:
        raise ValueError(f"steps is {steps}; give 1 or more")
    at = np.rint(np.linspace(STEPS - 1, -1, min(steps, STEPS) + 1)).astype(int).tolist()
    return list(pairwise(at))


def earlier(states: Tensor, truth: Tensor, t: Tensor, u: Tensor) -> Tensor:
    """q(x_u | x_t) of states (b, n), where `truth` (b, n, K) says how likely each x_0 is, at times t and u (b,), -1 for
    the truth: (b, n, K + 1)."""
    bins = truth.shape[-1]
    alpha_t, masked_t = _at(t, truth)
    alpha_u, masked_u = _at(u, truth)
    alpha, gamma = alpha_t / alpha_u, 1 - (1 - masked_t) / (1 - masked_u)
    beta = (1 - alpha - gamma).clamp(min=0) / bins
    is_masked = (states == bins)[..., None]
    here = torch.nn.functional.one_hot(states.clamp(max=bins - 1), bins).to(truth)
    # q(x_t | x_0): of each x_0, that what is seen came of it
    likely = torch.where(is_masked, masked_t, alpha_t * here + (1 - alpha_t - masked_t).clamp(min=0) / bins)
    share = truth / likely.clamp(min=1e-12)
    total = share.sum(-1, keepdim=True)
    bin_u = alpha_u * share + (1 - alpha_u - masked_u).clamp(min=0) / bins * total
    bin_out = torch.where(is_masked, gamma, alpha * here + beta) * bin_u
    mask_out = torch.where(is_masked, masked_u * total, torch.zeros_like(total))
    out = torch.cat([bin_out, mask_out], -1)
    return out / out.sum(-1, keepdim=True).clamp(min=1e-12)


def _at(t: Tensor, like: Tensor) -> tuple[Tensor, Tensor]:
    """ᾱ and γ̄ at times (b,), as (b, 1, 1); 1 and 0 for the truth."""
    alpha = torch.where(t < 0, 1.0, KEPT.to(like)[t.clamp(min=0)])[:, None, None]
    masked = torch.where(t < 0, 0.0, MASKED.to(like)[t.clamp(min=0)])[:, None, None]
    return alpha, masked
