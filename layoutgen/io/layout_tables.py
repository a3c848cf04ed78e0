"""Layout tables as evaluation reads them, whatever they are kept in. Not the writer: see `snapshot`.

OUTPUT of a job         the snapshot that CURRENT names, or the one of a given run a folder                its Parquet
files FILE.parquet            one file FILE.jsonl              rows with `elements`, or posters with marked lines:
`file`, `width`, `height`, `texts` FILE.npz                published layouts: `boxes` (n, m, 4) ltrb normalised,
`classes` (n, m), `names` (n)

`index` reads only what a sample is drawn from; `read` reads chosen rows of one file whole, on the worker that wants
them.
"""

import io
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.schema import LAYOUTS
from layoutgen.io import snapshot
from layoutgen.io.storage import Storage, StorageError

KEYS = ("row_id", "product_id", "canvas", "category", "application", "composer", "adapter", "created_at")
TEXT_IN_PICTURE = "text_in_picture"
_BY_CLASS = {1: "other", 2: "logo", 3: "underlay"}
_PKU_WIDTH, _PKU_HEIGHT = 513, 750


class TableError(ValueError):
    """A layout table can't be used; the message names it, what was found, and the mend."""


def folder_of(storage: Storage, uri: str, run_id: str | None = None) -> str:
    """The folder or file that holds the layouts of `uri`: a job's output root is followed to its snapshot."""
    if PurePosixPath(uri).suffix in (".parquet", ".jsonl", ".npz"):
        return uri
    if run_id or storage.exists(storage.join(uri, "CURRENT")):
        return storage.join(uri, f"snapshots/{run_id or snapshot.current(storage, uri)}")
    return uri


def parts(storage: Storage, folder: str) -> list[str]:
    """The files of a table. Raises TableError where there is none."""
    if PurePosixPath(folder).suffix in (".parquet", ".jsonl", ".npz"):
        if not storage.exists(folder):
            raise TableError(f"no layout table at {folder}; correct the path")
        return [folder]
    found = [uri for uri in storage.list(folder) if uri.endswith(".parquet")]
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
        **{name: table.column(name).cast(pa.string()) for name in KEYS},
    }
    return pa.table(columns)


def read(storage: Storage, uri: str, rows: Sequence[int]) -> pa.Table:
    """Chosen rows of one file with all its columns; those of the contract that it lacks are null."""
    return _open(storage, uri).take(pa.array(rows, pa.int64()))


def records(storage: Storage, uri: str) -> list[object]:
    """The rows of a .jsonl, .parquet or .csv file as plain values; a line of JSON that is none stays a string."""
    suffix = PurePosixPath(uri).suffix
    if suffix == ".jsonl":
        # At line feeds alone: JSON strings may hold the other line separators of Unicode as they are.
        return [_json(line) for line in storage.read(uri).decode("utf-8-sig", "replace").split("\n") if line.strip()]
    if suffix != ".parquet":
        raise TableError(f"{uri} is neither .jsonl nor .parquet; convert it")
    return list(_parquet(storage, uri, None).to_pylist())


def _json(line: str) -> object:
    try:
        return json.loads(line)
    except ValueError:
        return line


def _parquet(storage: Storage, uri: str, columns: list[str] | None) -> pa.Table:
    filesystem, path = storage.filesystem(uri)
    try:
        with filesystem.open_input_file(path) as handle:
            file = pq.ParquetFile(handle)
            if columns is None:
                return file.read()
            _check(file.schema_arrow.names, uri)
            return file.read(columns=[name for name in columns if name in file.schema_arrow.names])
    except FileNotFoundError:
        raise TableError(f"no layout table at {uri}; correct the path") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise TableError(f"{uri} is not a readable Parquet file ({error}); write it again") from None


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
    return table


def _check(names: Sequence[str], uri: str) -> None:
    if "elements" not in names:
        raise TableError(f"{uri} has no column elements, so it is no layout table; found {', '.join(names)}")


def _lines(storage: Storage, uri: str) -> pa.Table:
    base = uri.rpartition("/")[0] or "."
    rows = []
    for place, row in enumerate(records(storage, uri), 1):
        if not isinstance(row, dict) or not ("elements" in row or "texts" in row):
            raise TableError(f"{uri}: line {place} is no layout (no elements) and no poster (no texts); mend it")
        try:
            rows.append(row if "elements" in row else _poster(row, storage.join(base, row["file"])))
        except (KeyError, TypeError, ValueError) as error:
            raise TableError(f"{uri}: line {place} is no poster ({error!r}); give file, width, height, texts") from None
    try:
        return pa.Table.from_pylist(rows, schema=LAYOUTS)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise TableError(f"{uri} does not fit the layout table's columns: {error}") from None


def _poster(row: dict[str, Any], image: str) -> dict[str, Any]:
    width, height = int(row["width"]), int(row["height"])
    return _row(
        row["file"],
        (width, height),
        [("other", [v / s for v, s in zip(text["box"], (width, height) * 2, strict=True)], text["text"])
         for text in row["texts"]],
        image,
    )  # fmt: skip


def _published(data: bytes, uri: str) -> pa.Table:
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            boxes, classes = arrays["boxes"], arrays["classes"]
            names = arrays["names"] if "names" in arrays else np.arange(len(boxes))
    except (KeyError, ValueError, OSError) as error:
        raise TableError(f"{uri} does not hold layouts ({error}); give arrays boxes, classes and names") from None
    rows = [
        _row(
            str(name),
            (_PKU_WIDTH, _PKU_HEIGHT),
            [(_BY_CLASS[int(c)], [float(v) for v in box], "") for c, box in zip(kinds, sides, strict=True)
             if int(c) in _BY_CLASS],
            None,
        )
        for name, kinds, sides in zip(names, classes, boxes, strict=True)
    ]  # fmt: skip
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
