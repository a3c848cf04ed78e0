"""Designers' feedback on layouts: what the gallery exports, and what evaluation and retraining read.

One JSON object a line, in UTF-8. `FIELDS` is the contract; fields that it does not name are ignored, so that a form may
keep more. `parse` is strict and says which line and which field is wrong; what a table of decisions comes to is
`core.metrics.adoption`'s.
"""

import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, TypeGuard

from layoutgen.core import json_lines
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
ALIGNMENTS = ("left", "center", "right")
_COLOUR = re.compile("#[0-9a-fA-F]{6}")
_MOST = 1e300  # JSON may say a number that a float has not
_SLACK = 1e-4  # boxes are exported with five digits


@dataclass(frozen=True)
class EditedElement:
    """An element as a designer left it; `box` is ltrb, normalised to the canvas. `was` is which of the row's
    elements it was, from 0, where that is known. `lines`, `font_px` (of the canvas), `alignment`, `colour` and `font`
    are there where they were changed; lines that are empty are broken anew."""

    role: Role
    text: str
    box: Box
    was: int | None = None
    lines: tuple[str, ...] = ()
    font_px: int | None = None
    alignment: str | None = None
    colour: str | None = None
    font: str | None = None


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
    if not _is_four(box):
        raise LineError(place, f"{name}.box", f"{name} has the box {box!r}; give left, top, right, bottom")
    return Comment(_upright(box, name, place), text, Role(role) if role else None)


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
    return tuple(_element(element, f"elements[{k}]", place) for k, element in enumerate(elements))


def _element(element: Mapping[str, Any], name: str, place: int) -> EditedElement:
    if element["role"] not in set(Role):
        known = ", ".join(Role)
        raise LineError(place, f"{name}.role", f"{name} has the role {element['role']!r}; give one of {known}")
    text = element.get("text")
    if text is not None and not isinstance(text, str):
        raise LineError(place, f"{name}.text", f"{name} has the text {text!r}; give a string")
    box = _upright(element["box"], name, place)
    for field, least in (("was", 0), ("font_px", 1)):
        number = element.get(field)
        if number is not None and not (isinstance(number, int) and not isinstance(number, bool) and number >= least):
            message = f"{name} has the {field} {number!r}; give a whole number from {least}"
            raise LineError(place, f"{name}.{field}", message)
    alignment = element.get("alignment")
    if alignment not in (None, *ALIGNMENTS):
        message = f"{name} has the alignment {alignment!r}; give one of {', '.join(ALIGNMENTS)}"
        raise LineError(place, f"{name}.alignment", message)
    colour, font = element.get("colour"), element.get("font")
    if colour is not None and not (isinstance(colour, str) and _COLOUR.fullmatch(colour)):
        raise LineError(place, f"{name}.colour", f"{name} has the colour {colour!r}; give #rrggbb")
    if font is not None and not (isinstance(font, str) and font):
        raise LineError(place, f"{name}.font", f"{name} has the font {font!r}; give its name")
    lines = _lines(element.get("lines"), text or "", name, place)
    numbers = {field: element.get(field) for field in ("was", "font_px")}
    return EditedElement(
        Role(element["role"]), text or "", box, lines=lines, alignment=alignment, colour=colour, font=font, **numbers
    )


def _lines(value: object, text: str, name: str, place: int) -> tuple[str, ...]:
    if value is None:
        return ()
    lines = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else ("",)
    if not all(isinstance(line, str) and line.strip() for line in lines):
        raise LineError(place, f"{name}.lines", f"{name} has the lines {value!r}; give strings that are not empty")
    if "".join("".join(lines).split()) != "".join(text.split()):
        message = f"{name} has the lines {list(lines)} of the text {text!r}; give lines that make up the text"
        raise LineError(place, f"{name}.lines", message)
    return lines


def _upright(box: Sequence[Any], name: str, place: int) -> Box:
    left, top, right, bottom = (float(side) for side in box)
    within = min(left, top) >= -_SLACK and max(right, bottom) <= 1 + _SLACK
    if not within or right <= left or bottom <= top:
        message = f"{name} has the box {list(box)}; give left < right and top < bottom, all in [0, 1]"
        raise LineError(place, f"{name}.box", message)
    return left, top, right, bottom


def fault_of_elements(elements: object) -> str | None:
    """What is wrong with the form of an edit's elements: a list of objects with a role and four finite numbers."""
    if not isinstance(elements, Sequence) or isinstance(elements, str):
        return f"elements is {str(elements)[:80]!r}; give the list as edited"
    for k, element in enumerate(elements):
        box = element.get("box") if isinstance(element, Mapping) else None
        if not _is_four(box):
            return f"elements[{k}] has the box {box!r}; give left, top, right, bottom"
        if not isinstance(element.get("role"), str):
            return f"elements[{k}] has the role {element.get('role')!r}; give a name"
    return None


def _is_four(box: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(box, Sequence) and len(box) == 4 and all(_is_number(side) for side in box)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST


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
