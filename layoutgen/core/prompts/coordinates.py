"""How a model family writes boxes: normalised floats inside, whole numbers in prompts and answers, one codec a family.

Qwen2-VL, Qwen3-VL and InternVL count thousandths of the picture; Qwen2.5-VL counts pixels of the picture as its
processor resized it, so that its codec has that size. Where training and inference resize differently, boxes drift.
Layouts are written in thousandths of the canvas by every family: there is no picture that they could be pixels of.
"""

from dataclasses import dataclass

from layoutgen.core.layout import Box

RELATIVE, ABSOLUTE = "relative_1000", "absolute_px"
"""The codecs' names, as adapters record them."""

GRID = 1000


@dataclass(frozen=True)
class Codec:
    """Boxes as whole numbers: x from 0 to `width`, y from 0 to `height`."""

    name: str = RELATIVE
    width: int = GRID
    height: int = GRID

    def write(self, box: Box) -> tuple[int, int, int, int]:
        """Whole numbers nearest to a normalised box, within range and never empty."""
        x1, y1, x2, y2 = (
            round(min(max(side, 0.0), 1.0) * most)
            for side, most in zip(box, 2 * (self.width, self.height), strict=True)
        )
        x1, y1 = min(x1, self.width - 1), min(y1, self.height - 1)
        return x1, y1, max(x2, x1 + 1), max(y2, y1 + 1)

    def read(self, numbers: tuple[int, int, int, int]) -> Box:
        """The normalised box of whole numbers."""
        x1, y1, x2, y2 = numbers
        return (x1 / self.width, y1 / self.height, x2 / self.width, y2 / self.height)

    @property
    def words(self) -> str:
        """What a prompt says of the numbers."""
        if self.name == RELATIVE:
            return f"whole numbers from 0 to {GRID}, relative to the image"
        return "whole pixels of the image"


LAYOUT = Codec()
"""The codec of layouts, for every family."""


def codec_name(family: str) -> str:
    """The codec in which a family was taught to place things in a picture."""
    return ABSOLUTE if family == "qwen2_5_vl" else RELATIVE


def codec_of(family: str, size: tuple[int, int]) -> Codec:
    """A family's codec for a picture of `size` (width, height) px as the model sees it."""
    return Codec(ABSOLUTE, *size) if codec_name(family) == ABSOLUTE else LAYOUT
