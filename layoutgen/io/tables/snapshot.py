"""Writes a run's tables and publishes them: shard files first, then the manifest, then `CURRENT`, last.

    OUTPUT/snapshots/<run_id>/part-00000.parquet …   the published rows, a file a shard
    OUTPUT/snapshots/<run_id>/_changes/*.parquet     what changed against the snapshot before: see `changes`
    OUTPUT/snapshots/<run_id>/_manifest.json         files, rows, bytes, sha256, counts, settings
    OUTPUT/snapshots/<run_id>/_SUCCESS               empty, written when CURRENT names the run: it is published
    OUTPUT/snapshots/<run_id>/_REFUSED               why the run is not published, in its place
    OUTPUT/dead_letters/<run_id>/*.parquet           the rows that failed, with their input
    OUTPUT/pictures/ab/cdef….webp                    finished pictures, shared by all runs: see `picture_files`
    OUTPUT/CURRENT                                   the run id of the newest published snapshot

A shard's files have fixed names and the same content whenever they are written again, so a replayed task overwrites
its own work. Readers follow `CURRENT` and never see a run in the making.
"""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import schema
from layoutgen.core.fingerprint import sum_of_ids
from layoutgen.core.manifest.column_types import NO_COLUMNS, described
from layoutgen.core.manifest.column_values import aligned, same_rows
from layoutgen.core.metrics import drift
from layoutgen.io.crash import crash_point
from layoutgen.io.storage import Storage
from layoutgen.io.tables import changes, counts, dead_letters, letters, picture_files, run_files, staleness
from layoutgen.io.tables.ledger import NO_BASE, Base, ShardReport, Written
from layoutgen.io.tables.previous import Before, Previous, PublishedFile, chosen, part
from layoutgen.io.tables.published_runs import CHANGES_FOLDER, manifest, postponed_shards


