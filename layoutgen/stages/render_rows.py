"""render, on demand: places of published rows in; their files stored, a table of what was written, one report row out.

A part of that table is named by what it is made of. One that is there is not made again, so that the same command goes
on where it ended.
"""

import io
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core import feedback
from layoutgen.core.feedback import Feedback
from layoutgen.core.fingerprint import digest
from layoutgen.imaging.image_faults import FileFault
from layoutgen.io.storage import Storage
from layoutgen.io.tables import layout_tables
from layoutgen.stages import drawable, file_names
from layoutgen.stages.edited_rows import Key, as_edited
from layoutgen.stages.finishing import Finish, Finisher
from layoutgen.stages.originals import Originals

WRITTEN = pa.schema(
    [
        ("row_id", pa.string()),
        ("product_id", pa.string()),
        ("canvas", pa.string()),
        ("format", pa.string()),
        ("uri", pa.string()),
        ("sha256", pa.string()),
        ("bytes", pa.int64()),
        ("kind", pa.string()),
        ("message", pa.string()),
        ("edited", pa.bool_()),
    ]
)
"""What was written: a row a file, and for each row of which none could be made a row with the reason."""


class RenderRows:
    """Makes the files of rows of published tables, into `output`, of those in `edits` as designers left them; limits of
    the originals as the fetch stage has them."""

    def __init__(
        self,
        storage: Storage,
        output: str,
        finish: Finish,
        max_bytes: int,
        max_pixels: int,
        edits: Mapping[Key, Feedback] | None = None,
    ) -> None:
        self._edits = edits or {}
        self._storage, self._output, self._finish = storage, output, finish.here(storage)
        originals = Originals(storage, max_bytes, max_pixels)
        self._finisher = Finisher(storage, originals, self._finish, self._uri_of, is_dated=True)

    def __call__(self, table: pa.Table) -> pa.Table:
        """Make the files of chosen rows of one file; `table` is one row with shard, uri, version and rows."""
        (address,) = table.to_pylist()
        edits = [feedback.write(self._edits.values())] if self._edits else []
        recipe = digest(address["uri"], address["version"], address["rows"], list(self._finish.recipes.items()), *edits)
        part = self._storage.join(self._output, f"table/part-{address['shard']:06d}-{recipe}.parquet")
        stored = self._storage.read_version(part)
        written = pq.read_table(io.BytesIO(stored[0])) if stored else self._write(address, part)
        return pa.table({"report": [json.dumps(_report(written, part, resumed=stored is not None))]})

    def _write(self, address: Mapping[str, Any], part: str) -> pa.Table:
        wanted = layout_tables.read(self._storage, address["uri"], address["rows"]).to_pylist()
        outcomes: list[list[dict[str, Any]] | FileFault] = [[] for _ in wanted]
        whole: dict[int, dict[str, Any]] = {}
        for i, row in enumerate(wanted):
            try:
                whole[i] = drawable.whole(self._as_edited(row), self._finish.font_files)
            except drawable.RowFault as fault:
                outcomes[i] = fault
        for i, outcome in zip(whole, self._finisher.files(list(whole.values())), strict=True):
            outcomes[i] = outcome
        lines = [
            {**line, "edited": _key(row) in self._edits}
            for row, outcome in zip(wanted, outcomes, strict=True)
            for line in _lines(row, outcome)
        ]
        written = pa.Table.from_pylist(lines, schema=WRITTEN)
        sink = io.BytesIO()
        pq.write_table(written, sink, compression="zstd")
        self._storage.write(part, sink.getvalue())
        return written

    def _as_edited(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        edit = self._edits.get(_key(row))
        return as_edited(row, edit, self._finish.font_files) if edit else row

    def _uri_of(self, row: Mapping[str, Any], name: str, ending: str) -> str:
        """A folder a product, a file a canvas and locale: names that people read, and that no two files share."""
        return self._storage.join(self._output, f"files/{file_names.of_row(row)}-{name[:12]}.{ending}")


def _key(row: Mapping[str, Any]) -> Key:
    return str(row.get("row_id")), str(row.get("run_id"))


def _lines(row: Mapping[str, Any], outcome: list[dict[str, Any]] | FileFault) -> list[dict[str, Any]]:
    key = {name: row.get(name) for name in ("row_id", "product_id", "canvas")}
    if isinstance(outcome, FileFault):
        return [{**key, "kind": outcome.kind, "message": outcome.message}]
    return [{**key, **file} for file in outcome]


def _report(written: pa.Table, part: str, *, resumed: bool) -> dict[str, Any]:
    columns = {name: written.column(name).to_pylist() for name in ("row_id", "format", "bytes", "kind")}
    is_edited = written.column("edited").to_pylist() if "edited" in written.column_names else []
    return {
        "part": part,
        "edited": len({key for key, of_edit in zip(columns["row_id"], is_edited, strict=False) if of_edit}),
        "rows": len(set(columns["row_id"])),
        "formats": Counter(name for name in columns["format"] if name),
        "bytes": sum(size or 0 for size in columns["bytes"]),
        "failed": Counter(kind for kind in columns["kind"] if kind),
        "resumed": resumed,
    }
