"""Which text of the copy goes into which region of a parsed layout image, so that a layout has the copy's elements.

A text's fit to a region is

    - role - ½ · shape - order / 20
    role = min(3, log of how much likelier the text's likeliest role is), 3 where the text may not have it
    shape = min over k = 1 … 4 lines of |log(w/h of the region in px : w/h of the text set in k lines)|
    order = (rank of the text in the copy - rank of the region from top to bottom, in as many steps)²

with letters as wide as high where they are Chinese and 0.55 of that elsewhere, and lines of 1.25 em. Where a role has
fewer regions than texts that likely have it, lines of text became one: the highest of its regions is parted into lines.
The assignment of the largest sum is taken. A text that no region is left for gets a box below the text before it, of
that one's width and at most its height; regions that no text is left for are dropped, as are underlays under the middle
of no text.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np

from layoutgen.core.layout import Box, Canvas, Role, Suggestion
from layoutgen.core.prompts.layouts import Slot
from layoutgen.core.text.typography import em_length

_WRONG_ROLE = 3.0
_LINE = 1.25
_MOST_LINES = 4
_GAP = 0.01
_LEAST_LINE = 0.015  # of the canvas's height: no line of text is lower
_FIRST = (0.1, 0.1, 0.9, 0.2)


def assign(
    regions: Sequence[Suggestion],
    slots: Sequence[Slot],
    canvas: Canvas,
    logo_aspect: float | None = None,
    roles: Sequence[Mapping[Role, float]] | None = None,
) -> tuple[Suggestion, ...]:
    """The copy's elements in its order, then underlays. `slots` are those of `prompts.slots`; `roles` says of each one
    how likely its roles are, by default all that it may have are alike."""
    places = [region for region in regions if region.role is not Role.UNDERLAY]
    if roles:
        likeliest = [
            max(slot.roles, key=lambda role: likelihood[role]) for slot, likelihood in zip(slots, roles, strict=True)
        ]
        places = _parted(places, likeliest)
    likely = [_penalties(slot, roles[i] if roles else None) for i, slot in enumerate(slots)]
    fits = np.array([[_fit(slot, i, len(slots), region, k, len(places), canvas, logo_aspect)
                      - likely[i].get(region.role, _WRONG_ROLE)
                      for k, region in enumerate(places)] for i, slot in enumerate(slots)])  # fmt: skip
    from scipy.optimize import linear_sum_assignment  # a quarter of a second, and every stage reads this module

    taken = dict(zip(*linear_sum_assignment(fits.reshape(len(slots), len(places)), maximize=True), strict=True))
    placed: list[Suggestion] = []
    for i, slot in enumerate(slots):
        if i in taken:
            place = places[taken[i]]
            role = place.role if place.role in slot.roles else _usual(slot, likely[i])
            placed.append(Suggestion(role, place.box, slot.text))
        else:
            placed.append(
                Suggestion(_usual(slot, likely[i]), _below(placed[-1].box if placed else None, slot, canvas), slot.text)
            )
    middles = [((region.box[0] + region.box[2]) / 2, (region.box[1] + region.box[3]) / 2) for region in placed]
    grounds = [
        region
        for region in regions
        if region.role is Role.UNDERLAY
        and any(region.box[0] <= x <= region.box[2] and region.box[1] <= y <= region.box[3] for x, y in middles)
    ]
    return (*placed, *grounds[: len(placed)])


def _fit(
    slot: Slot, i: int, texts: int, region: Suggestion, k: int, places: int, canvas: Canvas, logo_aspect: float | None
) -> float:
    left, top, right, bottom = region.box
    shape = math.log((right - left) * canvas.width / ((bottom - top) * canvas.height))
    if slot.text:
        em = max(em_length(slot.text), 0.5)
        wanted = [math.log(em / lines / (_LINE * lines)) for lines in range(1, _MOST_LINES + 1)]
    else:
        wanted = [math.log(logo_aspect or 1.0)]
    order = (i - k * max(1, texts - 1) / max(1, places - 1)) ** 2
    return -0.5 * min(abs(shape - aspect) for aspect in wanted) - order / 20


def _parted(regions: Sequence[Suggestion], roles: Sequence[Role]) -> list[Suggestion]:
    """The regions, where one role's are fewer than its texts with the highest of them parted into lines."""
    lines = [1] * len(regions)
    for role in set(roles):
        mine = [k for k, region in enumerate(regions) if region.role is role]
        for _ in range(roles.count(role) - len(mine) if mine else 0):
            heights = {k: (regions[k].box[3] - regions[k].box[1]) / (lines[k] + 1) for k in mine}
            highest = max(mine, key=lambda k: heights[k])
            lines[highest] += heights[highest] > _LEAST_LINE
    out = []
    for region, count in zip(regions, lines, strict=True):
        left, top, right, bottom = region.box
        step = (bottom - top) / count
        out += [Suggestion(region.role, (left, top + k * step, right, top + (k + 1) * step)) for k in range(count)]
    return out


def _penalties(slot: Slot, likely: Mapping[Role, float] | None) -> dict[Role, float]:
    """What each role that a text may have costs."""
    if likely is None:
        return dict.fromkeys(slot.roles, 0.0)
    most = max(likely[role] for role in slot.roles)
    return {role: min(_WRONG_ROLE, math.log(most / max(likely[role], 1e-9))) for role in slot.roles}


def _usual(slot: Slot, penalties: Mapping[Role, float]) -> Role:
    usual = Role.SELLING_POINT if Role.SELLING_POINT in slot.roles else slot.roles[0]
    return min(slot.roles, key=lambda role: (penalties[role], role is not usual))


def _below(box: Box | None, slot: Slot, canvas: Canvas) -> Box:
    """A box as wide as another below it, as high as that one or a line of the text; where the canvas ends, at its lower
    edge."""
    if box is None:
        return _FIRST
    left, top, right, bottom = box
    line = _LINE * (right - left) * canvas.width / max(em_length(slot.text), 1.0) / canvas.height
    height = min(bottom - top, line)
    top = min(bottom + _GAP, 1 - height)
    return (left, top, right, top + height)
