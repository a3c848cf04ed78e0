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
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core import schema
from layoutgen.core.fingerprint import sum_of_ids
from layoutgen.io.lease import read_current
from layoutgen.io.ledger import ShardReport, Written
from layoutgen.io.storage import Storage, StorageError

# Failures that may pass: the same input may do better another time.
RETRYABLE = {"not_found", "access_denied", "empty_object", "truncated_image", "truncated_video", "process_crashed"}
ROW_GROUP_ROWS = 20_000


class SnapshotError(RuntimeError):
    """A run can't be written or published; the message says why and what to do."""


@dataclass(frozen=True)
class Snapshots:
    """The tables of one run under an output root. `kind` is the published rows' schema; `previous` is the run whose
    snapshot this one builds on."""

    storage: Storage
    root: str
    run_id: str
    created_at: datetime
    kind: pa.Schema
    compression: str = "zstd"
    previous: str | None = None
    upsert: bool = False

    @property
    def folder(self) -> str:
        """Where the published rows go."""
        return self.storage.join(self.root, f"snapshots/{self.run_id}")

    @property
    def dead_folder(self) -> str:
        """Where the dead letters go."""
        return self.storage.join(self.root, f"dead_letters/{self.run_id}")

    def part(self, shard: int, run_id: str | None = None) -> str:
        """Where a shard's published rows are, in this run or another."""
        return self.storage.join(self.root, f"snapshots/{run_id or self.run_id}/{_part(shard)}")

    def previous_part(self, shard: int) -> bytes | None:
        """The bytes of a shard's file in the snapshot that this run builds on; None where there is none."""
        if self.previous is None:
            return None
        found = self.storage.read_version(self.part(shard, self.previous))
        return found[0] if found else None

    def write_shard(self, table: pa.Table, shard: int, *, attempt: int = 1) -> ShardReport:
        """Write a shard's rows, published and dead ones apart, under names that depend on the shard alone; read them
        back and count what is there.

        Rows whose status is `unchanged` come from the snapshot before, byte for byte; so does the whole file where
        nothing in it changed. With `upsert` the rows of that snapshot that are not planned stay.
        """
        planned = table.column("row_id").to_pylist()
        status = table.column("status").to_pylist()
        ok = [i for i, word in enumerate(status) if word == "ok"]
        failed = [i for i, word in enumerate(status) if word == "failed"]
        same = {row_id for row_id, word in zip(planned, status, strict=True) if word == "unchanged"}
        before = self.previous_part(shard)
        before = self._whole(before) if before else None
        old = pq.read_table(io.BytesIO(before)) if before else None
        old_ids = old.column("row_id").to_pylist() if old is not None else []
        gone = set(old_ids) - set(planned)
        kept = gone if self.upsert else set()
        carried = same | kept
        good = _taken(table, ok)
        published = self._published(good)
        if before and not ok and carried == set(old_ids):
            data: bytes | None = before
        else:
            tables = [published] if len(published) else []
            if carried and old is not None:
                tables.append(old.filter(pa.array([row_id in carried for row_id in old_ids])))
            merged = pa.concat_tables(tables, promote_options="permissive") if tables else published
            data = _parquet(merged.sort_by("row_id"), self.compression) if len(merged) else None
        dead = self._dead(_taken(table, failed), attempt)
        written = self._write(self.part(shard), data)
        dead_uri = self.storage.join(self.dead_folder, _part(shard))
        dead_written = self._write(dead_uri, _parquet(dead, self.compression) if failed else None)
        found = [*self._ids(self.part(shard), written), *self._ids(dead_uri, dead_written)]
        images = good.column("image").to_pylist() if "image" in good.column_names else []
        return ShardReport(
            shard=shard,
            published=written,
            dead=dead_written,
            computed=len(ok),
            unchanged=len(same),
            kept=len(kept),
            deleted=len(gone) - len(kept),
            images=len(set(images)),
            ids=sum_of_ids([row_id for row_id in found if row_id not in kept]),
            failed=_by_kind(dead),
            attempt=attempt,
            verdicts=self._verdicts(data),
        )

    def shard_count(self) -> int | None:
        """How many shards the snapshot that this run builds on has; None where there is none, or it does not say."""
        return manifest(self.storage, self.root, self.previous).get("shard_count") if self.previous else None

    def unplanned_shards(self, planned: set[int]) -> list[int]:
        """Shards of the snapshot before that this run plans no rows for."""
        if self.previous is None:
            return []
        names = [file["name"] for file in manifest(self.storage, self.root, self.previous)["files"]]  # no old listing
        return sorted({int(name.removeprefix("part-").partition(".")[0]) for name in names} - planned)

    def carry(self, shard: int) -> ShardReport:
        """Take a shard without planned rows over as it is, with `upsert`; else only count what is gone."""
        data = self.storage.read(self.part(shard, self.previous))
        count = pq.read_metadata(io.BytesIO(data)).num_rows
        written = self._write(self.part(shard), self._whole(data)) if self.upsert else None
        kept = count if written else 0
        verdicts = self._verdicts(data) if written else {}
        return ShardReport(shard, written, None, 0, 0, kept, count - kept, 0, sum_of_ids([]), verdicts=verdicts)

    def _verdicts(self, data: bytes | None) -> dict[str, int]:
        """How many rows of a file the acceptance check accepted, and refused for each reason, where rows have it."""
        if "accepted" not in self.kind.names:
            return {}
        found: Counter[str] = Counter(accepted=0)
        table = pq.read_table(io.BytesIO(data), columns=["accepted", "reasons"]) if data else None
        for row in table.to_pylist() if table is not None else []:
            found["accepted"] += row["accepted"]
            found.update({f"refused/{reason.partition(':')[0]}" for reason in row["reasons"] or ()})
        return dict(found)

    def _whole(self, data: bytes) -> bytes:
        """A file of the snapshot before, as it is unless an older version wrote it without a column of today's."""
        if set(self.kind.names) <= set(pq.read_schema(io.BytesIO(data)).names):
            return data
        return _parquet(schema.complete(pq.read_table(io.BytesIO(data)), self.kind), self.compression)

    def write_carried(self, table: pa.Table, shard: int) -> ShardReport:
        """Write rows of the snapshot before into a shard, as they are; read them back and count what is there."""
        written = self._write(self.part(shard), _parquet(table.sort_by("row_id"), self.compression))
        ids = sum_of_ids(self._ids(self.part(shard), written))
        return ShardReport(shard, written, None, 0, len(table), 0, 0, 0, ids)

    def write_unplanned(self, table: pa.Table, part: int) -> ShardReport:
        """Write the rows that the plan could not use; they are dead letters of no shard."""
        uri = self.storage.join(self.dead_folder, f"plan-{part:03d}.parquet")
        dead = self._dead(table, 1)
        written = self._write(uri, _parquet(dead, self.compression))
        ids = sum_of_ids(self._ids(uri, written))
        return ShardReport(-1 - part, None, written, 0, 0, 0, 0, 0, ids, _by_kind(dead))

    def _ids(self, uri: str, written: Written | None) -> list[str]:
        """The keys in a file that was just written, read back; its bytes must be the ones that were sent."""
        if written is None:
            return []
        data = self.storage.read(uri)
        if hashlib.sha256(data).hexdigest() != written.sha256:
            raise StorageError(f"{uri} does not hold what was written to it")
        ids: list[str] = pq.ParquetFile(pa.BufferReader(data)).read(columns=["row_id"]).column("row_id").to_pylist()
        return ids

    def _stamped(self, table: pa.Table) -> pa.Table:
        count = len(table)
        table = table.append_column("run_id", pa.array([self.run_id] * count, pa.string()))
        return table.append_column(
            "created_at", pa.array([self.created_at] * count, schema.LAYOUTS.field("created_at").type)
        )

    def _published(self, table: pa.Table) -> pa.Table:
        """The contract's columns and the user's own; what only travels between stages stays behind."""
        stamped = self._stamped(table)
        kept = {*self.kind.names, *schema.extra_names(table, self.kind)}
        return schema.complete(stamped.select([name for name in stamped.column_names if name in kept]), self.kind)

    def _dead(self, table: pa.Table, attempt: int) -> pa.Table:
        errors = table.column("error").combine_chunks()
        if isinstance(errors, pa.ChunkedArray):
            errors = pa.nulls(0, schema.ERROR)
        kinds = errors.field("kind").to_pylist()
        table = self._stamped(table)
        for name in ("stage", "kind", "message"):
            table = table.append_column(name, errors.field(name))
        table = table.append_column("retryable", pa.array([kind in RETRYABLE for kind in kinds], pa.bool_()))
        table = table.append_column("attempts", pa.array([attempt] * len(table), pa.int32()))
        return schema.complete(table, schema.DEAD_LETTERS).select(schema.DEAD_LETTERS.names)

    def _write(self, uri: str, data: bytes | None) -> Written | None:
        if data is None:
            return None
        self.storage.write(uri, data)
        rows_in_it = pq.read_metadata(pa.BufferReader(data)).num_rows
        return Written(uri.rpartition("/")[2], rows_in_it, len(data), hashlib.sha256(data).hexdigest())

    def settle(self, reports: list[ShardReport]) -> list[int]:
        """Shards whose files are not there as reported, by name and size. Files that no report names go: they are of an
        attempt that failed half-way."""
        wrong = set()
        for folder, kind in ((self.folder, "published"), (self.dead_folder, "dead")):
            wanted = {
                self.storage.join(folder, written.name): (report.shard, written)
                for report in reports
                if (written := getattr(report, kind))
            }
            there = self.storage.sizes(folder)
            for uri in there.keys() - wanted.keys():
                if not uri.rpartition("/")[2].startswith("_"):
                    self.storage.delete(uri)
            wrong |= {
                shard
                for uri, (shard, written) in wanted.items()
                if there.get(uri) != written.bytes and not self._holds(uri, written)
            }
        return sorted(wrong)

    def _holds(self, uri: str, written: Written) -> bool:
        """Look into a file that a listing, which may be old, shows otherwise."""
        found = self.storage.read_version(uri)
        return found is not None and hashlib.sha256(found[0]).hexdigest() == written.sha256

    def finish(
        self, reports: list[ShardReport], shard_count: int, summary: dict[str, Any], settings: dict[str, Any]
    ) -> None:
        """Write the manifest and `_SUCCESS`: the snapshot is complete."""
        content = {
            "run_id": self.run_id,
            "created_at": self.created_at.isoformat(),
            "schema_version": schema.VERSION,
            "previous": self.previous,
            "shard_count": shard_count,
            "files": [asdict(report.published) for report in reports if report.published],
            "dead_letters": [asdict(report.dead) for report in reports if report.dead],
            "summary": summary,
            "settings": settings,
        }
        text = json.dumps(content, ensure_ascii=False, indent=1).encode()
        self.storage.write(self.storage.join(self.folder, "_manifest.json"), text)
        self.storage.write(self.storage.join(self.folder, "_SUCCESS"), b"")


