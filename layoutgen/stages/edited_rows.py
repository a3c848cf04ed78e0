"""Rows of published tables as designers left them: an edit's elements in the place of the row's."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from layoutgen.core import feedback, rows
from layoutgen.core.feedback import Feedback
from layoutgen.core.gallery.edits import EditError, edited
from layoutgen.core.layout import Element
from layoutgen.core.metrics import table_rows
from layoutgen.core.text.typography import Face
from layoutgen.imaging import fonts
from layoutgen.imaging.shaping import Manner
from layoutgen.stages.drawable import RowFault

Key = tuple[str, str]
"""The row_id and run_id of a layout."""


def edits_of(decisions: Iterable[Feedback]) -> dict[Key, Feedback]:
    """The edits that count, by their layout: of all decisions on it the last final one does, else the last."""
    counting: dict[Key, Feedback] = {}
    for decision in sorted(decisions, key=lambda decision: (decision.final, decision.time)):
        counting[decision.row_id, decision.run_id] = decision
    return {key: decision for key, decision in counting.items() if decision.elements is not None}


def as_edited(row: Mapping[str, Any], edit: Feedback, font_files: tuple[str, ...]) -> dict[str, Any]:
    """A row with an edit's elements, and in the edit's house style. Raises RowFault where they can't be drawn."""
    layout = layout_of(row, edit.styled)
    wanted = [feedback.as_json(element) for element in edit.elements or ()]
    try:
        elements = edited(
            layout, wanted, table_rows.canvas(row), lambda e: face_of(e, font_files), has_logo=bool(row.get("logo"))
        )
    except EditError as error:
        raise RowFault("edit_not_drawable", f"as edited by {edit.annotator}, {error}") from None
    return {
        **row,
        "elements": [rows.element_row(element) for element in elements],
        "style_used": edit.style or row.get("style_used"),
    }


def layout_of(row: Mapping[str, Any], styled: Sequence[Mapping[str, Any]] | None) -> list[Element]:
    """The elements that an edit changes: the row's own, or those of it in another style. Raises RowFault for ones that
    can't be drawn."""
    unlike: list[str] = []
    layout = table_rows.elements([dict(e) for e in styled] if styled else row.get("elements"), unlike)
    if styled and unlike:
        raise RowFault("edit_not_drawable", f"styled can't be drawn: {unlike[0]}; give elements as tables have them")
    return layout


def face_of(element: Element, font_files: tuple[str, ...]) -> Face:
    """What sets other words of a row's element. Raises ValueError for a font that is not here."""
    language = next((run.language for run in element.runs if run.language), "")
    direction = "rtl" if element.direction == "rtl" else "ltr"
    return fonts.typeface(element.font, font_files, language, direction, Manner(element.tracking))
