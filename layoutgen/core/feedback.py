"""Designers' feedback on layouts: what the gallery exports, and what evaluation and retraining read.

One JSON object a line, in UTF-8. `FIELDS` is the contract; fields that it does not name are ignored, so that a form may
keep more. `parse` is strict and says which line and which field is wrong; what a table of decisions comes to is
`core.metrics.adoption`'s.
"""

import json
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from layoutgen.core import json_lines
from layoutgen.core.edited_elements import EditedElement, check_element, fault_of_elements, is_four, upright
from layoutgen.core.json_lines import LineError
from layoutgen.core.layout import Box, Role

DECISIONS = ("adopt", "edit", "reject")
FIELDS = (
    ("row_id", "string", "key of the layout, as in the table"),
    ("run_id", "string", "the run that computed the layout, as in the table"),
    ("decision", "string", "`adopt` (used as it is), `edit` (used as `elements` say) or `reject`"),
    (
        "elements",
        "list of object",
        "of an edit, and only of an edit: every element as edited, each with `role`, `text` "
        "and `box` (ltrb, normalised to the canvas); where they are known or were changed also `was` (which of the "
        "row's elements it was, from 0), `lines` (the text as broken), `font_px` (px of the canvas), `alignment` "
        "(left, center or right), `colour` (#rrggbb) and `font` (a name, as tables have it)",
    ),
    ("style", "string", "of an edit in another house style than the row's: its name; may be left out"),
    (
        "styled",
        "list of object",
        "with `style`, and only with it: the row's elements as the job sets them in it, as "
        "tables have `elements`; `was` counts these",
    ),
    ("annotator", "string", "who decided; not empty"),
    ("time", "string", "when, ISO 8601 with its zone, such as 2026-11-21T09:30:00Z"),
    ("reasons", "list of string", "why, by names such as those of the gallery's buttons; may be left out"),
    ("note", "string", "why, in the annotator's words; may be left out"),
    ("final", "boolean", "settles the layout: of all decisions on it the last final one counts; may be left out"),
    (
        "comments",
        "list of object",
        "what is said of places: each with `box` (ltrb, normalised to the canvas), `text`, "
        "and the `role` of the element that is meant, where one is; may be left out",
    ),
    (
        "instruction",
        "string",
        "of an edit or a rejection: how the layout is to be changed, in a few words, such as "
        "`bigger price, move the logo to the top right`, Chinese or English, which `jobs.refine` follows; may be left "
        "out",
    ),
    ("layout", "string", "by which the gallery knows the layout again in another run; may be left out"),
)
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
MOST_LETTERS = 500  # of an instruction


@dataclass(frozen=True)
class Comment:
    """What an annotator says of a place; `box` is ltrb, normalised to the canvas, `role` that of the element meant."""

    box: Box
    text: str
    role: Role | None = None


@dataclass(frozen=True)
class Feedback:
    """One decision of one annotator on one layout. `elements` is there for edits and None for all else; `styled` are
    the row's elements in another house style `style`, which `elements` then change, as tables have them."""

    row_id: str
    run_id: str
    decision: str
    annotator: str
    time: datetime
    elements: tuple[EditedElement, ...] | None = None
    note: str = ""
    reasons: tuple[str, ...] = ()
    final: bool = False
    comments: tuple[Comment, ...] = ()
    style: str = ""
    styled: tuple[Mapping[str, Any], ...] = ()
    instruction: str = ""


def name_key(annotator: str) -> str:
    """What a name is matched by: names are the same whatever their case and the spaces around and between."""
    return " ".join(unicodedata.normalize("NFKC", annotator).split()).lower()


def blames_layout(reasons: Collection[str]) -> bool:
    """Whether these reasons speak against where elements stand: one of them does, or none is given. Names that the
    gallery has not may say anything, so they count."""
    return not reasons or any(reason in ABOUT_LAYOUT or reason not in REASONS for reason in reasons)


def read(text: str) -> tuple[list[Feedback], list[LineError]]:
    """The decisions in a JSONL text, and an error for each line that is none; blank lines count and are passed over."""
    return json_lines.read(text, parse)


def parse(line: str, place: int = 1) -> Feedback:
    """Read one line. Raises LineError naming the line, the field, the value and the fix."""
    return check(json_lines.value(line, place), place)


def check(value: object, place: int = 1) -> Feedback:
    """Read one object, such as a row of a Parquet file. Raises LineError as `parse` does."""
    row = json_lines.record(value, place)
    texts: dict[str, Any] = {name: json_lines.text(row, name, place) for name in ("row_id", "run_id", "annotator")}
    decision = row.get("decision")
    if decision not in DECISIONS:
        raise LineError(place, "decision", f"decision is {decision!r}; give one of {', '.join(DECISIONS)}")
    note = row.get("note")
    if note is not None and not isinstance(note, str):
        raise LineError(place, "note", f"note is {note!r}; give a string or leave it out")
    final = row.get("final")
    if final is not None and not isinstance(final, bool):
        raise LineError(place, "final", f"final is {final!r}; give true or false, or leave it out")
    more: dict[str, Any] = {"note": note or "", "reasons": _reasons(row, place), "final": bool(final)}
    more |= {"comments": _comments(row, place), "elements": _elements(row, place)}
    more["style"], more["styled"] = _styled(row, place)
    more["instruction"] = _instruction(row, place)
    return Feedback(**texts, decision=decision, time=json_lines.time(row, place), **more)


