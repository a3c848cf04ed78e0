"""A layout that a network learns, as tensors: what it is shown, and what is true of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from layoutgen.core.layout import Role, Suggestion
from layoutgen.models.denoising.lines import ROLES, Line


@dataclass(frozen=True, eq=False)
class Truth:
    """A layout to learn: boxes (m, 4), ltrb, normalised; indices of roles (m,); and the line that each element carries
    (m,), -1 for none."""

    ltrb: Tensor
    roles: Tensor
    carries: Tensor

    def to(self, device: torch.device) -> "Truth":
        """The same on a device."""
        return Truth(self.ltrb.to(device), self.roles.to(device), self.carries.to(device))


@dataclass(frozen=True, eq=False)
class Inputs:
    """A layout as a network is shown it: picture (channels, side, side), the canvas's (width, height) in it, lines, the
    truth, and `target`, what else its family learns of it (`Family.encode`). `category` is the product's, `logo_aspect`
    the width of the logo's image over its height."""

    picture: Tensor
    size: tuple[int, int]
    lines: tuple[Line, ...]
    truth: Truth
    target: Tensor | None = None
    category: str | None = None
    logo_aspect: float | None = None


def truth_of(elements: Sequence[Suggestion], lines: Sequence[Line]) -> Truth:
    """What is to be learnt: boxes, roles, and which line each element carries. Raises ValueError for a text that no
    line has."""
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
        torch.tensor([element.box for element in elements], dtype=torch.float32).reshape(-1, 4),
        torch.tensor([ROLES.index(element.role) for element in elements], dtype=torch.long),
        torch.tensor(carries, dtype=torch.long),
    )


def line_roles(truths: Sequence[Truth], count: int) -> Tensor:
    """The role of the element that carries a line (b, count), -1 where none does."""
    roles = torch.full((len(truths), count), -1)
    for row, truth in enumerate(truths):
        carried = truth.carries >= 0
        roles[row, truth.carries[carried]] = truth.roles[carried]
    return roles
