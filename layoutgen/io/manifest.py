"""The manifest: which products there are, and what each has to say. Parquet, JSON lines, CSV, or a folder of images.

`read` gives the rows as they are; `core.plan` checks them one by one. So a broken line, or a value of the wrong type,
is not an error here, but a file that can't be a manifest at all is, before any work starts.
"""

import codecs
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq

from layoutgen.core.plan import INPUT_COLUMNS, JSON_TEXT, LIST_COLUMNS, Need
from layoutgen.core.schema import DEAD_LETTERS, LAYOUTS, PLACED
from layoutgen.io.storage import Storage, StorageError

SUFFIXES = (".parquet", ".jsonl", ".csv")
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")

_RESERVED = {*PLACED.names, *LAYOUTS.names, *DEAD_LETTERS.names} - set(INPUT_COLUMNS)
_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")  # 007 is an article number, not 7
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_TRUTH = {"true": True, "false": False}

Rows = list[dict[str, Any]]


class ManifestError(ValueError):
    """The manifest can't be used; the message names it, what was found, and the mend."""


def base(uri: str) -> str:
    """Return the folder that a manifest's relative paths start from: the file's own, or the folder itself."""
    if not uri.lower().endswith(SUFFIXES):
        return uri
    return uri.rpartition("/")[0] or ("/" if uri.startswith("/") else ".")


def read(uri: str, storage: Storage, *, need: Need, limit: int | None = None) -> pa.Table:
    """Return the manifest's rows, at most `limit` of them, for `core.plan.plan`; the user's own columns keep their
    types, or become JSON text where types are mixed.

    A folder's images become one product each: product_id is the path below the folder without its suffix, the title is
    the file's name with `_` and `-` as spaces. JSON lines and CSV carry each row as it was written in `input_row`.
    Raises ManifestError for a missing file, another suffix, missing columns, or a column that has a result's name, and
    StorageError where storage fails.
    """
    suffix = PurePosixPath(uri).suffix.lower()
    if uri.endswith("/") or suffix not in SUFFIXES:
        return _folder(uri, storage, limit)
    try:
        data = storage.read(uri)
    except StorageError as error:
        if error.fault is None:
            raise
        raise ManifestError(f"manifest {uri} can't be read: {error}") from None
    if suffix == ".parquet":
        table = _parquet(data, uri, limit)
        _check_columns(table.column_names, uri, need)
        return table
    rows, lines = _jsonl(data, limit) if suffix == ".jsonl" else _csv(data, uri, limit)
    if rows:
        _check_columns([*dict.fromkeys(name for row in rows for name in row)], uri, need)
    return _table(rows, lines, from_text=suffix == ".csv")


def from_lines(lines: list[str]) -> pa.Table:
    """The rows of JSON lines that a manifest once held."""
    rows, lines = _jsonl("\n".join(lines).encode(), None)
    return _table(rows, lines, from_text=False)


def _table(rows: Rows, lines: list[str], *, from_text: bool) -> pa.Table:
    fields, columns = [pa.field("input_row", pa.string())], [pa.array(lines, pa.string())]
    for name in dict.fromkeys(name for row in rows for name in row):
        column, holds_json = _column(name, [row.get(name) for row in rows], from_text=from_text)
        fields.append(pa.field(name, column.type, metadata=JSON_TEXT if holds_json else None))
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def batches(uri: str, storage: Storage, *, need: Need, limit: int | None, size: int) -> Iterator[pa.Table]:
    """Yield the manifest's rows in tables of at most `size`; Parquet is never held whole. Raises as `read` does."""
    if PurePosixPath(uri).suffix.lower() != ".parquet" or uri.endswith("/"):
        table = read(uri, storage, need=need, limit=limit)
        yield from (table.slice(first, size) for first in range(0, len(table), size))
        return
    filesystem, path = storage.filesystem(uri)
    try:
        with pq.ParquetFile(path, filesystem=filesystem) as file:
            _check_columns(file.schema_arrow.names, uri, need)
            rest = file.metadata.num_rows if limit is None else limit
            for batch in file.iter_batches(batch_size=size):
                if rest <= 0:
                    return
                yield pa.Table.from_batches([batch]).slice(0, rest).replace_schema_metadata(None)
                rest -= len(batch)
    except FileNotFoundError:
        raise ManifestError(f"manifest {uri} can't be read: there is no such file") from None
    except (pa.ArrowException, OSError) as error:
        raise ManifestError(f"manifest {uri} is not a readable Parquet file ({error}); write it again") from None


def _check_columns(names: Sequence[str], uri: str, need: Need) -> None:
    found = f"found {', '.join(names) or 'none'}"
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise ManifestError(f"manifest {uri} has the column {twice[0]!r} twice; {found}; rename one")
    missing = [name for name in ("product_id", "title") if need == "layouts" and name not in names]
    if not {"image", "images"} & set(names):
        missing.append("image (or images)")
    if missing:
        raise ManifestError(f"manifest {uri} lacks the columns {', '.join(missing)}; {found}; add or rename them")
    if clash := [name for name in names if name in _RESERVED]:
        mend = "list the sizes in 'canvases'" if clash[0] == "canvas" else f"rename it, such as to 'my_{clash[0]}'"
        raise ManifestError(f"manifest {uri} has a column {clash[0]!r}, which is the name of a result's column; {mend}")


