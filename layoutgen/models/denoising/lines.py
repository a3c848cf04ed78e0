"""The copy as a network reads it: a line for each element that the copy demands, as tensors padded to a batch.

A line is its letters, what it is (title, point or logo), and numbers: how many letters, how wide it is set in one line,
its longest word, its place among the lines and how many there are, the canvas's shape, a logo's shape.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from layoutgen.core.layout import LEARNT_ROLES, Canvas, Copy, Role
from layoutgen.core.prompts.layouts import Slot, slots
from layoutgen.core.text.typography import em_length

ROLES = LEARNT_ROLES
"""The classes, by index."""


KINDS = 3
"""Title, point, logo."""
NUMBERS = 8
MOST_LETTERS = 64
"""Letters of a line that are read one by one; how many there are is told of all."""
LETTER_ROWS = 512
"""A letter of code point c has the embeddings c mod this and c div this, which together are its own."""


@dataclass(frozen=True)
class Line:
    """A line: its `slot` in the copy, the index of its kind, and its numbers."""

    slot: Slot
    kind: int
    numbers: tuple[float, ...]


@dataclass(frozen=True)
class Lines:
    """Lines of a batch: code points + 1 (b, l, letters), 0 where there is none; kinds (b, l); numbers (b, l, NUMBERS);
    and which lines there are (b, l) bool."""

    letters: Tensor
    kinds: Tensor
    numbers: Tensor
    there: Tensor

    def to(self, device: torch.device | str) -> "Lines":
        """The same on a device."""
        return Lines(*(part.to(device) for part in (self.letters, self.kinds, self.numbers, self.there)))


def lines_of(copy: Copy, canvas: Canvas, logo_aspect: float | None = None) -> tuple[Line, ...]:
    """The lines of a copy, in the order of `prompts.slots`."""
    wanted = slots(copy)
    return tuple(
        Line(slot, _kind(slot), _numbers(slot, index, len(wanted), canvas, logo_aspect))
        for index, slot in enumerate(wanted)
    )


def batch(rows: Sequence[Sequence[Line]]) -> Lines:
    """Pad the lines of several rows. A row may have none."""
    count = max([1, *(len(row) for row in rows)])
    letters = max([1, *(min(len(line.slot.text), MOST_LETTERS) for row in rows for line in row)])
    codes = torch.zeros(len(rows), count, letters, dtype=torch.long)
    kinds = torch.zeros(len(rows), count, dtype=torch.long)
    numbers = torch.zeros(len(rows), count, NUMBERS)
    there = torch.zeros(len(rows), count, dtype=torch.bool)
    for i, row in enumerate(rows):
        for k, line in enumerate(row):
            said = [ord(letter) + 1 for letter in line.slot.text[:MOST_LETTERS]]
            codes[i, k, : len(said)] = torch.tensor(said, dtype=torch.long)
            kinds[i, k], there[i, k] = line.kind, True
            numbers[i, k] = torch.tensor(line.numbers)
    return Lines(codes, kinds, numbers, there)


def _kind(slot: Slot) -> int:
    return 0 if Role.TITLE in slot.roles else 2 if Role.LOGO in slot.roles else 1


def _numbers(slot: Slot, index: int, count: int, canvas: Canvas, logo_aspect: float | None) -> tuple[float, ...]:
    is_image = not slot.text
    return (
        math.log1p(len(slot.text)) / 4,
        math.log1p(em_length(slot.text)) / 4,
        math.log1p(max(map(em_length, slot.text.split()), default=0.0)) / 4,
        index / 10,
        count / 10,
        math.log(canvas.width / canvas.height),
        math.log(min(max(logo_aspect or 1.0, 0.05), 20.0)) if is_image else 0.0,
        float(is_image),
    )
