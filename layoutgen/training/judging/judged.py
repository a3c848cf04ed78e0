"""What becomes of a proposal for a case, as judges take it."""

from collections.abc import Sequence

import numpy as np

from layoutgen.core.layout import Element, Framing, Suggestion
from layoutgen.core.metrics.judge import Judged
from layoutgen.core.placing.placement import Ground
from layoutgen.imaging import framed
from layoutgen.models.critics import outcome
from layoutgen.models.critics.outcome import Placing
from layoutgen.training.data.cases import Case

SIDE = 384
"""Px of the longer side at which proposals are placed, and placed ones measured."""
_JUDGED_SIDE = 256


def placed(case: Case, proposed: Sequence[Suggestion], placing: Placing) -> tuple[Element, ...] | None:
    """What the solver makes of a proposal for a case; None where it finds no layout."""
    subject = np.zeros(case.pixels.shape[:2], np.float32) if case.subject is None else case.subject / np.float32(255)
    pixels = framed.draw(case.pixels, Framing(), case.canvas, SIDE)
    ground = Ground(pixels, framed.draw(subject.astype(np.float32), Framing(), case.canvas, SIDE))
    return outcome.placed(proposed, case.canvas, ground, placing, case.copy.language)


def judged_of(case: Case, elements: Sequence[Element], placing: Placing) -> Judged:
    """A placed layout of a case as judges take it."""
    ground = framed.draw(case.pixels, Framing(), case.canvas, _JUDGED_SIDE)
    return outcome.judged(elements, case.copy, case.canvas, ground, subject_of(case), placing)


def subject_of(case: Case) -> np.ndarray:
    """A case's subject on its canvas, (h, w) in [0, 1]. Raises ValueError where nobody knows it."""
    if case.subject is None:
        raise ValueError(f"{case.key}: nobody knows where its subject is, and a judge asks; set data.subjects = 'net'")
    return framed.draw(case.subject.astype(np.float32) / 255, Framing(), case.canvas, _JUDGED_SIDE)
