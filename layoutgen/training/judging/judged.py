"""What becomes of a proposal for a case: the solver places it as in serving, and judges take it so."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from layoutgen.core.layout import Element, Framing, Suggestion
from layoutgen.core.metrics.judge import Judged
from layoutgen.core.metrics.own import Asked
from layoutgen.core.placing.placement import Ground, Limits, NoLayoutError, place
from layoutgen.core.text.typography import Faces
from layoutgen.imaging import framed
from layoutgen.stages.judging import words_split
from layoutgen.training.data.cases import Case

UNPLACED = 12.0
"""Objections to a layout that there is none of: four terms at their worst."""
SIDE = 384
"""Px of the longer side at which proposals are placed, and placed ones measured."""
_JUDGED_SIDE = 256


@dataclass(frozen=True)
class Placing:
    """The solver's settings: as shares of the short side, and the least contrast; and which font sets a text."""

    faces: Faces
    margin: float
    min_font: float
    min_contrast: float


def placed(case: Case, proposed: Sequence[Suggestion], placing: Placing) -> tuple[Element, ...] | None:
    """What the solver makes of a proposal for a case; None where it finds no layout."""
    short = min(case.canvas.width, case.canvas.height)
    subject = np.zeros(case.pixels.shape[:2], np.float32) if case.subject is None else case.subject / np.float32(255)
    pixels = framed.draw(case.pixels, Framing(), case.canvas, SIDE)
    ground = Ground(pixels, framed.draw(subject.astype(np.float32), Framing(), case.canvas, SIDE))
    limits = Limits(placing.margin * short, math.ceil(placing.min_font * short), placing.min_contrast)
    try:
        return place(proposed, case.canvas, ground, placing.faces.speaking(case.copy.language), limits).elements
    except NoLayoutError:
        return None


def judged_of(case: Case, elements: Sequence[Element], placing: Placing) -> Judged:
    """A placed layout of a case as judges take it."""
    copy, short = case.copy, min(case.canvas.width, case.canvas.height)
    texts = tuple(filter(None, (copy.title, *copy.selling_points)))
    return Judged(
        elements,
        case.canvas,
        subject_of(case),
        framed.draw(case.pixels, Framing(), case.canvas, _JUDGED_SIDE),
        asked=Asked(texts, int(bool(copy.brand or copy.logo))),
        split_words=words_split(elements, copy.language),
        smallest_px=placing.min_font * short,
        min_contrast=placing.min_contrast,
    )


def subject_of(case: Case) -> np.ndarray:
    """A case's subject on its canvas, (h, w) in [0, 1]. Raises ValueError where nobody knows it."""
    if case.subject is None:
        raise ValueError(f"{case.key}: nobody knows where its subject is, and a judge asks; set data.subjects = 'net'")
    return framed.draw(case.subject.astype(np.float32) / 255, Framing(), case.canvas, _JUDGED_SIDE)
