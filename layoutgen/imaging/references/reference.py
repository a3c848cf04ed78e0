"""What a folder for text-to-image models is made of: a layout, its product cut out, and how large it is painted."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from layoutgen.core.layout import TEXT_ROLES, Role, Suggestion
from layoutgen.imaging.documents.page import Page
from layoutgen.imaging.products.placing import Placed, placed
from layoutgen.imaging.references.sizes import PaintedSize


@dataclass(frozen=True, eq=False)
class Reference:
    """A layout to paint a ground for. `page` has canvas, elements, fonts and origin; its photo is the picture whose
    style may be followed. `product` lies on the canvas. `category` is the product's or None, `seed` of the painting."""

    page: Page
    product: Placed
    size: PaintedSize
    category: str | None = None
    seed: int = 0

    @cached_property
    def product_at_size(self) -> np.ndarray:
        """The product at its place on the painted picture, (h, w, 4) uint8, straight alpha."""
        canvas = self.page.canvas
        rows, columns = self.product.window
        box = (columns.start / canvas.width, rows.start / canvas.height,
               columns.stop / canvas.width, rows.stop / canvas.height)  # fmt: skip
        return placed(self.product.pixels, self.size.canvas, self.size.box(box, canvas)).on_canvas(self.size.canvas)

    @cached_property
    def elements(self) -> tuple[Suggestion, ...]:
        """The elements in their order, their boxes normalised to the painted picture and cut to it."""
        boxes = [self.size.box(element.box, self.page.canvas) for element in self.page.elements]
        return tuple(
            Suggestion(element.role, _cut(box), element.text)
            for element, box in zip(self.page.elements, boxes, strict=True)
        )

    def of_roles(self, roles: Collection[Role]) -> list[Suggestion]:
        """The elements of some roles."""
        return [element for element in self.elements if element.role in roles]

    @property
    def texts(self) -> list[Suggestion]:
        """The elements that are read, and logos: the ground is calm behind them."""
        return self.of_roles(TEXT_ROLES | {Role.LOGO})


def _cut(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (min(1.0, max(0.0, value)) for value in box)
    return (left, top, right, bottom)
