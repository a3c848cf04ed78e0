"""What the tests of covers share: a face of known widths, grounds, styles."""

from collections.abc import Sequence

import numpy as np

from layoutgen.core.covers.placement import Scene
from layoutgen.core.covers.text import Style
from layoutgen.core.layout import Canvas, Role, Run
from layoutgen.core.text.breaking import Break
from layoutgen.core.text.typography import is_wide
from layoutgen.imaging import segmenting

CANVAS = Canvas(1080, 1440)
STYLE = Style(margin_px=48.0, smallest_px=24, largest_px=140)


class Mono:
    """A face without pixels: wide characters take an em, others 0.55."""

    name, direction = "Mono-Regular", "ltr"

    def width(self, text: str, px: int) -> float:
        return sum(1.0 if is_wide(character) else 0.55 for character in text) * px

    def advances(self, text: str, px: int) -> list[float]:
        return [self.width(character, px) for character in text]

    def runs(self, text: str, px: int) -> tuple[Run, ...]:
        return (Run(0, text, self.name, "", 400, "Zyyy", "", "ltr", (), 0.0, 0.0, self.width(text, px)),)

    def heights(self, text: str, px: int) -> tuple[float, float]:
        return 0.8 * px, 0.2 * px

    def breaks(self, text: str) -> Sequence[Break]:
        return segmenting.breaks(text)

    def covers(self, character: str) -> bool:
        return True


def face_for(role: Role, text: str) -> Mono:
    return Mono()


def scene(*protected: tuple[float, float, float, float], grey: int = 200, side: int = 256, **other: object) -> Scene:
    """A plain ground of one grey, with protected boxes (normalised)."""
    shape = (side, side * CANVAS.width // CANVAS.height)
    found = np.zeros(shape, np.float32)
    for left, top, right, bottom in protected:
        found[int(top * shape[0]) : int(bottom * shape[0]), int(left * shape[1]) : int(right * shape[1])] = 1
    return Scene(found, np.full((*shape, 3), grey, np.uint8), **other)  # type: ignore[arg-type]
