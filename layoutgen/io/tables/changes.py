"""A snapshot's change feed: which rows are inserted, updated and deleted against the snapshot before.

    OUTPUT/snapshots/<run_id>/_changes/changes-00000.parquet …   a file a shard, none where nothing changed

`CHANGES` has the columns. A row is unchanged where every value of it is, so that the snapshot before with the
feed applied is the snapshot. A run's feed is against the snapshot that its manifest calls `previous`.
"""

import io
import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from math import gcd
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.manifest.column_values import same_rows
from layoutgen.core.row_types import FINGERPRINT
from layoutgen.io.storage import Storage
from layoutgen.io.tables import run_files
from layoutgen.io.tables.ledger import ShardReport
from layoutgen.io.tables.previous import Before
from layoutgen.io.tables.published_runs import CHANGES_FOLDER, SnapshotError, current

CHANGES = pa.schema(
    pa.field(name, kind, metadata={"doc": doc})
    for name, kind, doc in (
        ("row_id", pa.string(), "key of the row that changed"),
        ("product_id", pa.string(), "as in the row"),
        ("op", pa.string(), "`insert`, `update`, `delete`, or `erase`: every copy of the row is to go"),
        (
            "stages",
            pa.list_(pa.string()),
            "stages whose keys differ; none of a deletion, or where other values do",
        ),
        ("before", FINGERPRINT, "fingerprint of the row in the snapshot before; null of an insertion"),
        ("after", FINGERPRINT, "fingerprint of the row in this snapshot; null of a deletion"),
        ("before_run_id", pa.string(), "run that computed the row as it was; null of an insertion"),
        ("after_run_id", pa.string(), "run that computed the row as it is; null of a deletion"),
    )
)
OPS = ("insert", "update", "delete")
ERASE = "erase"
"""What `runs.erasing` says of rows that are in no snapshot any more; those before need not have had them."""
_READ = ["row_id", "product_id", "fingerprint", "run_id"]
_STAGES = ("source", "annotate", "cut_out", "compose", "paint", "place", "render")


def between(before: pa.Table, after: pa.Table, losing: Collection[str] = ()) -> tuple[pa.Table, int]:
    """The feed from a shard's published rows to those that take their place, sorted by key, and how many rows are the
    same; both tables have the same columns. Rows of the keys `losing` differ in columns that are no more."""
    if not losing and before.equals(after):
        return CHANGES.empty_table(), len(after)
    old, new = (
        {row["row_id"]: (i, row) for i, row in enumerate(table.select(_READ).to_pylist())} for table in (before, after)
    )
    both = sorted(old.keys() & new.keys())
    pair = [
        table.take(pa.array([side[row_id][0] for row_id in both], pa.int64()))
        for table, side in ((before, old), (after, new))
    ]
    same = {row_id for row_id, is_same in zip(both, same_rows(*pair), strict=True) if is_same} - {*losing}
    touched = sorted((old.keys() | new.keys()) - same)
    entries = [
        _entry(*(side[row_id][1] if row_id in side else None for side in (old, new))) | {"row_id": row_id}
        for row_id in touched
    ]
    return pa.Table.from_pylist(entries, CHANGES), len(same)


def _entry(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, Any]:
    """A row of the feed but for its key; one of the two sides is there."""
    was, now = (side or {} for side in (before, after))
    op = "delete" if after is None else "update" if before is not None else "insert"
    return {
        "product_id": (now or was)["product_id"],
        "op": op,
        "stages": [] if op == "delete" else _stages(was.get("fingerprint"), now.get("fingerprint")),
        "before": was.get("fingerprint"),
        "after": now.get("fingerprint"),
        "before_run_id": was.get("run_id"),
        "after_run_id": now.get("run_id"),
    }


def _stages(was: Mapping[str, str | None] | None, now: Mapping[str, str | None] | None) -> list[str]:
    """The stages whose keys differ, in their order."""
    was, now = was or {}, now or {}
    return [name for name in _STAGES if (was.get(name) or "") != (now.get(name) or "")]


