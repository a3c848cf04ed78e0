"""JSON lines as rows: one object a line, and what is wrong with a file that is cut short."""

import io
import json
from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO, NamedTuple

from layoutgen.io.manifests.columns import ManifestError

MOST_CHARACTERS = 1 << 26  # of a line


class Row(NamedTuple):
    """A row's values by column, {} where it could not be read; the row as it was written, JSON where it was CSV; and
    whether it was read as a row of the manifest's form."""

    values: dict[str, Any]
    text: str
    is_read: bool


def rows(file: BinaryIO, uri: str, *, encoding: str) -> Iterator[Row]:
    """Yield each line's object. Raises ManifestError where the last line ends in the middle of one."""
    # The escapes keep undecodable bytes from looking like JSON to the plan, which words the fault.
    text = io.TextIOWrapper(file, encoding, errors="backslashreplace")
    for number, line in enumerate(iter(partial(text.readline, MOST_CHARACTERS), "")):
        content = (line if number else line.removeprefix("\ufeff")).strip()
        if len(line) >= MOST_CHARACTERS:
            raise ManifestError(
                f"manifest {uri} has a line of {len(line):,} characters and more; write one object a line"
            )
        if not content:
            continue
        row = parsed(content)
        if row is None and not line.endswith("\n") and _is_cut(content):
            raise ManifestError(
                f"manifest {uri}: line {number + 1}, the last, ends in the middle of an object, as if the file "
                "was cut short; write it again"
            )
        yield Row(row or {}, content, is_read=row is not None)


def parsed(text: str) -> dict[str, Any] | None:
    """Return a line's object, None where it is none."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _is_cut(text: str) -> bool:
    """Tell whether a line that is no object is the beginning of one."""
    if not text.startswith("{"):
        return False
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return not text.endswith("}") or error.pos >= len(text) or error.msg.startswith("Unterminated")
    except (ValueError, RecursionError):
        pass
    return False
