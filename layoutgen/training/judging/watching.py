"""What a model makes of held-back layouts while it is trained: made as in serving, and measured without the solver.

A loss hardly shows whether a model looks at the picture; where its boxes lie does.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from layoutgen.core.layout import Role
from layoutgen.core.proposals.layout_image import COLOURS
from layoutgen.imaging.sheets import contact_sheet
from layoutgen.models.base import Composition, Fault
from layoutgen.training.data.cases import Case
from layoutgen.training.judging.measures import proposal_measures

_SIDE, _COLUMNS, _SHOWN = 256, 6, 24


def watched(cases: Sequence[Case], answers: Sequence[Composition | Fault]) -> tuple[dict[str, float], np.ndarray]:
    """What answers to cases are like: `means`, and a `sheet`."""
    return means(cases, answers), sheet(cases, answers)


def means(cases: Sequence[Case], answers: Sequence[Composition | Fault]) -> dict[str, float]:
    """The means of `measures` of proposals."""
    sums: dict[str, tuple[float, float]] = {}
    for case, answer in zip(cases, answers, strict=True):
        for name, (total, weight) in proposal_measures(case, answer).items():
            before = sums.get(name, (0.0, 0.0))
            sums[name] = (before[0] + total, before[1] + weight)
    return {name: total / weight for name, (total, weight) in sums.items() if weight}


def sheet(cases: Sequence[Case], answers: Sequence[Composition | Fault]) -> np.ndarray:
    """A picture (h, w, 3) of some of them: each element's box in its role's colour, on the framed photo."""
    pairs = list(zip(cases, answers, strict=True))[:_SHOWN]
    return contact_sheet([_drawn(case, answer) for case, answer in pairs], min(_COLUMNS, len(pairs)), _SIDE)


def _drawn(case: Case, answer: Composition | Fault) -> np.ndarray:
    scale = _SIDE / max(case.pixels.shape[:2])
    size = (max(1, round(case.pixels.shape[1] * scale)), max(1, round(case.pixels.shape[0] * scale)))
    image = cv2.resize(case.pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    for element in answer.suggestions if isinstance(answer, Composition) else ():
        left, top, right, bottom = (
            round(side * (size[0] if k % 2 == 0 else size[1])) for k, side in enumerate(element.box)
        )
        cv2.rectangle(
            image, (left, top), (right, bottom), COLOURS[element.role], 1 if element.role is Role.UNDERLAY else 2
        )
    return image
