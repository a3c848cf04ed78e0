"""How the denoising is held to a layout's constraints.

Elements are numbered as in a composition: the lines of the copy in their order, then the demanded underlays. A given
element has the proposal of its number. At each step every other element is bound to its proposal (`binding`), and the
boxes are replaced by the nearest ones that keep the constraints (`core.proposals.constraints`), so that what follows is
denoised from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from layoutgen.core.layout import Box, Role
from layoutgen.core.prompts.layouts import Slot
from layoutgen.core.proposals.constraints import Constraints, project
from layoutgen.models.denoising.boxes.binding import bind
from layoutgen.models.denoising.boxes.head import Prediction
from layoutgen.models.denoising.lines import Line


def with_roles(lines: Sequence[Line], roles: Mapping[int, Role]) -> tuple[Line, ...]:
    """The lines with the roles that some of them must have. Raises ValueError where a line can't have its role."""
    out = list(lines)
    for index, role in roles.items():
        if index >= len(lines):
            continue  # an underlay: `Constraints.check` has seen to it
        slot = lines[index].slot
        if role not in slot.roles:
            known = ", ".join(slot.roles)
            raise ValueError(f"element {index} is a {role}, and its text may be: {known}; correct its role")
        out[index] = replace(lines[index], slot=Slot(slot.text, (role,)))
    return tuple(out)


class Steering:
    """Puts constraints on a step's answer, row by row."""

    def __init__(self, lines: Sequence[Sequence[Line]], constraints: Sequence[Constraints]) -> None:
        self._lines, self._constraints = lines, constraints

    def __call__(self, found: Prediction) -> Tensor:
        """The boxes (b, n, 4) that keep the constraints."""
        out = found.ltrb.clone()
        for row, (lines, constraints) in enumerate(zip(self._lines, self._constraints, strict=True)):
            if not len(constraints):
                continue
            proposals, _ = bind(found, row, lines, underlays=constraints.underlays, pinned=constraints.given)
            kept = project(boxes(found, row, proposals), constraints)
            out[row, proposals] = torch.tensor(kept, dtype=out.dtype, device=out.device)
        return out


def boxes(found: Prediction, row: int, proposals: Sequence[int]) -> list[Box]:
    """The boxes of some proposals."""
    return [(a, b, c, d) for a, b, c, d in found.ltrb[row, list(proposals)].tolist()]
