"""A denoising as a chain of Gaussian steps, each of whose probability is known: what a policy gradient is taken of.

DDIM with η > 0 goes from x_t to x_u by a draw of N(mean, σ² I), so a chain of T steps is an episode of T actions (Black
et al. 2023, DDPO; Liu et al. 2025, Flow-GRPO):

    ε = (x_t - √ᾱ_t · x0) / √(1 - ᾱ_t),  σ = η · √((1 - ᾱ_t/ᾱ_u) · (1 - ᾱ_u) / (1 - ᾱ_t))
    mean = √ᾱ_u · x0 + √(1 - ᾱ_u - σ²) · ε                                     (Song et al. 2021)

A step has 100 to 200,000 numbers, which all have the same say: log-probabilities and divergences are means over those
that were drawn,

    log p = mean of [-(x_u - mean)² / 2σ² - log σ - log √2π],   KL = mean of (mean - mean')² / 2σ²

the second between two Gaussians of the same σ, in closed form.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from layoutgen.core.layout import Suggestion
from layoutgen.models.denoising.inputs import Inputs


class Move(NamedTuple):
    """Steps of n chains: from time t to u (n,), `before` and `after` (n, …), the `mean` (n, …) and `sigma` (n,) of what
    `after` was drawn from, and which of its numbers were `drawn` from that: 1 or 0, (n, …) or so many 1s instead."""

    t: Tensor
    u: Tensor
    before: Tensor
    after: Tensor
    mean: Tensor
    sigma: Tensor
    drawn: Tensor

    def of(self, chain: int) -> "Move":
        """That of a chain alone; a copy, for gradients can't be taken of what inference made."""
        return Move(*(part[chain : chain + 1].clone() for part in self))


class Rollouts(NamedTuple):
    """What chains became: a layout each, None where the network's answer was not finite; and their moves."""

    layouts: list[tuple[Suggestion, ...] | None]
    moves: list[Move]


class Chains(Protocol):
    """How a family of networks is asked for chains, and for the Gaussians of their steps."""

    def see(self, network: Any, inputs: Sequence[Inputs]) -> Any:
        """What does not change while layouts are denoised, a named tuple of tensors (n, …); gradients flow through."""
        ...

    def roll(
        self,
        network: Any,
        context: Any,
        inputs: Sequence[Inputs],
        seeds: Sequence[int],
        *,
        steps: int,
        stochastic: bool,
    ) -> Rollouts:
        """Denoise each of the inputs with a seed of its own, as in serving; `stochastic` chains are drawn at each step:
        the probability of what became of them is known."""
        ...

    def mean(self, network: Any, context: Any, move: Move) -> Tensor:
        """The mean (n, …) of moves of stochastic chains, as the network has it now."""
        ...


def moved(n: int, t: int, u: int, before: Tensor, after: Tensor, gaussian: tuple[Tensor, float], drawn: Tensor) -> Move:
    """A move of n chains at the same times."""
    mean, sigma = gaussian
    at, to, spread = torch.full((n,), t), torch.full((n,), u), torch.full((n,), sigma)
    return Move(at, to, before, after, mean, spread, drawn)


def joined(moves: Sequence[Move]) -> Move:
    """Moves of chains as one of all of them."""
    return Move(*(torch.cat(parts) for parts in zip(*moves, strict=True)))


def repeated(context: Any, counts: Sequence[int]) -> Any:
    """What is seen of layouts, each so many times, one after the other."""
    return type(context)(*(part.repeat_interleave(torch.tensor(counts, device=part.device), 0) for part in context))


def ddim(x: Tensor, x0: Tensor, alpha: Tensor, alpha_next: Tensor, eta: float) -> tuple[Tensor, Tensor]:
    """Mean (n, …) and σ (n, 1, …) of what comes after x, of a predicted x0 and ᾱ (n,) at times t and u."""
    # In double precision: at first σ² is all but 1 - ᾱ_u.
    now, after = (share.double().view(-1, *[1] * (x.ndim - 1)) for share in (alpha, alpha_next))
    sigma = eta * ((1 - now / after) * (1 - after) / (1 - now)).sqrt()
    rest = (1 - after - sigma**2).clamp(min=0).sqrt() / (1 - now).sqrt()
    mean = (after.sqrt() - rest * now.sqrt()).to(x0) * x0 + rest.to(x) * x
    return mean, sigma.to(x)


def log_prob(move: Move, mean: Tensor) -> Tensor:
    """The log-probability (n,) of where chains went, by a mean (n, …) of what they were drawn from; 0 of nothing."""
    sigma = move.sigma.view(-1, *[1] * (mean.ndim - 1)).to(mean)
    each = -(move.after - mean).square() / (2 * sigma**2) - sigma.log() - math.log(2 * math.pi) / 2
    return _averaged(each, move.drawn)


def divergence(move: Move, mean: Tensor, reference: Tensor) -> Tensor:
    """KL (n,) of the steps' Gaussians from those of a reference with the same σ."""
    sigma = move.sigma.view(-1, *[1] * (mean.ndim - 1)).to(mean)
    return _averaged((mean - reference).square() / (2 * sigma**2), move.drawn)


def _averaged(each: Tensor, drawn: Tensor) -> Tensor:
    weight = drawn.to(each).expand_as(each)
    return (each * weight).flatten(1).sum(1) / weight.flatten(1).sum(1).clamp(min=1)