@dataclass(frozen=True)
class Snapshots:
    """The tables of one run, of `shards` shards, under an output root. `schema` is the published rows'; `base` is
    what the run builds on. With `upsert` the published rows that are not planned stay. A published row that fails for
    a passing reason stays for `stale_days` days. `own` are the user's own columns as the run settled them, logical
    (`core.manifest.column_types`): every file has each of them, in the one type. `formats` are those of the finished
    pictures that each computed row has to name. `serve` says of a shard's rows, computed and carried over, which
    variants are served."""

    storage: Storage
    root: str
    run_id: str
    created_at: datetime
    schema: pa.Schema
    compression: str = "zstd"
    base: Base = NO_BASE
    shards: int = 1
    upsert: bool = False
    stale_days: float = 0.0
    own: pa.Schema = NO_COLUMNS
    formats: tuple[str, ...] = ()
    serve: Callable[[pa.Table], pa.Table] | None = None

    @property
    def folder(self) -> str:
        """Where the published rows go."""
        return self.storage.join(self.root, f"snapshots/{self.run_id}")

    @property
    def dead_folder(self) -> str:
        """Where the dead letters go."""
        return self.storage.join(self.root, f"dead_letters/{self.run_id}")

    @property
    def previous(self) -> Previous:
        """The rows that the run builds on."""
        return Previous(self.storage, self.root, self.schema, self.base, self.shards, self.own)

    def part(self, shard: int) -> str:
        """Where a shard's published rows are."""
        return self.storage.join(self.root, f"snapshots/{self.run_id}/{part(shard)}")

    def write_shard(self, table: pa.Table, shard: int, *, attempt: int = 1) -> ShardReport:
        """Write a shard's rows, published and dead ones apart, under names that depend on the shard alone; read them
        back and count what is there.

        Rows whose status is `unchanged` come from what was there before, byte for byte; so does the whole file where
        nothing in it changed. A published row that fails for a passing reason stays, marked stale. With `upsert` the
        published rows that are not planned stay.
        """
        before = self.previous.before(shard)
        planned = table.column("row_id").to_pylist()
        status = table.column("status").to_pylist()
        ok = [i for i, word in enumerate(status) if word == "ok"]
        same = {row_id for row_id, word in zip(planned, status, strict=True) if word == "unchanged"}
        old = set(before.published.column("row_id").to_pylist())
        kept = old - set(planned) if self.upsert else set()
        waiting = {row_id for row_id, word in zip(planned, status, strict=True) if word == dead_letters.POSTPONED}
        stale = self._stale(table, before.published)
        absent = waiting - old
        failed = [
            i for i, word in enumerate(status) if (word == "failed" and planned[i] not in stale) or planned[i] in absent
        ]
        good = _taken(table, ok)
        dead = dead_letters.of_rows(self._stamped(_taken(table, failed)), attempt)
        carried = [
            staleness.cleared(chosen(before.known, same)),
            staleness.marked(chosen(before.published, set(stale)), stale, self.created_at),
            chosen(before.published, kept | (waiting & old)),
        ]
        computed = aligned(self._stamped(good), self.schema, self.own)
        every = range(len(computed))
        lacking = picture_files.lacking(self.storage, computed, every, self.formats) if self.formats else set()
        lacking |= picture_files.without_background(self.storage, computed, every)
        merged, file = self._merged([computed, *carried], before)
        published, rows = self._write(self.part(shard), file)
        crash_point("rows_written")
        feed = changes.write(self.storage, self.folder, shard, before, merged, self.compression)
        dead_uri = self.storage.join(self.dead_folder, part(shard))
        dead_written, dead_ids = self._write_dead(dead_uri, dead) if failed else (None, [])
        planned_ids = [row_id for row_id in (*rows.column("row_id").to_pylist(), *dead_ids) if row_id not in kept]
        images = good.column("image").to_pylist() if "image" in good.column_names else []
        return ShardReport(
            shard=shard,
            published=published,
            dead=dead_written,
            computed=len(ok),
            unchanged=len(same),
            kept=len(kept),
            postponed=len(waiting & old),
            deleted=len(old - set(planned) - kept),
            images=len(set(images)),
            ids=sum_of_ids(planned_ids),
            failed=dead_letters.by_kind(dead),
            attempt=attempt,
            **counts.with_failed(counts.of_table(rows), _arms_of(_taken(table, failed))),
            **feed,
            lacking=len(lacking),
            stale=len(stale),
            before=len(old),
        )

    def _stale(self, table: pa.Table, published: pa.Table) -> dict[str, str]:
        """The planned rows that are published and failed for a passing reason, key to reason: those of which the
        manifest still names the same images. What a merchant replaced is not shown for longer."""
        images = dict(zip(*(published.column(name).to_pylist() for name in ("row_id", "images")), strict=True))
        rows = zip(*(table.column(name).to_pylist() for name in ("row_id", "images", "error", "status")), strict=True)
        passing = {
            row_id: f"{error['stage']}/{error['kind']}: {error['message']}"
            for row_id, named, error, status in rows
            if status == "failed" and error["kind"] in dead_letters.RETRYABLE and images.get(row_id) == named
        }
        return staleness.allowed(passing, published, self.created_at, self.stale_days)

    def _merged(self, tables: list[pa.Table], before: Before) -> tuple[pa.Table, bytes | PublishedFile | None]:
        """A shard's rows, and its file: the very bytes of the file before where its rows are the same, None where it
        has no rows."""
        merged = pa.concat_tables([table for table in tables if len(table)] or tables[:1]).sort_by("row_id")
        if not len(merged):
            return merged, None
        merged = self.serve(merged) if self.serve else merged
        is_as_long = len(merged) == len(before.published)
        if before.file and is_as_long and all(same_rows(merged, before.published)):
            return merged, before.file
        return merged, run_files.parquet(merged, self.compression)

    def unplanned_shards(self, planned: set[int]) -> list[int]:
        """Shards of the snapshot before that this run plans no rows for."""
        source = self.base.published
        if source is None:
            return []
        names = [file["name"] for file in manifest(self.storage, self.root, source.run_id)["files"]]  # no old listing
        return sorted(
            {shard for file in map(_number, names) for shard in range(file, self.shards, source.shards)} - planned
        )

    def carry(self, shard: int) -> ShardReport:
        """Take a shard without planned rows over as it is, with `upsert`; else only count what is gone."""
        before = self.previous.before(shard)
        count = len(before.published)
        merged, file = self._merged([before.published if self.upsert else before.published.slice(0, 0)], before)
        written, rows = self._write(self.part(shard), file)
        feed = changes.write(self.storage, self.folder, shard, before, merged, self.compression)
        report = ShardReport(shard, written, None, 0, 0, len(rows), count - len(rows), 0, sum_of_ids([]), before=count)
        return replace(report, **counts.of_table(rows), **feed)

    def lacking(self, reports: list[ShardReport]) -> list[int]:
        """Shards for which the snapshot before did not hold all rows that its manifest has."""
        source = self.base.published
        if source is None:
            return []
        found: Counter[int] = Counter()
        for report in reports:
            found[report.shard % source.shards] += report.before
        files = manifest(self.storage, self.root, source.run_id)["files"]
        lost = {number for file in files if found[number := _number(file["name"])] != file["rows"]}
        return sorted(report.shard for report in reports if report.shard % source.shards in lost)

    def write_carried(self, table: pa.Table, shard: int) -> ShardReport:
        """Write rows of the snapshot before into a shard, as they are; read them back and count what is there."""
        table = aligned(table, self.schema, self.own).sort_by("row_id")
        written, rows = self._write(self.part(shard), run_files.parquet(table, self.compression))
        ids = rows.column("row_id").to_pylist()
        return ShardReport(shard, written, None, 0, len(table), 0, 0, 0, sum_of_ids(ids))

    def write_unplanned(self, table: pa.Table, number: int) -> ShardReport:
        """Write the rows that the plan could not use; they are dead letters of no shard."""
        uri = self.storage.join(self.dead_folder, f"plan-{number:03d}.parquet")
        dead = dead_letters.of_rows(self._stamped(table), 1)
        written, ids = self._write_dead(uri, dead)
        return ShardReport(-1 - number, None, written, 0, 0, 0, 0, 0, sum_of_ids(ids), dead_letters.by_kind(dead))

    def keep_letters(self, handled: np.ndarray, number: int) -> list[ShardReport]:
        """Take over the dead letters of the published run whose keys (`letters.keys` of row_id) are not `handled`, so
        that a replay of this run finds them."""
        reports: list[ShardReport] = []
        waiting: list[pa.Table] = []

        def write() -> None:
            table = pa.concat_tables(waiting)
            waiting.clear()
            uri = self.storage.join(self.dead_folder, f"kept-{len(reports):05d}.parquet")
            written, ids = self._write_dead(uri, table)
            report = ShardReport(
                -1 - number - len(reports), None, written, 0, 0, 0, 0, 0, sum_of_ids([]), open=len(ids)
            )
            waiting_letters = table.column("kind").to_pylist().count(dead_letters.POSTPONED)
            reports.append(replace(report, waiting=waiting_letters))

        for table in letters.stream(self.storage, self.root, self.base.published.run_id) if self.base.published else ():
            left = ~np.isin(letters.keys(table.column("row_id").to_pylist()), handled)
            kept = schema.complete(table, schema.DEAD_LETTERS).select(schema.DEAD_LETTERS.names).filter(pa.array(left))
            waiting.append(kept)
            if sum(map(len, waiting)) >= letters.BATCH_ROWS:
                write()
        if any(map(len, waiting)):
            write()
        return reports

    def _write(self, uri: str, file: bytes | PublishedFile | None) -> tuple[Written | None, pa.Table]:
        """Write a file of published rows, if any, or copy the one of the snapshot before; with the columns, read back,
        that are counted."""
        names = counts.columns(self.schema)
        if file is None:
            return None, self.schema.empty_table().select(names)
        if isinstance(file, PublishedFile):
            return run_files.copy(self.storage, file.uri, file.version, uri, file.data, names)
        return run_files.write(self.storage, uri, file, names)

    def _write_dead(self, uri: str, dead: pa.Table) -> tuple[Written, list[str]]:
        """Write a file of dead letters; with their keys, read back."""
        written, rows = run_files.write(self.storage, uri, run_files.parquet(dead, self.compression), ["row_id"])
        return written, rows.column("row_id").to_pylist()

    def _stamped(self, table: pa.Table) -> pa.Table:
        count = len(table)
        table = table.append_column("run_id", pa.array([self.run_id] * count, pa.string()))
        return table.append_column(
            "created_at", pa.array([self.created_at] * count, schema.LAYOUTS.field("created_at").type)
        )

    def settle(self, reports: list[ShardReport]) -> list[int]:
        """Shards whose files do not hold what was reported. Each file has the version that it had when it was read
        back, or is read again. Files that no report names go: they are of an attempt that failed half-way."""
        wrong = set()
        feed = self.storage.join(self.folder, CHANGES_FOLDER)
        places = {"published": self.folder, "changes": feed, "dead": self.dead_folder}
        for folder, kinds in ((self.folder, ("published", "changes")), (self.dead_folder, ("dead",))):
            wanted = {
                self.storage.join(places[kind], written.name): (report.shard, written)
                for report in reports
                for kind in kinds
                if (written := getattr(report, kind))
            }
            there = self.storage.versions_below(folder)
            for uri in there.keys() - wanted.keys():
                if not uri.rpartition("/")[2].startswith("_"):
                    self.storage.delete(uri)
            wrong |= {
                shard
                for uri, (shard, written) in wanted.items()
                if (not written.version or there.get(uri) != written.version)
                and not run_files.holds(self.storage, uri, written)
            }
        return sorted(wrong)

    def finish(self, reports: list[ShardReport], summary: dict[str, Any], settings: dict[str, Any]) -> None:
        """Write the manifest: the snapshot is complete, and can be published or refused."""
        content = {
            "run_id": self.run_id,
            "created_at": self.created_at.isoformat(),
            "finished_at": datetime.now(UTC).isoformat(),
            "planned_at": self._planned_at(),
            "schema_version": schema.VERSION,
            "previous": self.base.published.run_id if self.base.published else None,
            "shard_count": self.shards,
            "files": [vars(report.published) for report in reports if report.published],
            "changes": [vars(report.changes) for report in reports if report.changes],
            "dead_letters": [vars(report.dead) for report in reports if report.dead],
            **described(self.own, self.schema),
            "postponed": self._postponed(reports),
            "measures": drift.added(*(report.measures for report in reports)),
            "summary": summary,
            "settings": settings,
        }
        text = json.dumps(content, ensure_ascii=False, indent=1).encode()
        self.storage.write(self.storage.join(self.folder, "_manifest.json"), text)

    def mark_refused(self, reasons: list[str]) -> None:
        """Say that the run is not published, and why: `_REFUSED`, a line a reason, in place of `_SUCCESS`."""
        self.storage.delete(self.storage.join(self.folder, "_SUCCESS"))
        self.storage.write(
            self.storage.join(self.folder, "_REFUSED"), "".join(f"{reason}\n" for reason in reasons).encode()
        )

    def _postponed(self, reports: list[ShardReport]) -> list[int]:
        """Shards that hold less than was planned, as the run's time was up: those of runs before that it did not plan
        whole are among them."""
        own = {report.shard for report in reports if report.left}
        if self.upsert and self.base.published:
            own |= postponed_shards(self.storage, self.root, self.base.published, self.shards)
        return sorted(own)

    def _planned_at(self) -> str | None:
        """When a whole manifest was planned for the last time: a run that keeps rows beyond its own plans a part."""
        if not self.upsert or not self.base.published:
            return self.created_at.isoformat()
        before: str | None = manifest(self.storage, self.root, self.base.published.run_id).get("planned_at")
        return before


def _arms_of(failed: pa.Table) -> list[str | None]:
    """The arms of rows that failed, and not of those that no run had time for."""
    if "arm" not in failed.column_names:
        return []
    columns = (failed.column(name).to_pylist() for name in ("arm", "status"))
    return [arm for arm, status in zip(*columns, strict=True) if status == "failed"]


def _taken(table: pa.Table, positions: list[int]) -> pa.Table:
    return table if len(positions) == len(table) else table.take(pa.array(positions, pa.int64()))


def _number(name: str) -> int:
    return int(name.removeprefix("part-").partition(".")[0])
