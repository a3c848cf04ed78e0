"""Layouts as what is drawn of them, and back: elements a little further in, so that neighbours stay apart.

Lines of text stand so close to each other that their boxes would become one, and a button's text may fill it from edge
to edge and hide that it is one. So each side is drawn `INSET` px further in where 3 px are left, and what lies on an
underlay leaves a pixel of it to be seen on each side; what is read is moved out again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from layoutgen.core.layout import Box, Canvas, Role, Suggestion, area
from layoutgen.core.proposals.constraints import Constraints, project
from layoutgen.core.proposals.layout_image import classify, draw, parse
from layoutgen.core.proposals.region_texts import assign
from layoutgen.models.denoising.lines import Line

INSET = 1


def signal(elements: Sequence[Suggestion], canvas_px: tuple[int, int], side: int) -> Tensor:
    """The classes of a layout's pixels (side, side), uint8, as `layout_image.classify` numbers them: in the upper left
    of the square."""
    width, height = canvas_px
    classes = torch.zeros(side, side, dtype=torch.uint8)
    found, _ = classify(draw(inset(elements, width, height), width, height))
    classes[:height, :width] = torch.from_numpy(found)
    return classes


def read_layout(
    image: np.ndarray,
    canvas_px: tuple[int, int],
    lines: Sequence[Line],
    canvas: Canvas,
    logo_aspect: float | None = None,
    roles: Sequence[Mapping[Role, float]] | None = None,
) -> tuple[Suggestion, ...]:
    """The layout of a drawn image (s, s, 3): its regions, as far as the copy has texts for them, on the canvas; `roles`
    as `region_texts.assign` takes them."""
    width, height = canvas_px
    regions = inset(parse(image[:height, :width]), width, height, -INSET)
    found = assign(regions, [line.slot for line in lines], canvas, logo_aspect, roles)
    kept = project([one.box for one in found], Constraints())
    return tuple(replace(one, box=box) for one, box in zip(found, kept, strict=True))


def inset(elements: Sequence[Suggestion], width: int, height: int, px: int = INSET) -> list[Suggestion]:
    """The elements with each side `px` further in on an image of a size, or further out where `px` is negative; a side
    that would be left with less than 3 px, or leave the canvas, stays."""
    moved = [replace(one, box=_moved(one.box, width, height, px)) for one in elements]
    if px <= 0:
        return moved
    grounds = [one for one in moved if one.role is Role.UNDERLAY]
    return [replace(one, box=_on_ground(one, grounds, width, height)) for one in moved]


def _moved(box: Box, width: int, height: int, px: int) -> Box:
    left, top, right, bottom = box
    if (right - left) * width >= 3 + max(0, 2 * px):
        left, right = max(0.0, left + px / width), min(1.0, right - px / width)
    if (bottom - top) * height >= 3 + max(0, 2 * px):
        top, bottom = max(0.0, top + px / height), min(1.0, bottom - px / height)
    return left, top, right, bottom


def _on_ground(one: Suggestion, grounds: Sequence[Suggestion], width: int, height: int) -> Box:
    """The box, cut where it would hide the sides of what it lies on."""
    left, top, right, bottom = one.box
    x, y = (left + right) / 2, (top + bottom) / 2
    for ground in grounds:
        a, b, c, d = ground.box
        is_smaller = one.role is not Role.UNDERLAY or area(one.box) < area(ground.box)
        if ground is not one and is_smaller and a < x < c and b < y < d:
            left, right = _between(left, right, a, c, 1 / width)
            top, bottom = _between(top, bottom, b, d, 1 / height)
    return left, top, right, bottom


def _between(low: float, high: float, first: float, last: float, px: float) -> tuple[float, float]:
    """A side within another and a pixel away from its ends, where that leaves a pixel of it."""
    inner = max(low, first + px), min(high, last - px)
    return inner if inner[1] - inner[0] >= px else (low, high)
