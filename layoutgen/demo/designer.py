"""A designer who wants another style: every text in one column on the left, as decisions that the gallery exports."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from layoutgen.core.edited_elements import EditedElement
from layoutgen.core.feedback import Feedback
from layoutgen.core.layout import Role

COLUMN = (0.05, 0.38)
"""Left and right edge of the column, shares of the canvas's width."""
_TOP, _BOTTOM, _GAP = 0.06, 0.94, 0.03
_ORDER = [
    *(Role.LOGO, Role.BADGE, Role.TITLE, Role.SUBTITLE, Role.SELLING_POINT, Role.PRICE, Role.WAS_PRICE),
    *(Role.CALL_TO_ACTION, Role.OTHER, Role.DISCLAIMER),
]
_LETTERS = 9  # of running text in a line of the column


def edited(rows: Iterable[Mapping[str, Any]]) -> list[Feedback]:
    """An edit of each published layout, at a fixed hour: the same for the same rows."""
    when = datetime(2026, 1, 1, 9, tzinfo=UTC)
    return [
        Feedback(row["row_id"], row["run_id"], "edit", "demo", when, _column(row["elements"]), "all text on the left")
        for row in rows
    ]


def _column(elements: Iterable[Mapping[str, Any]]) -> tuple[EditedElement, ...]:
    """The same words and logo, one below the other, each as high as it has lines; panels go."""
    stack = sorted(
        (element for element in elements if element["role"] != Role.UNDERLAY.value),
        key=lambda element: _ORDER.index(Role(element["role"])),
    )
    lines = [_lines(element) for element in stack]
    left, right = COLUMN
    unit = min(0.07, (_BOTTOM - _TOP - _GAP * (len(stack) - 1)) / sum(lines))
    placed, top = [], _TOP
    for element, count in zip(stack, lines, strict=True):
        bottom = top + unit * count
        placed.append(EditedElement(Role(element["role"]), element["text"] or "", (left, top, right, bottom)))
        top = bottom + _GAP
    return tuple(placed)


def _lines(element: Mapping[str, Any]) -> float:
    """How many lines of running text are as high as an element in the column."""
    wide = sum(2 if ord(letter) > 0x2E80 else 1 for letter in element["text"] or "") / 2
    larger = 2.0 if element["role"] == Role.TITLE.value else 1.0
    return larger * max(1.0, larger * wide / _LETTERS)
