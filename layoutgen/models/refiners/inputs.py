"""Layouts as the refiner takes them: boxes, how far each edge may be off, and what stands in them, as tensors."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from layoutgen.core.layout import LEARNT_ROLES, Canvas, Role, Suggestion
from layoutgen.core.text.typography import em_length

NUMBERS = 6
ROLES = len(LEARNT_ROLES)
UNKNOWN = 0.2
"""The level of an edge of which nothing is known."""
_NO_RATIO = 0.0


class Inputs(NamedTuple):
    """Layouts of n elements at most: boxes `ltrb` (b, n, 4), normalised; `levels` (b, n, 4), the standard deviation of
    each edge, shares of the side, 0 for what is exact; indices of `roles` (b, n); `numbers` (b, n, NUMBERS) of the
    texts; `aspects` (b,), log of the canvases' width over height; and which elements are `there` (b, n)."""

    ltrb: Tensor
    levels: Tensor
    roles: Tensor
    numbers: Tensor
    aspects: Tensor
    there: Tensor


def numbers_of(elements: Sequence[Suggestion], logo_aspect: float | None = None) -> list[tuple[float, ...]]:
    """What the network is told of each element's text: the logarithms of its width set in one line in em, of its
    letters and of its longest word in em; its place in the layout; the logarithm of a logo's width over height; and
    whether there is a text."""
    return [
        (
            math.log(max(em_length(element.text), 0.3)) if element.text else _NO_RATIO,
            math.log1p(len(element.text)) / 4,
            math.log1p(max(map(em_length, element.text.split()), default=0.0)) / 4,
            index / 10,
            math.log(min(max(logo_aspect or 1.0, 0.05), 20.0)) if _is_image(element) else 0.0,
            float(bool(element.text)),
        )
        for index, element in enumerate(elements)
    ]


def inputs_of(
    elements: Sequence[Suggestion], levels: np.ndarray, canvas: Canvas, logo_aspect: float | None = None
) -> Inputs:
    """One layout (b = 1); `levels` (n, 4) as in `Inputs`. Raises ValueError where they are not finite or negative."""
    if levels.shape != (len(elements), 4) or not np.isfinite(levels).all() or (levels < 0).any():
        raise ValueError(f"levels of {len(elements)} elements have the shape {levels.shape}; give (n, 4) numbers >= 0")
    return Inputs(
        torch.tensor([[element.box for element in elements]], dtype=torch.float32),
        torch.from_numpy(levels.astype(np.float32))[None],
        torch.tensor([[LEARNT_ROLES.index(element.role.learnt) for element in elements]]),
        torch.tensor([numbers_of(elements, logo_aspect)], dtype=torch.float32),
        torch.tensor([math.log(canvas.width / canvas.height)], dtype=torch.float32),
        torch.ones(1, len(elements), dtype=torch.bool),
    )


def _is_image(element: Suggestion) -> bool:
    return element.role is Role.LOGO and not element.text
