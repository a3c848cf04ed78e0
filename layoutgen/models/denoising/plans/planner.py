"""A planner that denoises: PlanNet.

A plan's noise is drawn from seeds of its own, made of the brief, so it does not depend on what else is in the batch. Of
several samples the best by `core.proposals.ranking` is taken; the first wins a tie.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from layoutgen.core.proposals.constraints import ContradictionError
from layoutgen.models.base import Fault, Plan, PlanBrief
from layoutgen.models.denoising.boxes.steering import with_roles
from layoutgen.models.denoising.briefs import answers, readable
from layoutgen.models.denoising.plans.asking import Item
from layoutgen.models.denoising.plans.drafting import Draft, Task, draft
from layoutgen.models.denoising.plans.network import PlanNet
from layoutgen.models.denoising.plans.slots import fit_of
from layoutgen.models.denoising.plans.steering import Locks

VERSION = "plannet-1"
"""Changes with every change of what the same network plans for the same brief."""


class PlanNetPlanner:
    """Plans with a network: `steps` of denoising, `samples` a plan, `rows` plans at once. `without` are conditions that
    the network is not told, to measure what they bring."""

    def __init__(
        self, network: PlanNet, *, steps: int = 8, samples: int = 4, rows: int = 16, without: Sequence[str] = ()
    ) -> None:
        self._network, self._steps, self._samples, self._rows = network, steps, samples, rows
        self._without = tuple(without)

    def plan(self, briefs: list[PlanBrief]) -> list[Plan | Fault]:
        """Return each brief's plan, or why there is none: see `sample`."""
        return [drafts if isinstance(drafts, Fault) else _best(drafts) for drafts in self.sample(briefs)]

    def sample(self, briefs: Sequence[PlanBrief], locks: Sequence[Locks] | None = None) -> list[list[Draft] | Fault]:
        """Return each brief's samples, which keep its locks, or why there are none: `empty_copy`, `copy_too_long` (more
        texts than the network reads), `no_cut_out` (nothing of the product can be seen), `bad_constraints`,
        `contradiction`, `not_finite`."""
        asked = [self._task(*pair) for pair in zip(briefs, locks or [Locks()] * len(briefs), strict=True)]
        return answers(asked, lambda tasks: draft(self._network, tasks, self._steps, without=self._without), self._rows)

    def _task(self, brief: PlanBrief, locks: Locks) -> Task | Fault:
        size = self._network.size
        lines = readable(brief, size.lines)
        if isinstance(lines, Fault):
            return lines
        if brief.product.ndim != 3 or brief.product.shape[2] != 4 or not brief.product[..., 3].any():
            shape = "x".join(map(str, brief.product.shape))
            return Fault("no_cut_out", f"the product is {shape} px with nothing opaque in it; give its RGBA cut-out")
        try:
            lines = with_roles(lines, locks.constraints.roles)
            item = Item(brief.product, lines, brief.canvas, brief.logo_aspect, brief.category)
            locks.check(len(lines), size.underlays, fit_of(item.ratio or 1.0, brief.canvas))
        except ContradictionError as error:
            return Fault("contradiction", str(error))
        except ValueError as error:
            return Fault("bad_constraints", str(error))
        seeds = tuple(_seed(brief, locks, k) for k in range(self._samples))
        return Task(item, locks, seeds, brief.free)


def _best(drafts: Sequence[Draft]) -> Plan:
    best = max(drafts, key=lambda draft: draft.score)
    assert best.product is not None  # a task without a cut-out is a fault
    return Plan(best.product, best.suggestions)


def _seed(brief: PlanBrief, locks: Locks, number: int) -> int:
    """The seed of a sample: the same for the same cut-out, copy, canvas, category, locks and seed."""
    about = (brief.copy, brief.canvas, brief.category, brief.logo_aspect, brief.free, brief.seed, locks, number)
    digest = hashlib.sha256(repr(about).encode())
    digest.update(np.ascontiguousarray(brief.product).data)
    return int.from_bytes(digest.digest()[:7], "big")
