"""Layouts of given photos, by a network that plans: the product's slot is locked to where the photo's subject is.

This is for the verdict of a training, whose measures are of layouts beside a picture; a planner is asked before there
is one. A photo whose subject nobody knows is laid out without a product.
"""

from collections.abc import Sequence

from layoutgen.core.layout import Framing
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.critics.ranking import Rank
from layoutgen.models.denoising.briefs import answers, readable
from layoutgen.models.denoising.plans.asking import Item
from layoutgen.models.denoising.plans.drafting import Draft, Task, draft
from layoutgen.models.denoising.plans.network import PlanNet
from layoutgen.models.denoising.plans.seeing import cut_from
from layoutgen.models.denoising.plans.steering import Locks
from layoutgen.models.denoising.seeds import FREE, row_seed
from layoutgen.models.denoising.view import pixels_of, shown_of
from layoutgen.models.vlm.canvas_painter import ChooseFraming


class PlanComposer:
    """Completes plans of photos; arguments are as in `family.MakesComposer`. Without `rank` the best of several samples
    is the one with the best score as a plan."""

    def __init__(
        self,
        network: PlanNet,
        *,
        frame: ChooseFraming,
        steps: int = 8,
        samples: int = 1,
        rows: int = 8,
        seed: int = 0,
        rank: Rank | None = None,
    ) -> None:
        self._network, self._frame, self._rank = network, frame, rank
        self._steps, self._samples, self._rows, self._seed = steps, samples, rows, seed

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's composition, or why there is none: `empty_copy`, `copy_too_long`, `not_finite`."""
        framings = [self._frame(brief.image, brief.annotation, brief.canvas) for brief in briefs]
        asked = [self._task(brief, framing) for brief, framing in zip(briefs, framings, strict=True)]
        return [
            drafts
            if isinstance(drafts, Fault)
            else Composition(framing, self._best(drafts, brief, framing).suggestions)
            for brief, framing, drafts in zip(briefs, framings, answers(asked, self._drafted, self._rows), strict=True)
        ]

    def _best(self, drafts: Sequence[Draft], brief: Brief, framing: Framing) -> Draft:
        rank = self._rank
        if rank is None or len(drafts) < 2:
            return max(drafts, key=lambda draft: draft.score)
        return max(drafts, key=lambda draft: rank(brief, framing, draft.suggestions))

    def _task(self, brief: Brief, framing: Framing) -> Task | Fault:
        lines = readable(brief, self._network.size.lines)
        if isinstance(lines, Fault):
            return lines
        shown = shown_of(brief.annotation, framing)
        cut = cut_from(*pixels_of(brief.image, framing, brief.canvas, shown, self._network.size))
        item = Item(cut and cut[0], lines, brief.canvas, brief.logo_aspect)
        seeds = tuple(row_seed(brief, FREE, self._seed, k) for k in range(self._samples))
        return Task(item, Locks(cut and cut[1]), seeds, brief.free)

    def _drafted(self, tasks: Sequence[Task]) -> list[list[Draft] | Fault]:
        return draft(self._network, tasks, self._steps)
