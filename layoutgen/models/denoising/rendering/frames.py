"""The picture that a model paints for a canvas: sides that it can paint, and where the canvas lies in it."""

from dataclasses import dataclass
from functools import cache

from layoutgen.core.layout import Box, Canvas

STEP = 64
"""px; sides are multiples of it, so that codes (stride 8) are halved three times without a rest."""

_MOST = 1.05
_LONGEST = 4


@dataclass(frozen=True)
class Frame:
    """A painted picture of width and height px, of which the part `inner` (left, top, width, height) px is the canvas,
    drawn at one scale in both directions."""

    width: int
    height: int
    inner: tuple[int, int, int, int]

    @property
    def latent(self) -> tuple[int, int]:
        """Height and width of its code, an eighth."""
        return self.height // 8, self.width // 8

    def box(self, box: Box) -> Box:
        """A box of the canvas as one of the picture; both normalised."""
        left, top, width, height = self.inner
        return (
            (left + box[0] * width) / self.width,
            (top + box[1] * height) / self.height,
            (left + box[2] * width) / self.width,
            (top + box[3] * height) / self.height,
        )


@cache
def frame_for(canvas: Canvas, side: int) -> Frame:
    """The picture for a canvas by a model made for `side` x `side` px: of about that area, whatever shows the canvas
    largest."""
    most = _MOST * side * side
    sides = range(STEP, max(STEP, _LONGEST * side) + 1, STEP)
    sizes = [(width, height) for width in sides for height in sides if width * height <= most]

    def shown(size: tuple[int, int]) -> float:
        return min(size[0] / canvas.width, size[1] / canvas.height)

    width, height = max(sizes or [(STEP, STEP)], key=lambda size: (round(shown(size), 9), -size[0] * size[1]))
    scale = shown((width, height))
    inner_width, inner_height = max(1, round(canvas.width * scale)), max(1, round(canvas.height * scale))
    return Frame(width, height, ((width - inner_width) // 2, (height - inner_height) // 2, inner_width, inner_height))
