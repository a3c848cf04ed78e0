"""Rows of a layout table as the metrics read them: forgiving, since a table may come from anywhere."""

from collections.abc import Mapping
from typing import Any

from layoutgen.core import rows
from layoutgen.core.layout import Canvas, Element, Framing, Role
from layoutgen.core.metrics.own import Asked
from layoutgen.core.metrics.pku import HEIGHT, WIDTH

_FAR = 1e6
_NOTE = "left out for want of room: "
_FIELDS = set(Element.__dataclass_fields__)


def elements(found: list[dict[str, Any]] | None, excluded: list[str]) -> list[Element]:
    """A row's elements; those that can't be measured are left out and named. A null becomes the field's default."""
    if found is None:
        excluded.append("no_elements")
    kept = []
    for row in found or ():
        box = (row or {}).get("box") or ()
        if len(box) != 4 or not all(side is not None and abs(side) < _FAR for side in box):
            excluded.append("element_box_not_finite")
            continue
        if row.get("role") not in set(Role):
            excluded.append("element_role_unknown")
            continue
        known = {name: value for name, value in row.items() if value is not None and name in _FIELDS}
        kept.append(rows.read_element({**known, "lines": row.get("lines")}))
    return kept


def canvas(row: Mapping[str, Any]) -> Canvas:
    """The row's canvas; PKU's where the table has none."""
    return Canvas(row.get("canvas_width") or WIDTH, row.get("canvas_height") or HEIGHT)


def framing(row: Mapping[str, Any]) -> Framing:
    """The row's framing; the whole photo on the whole canvas where the table has none."""
    if row.get("crop") is None or row.get("picture") is None:
        return Framing()
    return rows.read_framing({**row, "backdrop": row.get("backdrop") or "#ffffff"})


def asked(row: Mapping[str, Any]) -> Asked | None:
    """What a row's copy asks for; None where the table has no copy."""
    if not row.get("title"):
        return None
    texts = (row["title"], *(row.get("selling_points") or ()))
    excused = {note.removeprefix(_NOTE) for note in row.get("notes") or () if note.startswith(_NOTE)}
    return Asked(texts, int(bool(row.get("brand") or row.get("logo"))), frozenset(excused))
