"""What a network says as plans: sampled, taken apart, projected, scored.

Roles are the likeliest that the copy allows. Where no constraint says otherwise, columns of texts are set flush, a
panel is drawn round a button or selling point where the network says that there is one under it, and under no
other text (round all selling points or none; `core.proposals.tidying`). Texts keep off the product, off what
a platform lays on the canvas, and off each other (`core.proposals.separation`). The product's box is moved to lie
wholly on the canvas.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from layoutgen.core.layout import Box, Role, Suggestion, area
from layoutgen.core.proposals.constraints import project, violations
from layoutgen.core.proposals.ranking import layout_score
from layoutgen.core.proposals.separation import separated
from layoutgen.core.proposals.tidying import tidied
from layoutgen.models.base import Fault
from layoutgen.models.denoising.briefs import NOT_FINITE
from layoutgen.models.denoising.lines import ROLES
from layoutgen.models.denoising.plans.asking import Item, asked
from layoutgen.models.denoising.plans.network import Answer, PlanNet, Scene
from layoutgen.models.denoising.plans.sampling import sample
from layoutgen.models.denoising.plans.slots import PRODUCT, boxes_of, first_line, fit_of, whole_box
from layoutgen.models.denoising.plans.steering import Locks, Steering, given_of

_LEAST_SCALE, _ENOUGH = 0.2, 0.5
_GAP = 0.015  # between the product and an element, share of the canvas's short side


@dataclass(frozen=True)
class Task:
    """A plan to make: the poster, what is locked, what stays `free`, and the seed of each sample."""

    item: Item
    locks: Locks
    seeds: tuple[int, ...]
    free: tuple[Box, ...] = ()


@dataclass(frozen=True)
class Draft:
    """A plan that was sampled; `product` is None where there is no cut-out. `before` are the constraints that it broke
    before they were put on it."""

    product: Box | None
    suggestions: tuple[Suggestion, ...]
    score: float
    before: tuple[str, ...] = ()


def draft(
    network: PlanNet, tasks: Sequence[Task], steps: int, *, without: Sequence[str] = ()
) -> list[list[Draft] | Fault]:
    """Each task's samples, which keep its locks, or `not_finite`. `without` are conditions that the network is not
    told (`network.Asked.without`)."""
    device = next(network.parameters()).device
    rows = [task for task in tasks for _ in task.seeds]
    samples = len(tasks[0].seeds)
    with torch.inference_mode():
        request = asked([task.item for task in tasks], network.size).without(*without).to(device)
        scene = network.scene(request).each(samples)
    locks, texts = [task.locks for task in rows], [len(task.item.lines) for task in rows]
    given = given_of(locks, texts, scene.slots, network.size.underlays)
    steering = Steering(locks, texts, scene.slots, network.size.underlays)
    seeds = [seed for task in tasks for seed in task.seeds]
    numbers, answer = sample(network, scene, seeds, *given, steps=steps, steer=steering)
    return [
        _read(network, scene, numbers, answer, range(i * samples, (i + 1) * samples), task)
        for i, task in enumerate(tasks)
    ]


def _read(
    network: PlanNet, scene: Scene, numbers: Tensor, answer: Answer, rows: range, task: Task
) -> list[Draft] | Fault:
    mine = slice(rows.start, rows.stop)
    if not all(bool(part[mine].isfinite().all()) for part in (numbers, answer.roles, answer.presence)):
        return NOT_FINITE
    ltrb = boxes_of(numbers, scene.slots)[mine].double().cpu()
    return [
        _drafted(
            network, numbers[row].double().cpu(), ltrb[k], answer.roles[row].cpu(), answer.presence[row].cpu(), task
        )
        for k, row in enumerate(rows)
    ]


def _drafted(network: PlanNet, numbers: Tensor, ltrb: Tensor, roles: Tensor, presence: Tensor, task: Task) -> Draft:
    item, constraints = task.item, task.locks.constraints
    start, texts = first_line(network.size.underlays), len(item.lines)
    product = task.locks.product
    if product is None and item.ratio is not None:
        x, y, scale, _ = numbers[PRODUCT].tolist()
        product = whole_box((x, y), max(scale, _LEAST_SCALE), item.ratio, item.canvas)
    roles_of = [
        constraints.roles.get(k) or max(line.slot.roles, key=lambda role: roles[start + k, ROLES.index(role)].item())
        for k, line in enumerate(item.lines)
    ]
    obstacles = [*([_grown(product, item)] if product else []), *task.free]
    proposed, broken = _boxes(ltrb[start : start + texts]), []
    panels = _boxes(ltrb[1:start])
    is_held = bool(len(constraints)) or constraints.underlays is not None
    if is_held:
        proposed += panels[: constraints.underlays or 0]
        for element, box in constraints.given.items():
            proposed[element] = box
        broken = violations(proposed, constraints)
        boxes = separated(project(proposed, constraints), texts, obstacles, constraints)
    else:
        likely = [box for box, there in zip(panels, presence[1:start].tolist(), strict=True) if there > 0]
        boxes = [*project(proposed, constraints), *likely]
    names = [line.slot.text for line in item.lines] + [""] * (len(boxes) - texts)
    suggestions = tuple(map(Suggestion, [*roles_of, *[Role.UNDERLAY] * (len(boxes) - texts)], boxes, names))
    if not is_held:
        suggestions = tidied(suggestions, item.canvas, obstacles)
        boxes = [one.box for one in suggestions]
    score = _score(suggestions, item, product) - _squeezed(proposed[:texts], boxes[:texts])
    return Draft(product, suggestions, score, tuple(broken))


def _boxes(ltrb: Tensor) -> list[Box]:
    return [(a, b, c, d) for a, b, c, d in ltrb.tolist()]


def _squeezed(proposed: Sequence[Box], boxes: Sequence[Box]) -> float:
    """The mean share of their height that texts lost on the way."""
    lost = [1 - (b[3] - b[1]) / max(a[3] - a[1], 0.01) for a, b in zip(proposed, boxes, strict=True)]
    return sum(max(0.0, share) for share in lost) / max(1, len(lost))


def _score(suggestions: Sequence[Suggestion], item: Item, product: Box | None) -> float:
    """`ranking.layout_score`, less what the product is too small."""
    score = layout_score(suggestions, item.canvas, product)
    if product is None or item.ratio is None:
        return score
    fit = fit_of(item.ratio, item.canvas)
    return score - 2 * max(0.0, _ENOUGH - area(product) ** 0.5 / max(fit[0] * fit[1], 0.3) ** 0.5)


def _grown(box: Box, item: Item) -> Box:
    short = min(item.canvas.width, item.canvas.height)
    x, y = _GAP * short / item.canvas.width, _GAP * short / item.canvas.height
    return (max(0.0, box[0] - x), max(0.0, box[1] - y), min(1.0, box[2] + x), min(1.0, box[3] + y))
