"""How the denoising is held to what is locked: the product's place, and constraints on elements.

Elements are numbered as in a plan: the texts in the order of the copy, then the demanded panels. Given boxes stand in
their slots from the first step to the last, as the network has learnt to see them; after every step all other boxes are
replaced by the nearest ones that keep the constraints (`core.proposals.constraints`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from layoutgen.core.layout import Box, inside
from layoutgen.core.proposals.constraints import Constraints, project
from layoutgen.models.denoising.plans.slots import PRODUCT, Slots, boxes_of, first_line, numbers_of
from layoutgen.models.denoising.seeds import FREE

_RATIO = 0.02


@dataclass(frozen=True)
class Locks:
    """What a plan has to keep: the product's box, None where it is to be found, and constraints on elements."""

    product: Box | None = None
    constraints: Constraints = FREE

    def check(self, demanded: int, underlays: int, fit: tuple[float, float] | None) -> None:
        """Raise ValueError for what can't be kept of `demanded` texts, at most so many panels and a product that is
        `fit` (width, height) large at scale 1; its ratio may be off by 2 %."""
        self.constraints.check(demanded)
        if (self.constraints.underlays or 0) > underlays:
            raise ValueError(f"{self.constraints.underlays} underlays are demanded, and a plan has {underlays} at most")
        if self.product is None:
            return
        left, top, right, bottom = self.product
        if not (left < right and top < bottom and inside(self.product, (0.0, 0.0, 1.0, 1.0))):
            raise ValueError(f"locked product box {self.product} is no box on the canvas; give ltrb in [0, 1]")
        if fit and abs((right - left) * fit[1] / ((bottom - top) * fit[0]) - 1) > _RATIO:
            raise ValueError(
                f"locked product box {self.product} is {right - left:.4g} by {bottom - top:.4g} of the canvas, and the "
                f"cut-out is {fit[0]:.4g} by {fit[1]:.4g}; keep its ratio"
            )


def slot_of(element: int, texts: int, underlays: int) -> int:
    """The slot of an element of a plan with so many texts."""
    return first_line(underlays) + element if element < texts else 1 + element - texts


def given_of(locks: Sequence[Locks], texts: Sequence[int], slots: Slots, underlays: int) -> tuple[Tensor, Tensor]:
    """The given numbers (b, n, 4), and which slots have them (b, n)."""
    ltrb = torch.full((*slots.kinds.shape, 4), 0.5, device=slots.fit.device)
    is_given = torch.zeros_like(slots.there)
    for row, (lock, count) in enumerate(zip(locks, texts, strict=True)):
        boxes = {slot_of(k, count, underlays): box for k, box in lock.constraints.given.items()}
        if lock.product is not None:
            boxes[PRODUCT] = lock.product
        for slot, box in boxes.items():
            ltrb[row, slot], is_given[row, slot] = torch.tensor(box, device=ltrb.device), True
    return numbers_of(ltrb, slots), is_given


class Steering:
    """Puts constraints on a step's answer, row by row."""

    def __init__(self, locks: Sequence[Locks], texts: Sequence[int], slots: Slots, underlays: int) -> None:
        self._locks, self._texts, self._slots, self._underlays = locks, texts, slots, underlays

    def __call__(self, numbers: Tensor) -> Tensor:
        """The numbers (b, n, 4) that keep the constraints."""
        if not any(len(lock.constraints) for lock in self._locks):
            return numbers
        ltrb = boxes_of(numbers, self._slots)
        for row, (lock, count) in enumerate(zip(self._locks, self._texts, strict=True)):
            constraints = lock.constraints
            if not len(constraints):
                continue
            at = [slot_of(k, count, self._underlays) for k in range(count + (constraints.underlays or 0))]
            nearest = project([(a, b, c, d) for a, b, c, d in ltrb[row, at].tolist()], constraints)
            ltrb[row, at] = torch.tensor(nearest, dtype=ltrb.dtype, device=ltrb.device)
        return numbers_of(ltrb, self._slots)
