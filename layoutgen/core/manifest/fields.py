"""A manifest's values as they are read: texts and lists of texts, or the fault of a row that holds something else."""

import json
import math
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from layoutgen.core.manifest.column_types import holds_json
from layoutgen.core.manifest.contracts import CONTRACTS, JobKind
from layoutgen.core.text.plain_text import is_unicode

NOT_DECODED = re.compile(r"\\x([0-9a-f]{2})")  # bytes that could not be decoded, as readers escape them
_HALF = re.compile(rb"\\ud[89a-f]", re.IGNORECASE)  # as JSON spells what `_from_json` leaves as bytes
_BATCH = 16384
_UNSEEN = ("Cc", "Cf", "Zl", "Zp")  # categories of characters


class UnusableError(Exception):
    """A product that can't be worked on; `args` are the kind and the message."""


def values_of(raw: pa.Table, kind: JobKind, more: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """Yield each row's contract columns as Python values, the columns `more`, and `input_row` where there is one."""
    wanted = {*CONTRACTS[kind].columns, *more, "input_row"}
    names = [name for name in raw.column_names if name in wanted]
    if not names:
        yield from ({} for _ in range(raw.num_rows))
        return
    picked = raw.select(names)
    as_json = [holds_json(field) for field in picked.schema]
    for batch in picked.to_batches(_BATCH):
        columns = [_as_python(column) for column in batch.columns]
        for index, is_json in enumerate(as_json):
            if is_json:
                columns[index] = [None if text is None else _from_json(text) for text in columns[index]]
        for row in zip(*columns, strict=True):
            yield dict(zip(names, row, strict=True))


def _as_python(column: pa.Array) -> list[Any]:
    """A column's values; instants beyond Python's calendar are whole numbers, so that their rows alone fail."""
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):
        return [_scalar(value) for value in column]


def _scalar(value: pa.Scalar) -> Any:
    try:
        return value.as_py()
    except (ValueError, OverflowError):
        return value.cast(pa.int64()).as_py() if hasattr(value, "value") else str(value)


def _from_json(text: str) -> Any:
    """Read a value; one with half a Unicode character, which JSON's escapes can spell, stays bytes and no text."""
    value = json.loads(text)
    return text.encode() if "\\ud" in text and not is_unicode(json.dumps(value, ensure_ascii=False)) else value


def reject_broken_json(values: dict[str, Any]) -> None:
    """Refuse a line that is no JSON object; only a row without any contract value can be one."""
    line = values.get("input_row")
    if line is None or any(value is not None for name, value in values.items() if name != "input_row"):
        return
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        if NOT_DECODED.search(line):
            fault, mend = "it holds bytes of another encoding", "write it as UTF-8, or set input.encoding"
        else:
            fault, mend = str(error), "write one JSON object a line"
        raise UnusableError("bad_row", f"{shown(line)} is not JSON ({fault}); {mend}") from None
    if isinstance(found, str) and '"' in found:  # a CSV's line that could not be parted
        raise UnusableError(
            "bad_row", f"{shown(found)} has a quoted field that closes too early; double the quotes that are text"
        )
    if not isinstance(found, dict):
        raise UnusableError(
            "bad_row", f"{shown(found)} is not a row of the manifest's columns; mend or remove the line"
        )


def one_text(values: dict[str, Any], column: str) -> str | None:
    """A column's text, None where it has none. Raises UnusableError for a value of another type."""
    value = values.get(column)
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and math.isnan(value):  # how pandas writes "none" into a column without any text
        return None
    raise _wrong_type(column, value, "text")


def text_list(values: dict[str, Any], column: str) -> list[str]:
    """A column's texts, without empty ones. Raises UnusableError for a value of another type."""
    value = values.get(column)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return []
    if isinstance(value, list):
        texts = [item for item in value if isinstance(item, str)]
        if len(texts) == len(value) - value.count(None):
            return [text for text in texts if text]
    raise _wrong_type(column, value, "a list of text")


def _wrong_type(column: str, value: object, wanted: str) -> UnusableError:
    if isinstance(value, bytes) and _HALF.search(value):
        spelled = _shortened(value.decode(errors="replace"))
        return UnusableError(
            "bad_row", f"{column} is {spelled}, which has half a character (a lone surrogate); write whole characters"
        )
    return UnusableError("bad_row", f"{column} is {shown(value)} ({type(value).__name__}); write {wanted}")


def shown(value: object) -> str:
    """Write a value into a message: as JSON, at most 80 characters of it, with what does not show (direction marks,
    controls) spelled out."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    text = text if is_unicode(text) else ascii(value)
    text = "".join(char if unicodedata.category(char) not in _UNSEEN else f"\\u{ord(char):04x}" for char in text)
    return _shortened(text)


def _shortened(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
