"""Rows of a layout table as the metrics read them: forgiving, since a table may come from anywhere."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from layoutgen.core import rows
from layoutgen.core.layout import Canvas, Element, Framing, Role
from layoutgen.core.metrics.own import Asked
from layoutgen.core.metrics.pku import HEIGHT, WIDTH

_FAR = 1e6
_EDGE = 1e-3
_LARGEST = 1 << 16  # px, of a canvas's side and of a font
_NOTE = "left out for want of room: "
_FIELDS = set(Element.__dataclass_fields__)
_COLOUR = re.compile("#[0-9a-fA-F]{6}")
_SIZES = ("font_px", "line_height_px", "radius_px", "stroke_px")


def elements(found: list[dict[str, Any]] | None, excluded: list[str]) -> list[Element]:
    """A row's elements; those that can't be measured are left out and named. A null becomes the field's default. Of an
    element whose letters can't be drawn as it says, the box alone is kept."""
    if found is None:
        excluded.append("no_elements")
    kept = []
    for row in found or ():
        if not is_box((row or {}).get("box")):
            excluded.append("element_box_not_finite")
            continue
        if row.get("role") not in set(Role):
            excluded.append("element_role_unknown")
            continue
        known = {name: value for name, value in row.items() if value is not None and name in _FIELDS}
        lines = row.get("lines") or ()
        if fault := _unlike_letters(known, lines):
            excluded.append(fault)
            known, lines = {name: known[name] for name in ("role", "box", "text", "z") if name in known}, ()
        kept.append(rows.read_element({**known, "lines": lines}))
    return kept


def _unlike_letters(element: Mapping[str, Any], lines: Sequence[Any]) -> str | None:
    """Why letters can't be drawn as an element says; None where they can."""
    if not all(_COLOUR.fullmatch(element.get(name, "#000000")) for name in ("colour", "stroke")):
        return "element_colour_unknown"
    if element.get("alignment", "left") not in ("left", "center", "right"):
        return "element_alignment_unknown"
    shares = all(0 <= element.get(name, 0.0) <= 1 for name in ("opacity", "shadow"))
    sizes = all(0 <= element.get(name, 0) <= _LARGEST for name in _SIZES)
    return None if shares and sizes and None not in lines else "element_letters_not_finite"


def is_box(box: Any) -> bool:
    """Tell whether a value is four finite numbers of a usual size."""
    sides = () if box is None else tuple(box)
    return len(sides) == 4 and all(side is not None and abs(side) < _FAR for side in sides)


def fault(row: Mapping[str, Any]) -> str | None:
    """Why nothing of a row can be measured; None where something can."""
    sides = [side for side in (row.get("canvas_width"), row.get("canvas_height")) if side is not None]
    if not all(0 < side <= _LARGEST for side in sides):
        return "canvas_size_not_positive"
    return "no_elements" if row.get("elements") is None else None


def canvas(row: Mapping[str, Any]) -> Canvas:
    """The row's canvas; PKU's where the table has none, or one without a size (see `fault`)."""
    if fault({**row, "elements": ()}):
        return Canvas(WIDTH, HEIGHT)
    return Canvas(row.get("canvas_width") or WIDTH, row.get("canvas_height") or HEIGHT)


def framing(row: Mapping[str, Any]) -> Framing | None:
    """The row's framing; the whole photo on the whole canvas where the table has none, None where what it says can't
    be: a part of the photo or of the canvas that is empty or outside."""
    if row.get("crop") is None or row.get("picture") is None:
        return Framing()
    backdrop = row.get("backdrop") or "#ffffff"
    if not _COLOUR.fullmatch(backdrop) or not all(_is_part(row[name]) for name in ("crop", "picture")):
        return None
    return rows.read_framing({**row, "backdrop": backdrop})


def _is_part(box: Any) -> bool:
    return is_box(box) and -_EDGE <= box[0] < box[2] <= 1 + _EDGE and -_EDGE <= box[1] < box[3] <= 1 + _EDGE


def asked(row: Mapping[str, Any]) -> Asked | None:
    """What a row's copy asks for; None where the table has no copy."""
    if not row.get("title"):
        return None
    texts = (row["title"], *(point for point in row.get("selling_points") or () if point))
    excused = {note.removeprefix(_NOTE) for note in row.get("notes") or () if note and note.startswith(_NOTE)}
    return Asked(texts, int(bool(row.get("brand") or row.get("logo"))), frozenset(excused))
