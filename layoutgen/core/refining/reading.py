"""Whether a text can be read where it stands now, and the colour in which it can."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from layoutgen.core import colour
from layoutgen.core.layout import Element
from layoutgen.core.metrics.own import behind, contrast_of


def readable_again(
    elements: Sequence[Element],
    index: int,
    was: Element | None,
    ground: np.ndarray,
    least: float,
    *,
    fixed: bool,
    inks: Sequence[str] = (),
) -> str | None:
    """The colour of a text that moved or was lettered anew, `was` before: its own where that has the contrast `least`
    on the ground's pixels (h, w, 3); else, where it is not `fixed`, one of `inks`, where there are none another text's,
    white or black. None where none of them can be read."""
    own = contrast_of(elements, index, ground) or 0.0
    stays = was is not None and not fixed and was.colour == elements[index].colour and was.box == elements[index].box
    if own >= least or stays:
        return elements[index].colour
    if fixed or not len(behind(elements, index, ground)):
        return None
    choices = dict.fromkeys(inks or [*(e.colour for e in elements if e.lines), colour.PAPER, colour.INK])
    others = {c: _ratio(elements, index, c, ground) for c in choices}
    best = max(others, key=lambda c: others[c])
    return best if others[best] >= least else None


def least_contrast(elements: Sequence[Element], ground: np.ndarray) -> float | None:
    """The least contrast of a layout's texts, as tables have it; None without texts."""
    ratios = [contrast_of(elements, i, ground) for i, e in enumerate(elements) if e.lines]
    known = [ratio for ratio in ratios if ratio is not None]
    return min(known) if known else None


def _ratio(elements: Sequence[Element], index: int, colour_of: str, ground: np.ndarray) -> float:
    tried = [replace(e, colour=colour_of) if i == index else e for i, e in enumerate(elements)]
    return contrast_of(tried, index, ground) or 0.0
