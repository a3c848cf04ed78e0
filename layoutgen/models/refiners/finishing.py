"""Unfinished layouts finished by a composer and the refiner: what every composer that takes hints has in common."""

from collections.abc import Callable, Sequence

from layoutgen.core.layout import Framing
from layoutgen.core.prompts.refinements import Given
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.critics.ranking import Rank, rough
from layoutgen.models.refiners.refiner import Refiner, is_whole

Ask = Callable[[list[Brief], list[Sequence[Given]]], list[Composition | Fault]]
"""A composer's answers to unfinished layouts, in which given elements may lie anywhere."""


def finished(
    refiner: Refiner,
    briefs: Sequence[Brief],
    given: Sequence[Sequence[Given]],
    level: float | None,
    frame: Callable[[Brief], Framing],
    ask: Ask,
    rank: Rank = rough,
) -> list[Composition | Fault]:
    """Each brief's layout, in which what is given of it is locked, or a hint that is off by `level`, and which is never
    worse by `rank` than what was given (see `Refiner.finished`). Only where a text is absent or hidden in part is the
    composer asked. `bad_given`, naming it, where what is given does not fit the copy; else the composer's faults.
    Raises ValueError where the lists differ in length or the level is not in [0, 1]."""
    if len(briefs) != len(given):
        raise ValueError(f"{len(briefs)} briefs and hints for {len(given)}; give one sequence for each brief")
    if level is not None and not 0 <= level <= 1:
        raise ValueError(f"level is {level}; give a share of the side, 0 to 1, or None where it is not known")
    answers: list[Composition | Fault] = []
    asked: list[int] = []
    for index, (brief, hints) in enumerate(zip(briefs, given, strict=True)):
        try:
            if not is_whole(brief, hints):
                asked.append(index)
            answers.append(Composition(frame(brief), ()))
        except ValueError as error:
            answers.append(Fault("bad_given", str(error)))
    if asked:
        composed = ask([briefs[index] for index in asked], [given[index] for index in asked])
        for index, answer in zip(asked, composed, strict=True):
            answers[index] = answer
    return [
        answer if isinstance(answer, Fault) else refiner.finished(answer, brief, hints, level, rank)
        for answer, brief, hints in zip(answers, briefs, given, strict=True)
    ]
