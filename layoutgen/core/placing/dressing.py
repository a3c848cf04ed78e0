"""From any proposal to a layout in a house style: the place stage's solver for styled rows.

All sizes follow the title's by the style's scale, so a proposal's hierarchy never turns over: the title is as large as
its box asks for, within the style's limits, and smaller where not all finds room. Equals (selling points) are one block
of rows in one container each or none; a was-price stands by its price. Places are kept wherever they are free and off
the product. The limits are those of `placement`. Pure and deterministic.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from layoutgen.core.layout import Box, Canvas, Element, Role, Suggestion, from_px, to_px, union
from layoutgen.core.placing import wearing
from layoutgen.core.placing.placement import (
    MAY_GO,
    ORDER,
    Ground,
    Limits,
    NoLayoutError,
    Placement,
    covered,
    infer_alignment,
    on_canvas,
)
from layoutgen.core.placing.sizes import Lettering, equal, parts_words
from layoutgen.core.placing.spots import Spots, into
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
from layoutgen.core.styles.containers import is_held, padding
from layoutgen.core.styles.style import Style
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.typography import Face, fit

VERSION = "dress-3"  # goes up with every change of what it decides
POINTS = 0
"""The number of the group of selling points."""
_SMALLER = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
_COVERED, _SMALL_TITLE = 0.05, 0.05
_FLUSH = 0.35  # em, within which a container's text is flush with the title
_NEARLY = 0.012  # of the canvas's width, within which left edges are taken for flush
_LOGO_SMALLER = (1.0, 0.8, 0.6, 0.45)


def dress(
    suggestions: Iterable[Suggestion],
    canvas: Canvas,
    ground: Ground,
    face_for: Callable[[Role, str], Face],
    limits: Limits,
    style: Style,
    language: str | None = None,
) -> Placement:
    """Lay out all suggestions in a style, in their order; `face_for` gives the style's faces. Underlays that were
    suggested are the style's to decide. Raises NoLayoutError as `placement.place` does."""
    wanted = [replace(s, box=on_canvas(s)) for s in suggestions if s.role is not Role.UNDERLAY]
    spots = Spots.on(canvas, limits.margin_px, ground.subject)
    lettering = Lettering(face_for, style, language, limits.smallest_px, spots.safe[2] - spots.safe[0])
    asked = [to_px(s.box, canvas.width, canvas.height) for s in wanted]
    dresser = _Dresser(wanted, asked, lettering, spots, limits, _alignment(wanted, asked, style, canvas))
    best = dresser.best()
    worn = [
        wearing.Worn(_element(cell, wanted[cell.index], dresser.alignment), cell.outer, cell.container)
        for cell in sorted(best.cells, key=lambda cell: cell.index)
    ]
    coloured, contrast = wearing.coloured(
        worn, canvas, ground.pixels, ground.subject, style, limits.min_contrast, ground.logo
    )
    faces = [cell.face for cell in sorted(best.cells, key=lambda cell: cell.index)]
    faces = [*[None] * (len(coloured) - len(worn)), *faces]  # underlays come first
    set_in = [
        e if face is None else with_runs(e, face, e.box[2] - e.box[0]) for e, face in zip(coloured, faces, strict=True)
    ]
    elements = tuple(replace(e, box=from_px(e.box, canvas.width, canvas.height)) for e in set_in)
    notes = tuple(f"left out for want of room: {wanted[i].text}" for i in sorted(best.left_out))
    return Placement(elements, notes, contrast, covered(elements, ground.subject))


def _element(cell: Cell, suggestion: Suggestion, alignment: str) -> Element:
    setting = cell.setting
    return Element(
        role=cell.role,
        box=cell.box,
        text=suggestion.text,
        lines=setting.lines if setting else (),
        font=cell.face.name if cell.face else "",
        font_px=setting.font_px if setting else 0,
        line_height_px=setting.line_height_px if setting else 0,
        alignment="center" if is_held(cell.container) else alignment,
        tracking=cell.kind.tracking if setting else 0.0,
        strike=cell.role is Role.WAS_PRICE,
        group=POINTS if cell.role is Role.SELLING_POINT else None,
    )


