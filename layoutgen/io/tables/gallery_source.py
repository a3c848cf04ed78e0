"""What a gallery shows of a layout table: its rows, or an even sample of them, and the rows that failed.

The table is a job's output, one of its snapshots, a folder of Parquet files, or a file; dead letters are found where a
job put them. Of a large table only the files are read in which sampled rows are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.schema import LAYOUTS
from layoutgen.io.storage import Storage
from layoutgen.io.tables import layout_tables
from layoutgen.io.tables.layout_tables import TableError

_TOGETHER = 12  # rows of a sample that stand together: the canvases of a product, which share a photo
_NEEDED = ("image", "crop", "picture", "backdrop", "elements", "canvas_width", "canvas_height")


@dataclass(frozen=True)
class Source:
    """Rows to show. `total` and `dead_total` count those that there are; `settings` are the run's, empty
    where nobody wrote them down."""

    run_id: str
    table: pa.Table
    total: int
    dead: list[dict[str, Any]]
    dead_total: int
    settings: dict[str, Any]


def drawable(table: pa.Table) -> pa.Table:
    """The rows of which a picture can be drawn."""
    keep = [
        i
        for i, row in enumerate(table.select([*_NEEDED, "status"]).to_pylist())
        if row["status"] in (None, "ok") and all(row[name] is not None for name in _NEEDED)
    ]
    return table.take(pa.array(keep, pa.int64()))


def whole(tables: Sequence[pa.Table]) -> pa.Table:
    """Tables as one, with all columns that drawing and deciding need."""
    table = pa.concat_tables(tables, promote_options="permissive") if tables else LAYOUTS.empty_table()
    for name in ("status", "run_id", *_NEEDED):
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table), LAYOUTS.field(name).type))
    return table


def read(storage: Storage, layouts: str, run_id: str | None, limit: int) -> Source:
    """Read a table for a gallery of at most `limit` layouts and as many failed rows. Raises TableError or
    StorageError."""
    folder = layout_tables.folder_of(storage, layouts, run_id)
    manifest = layout_tables.manifest_of(storage, folder)
    files = layout_tables.parts(storage, folder) if not manifest or manifest.get("files") else []
    counts = _counts(storage, files, manifest.get("files") or [])
    tables = [
        layout_tables.read(storage, uri, rows) for uri, rows in zip(files, _sampled(counts, limit), strict=True) if rows
    ]
    job = re.fullmatch(r"(.*)/snapshots/([^/]+)/?", folder)
    dead_files = []
    if job:
        found = storage.list(storage.join(job[1], f"dead_letters/{job[2]}"))
        dead_files = [uri for uri in found if uri.endswith(".parquet")]
    dead_counts = _counts(storage, dead_files, manifest.get("dead_letters") or [])
    dead: list[dict[str, Any]] = []
    for uri in dead_files:
        if len(dead) < limit:
            dead += [row for row in layout_tables.records(storage, uri) if isinstance(row, dict)][: limit - len(dead)]
    return Source(
        run_id=job[2] if job else PurePosixPath(folder.rstrip("/")).name,
        table=whole(tables),
        total=sum(counts),
        dead=dead,
        dead_total=sum(dead_counts),
        settings=settings if isinstance(settings := manifest.get("settings"), dict) else {},
    )


def _counts(storage: Storage, files: Sequence[str], written: Sequence[dict[str, Any]]) -> list[int]:
    """How many rows each file has, as the manifest or else the file itself says."""
    known = {one["name"]: int(one["rows"]) for one in written}
    counts = []
    for uri in files:
        name = PurePosixPath(uri).name
        if name not in known and uri.endswith(".parquet"):
            filesystem, path = storage.filesystem(uri)
            try:
                with filesystem.open_input_file(path) as handle:
                    known[name] = pq.ParquetFile(handle).metadata.num_rows
            except (pa.ArrowException, OSError) as error:
                raise TableError(f"{uri} is not a readable Parquet file ({error}); write it again") from None
        counts.append(known[name] if name in known else len(layout_tables.index(storage, [uri])))
    return counts


def _sampled(counts: Sequence[int], limit: int) -> list[list[int]]:
    """Which rows of each file are shown: all, or groups of neighbours at even distances."""
    total = sum(counts)
    if total <= limit:
        return [list(range(count)) for count in counts]
    groups = max(1, limit // _TOGETHER)
    chosen = sorted(
        {row for group in range(groups) for row in range(group * total // groups, group * total // groups + _TOGETHER)}
    )[:limit]
    found: list[list[int]] = [[] for _ in counts]
    first, file = 0, 0
    for row in chosen:
        while file < len(counts) and row >= first + counts[file]:
            first, file = first + counts[file], file + 1
        if file < len(counts):
            found[file].append(row - first)
    return found
