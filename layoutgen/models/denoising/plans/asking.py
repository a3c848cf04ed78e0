"""Posters to plan as the network reads them, from briefs and from what it learns alike."""

import math
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from layoutgen.core.layout import Canvas
from layoutgen.models.denoising.lines import Line, batch
from layoutgen.models.denoising.plans.network import Asked
from layoutgen.models.denoising.plans.seeing import on_grey, ratio_of
from layoutgen.models.denoising.plans.sizes import PlanSize
from layoutgen.models.denoising.plans.slots import slots_of


@dataclass(frozen=True, eq=False)
class Item:
    """A poster to plan: its cut-out (h, w, 4) uint8 or None, lines, canvas, the logo's ratio and the category."""

    cut: np.ndarray | None
    lines: tuple[Line, ...]
    canvas: Canvas
    logo: float | None = None
    category: str | None = None

    @property
    def ratio(self) -> float | None:
        """The cut-out's width over its height."""
        return None if self.cut is None else ratio_of(self.cut)


def asked(items: Sequence[Item], size: PlanSize) -> Asked:
    """A batch of posters."""
    grey = torch.full((size.colours, size.view, size.view), 0.5)
    return Asked(
        torch.stack([grey if item.cut is None else on_grey(item.cut, size) for item in items]),
        torch.tensor([item.cut is not None for item in items]),
        batch([item.lines for item in items]),
        slots_of(
            [item.lines for item in items],
            [item.canvas for item in items],
            [item.ratio for item in items],
            [item.logo for item in items],
            size.underlays,
        ),
        torch.tensor([math.log(item.canvas.width / item.canvas.height) for item in items]),
        torch.tensor([category_row(item.category, size.categories) for item in items]),
    )


def category_row(category: str | None, rows: int) -> int:
    """The row of a category's embedding: the same for the same name in any case, 0 for none. Names share rows."""
    name = unicodedata.normalize("NFKC", category or "").casefold().strip()
    return 1 + zlib.crc32(name.encode()) % (rows - 1) if name else 0