def _alignment(wanted: list[Suggestion], asked: list[Box], style: Style, canvas: Canvas) -> str:
    """The axis on which what was asked for agrees best: containers with the room that they take."""
    boxes = []
    for suggestion, box in zip(wanted, asked, strict=True):
        kind = style.type_of(suggestion.role)
        if kind.container != "none":
            high = box[3] - box[1]
            around = padding(kind.container, suggestion.role, round(high / kind.leading), box[2] - box[0], high)
            boxes.append((box[0] - around[0], box[1], box[2] + around[2], box[3]))
        else:
            boxes.append(box)
    points = [i for i, s in enumerate(wanted) if s.role is Role.SELLING_POINT]
    blocks = [union([boxes[points[i]] for i in block]) for block in blocks_of([boxes[i] for i in points])]
    alone = [box for i, box in enumerate(boxes) if i not in points and wanted[i].role in (Role.TITLE, Role.SUBTITLE)]
    agreeing = [from_px(box, canvas.width, canvas.height) for box in (*alone, *blocks) if box]
    lefts = [box[0] for box in agreeing]
    if len(lefts) > 1 and max(lefts) - min(lefts) <= _NEARLY:
        return "left"
    return infer_alignment(agreeing)


@dataclass
class _Attempt:
    """Cells in their places, suggestions that found none, and how many things a designer would send back."""

    cells: list[Cell] = field(default_factory=list)
    left_out: list[int] = field(default_factory=list)
    faults: int = 0


