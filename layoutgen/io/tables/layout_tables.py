"""Layout tables as evaluation reads them, whatever they are kept in. Not the writer: see `snapshot`.

    OUTPUT of a job     the snapshot that CURRENT names, or the one of a given run
    a folder            its Parquet files
    FILE.parquet        one file
    FILE.jsonl, .json   rows with `elements`, or posters with marked lines: `file`, `width`, `height`, `texts`
    FILE.npz            published layouts: see `layout_arrays`

`index` reads only what a sample is drawn from; `read` reads chosen rows of one file whole, on the worker that wants
them.
"""

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.errors import Refusal
from layoutgen.core.rows import shown
from layoutgen.core.schema import ELEMENT, LAYOUTS
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables import layout_arrays, published_runs

KEYS = ("row_id", "product_id", "canvas", "category", "application", "composer", "adapter", "arm", "created_at")
TEXT_IN_PICTURE = "text_in_picture"
_PKU_WIDTH, _PKU_HEIGHT = 513, 750
_LARGEST_PX = 1 << 16
_UNFIT = (pa.ArrowException, TypeError, ValueError, OverflowError)
_NAMES = (
    *("title", "selling_points", "brand", "logo", "application", "notes", "image", "crop", "picture", "backdrop"),
    *("canvas_width", "canvas_height", "suggestion", "frame_s"),
)
_READ: dict[str, pa.DataType] = {
    **{name: LAYOUTS.field(name).type for name in (*KEYS, *_NAMES) if name != "created_at"},
    "accepted": pa.bool_(),
    "elements": pa.list_(ELEMENT),
}


class TableError(Refusal):
    """A layout table can't be used; the message names it, what was found, and the mend."""


def folder_of(storage: Storage, uri: str, run_id: str | None = None) -> str:
    """The folder or file that holds the layouts of `uri`: a job's output root is followed to its snapshot."""
    if PurePosixPath(uri).suffix in (".parquet", ".jsonl", ".json", ".npz"):
        return uri
    if run_id or storage.exists(storage.join(uri, "CURRENT")):
        return storage.join(uri, f"snapshots/{run_id or published_runs.current(storage, uri)}")
    return uri


def parts(storage: Storage, folder: str) -> list[str]:
    """The files of a table. Raises TableError where there is none."""
    if PurePosixPath(folder).suffix in (".parquet", ".jsonl", ".json", ".npz"):
        if not storage.exists(folder):
            raise TableError(f"no layout table at {folder}; correct the path")
        return [folder]
    found = published_runs.row_files(storage, folder)
    if not found:
        raise TableError(f"{folder} holds no .parquet file and no CURRENT; name a job's output, a snapshot or a file")
    return found


def manifest_of(storage: Storage, folder: str) -> dict[str, Any]:
    """The manifest of a snapshot's folder; {} where there is none."""
    uri = storage.join(folder, "_manifest.json")
    try:
        found = json.loads(storage.read(uri)) if storage.exists(uri) else {}
    except (StorageError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def index(storage: Storage, files: Sequence[str]) -> pa.Table:
    """Where each row is, `uri` and `row`, and the columns `KEYS` as text (null where a table has none)."""
    with ThreadPoolExecutor(max(1, min(storage.concurrency, len(files))), "index") as pool:
        return pa.concat_tables(pool.map(lambda uri: _index(storage, uri), files))


def _index(storage: Storage, uri: str) -> pa.Table:
    table = _open(storage, uri, columns=[*KEYS] if uri.endswith(".parquet") else None)
    columns = {
        "uri": pa.array([uri] * len(table), pa.string()),
        "row": pa.array(range(len(table)), pa.int64()),
        **{name: _text(table.column(name), name, uri) for name in KEYS},
    }
    return pa.table(columns)


def _text(column: pa.ChunkedArray, name: str, uri: str) -> pa.ChunkedArray:
    try:
        return column.cast(pa.string())
    except pa.ArrowException as error:
        raise TableError(f"{uri}: column {name} is {column.type}, which is no text ({_line_of(error)})") from None


def columns(storage: Storage, uri: str, names: Sequence[str]) -> pa.Table:
    """Some columns of the contract of all rows of a file; null where it lacks one. Raises TableError."""
    table = _open(storage, uri, [*names])
    for name in names:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table), LAYOUTS.field(name).type))
    return table.select([*names])


