"""What a network that denoises boxes learns of a task, and the loss of a batch: plain functions.

What is learnt of a task: its framed picture, the lines of its copy, and the elements of its target, each with its role,
its box and the line that it carries.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from layoutgen.core.layout import Box, Role, Suggestion
from layoutgen.models.denoising.boxes.network import Radm
from layoutgen.models.denoising.boxes.objective import Truth, loss
from layoutgen.models.denoising.lines import ROLES, Line, batch, lines_of
from layoutgen.models.denoising.view import pixels_of
from layoutgen.training.data.sample import Task


@dataclass(frozen=True, eq=False)
class Shown:
    """A layout as the network is shown it: picture (channels, side, side), the canvas's (width, height) in it, lines,
    and the truth."""

    picture: Tensor
    size: tuple[int, int]
    lines: tuple[Line, ...]
    truth: Truth


def show(task: Task, size: Any, subject: np.ndarray | Box | None = None) -> Shown:
    """Show a task to a network of a size, its `subject` as `view.pixels_of` takes it. Raises ValueError where it has
    more lines or elements than the network takes, or where its target says a text that the copy does not have."""
    seen, shape = pixels_of(task.photo, task.framing, task.canvas, subject, size)
    lines = lines_of(task.copy, task.canvas, task.logo_aspect)
    room = getattr(size, "proposals", len(task.target))  # a drawn layout has room for any number
    if len(lines) > size.lines or len(task.target) > room:
        raise ValueError(
            f"a layout of {len(lines)} texts and {len(task.target)} elements, and {size.name} takes {size.lines} and "
            f"{room}; leave it out"
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


def line_roles(truths: Sequence[Truth], count: int) -> Tensor:
    """The role of the element that carries a line (b, count), -1 where none does."""
    roles = torch.full((len(truths), count), -1)
    for row, one in enumerate(truths):
        says = one.carries >= 0
        roles[row, one.carries[says]] = one.roles[says]
    return roles


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
