"""A CSV's records as rows. Every record of the file is a row or a fault: none is swallowed by a quote that stays open.

A record that can't be parted into the header's columns is a row of its own without values. What puts the records after
it in doubt (a quote that never closes, a file that ends in the middle) is a ManifestError.
"""

import csv
import io
import json
import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, TextIO

from layoutgen.core.manifest.contracts import CONTRACTS, JobKind
from layoutgen.io.manifests import columns, forms
from layoutgen.io.manifests.columns import ManifestError
from layoutgen.io.manifests.image_folder import CLIP_SUFFIXES, IMAGE_SUFFIXES
from layoutgen.io.manifests.json_rows import MOST_CHARACTERS, Row

log = logging.getLogger("layoutgen")

_PATHS = ("image", "images", "cover", "video")
_PATH = re.compile(rf"^[a-z0-9]+://|({'|'.join(map(re.escape, (*IMAGE_SUFFIXES, *CLIP_SUFFIXES)))})\s*$", re.IGNORECASE)


def rows(
    file: BinaryIO, uri: str, kind: JobKind, *, delimiter: str, encoding: str, rename: Mapping[str, str]
) -> Iterator[Row]:
    """Yield each record as text by column, under its own name, lists as lists, and the record as JSON. Raises
    ManifestError."""
    lines = _Lines(io.TextIOWrapper(file, encoding, newline=""), uri)
    csv.field_size_limit(MOST_CHARACTERS)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    try:
        names = _header(reader, lines, uri, kind, delimiter, rename)
        if names:
            yield from _records(reader, lines, names, kind, delimiter, rename)
    except UnicodeDecodeError as error:
        guess = forms.encoding_of(error.object[max(0, error.start - 2000) :])
        setting = f"; it looks like {guess}: set input.encoding = {guess!r}, or" if guess else ";"
        place = f"{encoding.upper()} after its row {max(0, lines.number - 1)}"
        raise ManifestError(f"manifest {uri} is not {place}{setting} save it as CSV UTF-8") from None


class _Lines:
    """A file's lines for the reader of records; `number` counts the records that were begun, `taken` the lines of the
    one at hand."""

    def __init__(self, text: TextIO, uri: str) -> None:
        self._text, self.uri = text, uri
        self.number = self.taken = 0
        self.at_end = False
        self.last = ""

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._text.readline(MOST_CHARACTERS)
        if not line:
            self.at_end = True
            raise StopIteration
        if len(line) >= MOST_CHARACTERS:
            raise ManifestError(f"manifest {self.uri} has a line of {MOST_CHARACTERS:,} characters and more; mend it")
        self.taken += 1
        self.last = line if self.number else line.removeprefix("\ufeff")
        return self.last

    @property
    def is_cut(self) -> bool:
        """Whether the file ended without a line break."""
        return not self.last.endswith(("\n", "\r"))

    def error(self, what: str, mend: str) -> ManifestError:
        """The error of the record at hand."""
        return ManifestError(f"manifest {self.uri}: row {self.number} {what}; {mend}")


def _header(
    reader: Any, lines: _Lines, uri: str, kind: JobKind, delimiter: str, rename: Mapping[str, str]
) -> list[str]:
    """The columns' names; "" for a column without one. No names where the file is empty."""
    record: list[str] = []
    try:
        while not record or lines.last.startswith(f"sep={delimiter}"):  # Excel's own way to say how it parts
            record = next(reader)
    except StopIteration:
        return []
    except csv.Error as error:
        raise ManifestError(f"manifest {uri} is not CSV in its first row ({error}); mend it") from None
    names = [" ".join(name.split()) for name in record]
    if not any(names):
        raise ManifestError(f"manifest {uri} has no names in its first row; name its columns there")
    line = lines.last.rstrip("\r\n")
    if other := forms.other_delimiter(line, names, delimiter):
        raise ManifestError(
            f"manifest {uri} has the columns {line[:200]!r}, parted by {forms.in_words(other)}: save it with "
            f"{forms.in_words(delimiter)}, or set input.delimiter = {json.dumps(other, ensure_ascii=False)}"
        )
    columns.check_rename(names, uri, rename)
    columns.check([name for name in names if name], uri, kind, rename)
    return names