def _folder(uri: str, storage: Storage, limit: int | None) -> pa.Table:
    if not uri.endswith("/") and storage.exists(uri):
        raise ManifestError(f"manifest {uri} is none of {', '.join(SUFFIXES)}; convert it, or name a folder of images")
    files = storage.list(uri)
    root = len(uri.rstrip("/")) + 1
    paths = [PurePosixPath(file[root:]) for file in files]
    images = [path for path in paths if path.suffix.lower() in IMAGE_SUFFIXES][:limit]
    if not images:
        filesystem, path = storage.filesystem(uri)
        if not files and filesystem.get_file_info(path).type != pyarrow.fs.FileType.Directory:
            raise ManifestError(f"no manifest and no folder at {uri}; correct the path")
        if tables := [path for path in paths if path.suffix.lower() in SUFFIXES]:
            raise ManifestError(f"folder {uri} holds no images but {tables[0]}; name one such file as the manifest")
    columns = {
        "product_id": [str(path.with_suffix("")) for path in images],
        "image": [str(path) for path in images],
        "title": [re.sub("[_-]+", " ", path.stem) for path in images],
    }
    return pa.table(columns, schema=pa.schema([(name, pa.string()) for name in columns]))


def _parquet(data: bytes, uri: str, limit: int | None) -> pa.Table:
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        if limit is None:
            table = file.read()
        else:
            batches = file.iter_batches(batch_size=max(1, min(limit, 65536)))
            whole = islice(batches, -(-limit // 65536))
            table = pa.Table.from_batches(whole, schema=file.schema_arrow).slice(0, limit)
    except (pa.ArrowException, OSError) as error:
        raise ManifestError(f"manifest {uri} is not a readable Parquet file ({error}); write it again") from None
    return table.replace_schema_metadata(None)


def _jsonl(data: bytes, limit: int | None) -> tuple[Rows, list[str]]:
    """Return each line's object, {} for a line that is none, and the lines."""
    rows: Rows = []
    lines: list[str] = []
    for line in data.removeprefix(codecs.BOM_UTF8).split(b"\n"):
        if not line.strip():
            continue
        if len(rows) == limit:
            break
        try:
            text = line.decode().strip()
            row = json.loads(text)
        except (ValueError, RecursionError):
            # The escapes keep undecodable bytes from looking like JSON to the plan, which words the fault.
            text, row = line.decode(errors="backslashreplace").strip(), None
        rows.append(row if isinstance(row, dict) else {})
        lines.append(text)
    return rows, lines


def _csv(data: bytes, uri: str, limit: int | None) -> tuple[Rows, list[str]]:
    """Return each record as text by column, {} for one with more fields than columns, and the records as JSON."""
    rows: Rows = []
    lines: list[str] = []
    try:
        records = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
        names = [name.strip() for name in next(records, [])]
        if len(set(names)) < len(names):
            _check_columns(names, uri, "annotations")
        for record in records:
            if len(rows) == limit:
                break
            if not record:
                continue
            row = {} if len(record) > len(names) else dict.fromkeys(names) | dict(zip(names, record, strict=False))
            rows.append({name: _listed(text) if name in LIST_COLUMNS else text or None for name, text in row.items()})
            lines.append(json.dumps(row or record, ensure_ascii=False))
    except UnicodeDecodeError as error:
        raise ManifestError(f"manifest {uri} is not UTF-8 (byte {error.start}); save it as CSV UTF-8") from None
    except csv.Error as error:
        raise ManifestError(f"manifest {uri} is not CSV near its row {len(rows) + 1} ({error}); mend it") from None
    return rows, lines


def _listed(text: str | None) -> list[Any] | None:
    """Read a CSV field that holds a list: JSON, or items with `|` between them."""
    if not text:
        return None
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except ValueError:
            pass
    return [item.strip() for item in text.split("|") if item.strip()]


def _column(name: str, values: list[Any], *, from_text: bool) -> tuple[pa.Array, bool]:
    """Return values as an array, and whether it is of JSON text because their types don't go together."""
    kind = pa.list_(pa.string()) if name in LIST_COLUMNS else pa.string() if name in INPUT_COLUMNS else None
    if kind is None and from_text:
        values = _inferred(values)
    try:
        if name in LIST_COLUMNS and any(isinstance(value, str) for value in values):
            raise pa.ArrowTypeError("Arrow would take a text for the list of its characters")
        array = pa.array(values, kind)
        if pa.types.is_null(array.type):
            return array.cast(pa.string()), False
        if not _is_hollow(array.type):
            return array, False
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, UnicodeEncodeError):
        pass
    return pa.array([None if value is None else json.dumps(value) for value in values], pa.string()), True


def _is_hollow(kind: pa.DataType) -> bool:
    """Tell whether a nested type has a part without a type or without fields, which Parquet can't hold."""
    if pa.types.is_list(kind):
        return _is_hollow(kind.value_type)
    if pa.types.is_struct(kind):
        return not kind.num_fields or any(_is_hollow(kind.field(index).type) for index in range(kind.num_fields))
    return pa.types.is_null(kind)


def _inferred(texts: list[str | None]) -> list[Any]:
    """Read a CSV column as whole numbers, decimals or truth values where every field is one, else leave it."""
    filled = [text for text in texts if text is not None]
    readers: tuple[tuple[Callable[[str], object], Callable[[str], Any]], ...] = (
        (_WHOLE.fullmatch, int),
        (_DECIMAL.fullmatch, float),
        (_TRUTH.__contains__, _TRUTH.__getitem__),
    )
    for matches, convert in readers:
        if all(matches(text) for text in filled):
            return [None if text is None else convert(text) for text in texts]
    return texts
