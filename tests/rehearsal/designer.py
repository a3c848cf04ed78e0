"""A designer who looks at layouts as a gallery shows them: adopts most, pulls some to the left, refuses a few."""

import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from layoutgen.core.feedback import EditedElement, Feedback
from layoutgen.core.layout import Role

_MARGIN = 0.06


def decide(rows: Iterable[Mapping[str, Any]]) -> list[Feedback]:
    """A decision for each published layout; the same for the same row."""
    return [_decision(row) for row in rows]


def _decision(row: Mapping[str, Any]) -> Feedback:
    kind = zlib.crc32(row["row_id"].encode()) % 10
    decision = "reject" if kind == 0 else "edit" if kind < 3 else "adopt"
    edited = tuple(_pulled(element) for element in row["elements"]) if decision == "edit" else None
    when = datetime(2026, 11, 28, 9, kind, tzinfo=UTC)
    return Feedback(row["row_id"], row["run_id"], decision, "rehearsal", when, edited)


def _pulled(element: Mapping[str, Any]) -> EditedElement:
    """The element as it is edited: all that has text begins at the left margin."""
    left, top, right, bottom = element["box"]
    if element["text"]:
        left, right = _MARGIN, _MARGIN + right - left
    return EditedElement(Role(element["role"]), element["text"] or "", (left, top, min(right, 1.0), bottom))
