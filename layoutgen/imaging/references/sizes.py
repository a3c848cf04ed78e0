"""The size at which a class of text-to-image models paints a canvas, and the way between the two.

Sides are multiples of 64 and the area is about that of the class, so the ratio is nearly the canvas's: the painted
picture covers the canvas and reaches over it by a little on two sides.
"""

from dataclasses import dataclass

from layoutgen.core.layout import Box, Canvas

SIDES = {"sd15": 512, "sdxl": 1024}
"""Classes of models, and the side in px of the square that each was trained at."""
_STEP, _MOST, _WORST_RATIO = 64, 1.1, 4.0


@dataclass(frozen=True)
class PaintedSize:
    """A size in px, and how its pixels lie on the canvas: x of the canvas is `scale` x + `left_px`, y likewise."""

    width: int
    height: int
    scale: float
    left_px: float
    top_px: float

    def box(self, box: Box, canvas: Canvas) -> Box:
        """A box of the canvas (ltrb, normalised) as one of the painted picture."""
        across, down = self.scale * self.width, self.scale * self.height
        left, right = ((x * canvas.width - self.left_px) / across for x in (box[0], box[2]))
        top, bottom = ((y * canvas.height - self.top_px) / down for y in (box[1], box[3]))
        return (left, top, right, bottom)

    @property
    def canvas(self) -> Canvas:
        """The painted picture as a canvas."""
        return Canvas(self.width, self.height)


def size_for(canvas: Canvas, model: str) -> PaintedSize:
    """The size at which models of a class paint a canvas. Raises ValueError for an unknown class, and for a canvas more
    than four times as long as wide, which none of them paints well."""
    if model not in SIDES:
        raise ValueError(f"unknown class of models {model!r}; give one of {', '.join(SIDES)}")
    ratio = canvas.width / canvas.height
    if not 1 / _WORST_RATIO <= ratio <= _WORST_RATIO:
        raise ValueError(f"a canvas of {canvas.name} px is too long for text-to-image models; the most is 4:1")
    most = _MOST * SIDES[model] ** 2
    longest = round(2 * SIDES[model] / _STEP) + 1
    sizes = [(w * _STEP, h * _STEP) for w in range(1, longest + 1) for h in range(1, longest + 1)]
    large = [size for size in sizes if most / 1.6 <= size[0] * size[1] <= most]
    width, height = min(large, key=lambda size: (round(abs(_off(size, ratio)), 3), -size[0] * size[1]))
    scale = max(canvas.width / width, canvas.height / height)
    return PaintedSize(width, height, scale, (canvas.width - scale * width) / 2, (canvas.height - scale * height) / 2)


def _off(size: tuple[int, int], ratio: float) -> float:
    wide = size[0] / size[1]
    return max(wide / ratio, ratio / wide) - 1
