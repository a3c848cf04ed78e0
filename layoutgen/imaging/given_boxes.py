"""What is given of an unfinished layout, drawn on the picture that a language model sees: the outline of each box that
is known whole, of locked elements in one colour, of hints in another."""

from collections.abc import Sequence

import numpy as np

from layoutgen.core.layout import to_px
from layoutgen.core.prompts.refinements import Given

LOCKED, HINT = (0, 160, 255), (255, 0, 160)
"""RGB of outlines; no photo has much of either."""
_THICKNESS = 0.008  # of the shorter side


def drawn(picture: np.ndarray, given: Sequence[Given]) -> np.ndarray:
    """A picture (h, w, 3), uint8, with the boxes of what is given, later ones above earlier ones; an element of which a
    part of its place is hidden has none."""
    height, width = picture.shape[:2]
    thick = max(1, round(_THICKNESS * min(height, width)))
    out = picture.copy()
    for each in given:
        if each.hidden - {"role"}:
            continue
        left, top, right, bottom = (round(side) for side in to_px(each.element.box, width, height))
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        box = out[top:bottom, left:right]
        inside = box[thick:-thick, thick:-thick].copy()
        box[:] = LOCKED if each.locked else HINT
        box[thick:-thick, thick:-thick] = inside
    return out
