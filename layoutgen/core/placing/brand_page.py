"""A placed layout's page as its brand sees it: what lies behind, what bears what, and room for a ground of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from layoutgen.core import colour
from layoutgen.core.brands.brand import Brand
from layoutgen.core.layout import Box, Canvas, Element, Framing, Role, from_px, to_px
from layoutgen.core.placing import colouring
from layoutgen.core.shapes.underlays import OPEN


@dataclass(frozen=True, eq=False)
class Page:
    """What all elements of a layout share: the framed canvas without elements is `pixels` (h, w, 3) uint8, `least` the
    contrast ratio that texts need."""

    brand: Brand
    canvas: Canvas
    pixels: np.ndarray
    framing: Framing
    least: float

    @property
    def short(self) -> int:
        """The canvas's short side, px."""
        return min(self.canvas.width, self.canvas.height)

    def behind(self, box: Box) -> np.ndarray:
        """The pixels (n, 3) behind a normalised box."""
        height, width = self.pixels.shape[:2]
        left, top, right, bottom = to_px(box, width, height)
        part = self.pixels[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
        return np.asarray(part.reshape(-1, 3))

    def contrast(self, elements: Sequence[Element], index: int) -> float:
        """Contrast ratio of a text with its underlay, or with the picture."""
        element = elements[index]
        behind = self.behind(element.box)
        if (under_text := bearing_of(elements, index)) is not None:
            under = elements[under_text]
            behind = colour.blend(behind, under.colour, under.opacity)
        return colour.contrast_on(element.colour, behind)

    def plate(self, elements: Sequence[Element], index: int, pad: float) -> Box:
        """A box around an element (normalised), with as much of `pad` (px) as touches no other."""
        width, height = self.canvas.width, self.canvas.height
        others = [to_px(other.box, width, height) for i, other in enumerate(elements) if i != index]
        return from_px(
            colouring.plate(to_px(elements[index].box, width, height), others, pad, self.canvas), width, height
        )


def bearing_of(elements: Sequence[Element], index: int) -> int | None:
    """The underlay that an element stands on: rules below and beside it bear nothing."""
    at = elements[index].underlay
    while at is not None and elements[at].shape in OPEN:
        at = elements[at].underlay
    return at


def underlay_count(elements: Sequence[Element]) -> int:
    """Where the next underlay stands: they come first."""
    return next((i for i, e in enumerate(elements) if e.role is not Role.UNDERLAY), len(elements))
