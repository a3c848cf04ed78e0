"""Records that people write, a JSON object a line: each line is read alone, and what can't be used is an error with its
line, its field, the value and the fix."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import MAXYEAR, MINYEAR, UTC, datetime
from typing import Any, TypeVar

Record = TypeVar("Record")


class LineError(ValueError):
    """A line that can't be used: `line` counts from 1, `field` is the one to correct, empty for the whole line."""

    def __init__(self, line: int, field: str, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line, self.field = line, field


def read(text: str, parse: Callable[[str, int], Record]) -> tuple[list[Record], list[LineError]]:
    """The records in a JSONL text, and an error for each line that is none; blank lines count and are passed over."""
    records, errors = [], []
    for place, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if line.strip():
            try:
                records.append(parse(line, place))
            except LineError as error:
                errors.append(error)
    return records, errors


def value(line: str, place: int) -> object:
    """What a line of JSON says. Raises LineError."""
    try:
        return json.loads(line)
    except ValueError as error:
        raise LineError(place, "", f"{line.strip()[:60]!r} is no JSON ({error}); write an object a line") from None


def record(row: object, place: int) -> Mapping[str, Any]:
    """A row that is an object. Raises LineError."""
    if not isinstance(row, Mapping):
        raise LineError(place, "", f"{str(row)[:60]!r} is no object; write one JSON object a line")
    return row


def text(row: Mapping[str, Any], name: str, place: int) -> str:
    """A field's string, which is not empty. Raises LineError."""
    field = row.get(name)
    if not isinstance(field, str) or not field.strip():
        raise LineError(place, name, f"{name} is {field!r}; give a string that is not empty")
    return field


def time(row: Mapping[str, Any], place: int) -> datetime:
    """A row's `time`, in UTC. Raises LineError for one without its zone."""
    time = moment(row.get("time"))
    if time is None or time.tzinfo is None:
        message = f"time is {row.get('time')!r}; give ISO 8601 with its zone, such as 2026-11-21T09:30:00Z"
        raise LineError(place, "time", message)
    return time.astimezone(UTC)


def moment(written: object) -> datetime | None:
    """A time, or ISO 8601 for one, that exists in every zone; None for anything else."""
    if isinstance(written, str):
        try:
            written = datetime.fromisoformat(written)
        except ValueError:
            return None
    return written if isinstance(written, datetime) and MINYEAR < written.year < MAXYEAR else None


def markdown(fields: Iterable[tuple[str, str, str]]) -> str:
    """A contract (name, type and meaning of each field) as docs/tables.md shows it."""
    rows = ["| field | type | meaning |", "| --- | --- | --- |"]
    return "\n".join([*rows, *(f"| `{name}` | {kind} | {meaning} |" for name, kind, meaning in fields)])
