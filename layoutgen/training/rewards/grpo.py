"""Group-relative policy optimisation (Shao et al. 2024, DeepSeekMath, equation 3): its loss, whatever the policy.

    loss = -min(r A, clip(r, 1 - ε, 1 + ε) A) + β KL,    r = p / p_before

p is what the policy gives an action now, p_before what it gave it when the rollouts were made, A the rollout's
advantage in its group. The divergence from the reference is estimated of the same actions by q / p - log (q / p) - 1,
which is never below 0 and 0 where both agree (Schulman 2020).
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Terms:
    """What a loss is made with: ε, β, and the temperature at which the actions were drawn."""

    clip: float = 0.2
    kl: float = 0.02
    temperature: float = 1.0


USUAL = Terms()


def surrogate(now: Tensor, before: Tensor | None, advantage: Tensor, clip: float) -> tuple[Tensor, Tensor]:
    """The clipped part of the loss (k,) of actions with log-probabilities (k,), and which are clipped, 1 or 0. Without
    `before` the rollouts were made by the policy as it is now: the ratio is 1, and its gradient the policy's."""
    ratio = (now - (now.detach() if before is None else before)).exp()
    plain, limited = ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage
    return -torch.minimum(plain, limited), (limited < plain).float().detach()


def divergence(now: Tensor, reference: Tensor) -> Tensor:
    """The estimate (k,) of the policy's divergence from the reference, by log-probabilities (k,) of its own actions."""
    apart = reference - now
    return apart.exp() - apart - 1
