"""A price as a hero: its number large, and its currency and what else stands beside it small, on one baseline."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from layoutgen.core.layout import Run
from layoutgen.core.text.breaking import Break
from layoutgen.core.text.direction import Direction
from layoutgen.core.text.typography import Face

_NUMBER = re.compile(r"\d(?:[\d.,'’\u00a0\u202f~–-]*\d)?")


@dataclass(frozen=True)
class PriceFace:
    """A face in which the number of a line has the font size and all else `small` times that. Lines that run from right
    to left, and those with more than one number, are set in one size."""

    face: Face
    small: float

    @property
    def name(self) -> str:
        """The face's."""
        return self.face.name

    @property
    def direction(self) -> Direction:
        """The face's."""
        return self.face.direction

    def width(self, text: str, px: float) -> float:
        """Advance width of `text` in px, its number's font size `px`."""
        return sum(self.face.width(part, scale * px) for part, scale in self._parts(text))

    def advances(self, text: str, px: float) -> Sequence[float]:
        """What each character adds to the advance, px."""
        return [each for part, scale in self._parts(text) for each in self.face.advances(part, scale * px)]

    def heights(self, text: str, px: float) -> tuple[float, float]:
        """How far ink reaches above and below the baseline, px."""
        above, below = zip(*(self.face.heights(part, scale * px) for part, scale in self._parts(text)), strict=True)
        return max(above), max(below)

    def runs(self, text: str, px: float) -> tuple[Run, ...]:
        """The line in runs from left to right, each with its `scale`."""
        runs: list[Run] = []
        x = 0.0
        for part, scale in self._parts(text):
            runs += [
                replace(run, x_px=x + run.x_px, scale=scale * run.scale) for run in self.face.runs(part, scale * px)
            ]
            x += self.face.width(part, scale * px)
        return tuple(runs)

    def breaks(self, text: str) -> Sequence[Break]:
        """Where lines may break: as in the face."""
        return self.face.breaks(text)

    def covers(self, cluster: str) -> bool:
        """Tell whether a letter with all its marks can be set."""
        return self.face.covers(cluster)

    def _parts(self, text: str) -> list[tuple[str, float]]:
        numbers = list(_NUMBER.finditer(text))
        if len(numbers) != 1 or self.direction == "rtl":
            return [(text, 1.0)]
        start, end = numbers[0].span()
        parts = [(text[:start], self.small), (text[start:end], 1.0), (text[end:], self.small)]
        return [(part, scale) for part, scale in parts if part]
