"""Suggestions set in a style's type, as the units that are placed together: rows of equals, a price with its was-price,
every other text alone, and alone whatever a row demands something of."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from layoutgen.core.layout import Box, Canvas, Role, Suggestion, union
from layoutgen.core.placing.bonds import FREE, Bonds, Size
from layoutgen.core.placing.placement import ORDER, NoLayoutError
from layoutgen.core.placing.sizes import Lettering, equal, parts_words
from layoutgen.core.placing.spots import into
from layoutgen.core.placing.units import (
    Cell,
    Unit,
    block_cells,
    blocks_of,
    flowed,
    is_text,
    price_cells,
    rows_of,
    shifted,
)
from layoutgen.core.styles.containers import is_held

_FLUSH = 0.35  # em, within which a container's text is flush with the title
_STEP, _LARGEST = 0.93, 0.4  # from one font size that is tried to the next; of the short side


@dataclass(frozen=True, eq=False)
class Typesetter:
    """One layout's suggestions with the boxes (px) that were asked for, what they are set in, and what the row demands
    of them; `safe` is the safe area in px."""

    wanted: list[Suggestion]
    asked: list[Box]
    lettering: Lettering
    canvas: Canvas
    safe: Box
    alignment: str
    bonds: Bonds = FREE

    def units(self, title_px: int) -> Iterator[Unit]:
        """What is placed together, the most important first."""
        bound = self.bonds.named
        for i in sorted(self.bonds.locks, key=lambda i: ORDER.index(self.wanted[i].role)):
            yield self._unit((self._cell(i, title_px),), (i,))
        by_role: dict[Role, list[int]] = {}
        for i, suggestion in enumerate(self.wanted):
            if i not in self.bonds.locks:
                by_role.setdefault(suggestion.role, []).append(i)
        was = [i for i in by_role.get(Role.WAS_PRICE, []) if i not in bound]
        for role in sorted(by_role, key=ORDER.index):
            alone = [i for i in by_role[role] if i in bound or role not in (Role.SELLING_POINT, Role.WAS_PRICE)]
            for i in alone:
                cell = self._cell(i, title_px)
                if role is Role.PRICE and was and i not in bound:
                    old = was.pop(0)
                    cells = price_cells(cell, self._cell(old, title_px), self.asked[i], self.asked[old])
                    whole = union([c.outer for c in cells]) or cell.outer
                    if whole[2] <= self.lettering.widest_px:
                        yield self._unit(cells, (i, old))
                        continue
                    was.append(old)
                yield self._unit((cell,), (i,))
            if role is Role.SELLING_POINT:
                members = [i for i in by_role[role] if i not in bound]
                for block in blocks_of([self.asked[i] for i in members]):
                    yield self.block([members[i] for i in block], self.lettering.size(role, title_px))
        for i in was:
            yield self._unit((self._cell(i, title_px),), (i,))

    def _cell(self, i: int, title_px: int) -> Cell:
        """A suggestion alone, its corner at (0, 0). Raises NoLayoutError."""
        suggestion, canvas = self.wanted[i], self.canvas
        if not is_text(suggestion):
            return self._image(i)
        if i in self.bonds.named:
            return self._alike(i, title_px)
        kind, px = self.lettering.style.type_of(suggestion.role), self.lettering.size(suggestion.role, title_px)
        cell = self.lettering.cell(i, suggestion, self.asked[i], px, kind.container)
        if cell is None or cell.outer[3] > self.safe[3] - self.safe[1]:
            raise NoLayoutError(
                "copy_too_long",
                f"{suggestion.role.value} of {len(suggestion.text)} characters fits nowhere on {canvas.name} at the "
                f"smallest font of {self.lettering.smallest_px} px; shorten it",
            )
        return cell

    def _image(self, i: int) -> Cell:
        """A logo's image, as large as it was asked for, and as it may and has to be. Raises NoLayoutError."""
        asked, safe = self.asked[i], self.safe
        width, height = asked[2] - asked[0], asked[3] - asked[1]
        if min(width, height) < 1:
            raise NoLayoutError("bad_box", f"the logo's box is {width:.3g} x {height:.3g} px on {self.canvas.name}")
        most = self.bonds.bounds(i, self.safe)
        least = self.bonds.smallest.get(i, (0.0, 0.0))
        whole = max(1.0, *(side / own for side, own in zip(least, (width, height), strict=True)))
        whole = min(whole, (safe[2] - safe[0]) / width, (safe[3] - safe[1]) / height, most[0] / width, most[1] / height)
        box = (0.0, 0.0, width * whole, height * whole)
        return Cell(i, Role.LOGO, self.lettering.style.type_of(Role.LOGO), "none", box, box)

    def _alike(self, i: int, title_px: int) -> Cell:
        """A text of which something is demanded, in one font size with all that it is to be alike: as large as each of
        them may be. Raises NoLayoutError."""
        sizes = {k: self.lettering.size(self.wanted[k].role, title_px) for k in self.bonds.alike(i)}
        texts = [k for k in sizes if is_text(self.wanted[k])]
        return self._fitted(i, min(_font_px(self._fitted(k, sizes[k])) for k in texts))

    def _fitted(self, i: int, px: int) -> Cell:
        """A text within its bounds in a font of `px` or smaller, larger only where it has to be; without a parted word
        where it can be. Raises NoLayoutError."""
        suggestion, smallest = self.wanted[i], self.lettering.smallest_px
        most, least = self.bonds.bounds(i, self.safe), self.bonds.smallest.get(i, (0.0, 0.0))
        lettering = replace(self.lettering, widest_px=min(most[0], self.lettering.widest_px))
        container, words = lettering.style.type_of(suggestion.role).container, lettering.words(suggestion)
        parted = None
        for size in self._sizes(px, any(least)):
            cell = lettering.cell(i, suggestion, self.asked[i], size, container)
            if cell is None or cell.outer[3] > min(most[1], self.safe[3] - self.safe[1]) or _is_below(cell, least):
                continue
            if not cell.setting or not cell.face or is_held(cell.container):
                return cell
            if not parts_words(cell.setting.lines, words, cell.face):
                return cell
            parted = parted or cell
        if parted is None:
            raise NoLayoutError(
                "constraint_broken",
                f"no layout on {self.canvas.name} keeps {'; '.join(self.bonds.reasons([i]))}: {suggestion.text!r} fits "
                f"at no size of {smallest} px or more; give it more room, or leave it out",
            )
        return parted

    def _sizes(self, px: int, may_grow: bool) -> Iterator[int]:
        """Font sizes to try: from the wanted one up to the largest where a text may have to grow, then down."""
        smallest, largest = self.lettering.smallest_px, round(_LARGEST * min(self.canvas.width, self.canvas.height))
        size = max(px, smallest)
        while may_grow and size < largest:
            yield size
            size = max(size + 1, round(size / _STEP))
        size = max(px, smallest)
        while size > smallest:
            yield size
            size = min(size - 1, round(size * _STEP))
        yield smallest

    def block(self, members: list[int], px: int) -> Unit:
        """Selling points as rows of equals: as they were asked for where these rows are no wider than there is room.
        All have the style's container, or none has."""
        container = self.lettering.style.type_of(Role.SELLING_POINT).container
        cells = self._equals(members, px, container)
        if any(cell.container != cells[0].container for cell in cells):
            cells = self._equals(members, px, "none")
        by_index = {cell.index: cell for cell in cells}
        held = is_held(cells[0].container)
        asked = [self.asked[i] for i in members]
        rows = [[by_index[members[i]] for i in row] for row in rows_of(asked)]
        gap = self._between(rows, px)
        widest = self.lettering.widest_px
        if any(sum(cell.outer[2] for cell in row) + gap * (len(row) - 1) > widest for row in rows):
            rows = flowed(cells, gap, widest if held else 0.0)
        gaps = [0.0]
        for above, below in pairwise(rows):
            free = min(self.asked[c.index][1] for c in below) - max(self.asked[c.index][3] for c in above)
            taken = above[0].outer[3] - above[0].box[3] + below[0].box[1]
            least, most = (0.3 * px, 1.1 * px) if held else (0.2 * px, 1.1 * px)
            gaps.append(float(round(min(max(free - taken, least), most))))
        return self._unit(block_cells(rows, gaps, gap, self.alignment), members)

    def _equals(self, members: list[int], px: int, container: str) -> list[Cell]:
        cells = [self.lettering.cell(i, self.wanted[i], self.asked[i], px, container) for i in members]
        whole = [cell for cell in cells if cell]
        if len(whole) < len(cells):
            text = next(self.wanted[i].text for i, cell in zip(members, cells, strict=True) if cell is None)
            raise NoLayoutError("copy_too_long", f"selling point {text!r} fits nowhere on {self.canvas.name}")
        return equal(whole)

    def _between(self, rows: list[list[Cell]], px: int) -> float:
        """The gap between the cells of a row, px: as it was asked for, within reason."""
        asked = [
            self.asked[b.index][0] - self.asked[a.index][2] - (a.outer[2] - a.box[2]) - b.box[0]
            for row in rows
            for a, b in pairwise(row)
        ]
        return float(round(min(max(min(asked, default=0.0), 0.45 * px), 1.5 * px)))

    def _unit(self, cells: tuple[Cell, ...], members: Iterable[int]) -> Unit:
        """Cells as a unit, meant to lie where its members were asked for."""
        whole = union([self.asked[i] for i in members]) or (0.0, 0.0, 0.0, 0.0)
        unit = Unit(cells, whole)
        width, height = unit.size
        lead = cells[0]
        if lead.setting is None:
            return replace(unit, asked=into(whole, self.safe))
        inner = union([cell.box for cell in cells]) or lead.box
        free = whole[2] - whole[0] - (inner[2] - inner[0])
        left = whole[0] + free * {"left": 0.0, "center": 0.5, "right": 1.0}[self.alignment] - inner[0]
        if self.alignment == "left" and is_held(lead.container):
            titles = [self.asked[i][0] for i, s in enumerate(self.wanted) if s.role is Role.TITLE]
            if any(abs(whole[0] - title) < _FLUSH * lead.setting.font_px for title in titles):
                left = into((titles[0], 0.0, titles[0] + width, 1.0), self.safe)[0]
        top = (whole[1] + whole[3]) / 2 - (inner[1] + inner[3]) / 2
        corner = float(round(left)), float(round(top))
        return replace(unit, asked=shifted((0.0, 0.0, width, height), *corner))


def _font_px(cell: Cell) -> int:
    return cell.setting.font_px if cell.setting else 0


def _is_below(cell: Cell, least: Size) -> bool:
    """Tell whether a text is smaller than it has to be, px."""
    return cell.box[2] - cell.box[0] < least[0] or cell.box[3] - cell.box[1] < least[1]