def read(storage: Storage, uri: str, rows: Sequence[int]) -> pa.Table:
    """Chosen rows of one file as `published` reads them, each with the picture that its layout lies on as its image.
    Raises TableError where they can't be."""
    return shown(published(storage, uri, rows))


def published(storage: Storage, uri: str, rows: Sequence[int]) -> pa.Table:
    """Chosen rows of one file with all its columns; those of the contract that it lacks are null, and those that are
    read here have the contract's types. Raises TableError where they can't."""
    return _typed(_open(storage, uri).take(pa.array(rows, pa.int64())), uri)


def records(storage: Storage, uri: str) -> list[object]:
    """The rows of a .jsonl, .json or .parquet file as plain values; a line of JSON that is none stays a string."""
    return [row for _, row in numbered(storage, uri)]


def numbered(storage: Storage, uri: str) -> list[tuple[int, object]]:
    """As `records`, each row with its line, or its place in an array or a table, from 1."""
    if PurePosixPath(uri).suffix in (".jsonl", ".json"):
        return _json_rows(storage.read(uri), uri)
    if PurePosixPath(uri).suffix != ".parquet":
        raise TableError(f"{uri} is neither .jsonl nor .parquet; convert it")
    table = _parquet(storage, uri, None)
    try:
        return list(enumerate(table.to_pylist(), 1))
    except (pa.ArrowException, ValueError, OverflowError) as error:  # a time that Python has not, a text that is none
        raise TableError(f"{uri} has a value that can't be read ({_line_of(error)}); write it again") from None


def _json_rows(data: bytes, uri: str) -> list[tuple[int, object]]:
    """Objects one a line, or in one array. Lines end at line feeds alone: JSON strings may hold the other line
    separators of Unicode as they are."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise TableError(f"{uri} is UTF-16; save it as UTF-8")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if data.lstrip().startswith(b"["):
        whole = _json(data)
        if isinstance(whole, list) and (len(whole) != 1 or not isinstance(whole[0], list)):
            return list(enumerate(whole, 1))
    return [(place, _json(line)) for place, line in enumerate(data.split(b"\n"), 1) if line.strip()]


def _json(line: bytes) -> object:
    try:
        return json.loads(line.decode())
    except (ValueError, RecursionError):  # no UTF-8, no JSON, or nested without end
        return line.decode("utf-8", "replace")


def _parquet(storage: Storage, uri: str, columns: list[str] | None) -> pa.Table:
    filesystem, path = storage.filesystem(uri)
    try:
        with filesystem.open_input_file(path) as handle:
            file = pq.ParquetFile(handle)
            names = file.schema_arrow.names
            if twice := sorted({name for name in names if names.count(name) > 1}):
                raise TableError(f"{uri} has the column {twice[0]!r} twice; rename one")
            if columns is None:
                return file.read()
            _check(names, uri)
            return file.read(columns=[name for name in columns if name in names])
    except FileNotFoundError:
        raise TableError(f"no layout table at {uri}; correct the path") from None
    except (pa.ArrowException, OSError, MemoryError) as error:
        raise TableError(f"{uri} is not a readable Parquet file ({_line_of(error)}); write it again") from None


def _open(storage: Storage, uri: str, columns: list[str] | None = None) -> pa.Table:
    if uri.endswith(".parquet"):
        table = _parquet(storage, uri, columns)
    elif uri.endswith(".npz"):
        table = _published(storage.read(uri), uri)
    else:
        table = _lines(storage, uri)
    if columns is None:
        _check(table.column_names, uri)
    for name in (*KEYS, "canvas_width", "canvas_height", "image", "crop", "picture", "backdrop"):
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table), LAYOUTS.field(name).type))
    return table.set_column(table.column_names.index("row_id"), "row_id", _names(table.column("row_id"), uri))


def _names(column: pa.ChunkedArray, uri: str) -> pa.ChunkedArray:
    """The rows' keys as text; a row without one is named by its file and place."""
    kept = _column(column, "row_id", uri)
    if not kept.null_count:
        return kept
    file = PurePosixPath(uri).name
    named = [f"{file}#{place}" if key is None else key for place, key in enumerate(kept.to_pylist(), 1)]
    return pa.chunked_array([pa.array(named, pa.string())])