def _taken(table: pa.Table, positions: list[int]) -> pa.Table:
    return table if len(positions) == len(table) else table.take(pa.array(positions, pa.int64()))


def _part(shard: int) -> str:
    return f"part-{shard:05d}.parquet"


def _by_kind(dead: pa.Table) -> dict[str, int]:
    names = zip(dead.column("stage").to_pylist(), dead.column("kind").to_pylist(), strict=True)
    return dict(Counter(f"{stage}/{kind}" for stage, kind in names))


def _parquet(table: pa.Table, compression: str) -> bytes:
    sink = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata({"layoutgen.schema_version": str(schema.VERSION)}),
        sink,
        compression=compression,
        row_group_size=ROW_GROUP_ROWS,
        write_statistics=True,
        use_dictionary=True,
    )
    return sink.getvalue()


def current(storage: Storage, root: str) -> str:
    """The run id that `CURRENT` names. Raises SnapshotError where nothing has been published."""
    run_id = read_current(storage, root).run_id
    if run_id is None:
        raise SnapshotError(f"{root} has no CURRENT: no run has published there yet")
    return run_id


def manifest(storage: Storage, root: str, run_id: str) -> dict[str, Any]:
    """What `finish` wrote of a run. Raises StorageError where there is nothing."""
    found: dict[str, Any] = json.loads(storage.read(storage.join(root, f"snapshots/{run_id}/_manifest.json")))
    return found


def read(storage: Storage, root: str, run_id: str | None = None, what: str = "snapshots") -> pa.Table:
    """Read a run's rows, by default the published ones of the newest run; `what` may be dead_letters."""
    folder = storage.join(root, f"{what}/{run_id or current(storage, root)}")
    parts = [uri for uri in storage.list(folder) if uri.endswith(".parquet")]
    tables = [pq.read_table(io.BytesIO(storage.read(uri))) for uri in parts]
    return pa.concat_tables(tables, promote_options="default") if tables else schema.DEAD_LETTERS.empty_table()
