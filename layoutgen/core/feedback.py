"""Designers' feedback on layouts: what the gallery exports, and what evaluation and retraining read.

One JSON object a line, in UTF-8. `FIELDS` is the contract; fields that it does not name are ignored, so that a form may
keep more. `parse` is strict and says which line and which field is wrong; what a table of decisions comes to is
`core.metrics.adoption`'s.
"""

import json
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any

from layoutgen.core.layout import Box, Role

DECISIONS = ("adopt", "edit", "reject")
FIELDS = (
    ("row_id", "string", "key of the layout, as in the table"),
    ("run_id", "string", "the run that computed the layout, as in the table"),
    ("decision", "string", "`adopt` (used as it is), `edit` (used as `elements` say) or `reject`"),
    ("elements", "list of object", "of an edit, and only of an edit: every element as edited, each with `role`, `text` "
     "and `box` (ltrb, normalised to the canvas)"),
    ("annotator", "string", "who decided; not empty"),
    ("time", "string", "when, ISO 8601 with its zone, such as 2026-11-21T09:30:00Z"),
    ("reasons", "list of string", "why, by names such as those of the gallery's buttons; may be left out"),
    ("note", "string", "why, in the annotator's words; may be left out"),
    ("final", "boolean", "settles the layout: of all decisions on it the last final one counts; may be left out"),
)  # fmt: skip
# Why layouts are sent back, by the name that feedback has and as the gallery's buttons say it.
REASONS = {
    "title_too_small": "title too small",
    "covers_product": "covers the product",
    "crop": "crop",
    "contrast": "contrast",
    "line_break": "line break",
    "crowded": "crowded",
    "off_brand": "off brand",
    "copy_wrong": "copy wrong",
    "subject_wrong": "subject found wrong",
}
# Those that say something of where elements stand; the others are about the picture, the copy or the kit.
ABOUT_LAYOUT = frozenset({"title_too_small", "covers_product", "contrast", "line_break", "crowded"})
_MOST = 1e300  # JSON may say a number that a float has not
_SLACK = 1e-4  # boxes are exported with five digits


