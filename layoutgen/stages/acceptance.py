"""A painted ground with its product on it: finished, and held against the checks of `core.posters.checks`.

Behind texts where the ground is too restless, or no ink can be read on it, it is veiled; all else that does not hold is
a reason to paint another ground.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from layoutgen.core.layout import TEXT_ROLES, Box, Canvas, Role, Suggestion, area, intersection
from layoutgen.core.posters import checks
from layoutgen.core.posters.checks import Check
from layoutgen.imaging.products import pasting
from layoutgen.imaging.products.placing import Placed
from layoutgen.models.base import Painted

Letters = Callable[[np.ndarray], Sequence[Box]]
"""Finds text in a picture: boxes, ltrb normalised."""
_IN_PILL = 0.85


@dataclass(frozen=True, eq=False)
class Verdict:
    """A finished picture (h, w, 3) uint8, the checks that it does not pass, whether its ground was veiled, and the
    least contrast of ink or paper behind a text: below the limit of layouts, it will stand on a panel."""

    picture: np.ndarray
    failed: tuple[Check, ...]
    is_veiled: bool
    contrast: float = 21.0

    @property
    def reasons(self) -> str:
        """The checks that it does not pass, in words."""
        return ", ".join(f"{check.name} {check.value:.3g} (limit {check.limit:g})" for check in self.failed)


def judged(
    painted: Painted,
    product: Placed,
    canvas: Canvas,
    seed: int,
    texts: Sequence[Box],
    *,
    is_searched: bool,
    letters: Letters | None = None,
) -> Verdict:
    """Finish a picture and check it; `texts` are boxes that have to be calm. A ground that `is_searched` must not show
    the product again, nor anything that `letters` reads."""
    ground = pasting.prepared(painted, product, canvas, seed)
    is_veiled = not all(check.holds for check in _readable(ground, texts))
    if is_veiled:
        ground = pasting.prepared(painted, product, canvas, seed, texts)
    picture = pasting.pasted(ground, product)
    at = (product.pixels, product.left_px, product.top_px)
    tried = [checks.identity(picture, *at), checks.ring(picture, ground, *at), *_readable(ground, texts)]
    if is_searched:
        given = np.rint(pasting.at_size(painted.pixels, canvas, seed)).astype(np.uint8)
        tried.append(checks.growth(given, *at))  # the ground's moved light takes the product's colours off a copy
    if is_searched and letters is not None:
        opacity = product.on_canvas(canvas)[..., 3]
        tried.append(Check("painted_letters", sum(not _under(opacity, box) for box in letters(ground)), 0))
    failed = tuple(check for check in tried if not check.holds)
    return Verdict(picture, failed, is_veiled, checks.contrast(ground, texts).value)


def _readable(ground: np.ndarray, texts: Sequence[Box]) -> list[Check]:
    return [checks.calmness(ground, texts), checks.contrast(ground, texts)]


def _under(opacity: np.ndarray, box: Box) -> bool:
    """Whether most of a box lies under what is opaque in (h, w) uint8."""
    height, width = opacity.shape
    part = opacity[
        int(box[1] * height) : max(int(box[1] * height) + 1, round(box[3] * height)),
        int(box[0] * width) : max(int(box[0] * width) + 1, round(box[2] * width)),
    ]
    return bool(part.size) and float((part > 127).mean()) > 0.5


def text_boxes(suggestions: Sequence[Suggestion]) -> list[Box]:
    """The boxes of texts that stand on the ground itself and not in a pill."""
    pills = [suggestion.box for suggestion in suggestions if suggestion.role is Role.UNDERLAY]
    return [
        s.box
        for s in suggestions
        if (s.role in TEXT_ROLES or s.role is Role.LOGO)
        and not any(intersection(pill, s.box) >= _IN_PILL * area(s.box) for pill in pills)
    ]
