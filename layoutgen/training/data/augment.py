"""Makes samples of layouts: the question, the picture, the answer, and every change that was made on the way.

Two families of noise, each with an rng of its own, so that one does not move with the other:

- **condition**: the layout is handed in unfinished, as `core.prompts.refinements` tells it. Some elements are given. A
  given one is locked, or a hint: each of its coordinates is moved with probability `jitter_share` by N(0, `jitter`) of
  the canvas's side. Of some, 0 to 4 of role, x, y, width and height are hidden. (LGGPT: noise on what is given, with a
  flag that says so, and partial masks.)
- **target**: the answer itself is moved a little (PosterCopilot: perturbed supervision), so that it is learnt as a
  neighbourhood and not to the pixel.

Besides: the canvas cut or extended, the picture mirrored where no letter is in it, selling points in another order,
selling points left out. `log` of a sample says all of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from layoutgen.core.layout import Box, Canvas, Role, Suggestion, inside, union
from layoutgen.core.prompts.layouts import layout_prompt, write_layout
from layoutgen.core.prompts.refinements import ATTRIBUTES, MOST_HIDDEN, Given, refinement_prompt
from layoutgen.imaging.framed import draw_at
from layoutgen.imaging.given_boxes import drawn
from layoutgen.training.data.disguise import disguised
from layoutgen.training.data.sample import Sample, Task

Rng = np.random.Generator
Size = Callable[[int, int], tuple[int, int]]
"""From a canvas's width and height to the size in px at which the model sees it: `PictureKind.size` with its side."""

_LEAST = 0.004  # a box that noise made smaller keeps its side
_MAP = 7  # px of a sample's picture to one of its subject map
_MARGIN = 0.025  # between elements and the edge of a canvas that was cut


@dataclass(frozen=True)
class Augmentation:
    """How often and how much. `refine`: share of samples that are unfinished layouts; in these `lock` is the share of
    given elements that are locked, `hide` of those of which 0 to 4 attributes are hidden. `perturb`: share of samples
    whose answer is moved, by N(0, `perturb_sigma`) of the side. `reframe`, `flip`, `reorder`: shares of samples;
    `leave_out`: share of selling points. `disguise`: share of samples with other letters in the copy (`disguise`).
    `draw_given`: whether the picture of an unfinished layout shows the boxes that are given."""

    refine: float = 0.5
    lock: float = 0.35
    jitter: float = 0.01
    jitter_share: float = 0.5
    hide: float = 0.5
    perturb: float = 0.2
    perturb_sigma: float = 0.003
    reframe: float = 0.25
    flip: float = 0.5
    reorder: float = 0.3
    leave_out: float = 0.08
    disguise: float = 0.0
    draw_given: bool = False


NONE = Augmentation(refine=0, perturb=0, reframe=0, flip=0, reorder=0, leave_out=0, disguise=0)
"""Samples as they are: what is evaluated."""


