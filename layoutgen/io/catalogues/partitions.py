"""A published snapshot once more, parted into folders by the values of a column, for readers that prune by path.

    OUTPUT/partitioned/<run_id>/canvas=1080x1080/part-00000.parquet …   the rows of that value of a file
    OUTPUT/partitioned/<run_id>/_manifest.json                          files, rows, bytes, sha256; written last

Folders are named as Hive names them: `column=value`, signs such as `/` as `%2F`, `__HIVE_DEFAULT_PARTITION__` where
there is none. The column stays in the files, too, as Iceberg asks.
"""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from layoutgen.io.catalogues.published import CatalogueError, File, Published
from layoutgen.io.storage import Storage
from layoutgen.io.tables import run_files

FOLDER = "partitioned"
_NONE = "__HIVE_DEFAULT_PARTITION__"
_ESCAPED = "\"#%'*/:=?\\{[]^\x7f"  # as Hive and Spark do; other letters stay as they are
_AT_ONCE = 4  # files in memory


def parted(storage: Storage, published: Published, column: str, compression: str) -> Published:
    """The snapshot parted by a column: written, or as it was written before. Raises StorageError; CatalogueError where
    the rows have no such column or their files are not those that were published."""
    if column not in published.schema.names:
        raise CatalogueError(f"rows of {published.root} have no column {column!r} to part them by")
    folder = storage.join(published.root, f"{FOLDER}/{published.run_id}")
    manifest = f"{folder}/_manifest.json"
    source = list(published.commit)
    there = storage.read_version(manifest)
    if there is not None:
        content = json.loads(there[0])
        if content["source"] == source and content["column"] == column:
            return replace(published, files=tuple(File(**file) for file in content["files"]), partition_by=column)
    work = partial(_part, storage, published, column, compression)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        files = tuple(file for found in pool.map(work, published.files) for file in found)
    wanted = {storage.join(published.root, file.name) for file in files}
    for uri in set(storage.list(folder)) - wanted - {manifest}:
        storage.delete(uri)  # of another column, or of files that were there before an erasure
    content = {"source": source, "column": column, "files": [asdict(file) for file in files]}
    storage.write(manifest, json.dumps(content, indent=1).encode())
    return replace(published, files=files, partition_by=column)


def _part(storage: Storage, published: Published, column: str, compression: str, file: File) -> list[File]:
    data = storage.read(storage.join(published.root, file.name))
    if run_files.sha256(data) != file.sha256:
        raise CatalogueError(f"{published.root}/{file.name} does not hold what the run wrote; run the job again")
    rows = pq.read_table(io.BytesIO(data))
    return [
        _written(storage, published, (column, value, file), _rows_of(rows, column, value), compression)
        for value in sorted(pc.unique(rows[column]).to_pylist(), key=lambda value: (value is None, value))
    ]


def _rows_of(rows: pa.Table, column: str, value: str | None) -> pa.Table:
    return rows.filter(pc.is_null(rows[column]) if value is None else pc.equal(rows[column], value))


def _written(
    storage: Storage, published: Published, of: tuple[str, str | None, File], rows: pa.Table, compression: str
) -> File:
    column, value, file = of
    name = f"{FOLDER}/{published.run_id}/{column}={_escaped(value)}/{file.name.rpartition('/')[2]}"
    data = run_files.parquet(rows, compression)
    storage.write(storage.join(published.root, name), data)
    return File(name, len(rows), len(data), run_files.sha256(data), value)


def _escaped(value: str | None) -> str:
    if value is None:
        return _NONE
    return "".join(f"%{ord(letter):02X}" if letter in _ESCAPED or letter < " " else letter for letter in value) or _NONE
