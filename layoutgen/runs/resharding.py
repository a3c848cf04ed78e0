"""Another number of shards for a table: the newest snapshot again, the same rows in other files, as a run of its own.

A shard holds about `run.rows_per_shard` rows when a table is made; one that has grown tenfold is better off with more
shards. Rows keep their run_id and all else. Whatever happens half-way, CURRENT names the old snapshot or the new one,
whole; the number of shards stands in the snapshot's manifest, so that it changes with the swap and not before or after.
"""

import io
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.errors import Refusal
from layoutgen.core.fingerprint import sum_of_ids
from layoutgen.core.manifest.column_values import aligned
from layoutgen.core.manifest.contracts import CONTRACTS
from layoutgen.core.manifest.plan import shard_of
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables import letters, own_columns, published_runs
from layoutgen.io.tables.lease import Lease
from layoutgen.io.tables.ledger import Base, ShardReport
from layoutgen.io.tables.snapshot import Snapshots

GROUPS = 64  # local folders that rows are sorted into, each of which fits into memory


def reshard(storage: Storage, root: str, count: int, *, lease_seconds: float = 60.0) -> dict[str, Any]:
    """Publish the newest snapshot in `count` shards; return the summary. Raises ValueError where the table has no
    snapshot or `count` is none, LeaseError where another run holds the table, StorageError where storage fails or holds
    other rows than the manifest says; then nothing is published."""
    if count < 1:
        raise Refusal(f"shards is {count}; a table has at least 1")
    with Lease(storage, root, lease_seconds, storage.conditional(root)) as lease:
        previous = lease.current.run_id
        if previous is None:
            raise Refusal(f"{root} has no snapshot yet; its first run chooses the shards by run.rows_per_shard")
        now = datetime.now(UTC)
        run_id = f"{now:%Y%m%dT%H%M%SZ}-reshard-{count}"
        lease.name(run_id)
        before = published_runs.manifest(storage, root, previous)
        kind = json.loads(storage.read(storage.join(root, "_table.json")))["kind"]
        base = Base(published_runs.source(storage, root, previous, None))
        snapshots = Snapshots(
            storage, root, run_id, now, CONTRACTS[kind].published, base=base, shards=count, upsert=True
        )
        snapshots = replace(snapshots, own=own_columns.published(storage, root, previous, snapshots.schema))
        with tempfile.TemporaryDirectory(prefix="layoutgen-reshard-") as folder:
            rows = _sort_out(snapshots, before, count, Path(folder))
            reports = [report for file in sorted(Path(folder).iterdir()) for report in _write(snapshots, file, count)]
        found = sum(report.unchanged for report in reports)
        if not rows == found == sum(file["rows"] for file in before["files"]):
            raise StorageError(f"{root} has {rows} rows in run {previous}, {found} of them were written again")
        summary = published_runs.of_carried(run_id, rows, count, resharded_from=previous)
        reports += snapshots.keep_letters(letters.joined([]), 0)
        lease.confirm()
        snapshots.finish(reports, summary, before["settings"])
        published_runs.swap(storage, root, lease, run_id)
    return summary


def _sort_out(snapshots: Snapshots, before: dict[str, Any], count: int, folder: Path) -> int:
    """Put the rows of every file of a snapshot into local folders, one a group of new shards; return their number."""
    rows = 0
    for file in before["files"]:
        storage = snapshots.storage
        data = storage.read(storage.join(snapshots.root, f"snapshots/{before['run_id']}/{file['name']}"))
        table = aligned(pq.ParquetFile(io.BytesIO(data)).read(), snapshots.schema, snapshots.own)
        rows += len(table)
        for group, part in _parted(table, lambda shard: shard * GROUPS // count, count):
            target = folder / f"{group:03d}"
            target.mkdir(exist_ok=True)
            pq.write_table(part, target / file["name"])
    return rows


def _write(snapshots: Snapshots, folder: Path, count: int) -> Iterator[ShardReport]:
    """Write a group's shards; each must hold the keys that were put into it."""
    tables = [pq.ParquetFile(file).read() for file in sorted(folder.iterdir())]
    table = pa.concat_tables(tables)
    for shard, part in _parted(table, lambda shard: shard, count):
        report = snapshots.write_carried(part, shard)
        if report.ids != sum_of_ids(part.column("row_id").to_pylist()):
            raise StorageError(f"{snapshots.part(shard)} does not hold the rows that were written to it")
        yield report


def _parted(table: pa.Table, group_of: Callable[[int], int], count: int) -> Iterator[tuple[int, pa.Table]]:
    """The rows of each group of new shards."""
    members: dict[int, list[int]] = {}
    for position, product_id in enumerate(table.column("product_id").to_pylist()):
        members.setdefault(group_of(shard_of(product_id, count)), []).append(position)
    for group, positions in sorted(members.items()):
        yield group, table.take(pa.array(positions, pa.int64()))
