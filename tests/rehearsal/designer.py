"""A designer who looks at layouts as a gallery shows them: redraws most on one grid, adopts some, refuses few."""

import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from layoutgen.core.edited_elements import EditedElement
from layoutgen.core.feedback import Feedback
from layoutgen.core.layout import Role

_LEFT = 0.06


def decide(rows: Iterable[Mapping[str, Any]]) -> list[Feedback]:
    """A decision for each published layout; the same for the same row."""
    return [_decision(row) for row in rows]


def _decision(row: Mapping[str, Any]) -> Feedback:
    kind = zlib.crc32(row["row_id"].encode()) % 10
    decision = "reject" if kind == 0 else "adopt" if kind < 3 else "edit"
    edited = _on_grid(row["elements"]) if decision == "edit" else None
    when = datetime(2026, 11, 28, 9, kind, tzinfo=UTC)
    return Feedback(row["row_id"], row["run_id"], decision, "rehearsal", when, edited)


def _on_grid(elements: Iterable[Mapping[str, Any]]) -> tuple[EditedElement, ...]:
    """The texts as they are edited: the title at the top left, all others below each other at the bottom left."""
    edited, lines = [], 0
    for element in elements:
        if element["text"] and element["role"] == "title":
            edited.append(EditedElement(Role.TITLE, element["text"], (_LEFT, 0.06, 0.7, 0.18)))
        elif element["text"]:
            top = 0.68 + 0.06 * lines
            edited.append(EditedElement(Role(element["role"]), element["text"], (_LEFT, top, 0.5, top + 0.05)))
            lines += 1
    return tuple(edited)
