"""From noise to a plan: DDIM over numbers, or mask and replace over states, each row from its own seed.

What is given stands in its slots at every step and comes back as it was. In states all that is not given begins masked.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from layoutgen.models.denoising.boxes import schedule
from layoutgen.models.denoising.boxes.tensors import SCALE
from layoutgen.models.denoising.plans import states
from layoutgen.models.denoising.plans.network import Answer, PlanNet, Scene
from layoutgen.models.denoising.plans.slots import from_signal, to_signal

Steer = Callable[[Tensor], Tensor]
"""Says from a step's numbers (b, n, 4) what they should be instead."""


@torch.inference_mode()
def sample(
    network: PlanNet,
    scene: Scene,
    seeds: Sequence[int],
    given: Tensor,
    is_given: Tensor,
    *,
    steps: int = 8,
    eta: float = 1.0,
    steer: Steer | None = None,
) -> tuple[Tensor, Answer]:
    """Denoise: the numbers (b, n, 4) in [0, 1], and the last answer. `given` (b, n, 4) are the numbers of the slots
    that `is_given` (b, n). A row's noise is drawn for its own slots alone, so that it is the same in every batch."""
    own = scene.slots.there.long().cumsum(-1).argmax(-1) + 1
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    shape, device = given.shape, given.device

    def draw(kind: Callable[..., Tensor]) -> Tensor:
        out = torch.zeros(shape)
        for row, (count, generator) in enumerate(zip(own.tolist(), generators, strict=True)):
            out[row, :count] = kind(count, 4, generator=generator)
        return out.to(device)

    fixed = is_given[..., None]
    if network.size.bins:
        return _of_states(network, scene, draw, given, fixed, steps, steer)
    x, truth = draw(torch.randn), to_signal(given)
    for t, u in schedule.times(steps):
        x = torch.where(fixed, truth, x)
        answer = network(scene, x, torch.full((len(x),), t, device=device), is_given)
        x0 = torch.where(fixed, truth, answer.numbers.clamp(-SCALE, SCALE))
        if steer is not None and u >= 0:
            x0 = torch.where(fixed, truth, to_signal(steer(from_signal(x0))))
        x = schedule.ddim(x, x0, t, u, draw(torch.randn), eta)
    return torch.where(fixed, given, from_signal(x)), answer


def _of_states(
    network: PlanNet,
    scene: Scene,
    draw: Callable[[Callable[..., Tensor]], Tensor],
    given: Tensor,
    fixed: Tensor,
    steps: int,
    steer: Steer | None,
) -> tuple[Tensor, Answer]:
    bins = network.size.bins
    rows, n, _ = given.shape
    truth = states.to_states(given, bins)
    x = torch.where(fixed, truth, bins)
    for t, u in states.times(steps):
        now, then = (torch.full((rows,), time, device=given.device) for time in (t, u))
        answer = network(scene, x, now, fixed[..., 0])
        chances = answer.numbers.float().softmax(-1)
        if steer is not None and u >= 0:
            chances = _leant(chances, steer(_means(chances, bins)), bins)
        chances_before = states.earlier(x.reshape(rows, n * 4), chances.reshape(rows, n * 4, bins), now, then)
        draws = draw(torch.rand).reshape(rows, n * 4, 1)
        drawn = (chances_before.cumsum(-1) < draws).sum(-1).clamp(max=bins if u >= 0 else bins - 1)
        x = torch.where(fixed, truth, drawn.reshape(rows, n, 4))
    return torch.where(fixed, given, states.from_states(x, bins)), answer


def _means(chances: Tensor, bins: int) -> Tensor:
    middles = (torch.arange(bins, device=chances.device) + 0.5) / bins
    return (chances * middles).sum(-1)


def _leant(chances: Tensor, wanted: Tensor, bins: int) -> Tensor:
    """Chances of bins whose means are moved to `wanted`, by moving all of them by so many bins."""
    moved = ((wanted - _means(chances, bins)) * bins).round().long()[..., None]
    index = torch.arange(bins, device=chances.device) - moved
    out = torch.where((index >= 0) & (index < bins), chances.gather(-1, index.clamp(0, bins - 1)), 0.0)
    return torch.where(out.sum(-1, keepdim=True) > 1e-6, out, chances)
