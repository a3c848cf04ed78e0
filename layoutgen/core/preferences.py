"""Designers' choices between two layouts of a row: what the gallery's comparison exports, and what evaluation, examples
and the training of scenes read.

One JSON object a line, in UTF-8, `FIELDS` is the contract; fields that it does not name are ignored. Two sides are the
`chosen` and the `rejected` one, or, where neither was better, the two of `tie`. Posters' lines also have what
`training.scenes.preferences` needs, and their sides a `seed`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from layoutgen.core import feedback, json_lines
from layoutgen.core.edited_elements import EditedElement
from layoutgen.core.json_lines import LineError
from layoutgen.core.layout import Box

FIELDS = (
    ("row_id", "string", "key of the layout that was compared; of variants, the first one's"),
    ("product_id", "string", "the product's; may be left out"),
    ("category", "string", "the product's; may be left out"),
    ("size", "list of int", "the canvas's width and height, px"),
    ("chosen", "object", "the better side: `row_id` and `run_id` as its table has them, `name` (such as "
     "its run's), `composer`, `adapter`, `elements` (each with `role`, `text` and `box`), `crop` and `picture`"),
    ("rejected", "object", "the other side, likewise"),
    ("tie", "list of object", "both sides where neither is better; then there is no `chosen` and no `rejected`"),
    ("annotator", "string", "who chose; not empty"),
    ("time", "string", "when, ISO 8601 with its zone"),
)  # fmt: skip
_WHOLE = (0.0, 0.0, 1.0, 1.0)
_LARGEST = 1 << 16
_AS_EDIT = {"decision": "edit", "annotator": "-", "time": "2000-01-01T00:00:00Z", "note": None, "reasons": None}


@dataclass(frozen=True)
class Side:
    """One of two layouts; `crop` and `picture` say how its photo lies on the canvas."""

    row_id: str
    run_id: str
    name: str
    elements: tuple[EditedElement, ...]
    composer: str = ""
    adapter: str = ""
    crop: Box = _WHOLE
    picture: Box = _WHOLE

    @property
    def key(self) -> tuple[str, str]:
        """Which layout it is."""
        return self.row_id, self.run_id


@dataclass(frozen=True)
class Preference:
    """One choice of one annotator. Of a tie `chosen` and `rejected` are its sides as they stand."""

    row_id: str
    annotator: str
    time: datetime
    chosen: Side
    rejected: Side
    is_tie: bool = False
    product_id: str = ""
    category: str = ""
    size: tuple[int, int] | None = None

    @property
    def pair(self) -> tuple[tuple[str, str], ...]:
        """The layouts that were compared, whichever was chosen."""
        return tuple(sorted((self.chosen.key, self.rejected.key)))


def read(text: str) -> tuple[list[Preference], list[LineError]]:
    """The choices in a JSONL text, and an error for each line that is none; blank lines are passed over."""
    return json_lines.read(text, parse)


def parse(line: str, place: int = 1) -> Preference:
    """Read one line. Raises LineError naming the line, the field, the value and the fix."""
    return check(json_lines.value(line, place), place)


def check(value: object, place: int = 1) -> Preference:
    """Read one object. Raises LineError as `parse` does."""
    row = json_lines.record(value, place)
    row_id, annotator = (json_lines.text(row, name, place) for name in ("row_id", "annotator"))
    time = json_lines.time(row, place)
    sides, tie = (row.get("chosen"), row.get("rejected")), row.get("tie")
    if tie is not None:
        if sides != (None, None) or not isinstance(tie, Sequence) or len(tie) != 2:
            raise LineError(place, "tie", "tie has the two sides, and then there is no chosen and no rejected")
        sides = (tie[0], tie[1])
    names = ("tie[0]", "tie[1]") if tie is not None else ("chosen", "rejected")
    chosen, rejected = (_side(side, name, place) for side, name in zip(sides, names, strict=True))
    if chosen.key == rejected.key:
        raise LineError(place, names[1], f"both sides are {chosen.row_id!r} of {chosen.run_id!r}; compare two")
    optional = {name: str(row[name]) for name in ("product_id", "category") if row.get(name)}
    size = _size(row.get("size"), place)
    return Preference(row_id, annotator, time, chosen, rejected, tie is not None, size=size, **optional)


def _size(value: Any, place: int) -> tuple[int, int] | None:
    if value is None:
        return None
    sides = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    if len(sides) != 2 or not all(isinstance(side, int) and 0 < side <= _LARGEST for side in sides):
        raise LineError(place, "size", f"size is {value!r}; give the canvas's width and height, px")
    return sides[0], sides[1]


def _side(side: object, name: str, place: int) -> Side:
    if not isinstance(side, Mapping):
        raise LineError(place, name, f"{name} is {str(side)[:60]!r}; give the layout that was compared")
    for part in ("row_id", "run_id"):
        if not isinstance(side.get(part), str) or not side[part]:
            raise LineError(place, f"{name}.{part}", f"{name}.{part} is {side.get(part)!r}; give the table's")
    try:  # its elements are as those of an edit are
        layout = {**side, **_AS_EDIT}
        elements = feedback.check(layout, place).elements or ()
        crop, picture = (_box(side.get(part), part, place) for part in ("crop", "picture"))
    except LineError as error:
        raise LineError(place, f"{name}.{error.field}", f"{name}: {str(error).partition(': ')[2]}") from None
    words = {part: str(side[part]) for part in ("composer", "adapter") if side.get(part)}
    named = str(side.get("name") or side["run_id"])
    return Side(side["row_id"], side["run_id"], named, elements, crop=crop, picture=picture, **words)


def _box(value: Any, name: str, place: int) -> Box:
    if value is None:
        return _WHOLE
    if fault := feedback.fault_of_elements([{"role": "other", "box": value}]):
        raise LineError(place, name, fault.removeprefix("elements[0] has "))
    left, top, right, bottom = (float(side) for side in value)
    return (left, top, right, bottom)


def markdown() -> str:
    """The contract as docs/tables.md shows it."""
    return json_lines.markdown(FIELDS)


if __name__ == "__main__":
    print(markdown())  # noqa: T201 - a command
