"""A composer that draws layout images, reads them, and tidies what is read (`core.proposals.tidying`).

Each layout's noise is of a seed of its own, as in `boxes.composer`; of several samples the best by
`models.critics.ranking` is taken, the first one in a tie.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch

from layoutgen.core.layout import Framing, Role
from layoutgen.core.prompts.refinements import Given
from layoutgen.core.proposals.hints import without_whole
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.critics.ranking import Rank, rough
from layoutgen.models.denoising.briefs import NOT_FINITE, answers, pictures_of, readable, tidy
from layoutgen.models.denoising.images.encoding import read_layout
from layoutgen.models.denoising.images.network import Conditioning, Drawer, likely_roles
from layoutgen.models.denoising.images.sampling import sample
from layoutgen.models.denoising.lines import Line, batch
from layoutgen.models.denoising.seeds import FREE, row_seed
from layoutgen.models.refiners.finishing import finished
from layoutgen.models.refiners.refiner import Refiner
from layoutgen.models.vlm.canvas_painter import ChooseFraming


@dataclass(frozen=True)
class _Task:
    brief: Brief
    lines: tuple[Line, ...]
    framing: Framing


class ImageComposer:
    """Composes with a network that draws. `frame` says how a photo lies on its canvas; `steps` of denoising, `samples`
    a layout, of which the best by `rank` is taken, `rows` layouts at once."""

    def __init__(
        self,
        network: Drawer,
        *,
        frame: ChooseFraming,
        steps: int = 8,
        samples: int = 1,
        rows: int = 8,
        seed: int = 0,
        rank: Rank = rough,
    ) -> None:
        self._network, self._frame, self._rank = network, frame, rank
        self._steps, self._samples, self._rows, self._seed = steps, samples, rows, seed

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's composition, or why there is none: `empty_copy`, `copy_too_long` (more texts than the
        network reads), `not_finite`."""
        return answers([self._task(brief) for brief in briefs], self._some, self._rows)

    def refine(
        self, briefs: list[Brief], given: list[Sequence[Given]], level: float | None = None
    ) -> list[Composition | Fault]:
        """Finish each brief's unfinished layout: see `refiners.finishing.finished`. The network draws what is not given
        whole, and is shown the other boxes as it is shown the subject, so that it keeps off them."""

        def ask(asked: list[Brief], hints: list[Sequence[Given]]) -> list[Composition | Fault]:
            return self.compose([_without_whole(brief, hint) for brief, hint in zip(asked, hints, strict=True)])

        return finished(self._refiner, briefs, given, level, self._framing, ask, self._rank)

    def _framing(self, brief: Brief) -> Framing:
        return self._frame(brief.image, brief.annotation, brief.canvas)

    @cached_property
    def _refiner(self) -> Refiner:
        return Refiner()

    def _task(self, brief: Brief) -> _Task | Fault:
        lines = readable(brief, self._network.size.lines)
        if isinstance(lines, Fault):
            return lines
        framing = self._framing(brief)
        return _Task(brief, lines, framing)

    def _some(self, tasks: Sequence[_Task]) -> list[Composition | Fault]:
        device = next(self._network.parameters()).device
        pictures, sizes = pictures_of([(task.brief, task.framing) for task in tasks], self._network.size)
        with torch.inference_mode():
            conditioning = self._network.conditioning(
                pictures.to(device),
                sizes.to(device),
                batch([one.lines for one in tasks]).to(device),
            )
        roles = likely_roles(self._network, conditioning)
        seeds = [row_seed(task.brief, FREE, self._seed, k) for task in tasks for k in range(self._samples)]
        repeated = Conditioning(*(part.repeat_interleave(self._samples, 0) for part in conditioning))
        images, finite = sample(self._network, repeated, seeds, steps=self._steps)
        return [
            self._best(images[i * self._samples : (i + 1) * self._samples], (width, height), task, roles[i])
            if finite[i * self._samples : (i + 1) * self._samples].all()
            else NOT_FINITE
            for i, (task, (width, height)) in enumerate(zip(tasks, sizes.tolist(), strict=True))
        ]

    def _best(
        self, images: np.ndarray, canvas_px: tuple[int, int], task: _Task, roles: list[dict[Role, float]]
    ) -> Composition:
        brief = task.brief
        drawn = [read_layout(image, canvas_px, task.lines, brief.canvas, brief.logo_aspect, roles) for image in images]
        read = [tidy(layout, brief, task.framing) for layout in drawn]
        if len(read) > 1:
            read = [max(read, key=lambda layout: self._rank(brief, task.framing, layout))]
        return Composition(task.framing, read[0])


def _without_whole(brief: Brief, given: Sequence[Given]) -> Brief:
    copy, boxes = without_whole(brief.copy, given)
    return replace(brief, copy=copy, free=(*brief.free, *boxes))
