"""Which proposal is which element: each line of the copy gets one box and a role it may take, so the number and roles
of elements follow the copy; then come the underlays.

Of line l and proposal i the worth is

    log max over l's roles r of σ(role_ir) + log softmax(carries_i)_l - 4 · [a better box of the same role lies there]

and the assignment of the largest sum is taken (Hungarian method). "Lies there" is non-maximum suppression a role, at an
IoU of 0.15. Underlays are proposals left over that are more likely underlays than not and bear the middle of a text, no
more than there are lines, after the same suppression; where a number of underlays is demanded, the likeliest are taken.
"""

from collections.abc import Collection, Sequence

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from layoutgen.core.layout import Role
from layoutgen.models.denoising.boxes.head import Prediction
from layoutgen.models.denoising.boxes.tensors import survivors
from layoutgen.models.denoising.lines import ROLES, Line

OVERLAP = 0.15
_SUPPRESSED = 4.0
_UNDERLAY = ROLES.index(Role.UNDERLAY)


def bind(
    found: Prediction,
    row: int,
    lines: Sequence[Line],
    *,
    underlays: int | None = None,
    pinned: Collection[int] = (),
) -> tuple[list[int], list[Role]]:
    """The proposal and role of each element of a row: its lines in their order, then the underlays, of which there are
    `underlays`, or as many as there seem to be. `pinned` elements have the proposals of their numbers. Raises
    ValueError where there are more elements than proposals."""
    roles, ltrb = found.roles[row].float().cpu(), found.ltrb[row].float().cpu()
    carries = found.carries[row].float().cpu()
    if len(lines) + (underlays or 0) > len(ltrb):
        raise ValueError(f"{len(lines) + (underlays or 0)} elements for {len(ltrb)} proposals; use a larger size")
    likely = torch.nn.functional.logsigmoid(roles).double()
    carried = carries.log_softmax(-1).double()
    best = torch.stack([survivors(ltrb, roles[:, k], OVERLAP) for k in range(len(ROLES))], 1)
    chosen = _assign(lines, likely, carried, best, pinned)
    taken = [proposal for proposal, _ in chosen]
    middles = (ltrb[taken, :2] + ltrb[taken, 2:]) / 2 if taken else torch.zeros(0, 2)
    for proposal in _underlays(likely[:, _UNDERLAY], ltrb, middles, len(lines), underlays, pinned, taken):
        chosen.append((proposal, Role.UNDERLAY))
    return [proposal for proposal, _ in chosen], [role for _, role in chosen]


def _assign(
    lines: Sequence[Line], likely: Tensor, carried: Tensor, best: Tensor, pinned: Collection[int]
) -> list[tuple[int, Role]]:
    if not lines:
        return []
    worth = np.zeros((len(lines), len(likely)))
    role = np.zeros(worth.shape, int)
    for index, line in enumerate(lines):
        allowed = [ROLES.index(one) for one in line.slot.roles]
        here, which = likely[:, allowed].max(1)
        role[index] = np.array(allowed)[which.numpy()]
        at = torch.from_numpy(role[index])
        suppressed = ~best.gather(1, at[:, None])[:, 0]
        worth[index] = (here + carried[:, index] - _SUPPRESSED * suppressed).numpy()
    for element in pinned:
        worth[:, element] = -1e6
        if element < len(lines):
            worth[element, :] = -1e6
            worth[element, element] = 1e6
    rows, columns = linear_sum_assignment(np.nan_to_num(worth, nan=-1e6), maximize=True)
    return [(int(i), ROLES[role[k, i]]) for k, i in zip(rows, columns, strict=True)]


def _underlays(
    likely: Tensor,
    ltrb: Tensor,
    middles: Tensor,
    lines: int,
    wanted: int | None,
    pinned: Collection[int],
    taken: Sequence[int],
) -> list[int]:
    """The proposals that are underlays, the demanded ones in their order."""
    order = [i for i in likely.argsort(descending=True, stable=True).tolist() if i not in {*taken, *pinned}]
    if wanted is not None:
        free = iter(order)
        return [lines + k if lines + k in pinned else next(free) for k in range(wanted)]
    found: list[int] = []
    for i in order:
        if likely[i] <= np.log(0.5) or len(found) == lines:
            break
        left, top, right, bottom = ltrb[i].tolist()
        bears = [(left <= x <= right and top <= y <= bottom) for x, y in middles.tolist()]
        if any(bears) and bool(survivors(ltrb[[*found, i]], -torch.arange(len(found) + 1.0), OVERLAP)[-1]):
            found.append(i)
    return found
