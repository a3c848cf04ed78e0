"""The slots of a plan: one for the product, six for panels, then one for each text, which is known, so nothing is
matched.

A slot has four numbers in [0, 1]. Of a text or a panel they are centre x, centre y, width and height. Of the product
and of a logo's image they are centre x, centre y, scale, and one that says nothing: at scale s such a slot is
s · (f_x, f_y) of the canvas, where f = (min(1, a / r), min(1, r / a)) is the largest box of its ratio a = width /
height on a canvas of ratio r. So no number that the network says deforms a product. Batches are padded at the end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from layoutgen.core.layout import Box, Canvas
from layoutgen.models.denoising.boxes.tensors import SCALE, to_cxcywh, to_ltrb
from layoutgen.models.denoising.lines import Line

PRODUCT = 0
"""The product's slot."""
KINDS = 4
_PRODUCT, _PANEL, _TEXT, _IMAGE = range(KINDS)
_LEAST = 0.01


@dataclass(frozen=True, eq=False)
class Slots:
    """Slots of a batch: `kinds` (b, n), which are `there` (b, n), and `fit` (b, n, 2), the width and height at scale 1
    of those that keep their ratio, 0 of all others."""

    kinds: Tensor
    there: Tensor
    fit: Tensor

    @property
    def tied(self) -> Tensor:
        """Which keep their ratio, (b, n) bool."""
        return self.fit[..., 0] > 0

    def to(self, device: torch.device) -> "Slots":
        """The same on a device."""
        return Slots(self.kinds.to(device), self.there.to(device), self.fit.to(device))


def first_line(panels: int) -> int:
    """The slot of the first line, after the product and so many panels."""
    return 1 + panels


def fit_of(ratio: float, canvas: Canvas) -> tuple[float, float]:
    """Width and height, shares of the canvas's, of the largest box of a ratio on it."""
    relative = ratio * canvas.height / canvas.width
    return min(1.0, relative), min(1.0, 1 / relative)


def slots_of(
    lines: Sequence[Sequence[Line]],
    canvases: Sequence[Canvas],
    ratios: Sequence[float | None],
    logos: Sequence[float | None],
    panels: int,
) -> Slots:
    """The slots of a batch: of each row its lines, canvas, the product's ratio, None for none, and the logo's."""
    start = first_line(panels)
    count = start + max((len(row) for row in lines), default=0)
    kinds = torch.full((len(lines), count), _TEXT)
    kinds[:, :start] = _PANEL
    kinds[:, PRODUCT] = _PRODUCT
    there = torch.zeros(len(lines), count, dtype=torch.bool)
    fit = torch.zeros(len(lines), count, 2)
    for i, (row, canvas, ratio, logo) in enumerate(zip(lines, canvases, ratios, logos, strict=True)):
        there[i, 1 : start + len(row)] = True
        if ratio is not None:
            there[i, PRODUCT] = True
            fit[i, PRODUCT] = torch.tensor(fit_of(ratio, canvas))
        for k, line in enumerate(row, start):
            if not line.slot.text:
                kinds[i, k] = _IMAGE
                fit[i, k] = torch.tensor(fit_of(logo or 1.0, canvas))
    return Slots(kinds, there, fit)


def boxes_of(numbers: Tensor, slots: Slots) -> Tensor:
    """Numbers (b, n, 4) as boxes, ltrb."""
    centre, size = numbers[..., :2], numbers[..., 2:].clamp(min=_LEAST)
    return to_ltrb(torch.cat([centre, torch.where(slots.tied[..., None], size[..., :1] * slots.fit, size)], -1))


def numbers_of(ltrb: Tensor, slots: Slots) -> Tensor:
    """Boxes (b, n, 4) as numbers; a box of another ratio than its slot's becomes one of the same extent."""
    cxcywh = to_cxcywh(ltrb)
    scale = (cxcywh[..., 2:] / slots.fit.clamp(min=1e-6)).mean(-1, keepdim=True)
    tied = torch.cat([cxcywh[..., :2], scale, torch.full_like(scale, 0.5)], -1)
    return torch.where(slots.tied[..., None], tied, cxcywh).clamp(0, 1)


def to_signal(numbers: Tensor) -> Tensor:
    """Numbers as what noise is added to: (2 · number - 1) · SCALE."""
    return (2 * numbers - 1) * SCALE


def from_signal(signal: Tensor) -> Tensor:
    """A signal as numbers in [0, 1]."""
    return (signal.clamp(-SCALE, SCALE) / SCALE + 1) / 2


def whole_box(centre: tuple[float, float], scale: float, ratio: float, canvas: Canvas) -> Box:
    """The box of a ratio at a scale whose centre is nearest to `centre` while all of it is on the canvas; exact in
    double precision."""
    fit = fit_of(ratio, canvas)
    scale = min(max(scale, _LEAST), 1.0)
    width, height = fit[0] * scale, fit[1] * scale
    left = min(max(centre[0] - width / 2, 0.0), 1 - width)
    top = min(max(centre[1] - height / 2, 0.0), 1 - height)
    return (left, top, left + width, top + height)
