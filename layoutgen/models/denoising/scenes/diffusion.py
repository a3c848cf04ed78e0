"""Noise on a scene's numbers, and how it is taken away: cosine schedule, x0 predicted, DDIM with guidance.

    x_t = √ᾱ_t x_0 + √(1 - ᾱ_t) ε,    ᾱ_t = cos²(π t / 2), t in [0, 1]

With a category c, a style s of strength λ and guidance g:

    x̂_0 = x(∅) + g (x(c) - x(∅)) + λ (x(c, s) - x(c))

so at λ = 0 the style is not even asked.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor

from layoutgen.goods.backdrops import numbers
from layoutgen.models.denoising.scenes.network import SceneNet, Wanted

LAST = 0.985  # at t = 1 nothing of the scene is left, and nothing could be learnt there


def signal(times: Tensor) -> tuple[Tensor, Tensor]:
    """√ᾱ and √(1 - ᾱ) at times."""
    angle = times * (math.pi / 2)
    return angle.cos(), angle.sin()


def losses(network: SceneNet, truth: Tensor, wanted: Wanted, times: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
    """The mean squared error of x0 a row, (n,), and x0 as it is predicted, (n, numbers.SIZE); a kind's places weigh a
    third of the others, of which there are fewer."""
    keep, add = signal(times * LAST)
    x = keep[:, None] * truth + add[:, None] * noise
    answer = network(x, times * LAST, wanted)
    error = (answer - truth) ** 2
    kinds = len(numbers.KINDS)
    return error[:, :kinds].mean(1) + 3 * error[:, kinds:].mean(1), answer


@torch.no_grad()
def sample(
    network: SceneNet,
    wanted: Wanted,
    *,
    strength: float,
    guidance: float,
    steps: int,
    seed: int,
    kind: str | None = None,
) -> Tensor:
    """One scene's numbers (numbers.SIZE,): `wanted` has one row. The same for a seed, whatever else is sampled. A
    `kind` is held through all steps, so that colours and light come out as they suit it."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, numbers.SIZE, generator=generator)
    rows = [(0, False)]
    if int(wanted.categories[0]):
        rows.append((int(wanted.categories[0]), False))
    is_styled = strength > 0 and bool(wanted.is_styled[0])
    if is_styled:
        rows.append((int(wanted.categories[0]), True))
    n = len(rows)
    asked = Wanted(
        torch.tensor([row for row, _ in rows]),
        wanted.floats.expand(n, -1),
        wanted.styles.expand(n, -1),
        torch.tensor([styled for _, styled in rows]),
    )
    times = torch.linspace(LAST, 0, steps + 1)
    clean = x
    for now, then in pairwise(times):
        answers = network(x.expand(n, -1), now.expand(n), asked)
        base = answers[-2 if is_styled else -1]
        clean = answers[0] + guidance * (base - answers[0]) if int(wanted.categories[0]) else answers[0]
        if is_styled:
            clean = clean + strength * (answers[-1] - base)
        clean = clean.clamp(-1.2, 1.2)[None].clone()
        if kind is not None:
            clean[:, : len(numbers.KINDS)] = -1
            clean[:, numbers.KINDS.index(kind)] = 1
        keep, add = signal(now)
        noise = (x - keep * clean) / add
        keep, add = signal(then)
        x = keep * clean + add * noise
    return clean[0].clamp(-1, 1)
