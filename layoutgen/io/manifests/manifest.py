"""The manifest: which products there are, and what each has to say. Parquet, JSON lines, CSV, or a folder of images.

`batches` gives the rows as they are, a table at a time, whatever the manifest's size; `core.manifest.plan` checks them
one by one. So a broken line, or a value of the wrong type, is not an error here, but a file that can't be a manifest at
all is, before any work starts: one of another form or encoding, one that was cut short, one whose rows can't be parted
with certainty, and one of which most rows can't be read.
"""

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

import pyarrow as pa

from layoutgen.core.manifest.contracts import JobKind
from layoutgen.core.manifest.fields import shown
from layoutgen.io.manifests import columns, csv_rows, forms, image_folder, json_rows, parquet_rows
from layoutgen.io.manifests.columns import ManifestError
from layoutgen.io.manifests.image_folder import CLIP_SUFFIXES, IMAGE_SUFFIXES, SUFFIXES
from layoutgen.io.manifests.json_rows import Row
from layoutgen.io.objects.locations import mend_of_missing
from layoutgen.io.storage import Storage, StorageError

__all__ = ["CLIP_SUFFIXES", "IMAGE_SUFFIXES", "SUFFIXES", "ManifestError", "base", "batches", "from_lines"]

READ_AHEAD_BYTES = 4 << 20
BATCH_CHARACTERS = 1 << 26  # rows of megabytes come in smaller batches
ENOUGH_ROWS, MOST_UNREAD, MANY_UNREAD, MANY_SHARE = 20, 0.5, 1000, 0.1


def base(uri: str) -> str:
    """Return the folder that a manifest's relative paths start from: the file's own, or the folder itself."""
    if not uri.lower().endswith(SUFFIXES):
        return uri
    return uri.rpartition("/")[0] or ("/" if uri.startswith("/") else ".")


def batches(
    uri: str,
    storage: Storage,
    *,
    kind: JobKind,
    limit: int | None,
    size: int,
    delimiter: str = ",",
    encoding: str = "utf-8",
    rename: Mapping[str, str] | None = None,
) -> Iterator[pa.Table]:
    """Yield the manifest's rows, at most `limit` of them, in tables of at most `size`; no file is ever held whole.

    `delimiter` parts a CSV's fields, `encoding` is that of CSV and JSON lines, `rename` gives columns other names. A
    folder's images become one product each. JSON lines and CSV carry each row as it was written in `input_row`, and
    `columns.unify` and `columns.conform` give their tables one schema. Raises ManifestError for a missing file, another
    suffix or form, columns that none of the first `size` rows has, or a column whose name or type can't be used, and
    StorageError where storage fails.
    """
    rename = rename or {}
    suffix = PurePosixPath(uri).suffix.lower()
    if uri.endswith("/") or suffix not in SUFFIXES:
        for number, table in enumerate(image_folder.products(uri, storage, kind, limit, size)):
            if not number:
                columns.check_rename(table.column_names, uri, rename)
            yield table
        return
    _find(uri, storage)
    with storage.reading(uri), storage.open(uri) as raw, io.BufferedReader(raw, READ_AHEAD_BYTES) as file:  # type: ignore[type-var]
        forms.refuse(file.peek(forms.HEAD_BYTES)[: forms.HEAD_BYTES], uri, suffix, encoding)
        if suffix == ".jsonl":
            yield from _tables(json_rows.rows(file, uri, encoding=encoding), uri, kind, limit, size, suffix, rename)
        elif suffix == ".csv":
            rows = csv_rows.rows(file, uri, kind, delimiter=delimiter, encoding=encoding, rename=rename)
            yield from _tables(rows, uri, kind, limit, size, suffix, rename)
    if suffix == ".parquet":
        yield from _limited(parquet_rows.batches(uri, storage, kind, size, rename), limit)


def _find(uri: str, storage: Storage) -> None:
    try:
        found = storage.exists(uri)
    except StorageError as error:
        if error.fault is None:
            raise
        raise ManifestError(f"manifest {uri} can't be read: {error}") from None
    if not found and (files := storage.list(uri)):
        raise ManifestError(f"manifest {uri} is a folder of {len(files):,} files, such as {files[0]}; name one of them")
    if not found:
        raise ManifestError(f"manifest {uri} can't be read: nothing at {uri}; {mend_of_missing(uri)}")


def from_lines(
    lines: list[str],
    kind: JobKind,
    *,
    from_text: bool = False,
    rename: Mapping[str, str] | None = None,
    given: pa.Schema | None = None,
) -> pa.Table:
    """The rows of JSON lines that a manifest once held; see `columns.table`."""
    rows = [json_rows.parsed(line) or {} for line in lines]
    return columns.table(rows, lines, kind, from_text=from_text, rename=rename, given=given)


def _limited(tables: Iterable[pa.Table], limit: int | None) -> Iterator[pa.Table]:
    for table in tables:
        if limit is not None and limit <= 0:
            return
        yield table if limit is None else table.slice(0, limit)
        limit = None if limit is None else limit - len(table)


def _tables(
    rows: Iterator[Row], uri: str, kind: JobKind, limit: int | None, size: int, suffix: str, rename: Mapping[str, str]
) -> Iterator[pa.Table]:
    names: dict[str, None] = {}
    unread = _Unread(uri)
    parts = _parted(islice(rows, limit), size)
    following = next(parts, None)
    while batch := following:
        following = next(parts, None)  # before the batch is handed on: what ends here may be no manifest at all
        names |= dict.fromkeys(name for row in batch for name in row.values)
        unread.add(batch, is_last=following is None)
        if names:
            columns.check([*names], uri, kind, rename)
        if names and limit is None and following is None:  # a line of JSON names its own columns alone
            columns.check_rename(names, uri, rename)
        values, lines = [row.values for row in batch], [row.text for row in batch]
        yield columns.table(values, lines, kind, from_text=suffix == ".csv", rename=rename)


def _parted(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Part rows into lists of at most `size` rows and about `BATCH_CHARACTERS` characters."""
    batch: list[Row] = []
    characters = 0
    for row in rows:
        batch.append(row)
        characters += len(row.text)
        if len(batch) >= size or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


@dataclass
class _Unread:
    """Counts the rows that could not be read as rows of the manifest's form, so that a file of another form is one
    error and not a dead letter a line."""

    uri: str
    rows: int = 0
    unread: int = 0
    first: int = 0
    text: str = ""

    def add(self, batch: list[Row], *, is_last: bool) -> None:
        """Count a batch. Raises ManifestError where more than half of enough rows could not be read, or of the whole
        file all rows or a large share of many."""
        for number, row in enumerate(batch, self.rows + 1):
            if not row.is_read:
                self.unread += 1
                self.first, self.text = (self.first, self.text) if self.first else (number, row.text)
        self.rows += len(batch)
        share = self.unread / self.rows
        if self.rows >= ENOUGH_ROWS and share > MOST_UNREAD:
            self._refuse()
        if is_last and (share == 1 or (self.unread > MANY_UNREAD and share > MANY_SHARE)):
            self._refuse()

    def _refuse(self) -> None:
        encoding = forms.encoding_of_line(self.text)
        mend = (
            f"they look like {encoding}: set input.encoding = {encoding!r}, or write them as UTF-8"
            if encoding
            else "write as many fields as the header has"
            if self.uri.lower().endswith(".csv")
            else "write one object a line"
        )
        raise ManifestError(
            f"manifest {self.uri}: {self.unread:,} of its first {self.rows:,} rows are no rows of its columns, such as "
            f"row {self.first}, {shown(self.text)}; {mend}"
        )
