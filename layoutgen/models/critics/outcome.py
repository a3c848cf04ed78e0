"""What becomes of a proposal: the solver places it as in serving, and judges take it so."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from layoutgen.core.layout import Box, Canvas, Copy, Element, Suggestion, to_px
from layoutgen.core.metrics.judge import Judged
from layoutgen.core.metrics.own import Asked
from layoutgen.core.placing.dressing import dress
from layoutgen.core.placing.placement import Ground, Limits, NoLayoutError, place
from layoutgen.core.styles.style import Style
from layoutgen.core.text.typography import Faces
from layoutgen.imaging.segmenting import words_split


@dataclass(frozen=True)
class Placing:
    """The solver's settings: as shares of the short side, and the least contrast; and which font sets a text."""

    faces: Faces
    margin: float
    min_font: float
    min_contrast: float


def placed(
    proposed: Sequence[Suggestion],
    canvas: Canvas,
    ground: Ground,
    placing: Placing,
    language: str | None,
    style: Style | None = None,
    free: Sequence[Box] = (),
) -> tuple[Element, ...] | None:
    """What the solver makes of a proposal on a ground, in a house style where it has one, beside `free` boxes of the
    canvas; None where it finds no layout."""
    short, face_for = min(canvas.width, canvas.height), placing.faces.speaking(language, style)
    limits = Limits(
        placing.margin * short,
        math.ceil(placing.min_font * short),
        placing.min_contrast,
        free=tuple(to_px(box, canvas.width, canvas.height) for box in free),
    )
    try:
        if style is None:
            return place(proposed, canvas, ground, face_for, limits).elements
        return dress(proposed, canvas, ground, face_for, limits, style, language).elements
    except NoLayoutError:
        return None


def judged(
    elements: Sequence[Element],
    copy: Copy,
    canvas: Canvas,
    ground: np.ndarray,
    subject: np.ndarray,
    placing: Placing,
    *,
    picture: Box = (0.0, 0.0, 1.0, 1.0),
    cut: float = 0.0,
) -> Judged:
    """A placed layout of a copy as judges take it, on its framed photo `ground` (h, w, 3), whose edges are seen at
    `picture`, and the subject's map (h, w) there, of which the framing leaves out the share `cut`."""
    texts = tuple(filter(None, (copy.title, *copy.selling_points, *copy.offers.values())))
    return Judged(
        elements,
        canvas,
        subject,
        ground,
        cut,
        picture,
        asked=Asked(texts, int(bool(copy.brand or copy.logo))),
        split_words=words_split(elements, copy.language),
        smallest_px=placing.min_font * min(canvas.width, canvas.height),
        min_contrast=placing.min_contrast,
    )
