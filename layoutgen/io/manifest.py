"""The manifest: which products there are, and what each has to say. Parquet, JSON lines, CSV, or a folder of images.

`batches` gives the rows as they are, a table at a time, whatever the manifest's size; `core.plan` checks them one by
one. So a broken line, or a value of the wrong type, is not an error here, but a file that can't be a manifest at all
is, before any work starts.
"""

import codecs
import csv
import io
import json
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.fs
import pyarrow.parquet as pq

from layoutgen.core.contracts import CONTRACTS, Need
from layoutgen.io import columns
from layoutgen.io.columns import ManifestError
from layoutgen.io.storage import Storage, StorageError

SUFFIXES = (".parquet", ".jsonl", ".csv")
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
CLIP_SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".ts")
READ_AHEAD_BYTES = 4 << 20

Row = tuple[dict[str, Any], str]


def base(uri: str) -> str:
    """Return the folder that a manifest's relative paths start from: the file's own, or the folder itself."""
    if not uri.lower().endswith(SUFFIXES):
        return uri
    return uri.rpartition("/")[0] or ("/" if uri.startswith("/") else ".")


def batches(uri: str, storage: Storage, *, need: Need, limit: int | None, size: int) -> Iterator[pa.Table]:
    """Yield the manifest's rows, at most `limit` of them, in tables of at most `size`; no file is ever held whole.

    A folder's images (for covers, and clips) become one product each: product_id is the path below the folder without
    its suffix, the title is the file's name with `_` and `-` as spaces. JSON lines and CSV carry each row as it was
    written in `input_row`, and `columns.unify` and `columns.conform` give their tables one schema. Raises
    ManifestError for a missing file, another suffix, columns that none of the first `size` rows has, or a column that
    has a result's name, and StorageError where storage fails.
    """
    suffix = PurePosixPath(uri).suffix.lower()
    if uri.endswith("/") or suffix not in SUFFIXES:
        table = _folder(uri, storage, need, limit)
        yield from (table.slice(first, size) for first in range(0, len(table), size))
        return
    _find(uri, storage)
    if suffix == ".parquet":
        yield from _parquet(uri, storage, need, limit, size)
        return
    names: dict[str, None] = {}
    try:
        with storage.open(uri) as raw, io.BufferedReader(raw, READ_AHEAD_BYTES) as file:  # type: ignore[type-var]
            rows = islice(_jsonl(file) if suffix == ".jsonl" else _csv(file, uri, need), limit)
            while batch := list(islice(rows, size)):
                names |= dict.fromkeys(name for row, _ in batch for name in row)
                if names:
                    columns.check([*names], uri, need)
                values, lines = [row for row, _ in batch], [line for _, line in batch]
                yield columns.table(values, lines, need, from_text=suffix == ".csv")
    except OSError as error:
        raise StorageError(f"manifest {uri} can't be read on ({error}); run the same command again") from None


def _find(uri: str, storage: Storage) -> None:
    try:
        found = storage.exists(uri)
    except StorageError as error:
        if error.fault is None:
            raise
        raise ManifestError(f"manifest {uri} can't be read: {error}") from None
    if not found:
        raise ManifestError(f"manifest {uri} can't be read: nothing at {uri}; correct the path")


def from_lines(lines: list[str], need: Need) -> pa.Table:
    """The rows of JSON lines that a manifest once held."""
    rows = list(_jsonl(io.BytesIO("\n".join(lines).encode())))
    return columns.table([row for row, _ in rows], [line for _, line in rows], need, from_text=False)


def _parquet(uri: str, storage: Storage, need: Need, limit: int | None, size: int) -> Iterator[pa.Table]:
    filesystem, path = storage.filesystem(uri)
    try:
        with pq.ParquetFile(path, filesystem=filesystem) as file:
            columns.check(file.schema_arrow.names, uri, need)
            rest = file.metadata.num_rows if limit is None else limit
            for batch in file.iter_batches(batch_size=size):
                if rest <= 0:
                    return
                yield pa.Table.from_batches([batch]).slice(0, rest).replace_schema_metadata(None)
                rest -= len(batch)
    except (pa.ArrowException, OSError) as error:
        raise ManifestError(f"manifest {uri} is not a readable Parquet file ({error}); write it again") from None


def _folder(uri: str, storage: Storage, need: Need, limit: int | None) -> pa.Table:
    if not uri.endswith("/") and storage.exists(uri):
        raise ManifestError(f"manifest {uri} is none of {', '.join(SUFFIXES)}; convert it, or name a folder of images")
    files = storage.list(uri)
    root = len(uri.rstrip("/")) + 1
    paths = [PurePosixPath(file[root:]) for file in files]
    suffixes = (*IMAGE_SUFFIXES, *CLIP_SUFFIXES) if need == "covers" else IMAGE_SUFFIXES
    images = [path for path in paths if path.suffix.lower() in suffixes][:limit]
    if not images:
        filesystem, path = storage.filesystem(uri)
        if not files and filesystem.get_file_info(path).type != pyarrow.fs.FileType.Directory:
            raise ManifestError(f"no manifest and no folder at {uri}; correct the path")
        if tables := [path for path in paths if path.suffix.lower() in SUFFIXES]:
            raise ManifestError(f"folder {uri} holds no images but {tables[0]}; name one such file as the manifest")
    columns: dict[str, list[str | None]] = {
        "product_id": [str(path.with_suffix("")) for path in images],
        "title": [re.sub("[_-]+", " ", path.stem) for path in images],
    }
    if need == "covers":
        clips = [path.suffix.lower() in CLIP_SUFFIXES for path in images]
        columns["cover"] = [None if clip else str(path) for path, clip in zip(images, clips, strict=True)]
        columns["video"] = [str(path) if clip else None for path, clip in zip(images, clips, strict=True)]
    else:
        columns["image"] = [str(path) for path in images]
    return pa.table(columns, schema=pa.schema([(name, pa.string()) for name in columns]))


def _jsonl(file: BinaryIO) -> Iterator[Row]:
    """Yield each line's object, {} for a line that is none, and the line."""
    for number, line in enumerate(file):
        content = line.removeprefix(codecs.BOM_UTF8) if number == 0 else line
        if not content.strip():
            continue
        try:
            text = content.decode().strip()
            row = json.loads(text)
        except (ValueError, RecursionError):
            # The escapes keep undecodable bytes from looking like JSON to the plan, which words the fault.
            text, row = content.decode(errors="backslashreplace").strip(), None
        yield row if isinstance(row, dict) else {}, text


def _csv(file: BinaryIO, uri: str, need: Need) -> Iterator[Row]:
    """Yield each record as text by column, {} for one with more fields than columns, and the record as JSON."""
    number = 0
    try:
        records = csv.reader(io.TextIOWrapper(file, "utf-8-sig", newline=""))
        names = [name.strip() for name in next(records, [])]
        if len(set(names)) < len(names):
            columns.check(names, uri, need)
        for record in filter(None, records):
            number += 1
            row = {} if len(record) > len(names) else dict.fromkeys(names) | dict(zip(names, record, strict=False))
            read = {
                name: _listed(text) if name in CONTRACTS[need].lists else text or None for name, text in row.items()
            }
            yield read, json.dumps(row or record, ensure_ascii=False)
    except UnicodeDecodeError:
        raise ManifestError(f"manifest {uri} is not UTF-8 after its row {number}; save it as CSV UTF-8") from None
    except csv.Error as error:
        raise ManifestError(f"manifest {uri} is not CSV near its row {number + 1} ({error}); mend it") from None


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
