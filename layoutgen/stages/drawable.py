"""Whether a row of a table from anywhere can be drawn: its canvas, boxes and fonts."""

from collections.abc import Mapping, Sequence
from typing import Any

from layoutgen.core import rows
from layoutgen.core.layout import Box, Canvas, Element
from layoutgen.core.metrics import table_rows
from layoutgen.imaging import fonts
from layoutgen.imaging.image_faults import FileFault

_MOST_PIXELS = 1 << 27
_FARTHEST = 4.0


class RowFault(FileFault):
    """A row that no file can be made of; `kind` says what it lacks."""


def whole(row: Mapping[str, Any], font_files: tuple[str, ...]) -> dict[str, Any]:
    """A row of a published table with all that drawing needs. Raises RowFault for what can't be drawn."""
    unlike: list[str] = []
    elements: list[Element] = table_rows.elements(row.get("elements"), unlike)
    framing, canvas = table_rows.framing(row), table_rows.canvas(row)
    if row.get("status") not in (None, "ok"):
        raise RowFault("failed", "the row failed and has no layout; run it again")
    if not row.get("image"):
        raise RowFault("no_image", "the row names no image that it was laid out on")
    fault = table_rows.fault(row) or (unlike[0] if unlike else None)
    if fault or framing is None:
        raise RowFault(
            fault or table_rows.framing_fault(row) or "framing_not_usable",
            "the row can't be drawn as it is; lay it out anew",
        )
    if fault := fault_of(elements, canvas, font_files):
        raise RowFault("not_drawable", fault)
    sides = {"canvas_width": canvas.width, "canvas_height": canvas.height}
    return {**row, **sides, **rows.framing_row(framing), "elements": [*map(rows.element_row, elements)]}


def fault_of(elements: Sequence[Element], canvas: Canvas, font_files: tuple[str, ...]) -> str | None:
    """Why elements can't be drawn on a canvas; None where they can."""
    if canvas.width * canvas.height > _MOST_PIXELS:
        return f"a canvas of {canvas.name} px is not drawn; the most is {_MOST_PIXELS} px"
    if any(not _can_be_drawn(element.box) for element in elements):
        return "element_box_without_area_or_far_outside"
    if any(element.lines and element.font_px <= 0 for element in elements):
        return "element_font_px_not_positive"
    named = {element.font for element in elements if element.lines}
    named |= {run.font for element in elements for run in element.runs}
    for name in sorted(named):
        try:
            fonts.by_name(name, font_files)
        except ValueError as error:
            return str(error)
    return None


def _can_be_drawn(box: Box) -> bool:
    """Tell whether a box has an area, and lies no further from the canvas than a few of its sides."""
    return box[0] < box[2] and box[1] < box[3] and min(box) > -_FARTHEST and max(box) < _FARTHEST
