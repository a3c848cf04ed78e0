"""Draws a scene from its numbers, for a product and texts at their places."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from layoutgen.goods.backdrops import festive, graphic, nature, studio, surfaces
from layoutgen.goods.backdrops.numbers import KINDS, SceneNumbers
from layoutgen.goods.backdrops.stage import Box, Stage

VERSION = "scenes-4"

_MODULES = (studio, surfaces, nature, festive, graphic)


def _draw_of(kind: str) -> Callable[[Stage], None]:
    """The function of a kind's name, from the module that defines it."""
    functions = [getattr(module, kind, None) for module in _MODULES]
    return next(draw for draw in functions if draw is not None and draw.__name__ == kind)


_DRAW: dict[str, Callable[[Stage], None]] = {kind: _draw_of(kind) for kind in KINDS}
FROM_ABOVE = frozenset({"silk", "drops"})
NO_FLOOR = frozenset({"mesh"})


@dataclass(frozen=True, eq=False)
class Drawn:
    """A drawn ground: pixels (h, w, 3) uint8; `horizon`, a share of the height where the floor begins, or what else the
    product stands on, 0 for one seen from above, None for none; `light`, the side that light comes from, from -1, left,
    to 1, right."""

    pixels: NDArray[np.uint8]
    horizon: float | None
    light: float


def drawn(
    numbers: SceneNumbers,
    size: tuple[int, int],
    product_box: Box,
    text_boxes: Sequence[Box] = (),
    seed: int = 0,
    *,
    lies: bool = False,
) -> Drawn:
    """Draw a scene of a size (width, height) px. A product that `lies`, or hangs, has no floor: the scene is its wall,
    or a surface that is seen from above.

    Boxes are ltrb, normalised. The floor meets the wall behind the product's foot; things stand beside the product, as
    large as it asks for, or lean in at the canvas's edges, and none where text stands: light, folds and grain fade out
    there. The same arguments give the same pixels."""
    if lies:
        numbers = replace(numbers, props=0.0)
    s = Stage(numbers, size, product_box, text_boxes, np.random.default_rng(seed), lies)
    _DRAW[numbers.kind](s)
    ground = min(s.horizon, s.foot - 0.02 * s.tall)  # what the product stands on, where that is no floor
    horizon = 0.0 if lies or numbers.kind in FROM_ABOVE else float(np.clip(ground / s.height, 0.01, 0.99))
    return Drawn(s.picture(), None if numbers.kind in NO_FLOOR and not lies else horizon, numbers.light)