def _check(names: Sequence[str], uri: str) -> None:
    if "elements" not in names:
        raise TableError(f"{uri} has no column elements, so it is no layout table; found {', '.join(names)}")
    if "row_id" not in names:
        raise TableError(f"{uri} has no column row_id, so its rows can't be named; add one")


def _typed(table: pa.Table, uri: str) -> pa.Table:
    """The table with the columns of the contract that are read here in the contract's types."""
    for name in _READ:
        if name in table.column_names:
            kept = _column(table.column(name), name, uri)
            table = table.set_column(table.column_names.index(name), name, kept)
    return table


def _column(column: pa.ChunkedArray, name: str, uri: str) -> pa.ChunkedArray:
    wanted = _READ.get(name, pa.string())
    if column.type == wanted or (name == "elements" and column.type == LAYOUTS.field(name).type):
        return column
    try:
        if pa.types.is_nested(wanted):
            return pa.chunked_array([pa.array(column.to_pylist(), wanted)])
        return column.cast(wanted)
    except _UNFIT as error:
        kind = "a list of elements, each with role and box" if name == "elements" else str(wanted)
        message = f"{uri}: column {name} is {column.type} and can't be read as {kind} ({_line_of(error)}); convert it"
        raise TableError(message) from None


def _line_of(error: BaseException) -> str:
    return (str(error).strip().split("\n")[0] or type(error).__name__)[:200]


def _lines(storage: Storage, uri: str) -> pa.Table:
    base = uri.rpartition("/")[0] or "."
    rows, places = [], []
    for place, row in numbered(storage, uri):
        if not isinstance(row, dict) or not ("elements" in row or "texts" in row):
            raise TableError(f"{uri}: line {place} is no layout (no elements) and no poster (no texts); mend it")
        try:
            rows.append(row if "elements" in row else _poster(row, storage.join(base, str(row["file"]))))
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise TableError(f"{uri}: line {place} is no poster ({error!r}); give file, width, height, texts") from None
        places.append(place)
    return _table(rows, places, uri)


def _table(rows: list[dict[str, Any]], places: list[int], uri: str) -> pa.Table:
    """Rows as a table; the first that does not fit is named by its line."""
    try:
        return pa.Table.from_pylist(rows, schema=LAYOUTS)
    except _UNFIT as error:
        for row, place in zip(rows, places, strict=True):
            try:
                pa.Table.from_pylist([row], schema=LAYOUTS)
            except _UNFIT as found:
                message = f"{uri}: line {place} does not fit the layout table's columns: {_line_of(found)}"
                raise TableError(message) from None
        raise TableError(f"{uri} does not fit the layout table's columns: {_line_of(error)}") from None


def _poster(row: dict[str, Any], image: str) -> dict[str, Any]:
    """A poster as a row; one of no size keeps that and has no elements, so that it is counted as excluded."""
    width, height = (float(row[name]) for name in ("width", "height"))
    if not (1 <= width <= _LARGEST_PX and 1 <= height <= _LARGEST_PX):
        return {**_row(row["file"], (0, 0), [], image), "canvas": None, "elements": None}
    size = (int(width), int(height))
    return _row(
        row["file"],
        size,
        [("other", [v / s for v, s in zip(text["box"], size * 2, strict=True)], text["text"]) for text in row["texts"]],
        image,
    )


def _published(data: bytes, uri: str) -> pa.Table:
    try:
        found = layout_arrays.layouts(data)
    except ValueError as error:
        raise TableError(f"{uri} does not hold layouts: {error}") from None
    size = (_PKU_WIDTH, _PKU_HEIGHT)
    rows = [_row(name, size, [(*element, "") for element in elements], None) for name, elements in found]
    return pa.Table.from_pylist(rows, schema=LAYOUTS)


def _row(
    name: str, size: tuple[int, int], elements: list[tuple[str, list[float], str]], image: str | None
) -> dict[str, Any]:
    return {
        "row_id": name,
        "product_id": name,
        "canvas": f"{size[0]}x{size[1]}",
        "canvas_width": size[0],
        "canvas_height": size[1],
        "image": image,
        "elements": [{"role": role, "box": box, "text": text} for role, box, text in elements],
        # What a poster shows under its text is the text: nothing of the photo can be measured there.
        "notes": [TEXT_IN_PICTURE] if image else [],
    }