def write(
    storage: Storage, folder: str, shard: int, before: Before, after: pa.Table, compression: str
) -> dict[str, Any]:
    """Write a shard's feed below the snapshot's folder, if anything changed; return what was read back, by the fields
    of `ledger.ShardReport`."""
    feed, same = between(before.published, after, before.losing)
    if not len(feed):
        return {"changes": None, "same": same}
    uri = storage.join(folder, f"{CHANGES_FOLDER}/changes-{shard:05d}.parquet")
    written, rows = run_files.write(storage, uri, run_files.parquet(feed, compression), ["op"])
    ops = rows.column("op").to_pylist()
    return {"changes": written, "same": same, "ops": {op: ops.count(op) for op in OPS if op in ops}}


def adds_up(report: ShardReport) -> bool:
    """Tell whether a shard's inserted, updated and same rows are what is published, and its deleted ones what was there
    and is not."""
    insert, update, delete = (report.ops.get(op, 0) for op in OPS)
    published = report.published.rows if report.published else 0
    return insert + update + report.same == published and update + report.same + delete == report.before


def counted(reports: Iterable[ShardReport]) -> dict[str, int]:
    """A table's rows against the snapshot before, by what its feed says of them."""
    counts = dict.fromkeys((*OPS, "unchanged"), 0)
    for report in reports:
        for op, count in {**report.ops, "unchanged": report.same}.items():
            counts[op] += count
    return counts


def fold(older: pa.Table, newer: pa.Table) -> pa.Table:
    """Two feeds, of which the second follows the first, as the feed from before both to after both. A row that came
    back after it was erased is an insertion."""
    first, second = ({row["row_id"]: row for row in feed.to_pylist()} for feed in (older, newer))
    entries = []
    for row_id in sorted(first.keys() | second.keys()):
        if row_id in first and row_id in second and second[row_id]["op"] != ERASE:
            before = _of(first[row_id], "before") if first[row_id]["op"] not in ("insert", ERASE) else None
            after = _of(second[row_id], "after") if second[row_id]["op"] != "delete" else None
            if before is not None or after is not None:
                entries.append(_entry(before, after) | {"row_id": row_id})
        else:
            entries.append(second.get(row_id) or first[row_id])
    return pa.Table.from_pylist(entries, CHANGES)


def _of(entry: Mapping[str, Any], side: str) -> dict[str, Any]:
    return {
        "product_id": entry["product_id"],
        "fingerprint": entry[side],
        "run_id": entry[f"{side}_run_id"],
    }


def since(storage: Storage, root: str, run_id: str, until: str | None = None) -> Iterator[pa.Table]:
    """Yield the feed from the snapshot `run_id` to the snapshot `until` (default: the newest), all nights between them
    folded, in tables that have no product in common. Raises SnapshotError where the feed does not reach back so far."""
    runs = _runs_after(storage, root, run_id, until or current(storage, root))
    groups = gcd(*(manifest["shard_count"] for manifest in runs))
    for group in range(groups):
        feed = CHANGES.empty_table()
        for manifest in runs:
            folder = storage.join(root, f"snapshots/{manifest['run_id']}/{CHANGES_FOLDER}")
            names = [file["name"] for file in manifest["changes"] if _number(file["name"]) % groups == group]
            parts = [pq.read_table(io.BytesIO(storage.read(f"{folder}/{name}"))) for name in names]
            if parts:
                feed = fold(feed, pa.concat_tables([part.cast(CHANGES) for part in parts]))
        if len(feed):
            yield feed


def _runs_after(storage: Storage, root: str, run_id: str, until: str) -> list[dict[str, Any]]:
    """The manifests of the published runs after `run_id`, to `until`, oldest first."""
    runs: list[dict[str, Any]] = []
    at: str | None = until
    while at != run_id:
        if at is None:
            raise SnapshotError(
                f"{root}: run {run_id} is not among the published runs that led to {until}; give one that was published"
            )
        stored = storage.read_version(storage.join(root, f"snapshots/{at}/_manifest.json"))
        manifest = json.loads(stored[0]) if stored else {}
        if "changes" not in manifest:
            why = "is of a release that wrote no change feed" if stored else "is gone: retention removed it"
            raise SnapshotError(
                f"{root}: the changes since run {run_id} can't be told, as run {at} after it {why}; read the whole "
                "table once (`tables.read`), and go on from its run"
            )
        runs.append(manifest)
        at = manifest["previous"]
    return runs[::-1]


def _number(name: str) -> int:
    return int(name.removeprefix("changes-").partition(".")[0])
