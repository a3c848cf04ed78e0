"""A face of known widths, for tests of text."""

from collections.abc import Sequence

from layoutgen.core.layout import Run
from layoutgen.core.text.breaking import Break
from layoutgen.core.text.typography import is_wide
from layoutgen.imaging import segmenting


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
