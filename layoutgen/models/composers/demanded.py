"""What rows demand of their layouts, for any composer: locked texts are kept out of what it composes and put into their
boxes, which stay free of all else, as do boxes that are to be free; what it proposes is moved to where all is kept."""

from dataclasses import replace

from layoutgen.core.covers.protection import boxes_named
from layoutgen.core.demands import NOTHING, Demands
from layoutgen.core.layout import Box, Canvas
from layoutgen.core.proposals.constraints import ContradictionError
from layoutgen.core.proposals.demanding import as_demanded, to_compose
from layoutgen.models.base import Brief, Composer, Composition, Fault


class Demanded:
    """A composer that keeps what briefs demand, by another one that knows nothing of it."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's composition, or why there is none: `contradiction` where demands can't be kept together,
        and the other composer's faults."""
        answers = self._composer.compose([_freed(brief) if brief.demands != NOTHING else brief for brief in briefs])
        return [
            _moved(answer, brief) if brief.demands != NOTHING and isinstance(answer, Composition) else answer
            for answer, brief in zip(answers, briefs, strict=True)
        ]


def taken_boxes(demands: Demands, canvas: Canvas) -> tuple[Box, ...]:
    """The boxes where nothing may be composed: those that are to be free, and those of locked texts but the title."""
    locked = (box for name, box in demands.lock if name != "title")
    return (*demands.free, *boxes_named(demands.zones, canvas), *locked)


def _freed(brief: Brief) -> Brief:
    free = (*brief.free, *taken_boxes(brief.demands, brief.canvas))
    return replace(brief, copy=to_compose(brief.demands, brief.copy), free=free)


def _moved(answer: Composition, brief: Brief) -> Composition | Fault:
    try:
        return replace(answer, suggestions=as_demanded(brief.demands, answer.suggestions, brief.copy))
    except ContradictionError as error:
        return Fault("contradiction", str(error))
