"""Whole layouts, and hints of them: edges moved by noise of a level, elements moved as a whole, edges not known.

A batch has one level a layout, drawn evenly by its logarithm from LEVELS; the highest one rises with the training
(curriculum). Of the layouts, half have each edge moved with probability 1/2 by N(0, level), as
`core.prompts.refinements` is asked (LGGPT), a quarter have every edge moved, a quarter have elements moved and scaled
as a whole. In two of five some elements are known in part: one to three of x, y, width and height are hidden. What is
not known has the level `UNKNOWN`, and stands anywhere.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from layoutgen.core.layout import LEARNT_ROLES, Role
from layoutgen.models.refiners.inputs import UNKNOWN, Inputs, numbers_of
from layoutgen.training.data.sample import Task

LEVELS = (0.004, 0.06)
_FIRST_HIGHEST = 0.015
_LEAST_SIDE = 0.004
_IN_PART = 0.4
_UNDERLAY = LEARNT_ROLES.index(Role.UNDERLAY)


def layouts(tasks: Sequence[Task], most: int = 24) -> Inputs:
    """Layouts as they are, all edges exact; those of more than `most` elements are left out."""
    fit = [task for task in tasks if 0 < len(task.target) <= most]
    count = max(len(task.target) for task in fit)
    whole = Inputs(
        torch.zeros(len(fit), count, 4),
        torch.zeros(len(fit), count, 4),
        torch.zeros(len(fit), count, dtype=torch.long),
        torch.zeros(len(fit), count, len(numbers_of(fit[0].target)[0])),
        torch.tensor([math.log(task.canvas.width / task.canvas.height) for task in fit]),
        torch.zeros(len(fit), count, dtype=torch.bool),
    )
    for i, task in enumerate(fit):
        n = len(task.target)
        whole.ltrb[i, :n] = torch.tensor([element.box for element in task.target])
        whole.roles[i, :n] = torch.tensor([LEARNT_ROLES.index(element.role.learnt) for element in task.target])
        whole.numbers[i, :n] = torch.tensor(numbers_of(task.target, task.logo_aspect))
        whole.there[i, :n] = True
    return whole


def chosen(whole: Inputs, rows: Tensor) -> Inputs:
    """Some of the layouts, no wider than they need."""
    ltrb, levels, roles, numbers, aspects, there = (each[rows] for each in whole)
    count = int(there.sum(1).max())
    return Inputs(ltrb[:, :count], levels[:, :count], roles[:, :count], numbers[:, :count], aspects, there[:, :count])


def turned(whole: Inputs, rng: torch.Generator) -> Inputs:
    """Half of the layouts mirrored, half of them moved as a whole by up to 0.7 of the room to the canvas's edges, half
    of them without their underlays, and all as if set in a type narrower or wider by N(0, 0.15), in logarithms: then
    texts say how wide texts are."""
    bare = _uniform(whole.ltrb, rng)[..., 0] < 0.5
    whole = whole._replace(there=whole.there & ~(bare & (whole.roles == _UNDERLAY)))
    whole = whole._replace(aspects=whole.aspects + 0.15 * torch.randn(whole.aspects.shape, generator=rng))
    ltrb = whole.ltrb
    mirrored = torch.stack([1 - ltrb[..., 2], ltrb[..., 1], 1 - ltrb[..., 0], ltrb[..., 3]], -1)
    ltrb = torch.where(_uniform(ltrb, rng) < 0.5, mirrored, ltrb)
    absent = ~whole.there[..., None]
    low = ltrb[..., :2].masked_fill(absent, 1.0).amin(1, keepdim=True)
    high = ltrb[..., 2:].masked_fill(absent, 0.0).amax(1, keepdim=True)
    step = -low + torch.rand(low.shape, generator=rng) * (low + 1 - high)
    step = 0.7 * step * (_uniform(ltrb, rng) < 0.5)
    return whole._replace(ltrb=ltrb + torch.cat([step, step], -1))


def hinted(whole: Inputs, rng: torch.Generator, done: float) -> Inputs:
    """Hints of layouts; `done` is the share of the training that is behind."""
    low, high = math.log(LEVELS[0]), math.log(_FIRST_HIGHEST + (LEVELS[1] - _FIRST_HIGHEST) * min(1.0, 2 * done))
    level = (low + _uniform(whole.ltrb, rng) * (high - low)).exp()
    way = _uniform(whole.ltrb, rng)
    single = torch.randn(whole.ltrb.shape, generator=rng) * (torch.rand(whole.ltrb.shape, generator=rng) < 0.5)
    every = torch.randn(whole.ltrb.shape, generator=rng)
    shift, grow = (torch.randn((*whole.ltrb.shape[:2], 2), generator=rng) for _ in range(2))
    together = torch.cat([shift - grow / 2, shift + grow / 2], -1)
    moved = whole.ltrb + level * torch.where(way < 0.5, single, torch.where(way < 0.75, every, together))
    ltrb = _valid(moved.clamp(0, 1), whole.ltrb)
    known = level * (0.2 * torch.randn(level.shape, generator=rng)).exp()  # serving knows the level roughly
    hints = whole._replace(ltrb=ltrb, levels=known.expand_as(ltrb).clone())
    share = torch.rand(level.shape, generator=rng) * (_uniform(whole.ltrb, rng) < _IN_PART)
    return in_part(hints, rng, share)


def moved_by(whole: Inputs, level: float, rng: torch.Generator, share: float = 0.5) -> Inputs:
    """Each edge moved with a probability `share` by N(0, level): what is measured."""
    noise = torch.randn(whole.ltrb.shape, generator=rng) * (torch.rand(whole.ltrb.shape, generator=rng) < share)
    ltrb = _valid((whole.ltrb + level * noise).clamp(0, 1), whole.ltrb)
    return whole._replace(ltrb=ltrb, levels=torch.full_like(ltrb, level))


def in_part(hints: Inputs, rng: torch.Generator, share: Tensor) -> Inputs:
    """Of a `share` (b, 1, 1) of the elements one to three of x, y, width and height are not known."""
    rows, count = hints.roles.shape
    order = torch.rand(rows, count, 4, generator=rng).argsort(-1).argsort(-1)
    hides = order < torch.randint(1, 4, (rows, count, 1), generator=rng)
    hides = hides & (torch.rand(rows, count, 1, generator=rng) < share)
    ltrb, levels = hints.ltrb.clone(), hints.levels.clone()
    anywhere = torch.rand(rows, count, 2, generator=rng)
    for axis, side in enumerate((0.35, 0.06)):
        place, size = hides[..., axis], hides[..., axis + 2]
        drawn = (side * (torch.randn(rows, count, generator=rng) / 2).exp()).clamp(max=0.9)
        length = torch.where(size, drawn, ltrb[..., axis + 2] - ltrb[..., axis])
        near = torch.where(place, anywhere[..., axis] * (1 - length), ltrb[..., axis])
        ltrb[..., axis], ltrb[..., axis + 2] = near, near + length
        levels[..., axis] = torch.where(place, UNKNOWN, levels[..., axis])
        levels[..., axis + 2] = torch.where(place | size, UNKNOWN, levels[..., axis + 2])
    return hints._replace(ltrb=ltrb, levels=levels)


def _valid(moved: Tensor, before: Tensor) -> Tensor:
    """Boxes moved, those of which a side became too short as they were."""
    short = (moved[..., 2:] - moved[..., :2]) < _LEAST_SIDE
    return torch.where(torch.cat([short, short], -1), before, moved)


def _uniform(like: Tensor, rng: torch.Generator) -> Tensor:
    """A number of [0, 1) a layout, (b, 1, 1)."""
    return torch.rand(len(like), 1, 1, generator=rng)
