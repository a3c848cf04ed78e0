"""Draws for a vision-language model what it is to lay out: the photo, framed on its canvas.

Runs on CPUs, in a stage of its own before the model's; it needs a few JSON files of the checkpoint, no weights.
"""

from collections.abc import Callable, Sequence

import numpy as np

from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Framing
from layoutgen.core.prompts.refinements import Given
from layoutgen.imaging.framed import draw_at
from layoutgen.imaging.given_boxes import drawn
from layoutgen.models.base import Prepared
from layoutgen.models.vlm.pictures import PictureKind

ChooseFraming = Callable[[np.ndarray, Annotation, Canvas], Framing]
"""Says how a photo lies on a canvas."""


class CanvasPainter:
    """Draws the framed photo at exactly the size at which the model sees it, so that nothing is scaled twice. `frame`
    says how a photo lies on its canvas; the longer side is about `max_side` px."""

    def __init__(self, kind: PictureKind, max_side: int, frame: ChooseFraming) -> None:
        self._kind, self._max_side, self._frame = kind, max_side, frame

    def prepare(
        self, image: np.ndarray, annotation: Annotation, canvas: Canvas, given: Sequence[Given] = ()
    ) -> Prepared:
        """Frame a photo on its canvas and draw it, with what is given of the layout."""
        framing = self._frame(image, annotation, canvas)
        width, height = self._kind.size(canvas.width, canvas.height, self._max_side)
        picture = draw_at(image, framing, width, height)
        return Prepared(framing, self._kind.prepare(drawn(picture, given) if given else picture, self._max_side))
