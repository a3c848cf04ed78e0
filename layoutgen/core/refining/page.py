"""What a layout is changed on: its canvas, its photo, its limits, and what it keeps besides."""

from dataclasses import dataclass

import numpy as np

from layoutgen.core.gallery.edits import FaceOf
from layoutgen.core.layout import Box, Canvas, to_px
from layoutgen.core.refining.keeping import FREE, Keeping


@dataclass(frozen=True, eq=False)
class Page:
    """A canvas, the free edge and the smallest font in px, the subject's map (h, w) in [0, 1] and the ground's pixels
    (h, w, 3), the least contrast of texts, what sets them, and what the row keeps besides."""

    canvas: Canvas
    margin_px: float
    smallest_px: int
    subject: np.ndarray
    ground: np.ndarray
    min_contrast: float
    face_of: FaceOf
    keeping: Keeping = FREE

    @property
    def short(self) -> int:
        """The short side, px."""
        return min(self.canvas.width, self.canvas.height)

    @property
    def walls(self) -> list[Box]:
        """The boxes in px where nothing is put."""
        return [to_px(box, self.canvas.width, self.canvas.height) for _, box in self.keeping.free]
