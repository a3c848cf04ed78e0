"""A composer that denoises boxes: RADM.

A layout's noise is drawn from a seed of its own, made of the run's seed and what is to be laid out, so it does not
depend on what else is in the batch. Where no constraint says otherwise, what the network proposes is tidied
(`core.proposals.tidying`). Of several samples the best by `models.critics.ranking` is taken; the first wins a tie.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch

from layoutgen.core.layout import Framing, Suggestion
from layoutgen.core.prompts.refinements import Given
from layoutgen.core.proposals.constraints import Constraints, ContradictionError, project, violations
from layoutgen.core.proposals.hints import constraints_of
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.critics.ranking import Rank, rough
from layoutgen.models.denoising.boxes.binding import bind
from layoutgen.models.denoising.boxes.head import Prediction, Scene
from layoutgen.models.denoising.boxes.network import Radm
from layoutgen.models.denoising.boxes.sampling import sample
from layoutgen.models.denoising.boxes.steering import Steering, boxes, with_roles
from layoutgen.models.denoising.briefs import NOT_FINITE, answers, pictures_of, readable, tidy
from layoutgen.models.denoising.lines import Line, batch
from layoutgen.models.denoising.seeds import FREE, row_seed
from layoutgen.models.refiners.finishing import finished
from layoutgen.models.refiners.refiner import Refiner
from layoutgen.models.vlm.canvas_painter import ChooseFraming


@dataclass(frozen=True)
class Sampled:
    """A layout that was sampled, its score among several (0 of one alone), and the constraints that it broke `before`
    they were put on it."""

    suggestions: tuple[Suggestion, ...]
    score: float
    before: tuple[str, ...]


@dataclass(frozen=True)
class _Task:
    brief: Brief
    constraints: Constraints
    lines: tuple[Line, ...]
    framing: Framing


class RadmComposer:
    """Composes with a network. `frame` says how a photo lies on its canvas; `steps` of denoising, `samples` a layout,
    `rows` layouts at once. Of the samples the best by `rank` is taken."""

    def __init__(
        self,
        network: Radm,
        *,
        frame: ChooseFraming,
        steps: int = 4,
        samples: int = 1,
        rows: int = 8,
        seed: int = 0,
        rank: Rank = rough,
    ) -> None:
        self._network, self._frame, self._rank = network, frame, rank
        self._steps, self._samples, self._rows, self._seed = steps, samples, rows, seed

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's composition, or why there is none: see `sample`."""
        framed = [self._framing(brief) for brief in briefs]
        sampled = self.sample(briefs, framings=framed)
        return [_best(layouts, framing) for layouts, framing in zip(sampled, framed, strict=True)]

    def refine(
        self, briefs: list[Brief], given: list[Sequence[Given]], level: float | None = None
    ) -> list[Composition | Fault]:
        """Finish each brief's unfinished layout: see `refiners.finishing.finished`. What is told of given elements is
        held while the others are denoised beside it."""

        def ask(asked: list[Brief], hints: list[Sequence[Given]]) -> list[Composition | Fault]:
            held = [constraints_of(brief.copy, hint) for brief, hint in zip(asked, hints, strict=True)]
            framed = [self._framing(brief) for brief in asked]
            sampled = self.sample(asked, held, framings=framed)
            return [_best(layouts, framing) for layouts, framing in zip(sampled, framed, strict=True)]

        return finished(self._refiner, briefs, given, level, self._framing, ask, self._rank)

    @cached_property
    def _refiner(self) -> Refiner:
        return Refiner()

    def _framing(self, brief: Brief) -> Framing:
        return self._frame(brief.image, brief.annotation, brief.canvas)

    def sample(
        self,
        briefs: Sequence[Brief],
        constraints: Sequence[Constraints] | None = None,
        *,
        framings: Sequence[Framing] | None = None,
    ) -> list[list[Sampled] | Fault]:
        """Return each brief's samples, which keep its constraints, or why there are none: `empty_copy`, `copy_too_long`
        (more texts than the network reads), `bad_constraints`, `contradiction`, `not_finite`."""
        framings = framings or [self._framing(brief) for brief in briefs]
        asked = [self._task(*one) for one in zip(briefs, constraints or [FREE] * len(briefs), framings, strict=True)]
        return answers(asked, self._some, self._rows)

    def _task(self, brief: Brief, constraints: Constraints, framing: Framing) -> _Task | Fault:
        size = self._network.size
        lines = readable(brief, min(size.lines, size.proposals // 2))
        if isinstance(lines, Fault):
            return lines
        try:
            constraints.check(len(lines))
            return _Task(brief, constraints, with_roles(lines, constraints.roles), framing)
        except ContradictionError as error:
            return Fault("contradiction", str(error))
        except ValueError as error:
            return Fault("bad_constraints", str(error))

    def _some(self, tasks: Sequence[_Task]) -> list[list[Sampled] | Fault]:
        scene = self._scene(tasks)
        rows = [task for task in tasks for _ in range(self._samples)]
        seeds = [row_seed(task.brief, task.constraints, self._seed, k) for task in tasks for k in range(self._samples)]
        steering = Steering([task.lines for task in rows], [task.constraints for task in rows])
        found = sample(
            self._network,
            Scene(*(part.repeat_interleave(self._samples, 0) for part in scene)),
            seeds,
            steps=self._steps,
            given=[task.constraints.given for task in rows],
            steer=steering if any(len(task.constraints) for task in rows) else None,
        )
        return [
            self._read(found, range(i * self._samples, (i + 1) * self._samples), task) for i, task in enumerate(tasks)
        ]

    @torch.inference_mode()
    def _scene(self, tasks: Sequence[_Task]) -> Scene:
        device = next(self._network.parameters()).device
        pictures, sizes = pictures_of([(task.brief, task.framing) for task in tasks], self._network.size)
        return self._network.scene(
            pictures.to(device),
            sizes.to(device, torch.float32),
            batch([task.lines for task in tasks]).to(device),
        )

    def _read(self, found: Prediction, rows: range, task: _Task) -> list[Sampled] | Fault:
        if not all(bool(part[rows.start : rows.stop].isfinite().all()) for part in (found.roles, found.ltrb)):
            return NOT_FINITE
        out = []
        for row in rows:
            suggestions, before = layout_of(found, row, task.lines, task.constraints)
            if task.constraints == FREE:
                suggestions = tidy(suggestions, task.brief, task.framing)
            score = self._rank(task.brief, task.framing, suggestions) if self._samples > 1 else 0.0
            out.append(Sampled(suggestions, score, before))
        return out


def layout_of(
    prediction: Prediction, row: int, lines: Sequence[Line], constraints: Constraints = FREE
) -> tuple[tuple[Suggestion, ...], tuple[str, ...]]:
    """The layout of a row's answer, held to its constraints, and which of them it broke before that."""
    proposals, roles = bind(prediction, row, lines, underlays=constraints.underlays, pinned=constraints.given)
    proposed = boxes(prediction, row, proposals)
    for element, box in constraints.given.items():
        proposed[element] = box
    held = project(proposed, constraints)
    texts = [line.slot.text for line in lines] + [""] * (len(held) - len(lines))
    return tuple(map(Suggestion, roles, held, texts)), tuple(violations(proposed, constraints))


def _best(sampled: list[Sampled] | Fault, framing: Framing) -> Composition | Fault:
    if isinstance(sampled, Fault):
        return sampled
    return Composition(framing, max(sampled, key=lambda layout: layout.score).suggestions)
