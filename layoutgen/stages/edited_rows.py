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
    """The edits that count, by their layout."""
    return {key: decision for key, decision in counting(decisions).items() if decision.elements is not None}


def counting(decisions: Iterable[Feedback]) -> dict[Key, Feedback]:
    """The decisions that count, by their layout: of all decisions on it the last final one does, else the last."""
    last: dict[Key, Feedback] = {}
    for decision in sorted(decisions, key=lambda decision: (decision.final, decision.time)):
        last[decision.row_id, decision.run_id] = decision
    return last


def as_edited(row: Mapping[str, Any], edit: Feedback, font_files: tuple[str, ...]) -> dict[str, Any]:
    """A row with an edit's elements, and in the edit's house style. Raises RowFault where they can't be drawn."""
    wanted = [feedback.as_json(element) for element in edit.elements or ()]
    try:
        elements = edited_elements(row, wanted, edit.styled, font_files)
    except RowFault as fault:
        raise RowFault(fault.kind, f"as edited by {edit.annotator}, {fault.message}") from None
    return {
        **row,
        "elements": [rows.element_row(element) for element in elements],
        "style_used": edit.style or row.get("style_used"),
    }


def edited_elements(
    row: Mapping[str, Any],
    wanted: Sequence[Mapping[str, Any]],
    styled: Sequence[Mapping[str, Any]],
    font_files: tuple[str, ...],
) -> list[Element]:
    """A row's elements as an edit wants them; of an edit in another style, `styled` are those that it changes. Raises
    RowFault where they can't be drawn."""
    layout, has_logo = layout_of(row, styled), bool(row.get("logo"))
    try:
        return edited(layout, wanted, table_rows.canvas(row), lambda e: face_of(e, font_files), has_logo=has_logo)
    except EditError as error:
        raise RowFault("edit_not_drawable", str(error)) from None


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