def _records(
    reader: Any, lines: _Lines, names: list[str], kind: JobKind, delimiter: str, rename: Mapping[str, str]
) -> Iterator[Row]:
    nameless = [place for place, name in enumerate(names) if not name]
    lists = {name for name in names if rename.get(name, name) in CONTRACTS[kind].lists}
    paths = [place for place, name in enumerate(names) if rename.get(name, name) in _PATHS]
    shortest = len(names)
    for record in _parsed(reader, lines):
        if record is None:
            yield Row({}, json.dumps(lines.last.rstrip("\r\n"), ensure_ascii=False), is_read=False)
            continue
        while len(record) > len(names) and not record[-1]:
            record.pop()
        if len(record) < shortest and lines.is_cut:
            raise lines.error(
                f"is the last one and ends after {len(record)} of {len(names)} columns without a line break",
                "the file was cut short: write it again, or end the row with a line break",
            )
        shortest = min(shortest, len(record))
        if lines.taken > 1:
            _refuse_swallowed(record, lines, paths, delimiter)
        for place in (place for place in nameless if place < len(record) and record[place].strip()):
            raise ManifestError(
                f"manifest {lines.uri}: column {place + 1} has no name, but row {lines.number} has "
                f"{record[place][:80]!r} there; name the column, or empty it"
            )
        fits = len(record) <= len(names) and not any("\0" in text for text in record)
        row: dict[str, str | None] = dict.fromkeys(names) | dict(zip(names, record, strict=False)) if fits else {}
        row.pop("", None)
        values = {name: _listed(text) if name in lists else text or None for name, text in row.items()}
        yield Row(values, json.dumps(row or record, ensure_ascii=False), is_read=fits and len(record) == len(names))
    if lines.number and lines.is_cut:
        log.warning("manifest %s ends without a line break: see that its row %d is the last", lines.uri, lines.number)


def _parsed(reader: Any, lines: _Lines) -> Iterator[list[str] | None]:
    """Yield each record that has a value, None for a line in which a quoted field closes too early. A record over
    several lines that is broken may have swallowed others, so that the whole file is refused."""
    empty = 0
    while True:
        lines.taken, record = 0, None
        lines.number += 1
        try:
            record = next(reader)
        except StopIteration:
            lines.number -= 1
            break
        except csv.Error as error:
            if lines.at_end:
                raise lines.error(
                    "opens a quote that never closes",
                    "close it or double it, or write the file again if it was cut short",
                ) from None
            if lines.taken > 1:
                raise lines.error(
                    f"opens a quote that closes {lines.taken - 1} lines below, within a field ({error})",
                    "close it where the field ends, and double quotes that are text",
                ) from None
        if record is not None and not any(text.strip() for text in record):
            empty += bool(record)
            lines.number -= 1
        else:
            yield record
    if empty:
        log.info("manifest %s: %d rows without any value were passed over", lines.uri, empty)


def _refuse_swallowed(record: list[str], lines: _Lines, paths: list[int], delimiter: str) -> None:
    """Refuse a record in whose quoted field other records stand, as paths in their places tell: its quote was closed by
    another's."""
    for line in (line for text in record for line in text.splitlines()[1:]):
        fields = line.split(delimiter)
        if any(place < len(fields) > 1 and _PATH.search(fields[place]) for place in paths):
            raise lines.error(
                f"opens a quote that closes {lines.taken - 1} lines below, over other rows ({line[:80]!r})",
                "close it where the field ends",
            )


def _listed(text: str | None) -> list[Any] | None:
    """Read a CSV field that holds a list: JSON, or items with `|` between them."""
    if not text:
        return None
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            pass
    return [item.strip() for item in text.split("|") if item.strip()]
