"""Writes a run's tables and publishes them: shard files first, then the manifest, then `CURRENT`, last.

    OUTPUT/snapshots/<run_id>/part-00000.parquet …   the published rows, a file a shard
    OUTPUT/snapshots/<run_id>/_manifest.json         files, rows, bytes, sha256, counts, settings
    OUTPUT/snapshots/<run_id>/_SUCCESS               empty, written when everything above is there
    OUTPUT/dead_letters/<run_id>/*.parquet           the rows that failed, with their input
    OUTPUT/CURRENT                                   the run id of the newest published snapshot

A shard's files have fixed names and the same content whenever they are written again, so a replayed task overwrites
its own work. Readers follow `CURRENT` and never see a run in the making.
"""

import hashlib
import io
import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core import rows, schema
from layoutgen.io.storage import Storage

ROW_GROUP_ROWS = 20_000


class SnapshotError(RuntimeError):
    """A run can't be written or published; the message says why and what to do."""


@dataclass(frozen=True)
class Written:
    """A file of a run: name, rows, bytes and sha256."""

    name: str
    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ShardReport:
    """What came of a shard: its files (None where it has no such rows) and its failures, `stage/kind` to number."""

    shard: int
    published: Written | None
    dead: Written | None
    images: int
    failed: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> str:
        """The report as JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "ShardReport":
        """The report that `to_json` wrote."""
        values = json.loads(text)
        for name in ("published", "dead"):
            values[name] = Written(**values[name]) if values[name] else None
        return cls(**values)


@dataclass(frozen=True)
class Snapshots:
    """The tables of one run under an output root. `kind` is the published rows' schema."""

    storage: Storage
    root: str
    run_id: str
    created_at: datetime
    kind: pa.Schema
    compression: str = "zstd"

    @property
    def folder(self) -> str:
        """Where the published rows go."""
        return self.storage.join(self.root, f"snapshots/{self.run_id}")

    @property
    def dead_folder(self) -> str:
        """Where the dead letters go."""
        return self.storage.join(self.root, f"dead_letters/{self.run_id}")

    def start(self) -> None:
        """Make sure that the run id is new. Raises SnapshotError where it is not."""
        if self.storage.list(self.folder) or self.storage.list(self.dead_folder):
            raise SnapshotError(f"{self.root} already has a run {self.run_id}; give another --run-id, or none")

    def write_shard(self, table: pa.Table, shard: int, name: str | None = None) -> ShardReport:
        """Write a shard's rows, published and dead ones apart, under names that depend on the shard alone."""
        name = name or f"part-{shard:05d}.parquet"
        ok = set(rows.open_rows(table))
        published = table.take(pa.array(sorted(ok), pa.int64()))
        dead = table.take(pa.array([i for i in range(len(table)) if i not in ok], pa.int64()))
        failed = Counter(f"{error['stage']}/{error['kind']}" for error in dead.column("error").to_pylist())
        images = len(set(table.column("image").to_pylist()) - {None}) if "image" in table.column_names else 0
        return ShardReport(
            shard,
            self._write(self.folder, name, self._published(published)) if len(published) else None,
            self._write(self.dead_folder, name, self._dead(dead)) if len(dead) else None,
            images,
            dict(failed),
        )

    def _stamped(self, table: pa.Table) -> pa.Table:
        count = len(table)
        table = table.append_column("run_id", pa.array([self.run_id] * count, pa.string()))
        return table.append_column(
            "created_at", pa.array([self.created_at] * count, schema.LAYOUTS.field("created_at").type)
        )

    def _published(self, table: pa.Table) -> pa.Table:
        """The contract's columns and the user's own; what only travels between stages stays behind."""
        stamped = self._stamped(table)
        kept = {*self.kind.names, *schema.extra_names(table)}
        return schema.complete(stamped.select([name for name in stamped.column_names if name in kept]), self.kind)

    def _dead(self, table: pa.Table) -> pa.Table:
        errors = table.column("error").combine_chunks()
        table = self._stamped(table)
        for name in ("stage", "kind", "message"):
            table = table.append_column(name, errors.field(name))
        table = schema.complete(table, schema.DEAD_LETTERS)
        return table.select(schema.DEAD_LETTERS.names)

    def _write(self, folder: str, name: str, table: pa.Table) -> Written:
        sink = io.BytesIO()
        pq.write_table(
            table.replace_schema_metadata({"layoutgen.schema_version": str(schema.VERSION)}),
            sink,
            compression=self.compression,
            row_group_size=ROW_GROUP_ROWS,
            write_statistics=True,
            use_dictionary=True,
        )
        data = sink.getvalue()
        self.storage.write(self.storage.join(folder, name), data)
        return Written(name, len(table), len(data), hashlib.sha256(data).hexdigest())

    def row_ids(self, reports: list[ShardReport]) -> list[str]:
        """Read back the key of every row that the run wrote, published and dead."""
        found: list[str] = []
        for report in reports:
            for folder, written in ((self.folder, report.published), (self.dead_folder, report.dead)):
                if written:
                    data = self.storage.read(self.storage.join(folder, written.name))
                    found += pq.read_table(io.BytesIO(data), columns=["row_id"]).column("row_id").to_pylist()
        return found

    def finish(self, reports: list[ShardReport], summary: dict[str, Any], settings: dict[str, Any]) -> None:
        """Write the manifest and `_SUCCESS`: the snapshot is complete."""
        manifest = {
            "run_id": self.run_id,
            "created_at": self.created_at.isoformat(),
            "schema_version": schema.VERSION,
            "files": [asdict(report.published) for report in reports if report.published],
            "dead_letters": [asdict(report.dead) for report in reports if report.dead],
            "summary": summary,
            "settings": settings,
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=1).encode()
        self.storage.write(self.storage.join(self.folder, "_manifest.json"), text)
        self.storage.write(self.storage.join(self.folder, "_SUCCESS"), b"")

    def publish(self) -> None:
        """Point `CURRENT` at this run."""
        self.storage.write(self.storage.join(self.root, "CURRENT"), f"{self.run_id}\n".encode())


def current(storage: Storage, root: str) -> str:
    """The run id that `CURRENT` names. Raises SnapshotError where nothing has been published."""
    uri = storage.join(root, "CURRENT")
    if not storage.exists(uri):
        raise SnapshotError(f"{root} has no CURRENT: no run has published there yet")
    return storage.read(uri).decode().strip()


def read(storage: Storage, root: str, run_id: str | None = None, what: str = "snapshots") -> pa.Table:
    """Read a run's rows, by default the published ones of the newest run; `what` may be dead_letters."""
    folder = storage.join(root, f"{what}/{run_id or current(storage, root)}")
    parts = [uri for uri in storage.list(folder) if uri.endswith(".parquet")]
    tables = [pq.read_table(io.BytesIO(storage.read(uri))) for uri in parts]
    return pa.concat_tables(tables, promote_options="default") if tables else schema.DEAD_LETTERS.empty_table()
