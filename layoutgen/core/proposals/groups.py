"""Groups of text as they are set: pieces with their containers in rows, and where each lies. Sizes in px."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

from layoutgen.core.layout import Box, Canvas, Role, Suggestion, from_px
from layoutgen.core.styles.containers import Sides
from layoutgen.core.text.typography import Face, set_lines


class Set(NamedTuple):
    """How a piece's text is set: its face, its lines, and their font size and leading."""

    face: Face
    lines: tuple[str, ...]
    px: int
    leading: float


class Piece(NamedTuple):
    """One thing set: its size in px with its container, the padding between the two, and how much of it lies below the
    baseline of its last line."""

    role: Role
    text: str
    width: float
    height: float
    pad: Sides = (0.0, 0.0, 0.0, 0.0)
    is_held: bool = False
    below_baseline: float = 0.0
    how: Set | None = None

    @property
    def exact(self) -> "Piece":
        """The same as its fonts set it, measured at its own size: as large or a little smaller."""
        if self.how is None:
            return self
        setting = set_lines(self.how.lines, self.how.face, self.how.px, self.how.leading)
        width = min(self.width, setting.width_px + self.pad[0] + self.pad[2])
        height = min(self.height, setting.height_px + self.pad[1] + self.pad[3])
        return self._replace(width=float(width), height=float(height))


@dataclass(frozen=True)
class Group:
    """Rows of pieces with the gap above each, in px; `row_gap` lies between the pieces of a row."""

    rows: tuple[tuple[Piece, ...], ...]
    gaps: tuple[float, ...]
    row_gap: float
    title_px: int

    @cached_property
    def width(self) -> float:
        """Px, of the widest row."""
        return max((row_width(row, self.row_gap) for row in self.rows), default=0.0)

    @cached_property
    def height(self) -> float:
        """Px, of all rows and gaps."""
        return sum(max(piece.height for piece in row) for row in self.rows) + sum(self.gaps)

    @property
    def exact(self) -> "Group":
        """The same with exact pieces."""
        return replace(self, rows=tuple(tuple(piece.exact for piece in row) for row in self.rows))

    def boxes_px(self, left: float, top: float, alignment: str) -> list[tuple[Piece, Box]]:
        """Each piece with its box in px when the group's corner lies at (left, top); texts of a row stand on
        one baseline, containers in its middle."""
        placed, y, whole = [], top, self.width
        for row, gap in zip(self.rows, self.gaps, strict=True):
            y += gap
            free = whole - row_width(row, self.row_gap)
            x = left + {"left": 0.0, "center": float(round(free / 2)), "right": free}[alignment]
            height = max(piece.height for piece in row)
            tallest = max(row, key=lambda piece: piece.height)
            for piece in row:
                on_line = height - piece.height - round(tallest.below_baseline - piece.below_baseline)
                down = min(on_line, height - piece.height) if tallest.below_baseline and not piece.is_held else 0.0
                down = down if down > 0 else float(round((height - piece.height) / 2))
                placed.append((piece, (x, y + down, x + piece.width, y + down + piece.height)))
                x += piece.width + self.row_gap
            y += height
        return placed

    def suggestions(self, left: float, top: float, alignment: str, canvas: Canvas) -> list[Suggestion]:
        """The same as elements to propose, a container's underlay before its text."""
        proposed = []
        for piece, outer in self.boxes_px(left, top, alignment):
            pad = piece.pad
            inner = (outer[0] + pad[0], outer[1] + pad[1], outer[2] - pad[2], outer[3] - pad[3])
            if piece.is_held:
                proposed.append(Suggestion(Role.UNDERLAY, from_px(outer, canvas.width, canvas.height)))
            proposed.append(Suggestion(piece.role, from_px(inner, canvas.width, canvas.height), piece.text))
        return proposed


def row_width(row: tuple[Piece, ...], gap: float) -> float:
    """Px, of pieces side by side."""
    return sum(piece.width for piece in row) + gap * (len(row) - 1)
