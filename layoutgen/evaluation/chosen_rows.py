"""Where the rows of a published table lie, of all of them or of some, so many at once."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from layoutgen.io.storage import Storage
from layoutgen.io.tables import layout_tables

Places = Iterator[tuple[str, list[int]]]
"""Files, and which of their rows."""


def _all(storage: Storage, folder: str, manifest: Mapping[str, Any]) -> Places:
    """All rows of a table, as many as its manifest, or else each file says."""
    counts = {file["name"]: int(file["rows"]) for file in manifest.get("files") or ()}
    for uri in layout_tables.parts(storage, folder):
        name = PurePosixPath(uri).name
        yield uri, list(range(counts[name] if name in counts else len(layout_tables.index(storage, [uri]))))


def _chosen(storage: Storage, folder: str, row_ids: Sequence[str]) -> Places:
    """The rows of these keys. Raises TableError naming those that the table has not."""
    index = layout_tables.index(storage, layout_tables.parts(storage, folder))
    keys = index.column("row_id").to_pylist()
    if missing := sorted({*row_ids} - {*keys}):
        raise layout_tables.TableError(f"{folder} has no rows {missing[:10]}; give row ids as the table has them")
    wanted = index.filter(pa.array([key in {*row_ids} for key in keys], pa.bool_()))
    by_file: dict[str, list[int]] = {}
    for uri, row in zip(wanted.column("uri").to_pylist(), wanted.column("row").to_pylist(), strict=True):
        by_file.setdefault(uri, []).append(row)
    yield from by_file.items()


def addresses(
    storage: Storage, folder: str, manifest: Mapping[str, Any], row_ids: Sequence[str], size: int
) -> Iterator[pa.Table]:
    """Addresses of a table's rows, or of those of `row_ids`, at most `size` at once: each a table of one row with
    shard, uri, version and rows. Raises TableError naming keys that the table has not."""
    places = _chosen(storage, folder, row_ids) if row_ids else _all(storage, folder, manifest)
    shard = 0
    for uri, places_in in places:
        (version,) = storage.versions([uri])
        for first in range(0, len(places_in), size):
            rows = places_in[first : first + size]
            yield pa.table({"shard": [shard], "uri": [uri], "version": [str(version)], "rows": [rows]})
            shard += 1
