"""What is placed together: a price with its was-price, selling points as rows of equals, every other text alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from layoutgen.core.layout import Box, Role, Suggestion, intersection, union
from layoutgen.core.styles.style import Type
from layoutgen.core.text.typography import Face, Setting, ascent_px

_SIDE_GAP, _FOOT_GAP = 0.2, 0.12  # between price and was-price, of the price's font size
_REACH = 1.3  # how far selling points of one block stand apart at most, of their height


@dataclass(frozen=True)
class Cell:
    """A set text or a logo's image: which suggestion it is, its container and its boxes in px, `outer` with the
    container, relative to the unit's corner. `setting` and `face` are None for an image."""

    index: int
    role: Role
    kind: Type
    container: str
    box: Box
    outer: Box
    setting: Setting | None = None
    face: Face | None = None

    def moved(self, x: float, y: float) -> "Cell":
        """The same elsewhere."""
        return replace(self, box=shifted(self.box, x, y), outer=shifted(self.outer, x, y))


@dataclass(frozen=True)
class Unit:
    """Cells that are placed together, the first one leading; `asked` is where their box is meant to lie, px."""

    cells: tuple[Cell, ...]
    asked: Box

    @property
    def size(self) -> tuple[float, float]:
        """Width and height of the box around it, px."""
        box = union([cell.outer for cell in self.cells]) or (0.0, 0.0, 0.0, 0.0)
        return box[2], box[3]


def shifted(box: Box, x: float, y: float) -> Box:
    """A box moved by px."""
    return (box[0] + x, box[1] + y, box[2] + x, box[3] + y)


def price_cells(price: Cell, was: Cell, asked: Box, asked_was: Box) -> tuple[Cell, Cell]:
    """A price and its was-price close together: beside it on one baseline, or above or below where it was asked for
    there. The cells come with corners at (0, 0)."""
    px = price.setting.font_px if price.setting else 0
    middle = (asked_was[1] + asked_was[3]) / 2
    if asked_was[0] < asked[2] - 0.1 * px and (middle > asked[3] or middle < asked[1]):
        gap = round(_FOOT_GAP * px)
        first, second = (price, was) if middle > asked[3] else (was, price)
        below = second.moved(0.0, first.outer[3] + gap)
        return (first, below) if first is price else (below, first)
    across = price.outer[2] + round(_SIDE_GAP * px)
    down = _baseline(price) - _baseline(was)
    lifted = min(0.0, down)
    return price.moved(0.0, -lifted), was.moved(across, down - lifted)


def _baseline(cell: Cell) -> float:
    """How far the last line's baseline lies below the corner of a text."""
    setting = cell.setting
    if setting is None or cell.face is None:
        return cell.outer[3]
    ascent = ascent_px(setting.lines, cell.face, setting.font_px, setting.line_height_px)
    return cell.box[1] + ascent + setting.line_height_px * (len(setting.lines) - 1)


def blocks_of(boxes: Sequence[Box]) -> list[list[int]]:
    """Which boxes (px) stand together: those nearer to each other than about their height."""
    left = list(range(len(boxes)))
    blocks: list[list[int]] = []
    while left:
        block, new = [], [left.pop(0)]
        while new:
            at = new.pop()
            block.append(at)
            high = _REACH * (boxes[at][3] - boxes[at][1])
            near = (boxes[at][0] - high, boxes[at][1] - high, boxes[at][2] + high, boxes[at][3] + high)
            joined = [other for other in left if intersection(near, boxes[other]) > 0]
            left = [other for other in left if other not in joined]
            new += joined
        blocks.append(sorted(block))
    return blocks


def rows_of(boxes: Sequence[Box]) -> list[list[int]]:
    """Boxes in rows from top to bottom, each from left to right: those that overlap in height by half are in one."""
    rows: list[list[int]] = []
    for at in sorted(range(len(boxes)), key=lambda i: (boxes[i][1] + boxes[i][3], boxes[i][0])):
        top, bottom = boxes[at][1], boxes[at][3]
        last = boxes[rows[-1][0]] if rows else None
        if last and min(bottom, last[3]) - max(top, last[1]) >= 0.5 * min(bottom - top, last[3] - last[1]):
            rows[-1].append(at)
        else:
            rows.append([at])
    return [sorted(row, key=lambda i: boxes[i][0]) for row in rows]


def block_cells(rows: Sequence[Sequence[Cell]], gaps: Sequence[float], gap: float, alignment: str) -> tuple[Cell, ...]:
    """Rows of cells, corners at (0, 0), as one block: `gaps` above the rows, `gap` between the cells of one."""
    widths = [sum(cell.outer[2] for cell in row) + gap * (len(row) - 1) for row in rows]
    whole, y, placed = max(widths), 0.0, []
    for row, width, above in zip(rows, widths, gaps, strict=True):
        y += above
        x = float(round((whole - width) * {"left": 0.0, "center": 0.5, "right": 1.0}[alignment]))
        high = max(cell.outer[3] for cell in row)
        for cell in row:
            placed.append(cell.moved(x, y))
            x += cell.outer[2] + gap
        y += high
    return tuple(placed)


def flowed(cells: Sequence[Cell], gap: float, width: float) -> list[list[Cell]]:
    """Cells in rows no wider than `width`, in order."""
    rows: list[list[Cell]] = []
    for cell in cells:
        if rows and sum(c.outer[2] + gap for c in rows[-1]) + cell.outer[2] <= width:
            rows[-1].append(cell)
        else:
            rows.append([cell])
    return rows


def is_text(suggestion: Suggestion) -> bool:
    """Tell whether a suggestion is of a text, rather than of a logo's image."""
    return bool(suggestion.text) or suggestion.role is not Role.LOGO