def _styled(row: Mapping[str, Any], place: int) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    style, styled = row.get("style"), row.get("styled")
    if style is None and styled is None:
        return "", ()
    json_lines.text(row, "style", place)
    if row.get("decision") != "edit":
        raise LineError(place, "style", f"style is {style!r} of a decision that is no edit; leave it out")
    if not styled:
        raise LineError(place, "styled", "styled is empty; give the row's elements in the style")
    if fault := fault_of_elements(styled):
        raise LineError(place, "styled", fault.replace("elements", "styled", 1))
    return str(style), tuple(styled or ())


def _instruction(row: Mapping[str, Any], place: int) -> str:
    value = row.get("instruction")
    if value is None:
        return ""
    text = json_lines.text(row, "instruction", place)
    if len(text) > MOST_LETTERS:
        message = f"instruction has {len(text)} letters, {MOST_LETTERS} are the most; shorten it"
        raise LineError(place, "instruction", message)
    if row.get("decision") == "adopt":
        message = f"instruction is {text!r} of a layout that is adopted as it is; give `reject` or leave it out"
        raise LineError(place, "instruction", message)
    return text


def _comments(row: Mapping[str, Any], place: int) -> tuple[Comment, ...]:
    value = row.get("comments")
    if value is None:
        return ()
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise LineError(place, "comments", f"comments is {value!r}; give a list of objects, or leave it out")
    return tuple(_comment(comment, f"comments[{k}]", place) for k, comment in enumerate(value))


def _comment(comment: object, name: str, place: int) -> Comment:
    if not isinstance(comment, Mapping):
        raise LineError(place, name, f"{name} is {str(comment)[:60]!r}; give an object with box and text")
    text, role = comment.get("text"), comment.get("role")
    if not isinstance(text, str) or not text.strip():
        raise LineError(place, f"{name}.text", f"{name} has the text {text!r}; give a string that is not empty")
    if role is not None and role not in set(Role):
        raise LineError(place, f"{name}.role", f"{name} has the role {role!r}; give one of {', '.join(Role)}")
    box = comment.get("box")
    if not is_four(box):
        raise LineError(place, f"{name}.box", f"{name} has the box {box!r}; give left, top, right, bottom")
    return Comment(upright(box, name, place), text, Role(role) if role else None)


def _reasons(row: Mapping[str, Any], place: int) -> tuple[str, ...]:
    value = row.get("reasons")
    reasons = () if value is None else value
    is_list = isinstance(reasons, Sequence) and not isinstance(reasons, str)
    if not is_list or not all(isinstance(reason, str) and reason for reason in reasons):
        raise LineError(place, "reasons", f"reasons is {value!r}; give a list of names, or leave it out")
    return tuple(dict.fromkeys(reasons))


def _elements(row: Mapping[str, Any], place: int) -> tuple[EditedElement, ...] | None:
    elements = row.get("elements")
    if row.get("decision") != "edit":
        if elements:
            raise LineError(place, "elements", f"elements are of edits only, and this is {row['decision']!r}")
        return None
    if fault := fault_of_elements(elements):
        raise LineError(place, "elements", fault)
    if not elements:
        raise LineError(place, "elements", "elements is empty; an edit leaves one at least, else give `reject`")
    return tuple(check_element(element, f"elements[{k}]", place) for k, element in enumerate(elements))


def write(feedback: Iterable[Feedback]) -> str:
    """Decisions as JSONL, which `read` gives back."""
    return "".join(f"{json.dumps(_row(one), ensure_ascii=False)}\n" for one in feedback)


def _row(one: Feedback) -> dict[str, Any]:
    row: dict[str, Any] = {"row_id": one.row_id, "run_id": one.run_id, "decision": one.decision}
    if one.elements is not None:
        row["elements"] = [as_json(element) for element in one.elements]
    row |= {"style": one.style, "styled": list(one.styled)} if one.style else {}
    row |= {"annotator": one.annotator, "time": one.time.astimezone(UTC).isoformat().replace("+00:00", "Z")}
    row |= {"reasons": list(one.reasons)} if one.reasons else {}
    row |= {"note": one.note} if one.note else {}
    row |= {"instruction": one.instruction} if one.instruction else {}
    row |= {"final": True} if one.final else {}
    return row | ({"comments": [as_json(comment) for comment in one.comments]} if one.comments else {})


def as_json(value: EditedElement | Comment) -> dict[str, Any]:
    """An element or a comment as JSON has it: without what it does not say."""
    fields = asdict(value)
    fields |= {name: list(fields[name]) for name in ("box", "lines") if name in fields}
    return {name: field for name, field in fields.items() if field not in (None, []) or name == "text"}


def markdown() -> str:
    """The contract as docs/tables.md shows it."""
    return json_lines.markdown(FIELDS)


if __name__ == "__main__":
    print(markdown())  # noqa: T201 - a command
