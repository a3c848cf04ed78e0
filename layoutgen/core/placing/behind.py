"""What lies behind a text: its pixels, measured once for all the colours that are tried on them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from layoutgen.core import colour

_MOST_CLUTTER = 0.1
_WORST = 0.05  # the share of pixels that may be read worse than a contrast ratio says


@dataclass(frozen=True, eq=False)
class Behind:
    """The pixels (n, 3) uint8 behind a text; there may be none."""

    pixels: np.ndarray

    def __len__(self) -> int:
        return len(self.pixels)

    @classmethod
    def all_of(cls, several: Iterable["Behind"]) -> "Behind":
        """What lies behind several texts."""
        return cls(np.concatenate([each.pixels for each in several]))

    @cached_property
    def luminances(self) -> np.ndarray:
        """The pixels' relative luminances (n,), from dark to light."""
        return np.sort(colour.luminance(self.pixels))

    @cached_property
    def is_restless(self) -> bool:
        """Whether nothing can be read there, in whatever colour."""
        return colour.clutter(self.pixels) > _MOST_CLUTTER

    @cached_property
    def middle(self) -> str:
        """The median colour; that of paper where there are no pixels."""
        return colour.to_hex(np.median(self.pixels, axis=0)) if len(self) else colour.PAPER

    def contrast(self, text: str) -> float:
        """As `colour.contrast_on`, without looking at all pixels where none is lighter, or none darker, than the
        text: the worst of them then lie at one end."""
        count, own = len(self), self.luminances
        if not count:
            return 21.0
        light = float(colour.luminance(colour.to_rgb(text)))
        if own[0] < light < own[-1]:
            return float(np.percentile(colour.contrast(np.asarray(light), own), 100 * _WORST))
        at = (count - 1) * _WORST
        first, share = int(at), at - int(at)
        near = [float(own[-1 - i] if light >= own[-1] else own[i]) for i in (first, min(first + 1, count - 1))]
        a, b = ((max(light, each) + 0.05) / (min(light, each) + 0.05) for each in near)
        return b - (b - a) * (1 - share) if share >= 0.5 else a + (b - a) * share  # rounds as numpy does

    def readable(self, text: str) -> float:
        """The contrast ratio of a text colour; 1, none, where the pixels are too restless to read on."""
        return 1.0 if self.is_restless else self.contrast(text)