def augmented(task: Task, how: Augmentation, seed: Sequence[int], size: Size) -> Sample:
    """Make a sample. The same task, settings and seed give the same sample.

    Preferences, tasks with a `rejected` layout, are not handed in unfinished: what is locked would have to be the same
    in both answers.
    """
    shape, condition, target, letters = np.random.default_rng(list(seed)).spawn(4)
    task, log = shaped(task, how, shape)
    if letters.random() < how.disguise and task.rejected is None:
        copy, elements = disguised(task.copy, task.target, letters)
        task = replace(task, copy=copy, target=elements)
        log["disguised"] = True
    if target.random() < how.perturb:
        moved, deltas = jittered([element.box for element in task.target], how.perturb_sigma, how.jitter_share, target)
        elements = tuple(replace(element, box=box) for element, box in zip(task.target, moved, strict=True))
        task = replace(task, target=elements)
        log["target"] = {"moved": deltas}
    given: list[tuple[int, Given]] = []
    if condition.random() < how.refine and task.rejected is None:
        given, log["condition"] = _given(task.target, how, condition)
        task = replace(task, target=_in_order(task.target, given))
        prompt = refinement_prompt(task.copy, task.canvas, [element for _, element in given], task.logo_aspect)
    else:
        prompt = layout_prompt(task.copy, task.canvas, task.logo_aspect)
    width, height = size(task.canvas.width, task.canvas.height)
    mask, picture = task.mask, draw_at(task.photo, task.framing, width, height)
    return Sample(
        prompt.system,
        prompt.user,
        drawn(picture, [element for _, element in given]) if how.draw_given else picture,
        write_layout(task.target, task.copy),
        None if task.rejected is None else write_layout(task.rejected, task.copy),
        log,
        None if mask is None else draw_at(mask, task.framing, width // _MAP, height // _MAP),
        task,
    )


def jittered(
    boxes: Sequence[Box], sigma: float, share: float, rng: Rng
) -> tuple[list[Box], list[tuple[float, float, float, float]]]:
    """Move each coordinate of each box with probability `share` by N(0, sigma) of the side; return the boxes, within
    the canvas and never inverted, and what was drawn for each coordinate (0 where it stays)."""
    moved, deltas = [], []
    for box in boxes:
        draws = rng.normal(0, sigma, 4) * (rng.random(4) < share)
        sides = np.clip(np.array(box) + draws, 0, 1)
        for axis in (0, 1):
            if sides[axis + 2] - sides[axis] < _LEAST:
                sides[axis], sides[axis + 2] = box[axis], box[axis + 2]
        moved.append((float(sides[0]), float(sides[1]), float(sides[2]), float(sides[3])))
        deltas.append((float(draws[0]), float(draws[1]), float(draws[2]), float(draws[3])))
    return moved, deltas


def _given(
    target: Sequence[Suggestion], how: Augmentation, rng: Rng
) -> tuple[list[tuple[int, Given]], list[dict[str, Any]]]:
    """What is handed in of a layout, each with its index in the target, in any order, and the log."""
    share = rng.uniform(0.15, 1.0)
    chosen = [int(i) for i in rng.permutation(len(target)) if rng.random() < share]
    given, log = [], []
    for index in chosen:
        element = target[index]
        locked = bool(rng.random() < how.lock)
        hidden: frozenset[str] = frozenset()
        if rng.random() < how.hide:
            # A logo or an underlay has no text that it could be told by: its role stays.
            names = ATTRIBUTES if element.text else ATTRIBUTES[1:]
            count = int(rng.integers(0, MOST_HIDDEN + 1))
            hidden = frozenset(names[int(i)] for i in rng.permutation(len(names))[:count])
        entry: dict[str, Any] = {"element": index, "locked": locked, "hidden": sorted(hidden)}
        if not locked:
            (box,), (entry["moved"],) = jittered([element.box], how.jitter, how.jitter_share, rng)
            element = replace(element, box=box)
        given.append((index, Given(element, locked, hidden)))
        log.append(entry)
    return given, log


def _in_order(target: tuple[Suggestion, ...], given: Sequence[tuple[int, Given]]) -> tuple[Suggestion, ...]:
    """The target as an answer lists it: locked underlays in the order in which they are given, before the others."""
    locked = [index for index, part in given if part.locked and part.element.role is Role.UNDERLAY]
    rest = [part for index, part in enumerate(target) if index not in locked]
    return (*(target[index] for index in locked), *rest)


def shaped(task: Task, how: Augmentation, rng: Rng) -> tuple[Task, dict[str, Any]]:
    """Change canvas, direction, copy; return what was done."""
    log: dict[str, Any] = {}
    draws = rng.random(3)
    window = _window(task, rng)
    if draws[0] < how.reframe and window is not None:
        task = reframed(task, window)
        log["window"] = window
    if draws[1] < how.flip and not task.printed:
        task = mirrored(task)
        log["mirrored"] = True
    points = task.copy.selling_points
    out = [index for index in range(len(points)) if rng.random() < how.leave_out]
    if out:
        task = without(task, out)
        log["left_out"] = [points[index] for index in out]
    order = rng.permutation(len(task.copy.selling_points))
    if draws[2] < how.reorder and len(order) > 1:
        points = tuple(task.copy.selling_points[int(index)] for index in order)
        task = replace(task, copy=replace(task.copy, selling_points=points))
        log["order"] = [int(index) for index in order]
    return task, log


def mirrored(task: Task) -> Task:
    """The task seen in a mirror."""

    def across(box: Box) -> Box:
        return (1 - box[2], box[1], 1 - box[0], box[3])

    focus = task.framing.focus and across(task.framing.focus)
    framing = replace(task.framing, crop=across(task.framing.crop), picture=across(task.framing.picture), focus=focus)
    photo = np.ascontiguousarray(task.photo[:, ::-1])
    mask = None if task.mask is None else np.ascontiguousarray(task.mask[:, ::-1])
    return _with_boxes(replace(task, photo=photo, framing=framing, mask=mask), across)


def _window(task: Task, rng: Rng) -> Box | None:
    """A part of the canvas that holds all elements and what is to be kept, cut along one direction; or more than the
    canvas, where its edge is plain backdrop. None where nothing can be cut or added."""
    held = union(
        [*(element.box for element in (*task.target, *(task.rejected or ()))), *([task.keep] if task.keep else [])]
    )
    assert held is not None
    axis = int(rng.integers(2))
    sides = [0.0, 0.0, 1.0, 1.0]
    most = 0.25 if task.keep else 0.1  # where the product is unknown, the edges are all that may go
    for side, room in ((axis, held[axis]), (axis + 2, 1 - held[axis + 2])):
        is_plain = task.framing.picture[side] > 0.01 if side < 2 else task.framing.picture[side] < 0.99
        low, high = (-0.2 if is_plain else 0.0), min(most, max(0.0, room - _MARGIN))
        cut = float(rng.uniform(low, high))
        sides[side] += cut if side < 2 else -cut
    window = (sides[0], sides[1], sides[2], sides[3])
    return window if abs(window[axis + 2] - window[axis] - 1) > 0.02 else None


def reframed(task: Task, window: Box) -> Task:
    """The task on the canvas that a window (ltrb, normalised to the old canvas, and perhaps beyond it) cuts out."""
    wide, tall = window[2] - window[0], window[3] - window[1]

    def seen(box: Box) -> Box:
        return (
            (box[0] - window[0]) / wide,
            (box[1] - window[1]) / tall,
            (box[2] - window[0]) / wide,
            (box[3] - window[1]) / tall,
        )

    crop, picture = task.framing.crop, seen(task.framing.picture)
    shown = (max(0.0, picture[0]), max(0.0, picture[1]), min(1.0, picture[2]), min(1.0, picture[3]))
    across = (crop[2] - crop[0]) / (picture[2] - picture[0])
    down = (crop[3] - crop[1]) / (picture[3] - picture[1])
    cut = (
        crop[0] + (shown[0] - picture[0]) * across,
        crop[1] + (shown[1] - picture[1]) * down,
        crop[2] - (picture[2] - shown[2]) * across,
        crop[3] - (picture[3] - shown[3]) * down,
    )
    canvas = Canvas(max(1, round(task.canvas.width * wide)), max(1, round(task.canvas.height * tall)))
    return _with_boxes(replace(task, canvas=canvas, framing=replace(task.framing, crop=cut, picture=shown)), seen)


def without(task: Task, points: Sequence[int]) -> Task:
    """The task without some selling points, their elements, and underlays on which nothing stands any more."""
    gone = [task.copy.selling_points[index] for index in points]
    points_left = tuple(point for index, point in enumerate(task.copy.selling_points) if index not in set(points))
    rejected = None if task.rejected is None else _cleared(task.rejected, gone)
    copy = replace(task.copy, selling_points=points_left)
    return replace(task, copy=copy, target=_cleared(task.target, gone), rejected=rejected)


def _cleared(elements: Sequence[Suggestion], gone: Sequence[str]) -> tuple[Suggestion, ...]:
    left, out = list(gone), []
    for element in elements:
        if element.text in left and element.role not in (Role.TITLE, Role.LOGO):
            left.remove(element.text)
            out.append(element)
    rest = [element for element in elements if not any(element is other for other in out)]
    texts = [element.box for element in rest if element.role is not Role.UNDERLAY]

    def is_bare(element: Suggestion) -> bool:
        was_under = any(inside(other.box, element.box, 1e-3) for other in out)
        return element.role is Role.UNDERLAY and was_under and not any(inside(box, element.box, 1e-3) for box in texts)

    return tuple(element for element in rest if not is_bare(element))


def _with_boxes(task: Task, change: Callable[[Box], Box]) -> Task:
    def changed(elements: Sequence[Suggestion]) -> tuple[Suggestion, ...]:
        return tuple(replace(element, box=_within(change(element.box))) for element in elements)

    return replace(
        task,
        target=changed(task.target),
        rejected=None if task.rejected is None else changed(task.rejected),
        keep=None if task.keep is None else _within(change(task.keep)),
    )


def _within(box: Box) -> Box:
    """A box cut to the canvas: rounding may lead it out by a hair."""
    return (max(0.0, box[0]), max(0.0, box[1]), min(1.0, box[2]), min(1.0, box[3]))
