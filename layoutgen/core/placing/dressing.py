"""From any proposal to a layout in a house style: the place stage's solver for styled rows.

All sizes follow the title's by the style's scale, so a proposal's hierarchy never turns over: the title is as large as
its box asks for, within the style's limits, and smaller where not all finds room. Equals (selling points) are one block
of rows in one container each or none; a was-price stands by its price. Places are kept wherever they are free and off
the product. The limits are those of `placement`. Pure and deterministic.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from layoutgen.core.layout import Box, Canvas, Element, Role, Suggestion, from_px, to_px, union
from layoutgen.core.placing import wearing
from layoutgen.core.placing.bonds import FREE, Bonds
from layoutgen.core.placing.placement import (
    MAY_GO,
    Ground,
    Limits,
    NoLayoutError,
    Placement,
    covered,
    infer_alignment,
    on_canvas,
)
from layoutgen.core.placing.sizes import Lettering, parts_words
from layoutgen.core.placing.spots import Spots, into
from layoutgen.core.placing.typesetter import Typesetter
from layoutgen.core.placing.units import Cell, Unit, blocks_of
from layoutgen.core.styles.containers import is_held, padding
from layoutgen.core.styles.style import Style
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.typography import Face, fit

VERSION = "dress-5"  # goes up with every change of what it decides
POINTS = 0
"""The number of the group of selling points."""
_SMALLER = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
_COVERED, _SMALL_TITLE = 0.05, 0.05
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
    bonds: Bonds = FREE,
) -> Placement:
    """Lay out all suggestions in a style, in their order; `face_for` gives the style's faces, `bonds` are what the row
    demands of places. Underlays that were suggested are the style's to decide. Raises NoLayoutError as
    `placement.place` does, and `constraint_broken` where a demand leaves no place."""
    wanted = [replace(s, box=on_canvas(s)) for s in suggestions if s.role is not Role.UNDERLAY]
    spots = Spots.on(canvas, limits.margin_px, ground.subject)
    lettering = Lettering(face_for, style, language, limits.smallest_px, spots.safe[2] - spots.safe[0])
    asked = [to_px(s.box, canvas.width, canvas.height) for s in wanted]
    alignment = _alignment(wanted, asked, style, canvas)
    best = _Dresser(Typesetter(wanted, asked, lettering, canvas, spots.safe, alignment, bonds), spots, limits).best()
    worn = [
        wearing.Worn(_element(cell, wanted[cell.index], alignment), cell.outer, cell.container)
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
    """The search for a title's size at which all units find their places; boxes in px."""

    setter: Typesetter
    spots: Spots
    limits: Limits

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
        style, short = self.setter.lettering.style, min(self.spots.canvas.width, self.spots.canvas.height)
        smallest = self.limits.smallest_px
        least, most = max(smallest, round(style.title_least * short)), max(smallest, round(style.title_most * short))
        titles = [i for i, s in enumerate(self.setter.wanted) if s.role is Role.TITLE]
        largest = least
        for i in titles[:1]:
            words, box = self.setter.lettering.words(self.setter.wanted[i]), into(self.setter.asked[i], self.spots.safe)
            face, leading = self.setter.lettering.face_for(Role.TITLE, words), style.type_of(Role.TITLE).leading
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
        for unit in self.setter.units(title_px):
            placed = self._put(unit, taken, attempt)
            taken += [cell.outer for cell in placed]
            attempt.cells += placed
            for cell in placed:
                attempt.faults += self.spots.share(cell.outer) > _COVERED
                if cell.setting and cell.face and not is_held(cell.container):
                    words = self.setter.lettering.words(self.setter.wanted[cell.index])
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
        lead, bonds = unit.cells[0], self.setter.bonds
        members = [cell.index for cell in unit.cells]
        stand = {cell.index: cell.box for cell in attempt.cells}
        taken = [*taken, *bonds.others(members)]
        for width, height, clear in self._stands(unit):
            left, top = unit.asked[0], unit.asked[1]
            around = (left - clear, top - clear, left + width + clear, top + height + clear)
            room = bonds.room(members, stand, self.spots.safe, clear)
            spot = self.spots.within(room).nearest(around, taken) if room else None
            if spot and lead.setting is None:
                inner = (spot[0] + clear, spot[1] + clear, spot[2] - clear, spot[3] - clear)
                return [replace(lead, box=inner, outer=spot)]
            if spot:
                return [cell.moved(spot[0], spot[1]) for cell in unit.cells]
        asked = self.setter.wanted[lead.index]
        if demanded := bonds.reasons(members):
            raise NoLayoutError(
                "constraint_broken",
                f"no layout on {self.spots.canvas.name} keeps {'; '.join(demanded)}: {asked.role.value} {asked.text!r} "
                "finds no place there; give it more room, or leave it out",
            )
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
        return self._put(self.setter.block(rest, size), taken, attempt)
