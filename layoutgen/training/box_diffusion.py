"""How a network that denoises boxes is trained: plain functions of tasks and networks.

What is learnt of a task: its framed picture, the lines of its copy, and the elements of its target, each with its role,
its box and the line that it carries.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from layoutgen.core.layout import Role, Suggestion
from layoutgen.models.layout_diffusion.lines import Line, batch, lines_of
from layoutgen.models.layout_diffusion.network import Radm
from layoutgen.models.layout_diffusion.objective import Truth, loss
from layoutgen.models.layout_diffusion.seeing import picture
from layoutgen.models.layout_diffusion.sizes import ROLES, Size
from layoutgen.training.augment import Augmentation, Task, jittered, shaped


@dataclass(frozen=True, eq=False)
class Shown:
    """A layout as the network is shown it: picture (channels, side, side), the canvas's (width, height) in it, lines,
    and the truth."""

    picture: Tensor
    size: tuple[int, int]
    lines: tuple[Line, ...]
    truth: Truth


def show(task: Task, size: Size) -> Shown:
    """Show a task. Raises ValueError where it has more lines or elements than the network takes, or where its target
    says a text that the copy does not have."""
    seen, shape = picture(task.photo, task.framing, task.canvas, task.keep, size)
    lines = lines_of(task.copy, task.canvas, task.logo_aspect)
    if len(lines) > size.lines or len(task.target) > size.proposals:
        raise ValueError(
            f"a layout of {len(lines)} texts and {len(task.target)} elements, and {size.name} takes {size.lines} and "
            f"{size.proposals}; leave it out"
        )
    return Shown(seen, shape, lines, truth(task.target, lines))


def truth(elements: Sequence[Suggestion], lines: Sequence[Line]) -> Truth:
    """What is to be found: boxes, roles, and which line each element carries. Raises ValueError for a text that no line
    has."""
    free = list(range(len(lines)))
    carries = []
    for element in elements:
        if element.role is Role.UNDERLAY:
            carries.append(-1)
            continue
        line = next((k for k in free if lines[k].slot.text == element.text), None)
        if line is None:
            raise ValueError(f"{element.role} {element.text!r} is no text of the copy, or more often than there")
        free.remove(line)
        carries.append(line)
    return Truth(
        torch.tensor([one.box for one in elements], dtype=torch.float32).reshape(-1, 4),
        torch.tensor([ROLES.index(one.role) for one in elements], dtype=torch.long),
        torch.tensor(carries, dtype=torch.long),
    )


def drawn(task: Task, how: Augmentation, seed: Sequence[int], size: Size) -> Shown:
    """Show a task with the lots of a seed: another canvas, mirrored, texts in another order or left out, moved."""
    shape, target = np.random.default_rng(list(seed)).spawn(2)
    task, _ = shaped(task, how, shape)
    if target.random() < how.perturb:
        moved, _ = jittered([one.box for one in task.target], how.perturb_sigma, how.jitter_share, target)
        elements = tuple(Suggestion(one.role, box, one.text) for one, box in zip(task.target, moved, strict=True))
        task = Task(**{**vars(task), "target": elements})
    return show(task, size)


def batch_loss(network: Radm, shown: Sequence[Shown], seeds: Sequence[int]) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch, and its parts on the last head; times and noise are the seeds'."""
    device = next(network.parameters()).device
    scene = network.scene(
        torch.stack([one.picture for one in shown]).to(device),
        torch.tensor([one.size for one in shown], dtype=torch.float32, device=device),
        batch([one.lines for one in shown]).to(device),
    )
    truths = [
        Truth(*(part.to(device) for part in (one.truth.ltrb, one.truth.roles, one.truth.carries))) for one in shown
    ]
    return loss(network, scene, truths, seeds)


class Average:
    """The exponential moving average of a network's weights, which is what serves:

    m ← d · m + (1 - d) · w,  d = min(decay, (1 + k) / (10 + k)) at step k, so that early weights are soon forgotten.
    """

    def __init__(self, network: Radm, decay: float = 0.999) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay, self.steps = decay, 0

    @torch.no_grad()
    def update(self, network: Radm) -> None:
        """Take a step's weights in."""
        share = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for kept, new in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
            if kept.is_floating_point():
                kept.lerp_(new, 1 - share)
            else:
                kept.copy_(new)
        self.steps += 1


def optimiser(network: Radm, rate: float, decay: float = 1e-4) -> torch.optim.AdamW:
    """AdamW, as published; weight decay on matrices alone."""
    matrices = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    return torch.optim.AdamW(
        [{"params": matrices, "weight_decay": decay}, {"params": others, "weight_decay": 0.0}], rate
    )