@dataclass(frozen=True, eq=False)
class _Dresser:
    """One layout's suggestions with the boxes (px) that were asked for, and what they are set and placed in."""

    wanted: list[Suggestion]
    asked: list[Box]
    lettering: Lettering
    spots: Spots
    limits: Limits
    alignment: str

    def best(self) -> _Attempt:
        """The layout without faults in the largest title, else the one with the fewest. Raises NoLayoutError."""
        best, error = None, None
        for px in self._sizes():
            try:
                attempt = self._at(px)
            except NoLayoutError as reason:
                error = reason
                continue
            if best is None or attempt.faults < best.faults:
                best = attempt
            if not attempt.faults:
                break
        if best is None:
            raise error or NoLayoutError("no_room", "nothing finds a place")
        return best

    def _sizes(self) -> list[int]:
        """Title sizes to try, the largest first."""
        style, short = self.lettering.style, min(self.spots.canvas.width, self.spots.canvas.height)
        smallest = self.limits.smallest_px
        least, most = max(smallest, round(style.title_least * short)), max(smallest, round(style.title_most * short))
        titles = [i for i, s in enumerate(self.wanted) if s.role is Role.TITLE]
        largest = least
        for i in titles[:1]:
            words, box = self.lettering.words(self.wanted[i]), into(self.asked[i], self.spots.safe)
            face, leading = self.lettering.face_for(Role.TITLE, words), style.type_of(Role.TITLE).leading
            room = box[2] - box[0] + 0.51, box[3] - box[1] + 0.51
            fitted = fit(words, *room, face, smallest=smallest, largest=most, leading=leading)
            largest = max(least, fitted.font_px if fitted else 0)
        sizes = [max(smallest, round(largest * share)) for share in _SMALLER]
        return list(dict.fromkeys((*sizes, smallest)))

    def _at(self, title_px: int) -> _Attempt:
        attempt = _Attempt()
        short = min(self.spots.canvas.width, self.spots.canvas.height)
        attempt.faults += title_px < _SMALL_TITLE * short
        taken = list(self.limits.free)
        for unit in self._units(title_px, attempt):
            placed = self._put(unit, taken, attempt)
            taken += [cell.outer for cell in placed]
            attempt.cells += placed
            for cell in placed:
                attempt.faults += self.spots.share(cell.outer) > _COVERED
                if cell.setting and cell.face and not is_held(cell.container):
                    words = self.lettering.words(self.wanted[cell.index])
                    attempt.faults += parts_words(cell.setting.lines, words, cell.face)
        attempt.faults += 2 * len(attempt.left_out)
        return attempt

    def _stands(self, unit: Unit) -> Iterator[tuple[float, float, float]]:
        """Width, height and clear space, px, in which a unit may stand: an image of a logo may be smaller."""
        width, height = unit.size
        if unit.cells[0].setting is not None:
            yield width, height, 0.0
            return
        least = self.limits.logo_least_px / height
        for share in sorted({max(share, least) for share in _LOGO_SMALLER}, reverse=True):
            yield width * share, height * share, self.limits.logo_clear(height * share)

    def _put(self, unit: Unit, taken: list[Box], attempt: _Attempt) -> list[Cell]:
        """A unit's cells where they find a place, without the last ones where not all do. Raises NoLayoutError."""
        lead = unit.cells[0]
        for width, height, clear in self._stands(unit):
            left, top = unit.asked[0], unit.asked[1]
            around = (left - clear, top - clear, left + width + clear, top + height + clear)
            spot = self.spots.nearest(around, taken)
            if spot and lead.setting is None:
                inner = (spot[0] + clear, spot[1] + clear, spot[2] - clear, spot[3] - clear)
                return [replace(lead, box=inner, outer=spot)]
            if spot:
                return [cell.moved(spot[0], spot[1]) for cell in unit.cells]
        asked = self.wanted[lead.index]
        if lead.role not in MAY_GO:
            raise NoLayoutError(
                "no_room", f"{asked.role.value} {asked.text!r} finds no free place on {self.spots.canvas.name}"
            )
        last = max(unit.cells, key=lambda cell: cell.index)
        attempt.left_out.append(last.index)
        rest = [cell.index for cell in unit.cells if cell is not last]
        if not rest or lead.role is not Role.SELLING_POINT:
            attempt.left_out += rest
            return []
        size = lead.setting.font_px if lead.setting else self.limits.smallest_px
        return self._put(self._block(rest, size), taken, attempt)

    def _units(self, title_px: int, attempt: _Attempt) -> Iterator[Unit]:
        """What is placed together, the most important first."""
        by_role: dict[Role, list[int]] = {}
        for i, suggestion in enumerate(self.wanted):
            by_role.setdefault(suggestion.role, []).append(i)
        was = by_role.pop(Role.WAS_PRICE, [])
        for role in sorted(by_role, key=ORDER.index):
            if role is Role.SELLING_POINT:
                px = self.lettering.size(role, title_px)
                boxes = [self.asked[i] for i in by_role[role]]
                for block in blocks_of(boxes):
                    yield self._block([by_role[role][i] for i in block], px)
                continue
            for i in by_role[role]:
                cell = self._cell(i, title_px)
                if role is Role.PRICE and was:
                    old = was.pop(0)
                    cells = price_cells(cell, self._cell(old, title_px), self.asked[i], self.asked[old])
                    whole = union([c.outer for c in cells]) or cell.outer
                    if whole[2] <= self.lettering.widest_px:
                        yield self._unit(cells, (i, old))
                        continue
                    was.append(old)
                yield self._unit((cell,), (i,))
        for i in was:
            yield self._unit((self._cell(i, title_px),), (i,))

    def _cell(self, i: int, title_px: int) -> Cell:
        """A suggestion alone, its corner at (0, 0). Raises NoLayoutError."""
        suggestion, asked, canvas = self.wanted[i], self.asked[i], self.spots.canvas
        kind = self.lettering.style.type_of(suggestion.role)
        if not is_text(suggestion):
            width, height = asked[2] - asked[0], asked[3] - asked[1]
            if min(width, height) < 1:
                raise NoLayoutError("bad_box", f"the logo's box is {width:.3g} x {height:.3g} px on {canvas.name}")
            safe = self.spots.safe
            whole = min(1.0, (safe[2] - safe[0]) / width, (safe[3] - safe[1]) / height)
            box = (0.0, 0.0, width * whole, height * whole)
            return Cell(i, suggestion.role, kind, "none", box, box)
        cell = self.lettering.cell(i, suggestion, asked, self.lettering.size(suggestion.role, title_px), kind.container)
        if cell is None or cell.outer[3] > self.spots.safe[3] - self.spots.safe[1]:
            raise NoLayoutError(
                "copy_too_long",
                f"{suggestion.role.value} of {len(suggestion.text)} characters fits nowhere on {canvas.name} at the "
                f"smallest font of {self.limits.smallest_px} px; shorten it",
            )
        return cell

    def _block(self, members: list[int], px: int) -> Unit:
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
            raise NoLayoutError("copy_too_long", f"selling point {text!r} fits nowhere on {self.spots.canvas.name}")
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
            return replace(unit, asked=into(whole, self.spots.safe))
        inner = union([cell.box for cell in cells]) or lead.box
        free = whole[2] - whole[0] - (inner[2] - inner[0])
        left = whole[0] + free * {"left": 0.0, "center": 0.5, "right": 1.0}[self.alignment] - inner[0]
        if self.alignment == "left" and is_held(lead.container):
            titles = [self.asked[i][0] for i, s in enumerate(self.wanted) if s.role is Role.TITLE]
            if any(abs(whole[0] - title) < _FLUSH * lead.setting.font_px for title in titles):
                left = into((titles[0], 0.0, titles[0] + width, 1.0), self.spots.safe)[0]
        top = (whole[1] + whole[3]) / 2 - (inner[1] + inner[3]) / 2
        corner = float(round(left)), float(round(top))
        return replace(unit, asked=shifted((0.0, 0.0, width, height), *corner))
