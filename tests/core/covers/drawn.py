"""What the tests of covers share: a face of known widths, grounds, styles."""

import numpy as np

from layoutgen.core.covers.placement import Scene
from layoutgen.core.covers.text import Style
from layoutgen.core.layout import Canvas, Role
from layoutgen.core.text.typography import is_wide

CANVAS = Canvas(1080, 1440)
STYLE = Style(margin_px=48.0, smallest_px=24, largest_px=140)


class Mono:
    """A face without pixels: wide characters take an em, others 0.55."""

    name = "Mono-Regular"

    def width(self, text: str, px: int) -> float:
        return sum(1.0 if is_wide(character) else 0.55 for character in text) * px

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