class FeedbackError(ValueError):
    """A line of feedback that can't be used: `line` counts from 1, `field` is the one to mend."""

    def __init__(self, line: int, field: str, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line, self.field = line, field


@dataclass(frozen=True)
class EditedElement:
    """An element as a designer left it; `box` is ltrb, normalised to the canvas."""

    role: Role
    text: str
    box: Box


@dataclass(frozen=True)
class Feedback:
    """One decision of one annotator on one layout. `elements` is there for edits and None for all else."""

    row_id: str
    run_id: str
    decision: str
    annotator: str
    time: datetime
    elements: tuple[EditedElement, ...] | None = None
    note: str = ""
    reasons: tuple[str, ...] = ()
    final: bool = False


def name_key(annotator: str) -> str:
    """What a name is matched by: names are the same whatever their case and the spaces around and between."""
    return " ".join(unicodedata.normalize("NFKC", annotator).split()).lower()


def blames_layout(reasons: Collection[str]) -> bool:
    """Whether these reasons speak against where elements stand: one of them does, or none is given. Names that the
    gallery has not may say anything, so they count."""
    return not reasons or any(reason in ABOUT_LAYOUT or reason not in REASONS for reason in reasons)


def read(text: str) -> tuple[list[Feedback], list[FeedbackError]]:
    """The decisions in a JSONL text, and an error for each line that is none; blank lines count and are passed over."""
    found, errors = [], []
    for place, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.strip():
            try:
                found.append(parse(line, place))
            except FeedbackError as error:
                errors.append(error)
    return found, errors


def parse(line: str, place: int = 1) -> Feedback:
    """Read one line. Raises FeedbackError naming the line, the field, the value and the mend."""
    try:
        row = json.loads(line)
    except ValueError as error:
        raise FeedbackError(place, "", f"{line.strip()[:60]!r} is no JSON ({error}); write an object a line") from None
    return check(row, place)


def check(row: object, place: int = 1) -> Feedback:
    """Read one object, such as a row of a Parquet file. Raises FeedbackError as `parse` does."""
    if not isinstance(row, Mapping):
        raise FeedbackError(place, "", f"{str(row)[:60]!r} is no object; write one JSON object a line")
    texts: dict[str, Any] = {name: _text(row, name, place) for name in ("row_id", "run_id", "annotator")}
    decision = row.get("decision")
    if decision not in DECISIONS:
        raise FeedbackError(place, "decision", f"decision is {decision!r}; give one of {', '.join(DECISIONS)}")
    note = row.get("note")
    if note is not None and not isinstance(note, str):
        raise FeedbackError(place, "note", f"note is {note!r}; give a string or leave it out")
    final = row.get("final")
    if final is not None and not isinstance(final, bool):
        raise FeedbackError(place, "final", f"final is {final!r}; give true or false, or leave it out")
    more: dict[str, Any] = {"note": note or "", "reasons": _reasons(row, place), "final": bool(final)}
    return Feedback(**texts, decision=decision, time=_time(row, place), elements=_elements(row, place), **more)


def _reasons(row: Mapping[str, Any], place: int) -> tuple[str, ...]:
    value = row.get("reasons")
    reasons = () if value is None else value
    is_list = isinstance(reasons, Sequence) and not isinstance(reasons, str)
    if not is_list or not all(isinstance(reason, str) and reason for reason in reasons):
        raise FeedbackError(place, "reasons", f"reasons is {value!r}; give a list of names, or leave it out")
    return tuple(dict.fromkeys(reasons))


def _text(row: Mapping[str, Any], name: str, place: int) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value.strip():
        raise FeedbackError(place, name, f"{name} is {value!r}; give a string that is not empty")
    return value


def _time(row: Mapping[str, Any], place: int) -> datetime:
    value = moment(row.get("time"))
    if value is None or value.tzinfo is None:
        message = f"time is {row.get('time')!r}; give ISO 8601 with its zone, such as 2026-11-21T09:30:00Z"
        raise FeedbackError(place, "time", message)
    return value.astimezone(UTC)


def moment(value: object) -> datetime | None:
    """A time, or ISO 8601 for one, that exists in every zone; None for anything else."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) and MINYEAR < value.year < MAXYEAR else None


def _elements(row: Mapping[str, Any], place: int) -> tuple[EditedElement, ...] | None:
    elements = row.get("elements")
    if row.get("decision") != "edit":
        if elements:
            raise FeedbackError(place, "elements", f"elements are of edits only, and this is {row['decision']!r}")
        return None
    if fault := fault_of_elements(elements):
        raise FeedbackError(place, "elements", fault)
    if not elements:
        raise FeedbackError(place, "elements", "elements is empty; an edit leaves one at least, else give `reject`")
    return tuple(_element(element, f"elements[{k}]", place) for k, element in enumerate(elements))


def _element(element: Mapping[str, Any], name: str, place: int) -> EditedElement:
    if element["role"] not in set(Role):
        known = ", ".join(Role)
        raise FeedbackError(place, f"{name}.role", f"{name} has the role {element['role']!r}; give one of {known}")
    text = element.get("text")
    if text is not None and not isinstance(text, str):
        raise FeedbackError(place, f"{name}.text", f"{name} has the text {text!r}; give a string")
    left, top, right, bottom = (float(side) for side in element["box"])
    within = min(left, top) >= -_SLACK and max(right, bottom) <= 1 + _SLACK
    if not within or right <= left or bottom <= top:
        message = f"{name} has the box {list(element['box'])}; give left < right and top < bottom, all in [0, 1]"
        raise FeedbackError(place, f"{name}.box", message)
    return EditedElement(Role(element["role"]), text or "", (left, top, right, bottom))


def fault_of_elements(elements: object) -> str | None:
    """What is wrong with the form of an edit's elements: a list of objects with a role and four finite numbers."""
    if not isinstance(elements, Sequence) or isinstance(elements, str):
        return f"elements is {str(elements)[:80]!r}; give the list as edited"
    for k, element in enumerate(elements):
        box = element.get("box") if isinstance(element, Mapping) else None
        if not isinstance(box, Sequence) or len(box) != 4 or not all(_is_number(side) for side in box):
            return f"elements[{k}] has the box {box!r}; give left, top, right, bottom"
        if not isinstance(element.get("role"), str):
            return f"elements[{k}] has the role {element.get('role')!r}; give a name"
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST


def write(feedback: Iterable[Feedback]) -> str:
    """Decisions as JSONL, which `read` gives back."""
    return "".join(f"{json.dumps(_row(one), ensure_ascii=False)}\n" for one in feedback)


def _row(one: Feedback) -> dict[str, Any]:
    row: dict[str, Any] = {"row_id": one.row_id, "run_id": one.run_id, "decision": one.decision}
    if one.elements is not None:
        row["elements"] = [{"role": e.role.value, "text": e.text, "box": list(e.box)} for e in one.elements]
    row |= {"annotator": one.annotator, "time": one.time.astimezone(UTC).isoformat().replace("+00:00", "Z")}
    row |= {"reasons": list(one.reasons)} if one.reasons else {}
    row |= {"note": one.note} if one.note else {}
    return row | ({"final": True} if one.final else {})


def markdown() -> str:
    """The contract as docs/tables.md shows it."""
    rows = ["| field | type | meaning |", "| --- | --- | --- |"]
    return "\n".join([*rows, *(f"| `{name}` | {kind} | {meaning} |" for name, kind, meaning in FIELDS)])


if __name__ == "__main__":
    print(markdown())  # noqa: T201 - a command
