"""What a table has published: the run that `CURRENT` names, and any run's manifest and rows."""

import io
import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core import schema
from layoutgen.core.errors import Refusal
from layoutgen.core.manifest.column_values import concat
from layoutgen.io.crash import crash_point
from layoutgen.io.storage import Storage
from layoutgen.io.tables.lease import Lease, read_current
from layoutgen.io.tables.ledger import Source

CHANGES_FOLDER = "_changes"  # of a snapshot: see `changes`


class SnapshotError(Refusal):
    """A run can't be written or published; the message says why and what to do."""


def current(storage: Storage, root: str) -> str:
    """The run id that `CURRENT` names. Raises SnapshotError where nothing has been published."""
    run_id = read_current(storage, root).run_id
    if run_id is None:
        raise SnapshotError(f"{root} has no CURRENT: no run has published there yet")
    return run_id


def source(storage: Storage, root: str, run_id: str | None, older_count: int | None) -> Source | None:
    """The run of a published snapshot as something to build on; `older_count` is the number of shards of a table whose
    manifests do not say theirs."""
    if run_id is None:
        return None
    return Source(run_id, int(manifest(storage, root, run_id).get("shard_count") or older_count or 1))


def knows_shards(storage: Storage, root: str, run_id: str, older_count: int | None) -> bool:
    """Whether it can be told in which file of a published snapshot a product's rows lie: the first releases did not
    write it down."""
    content = manifest(storage, root, run_id)
    return bool(older_count or content.get("shard_count") or len(content["files"]) < 2)


def swap(storage: Storage, root: str, lease: Lease, run_id: str) -> None:
    """Make a run whose manifest is written the one that readers see."""
    crash_point("before_swap")
    lease.publish(run_id)
    crash_point("after_swap")
    mark_published(storage, root, run_id)


def of_carried(run_id: str, rows: int, shards: int | None, **more: Any) -> dict[str, Any]:
    """The summary of a run that computes nothing: rows of the run before it, in other files."""
    none = {"computed": 0, "dead_letters": 0}
    return {"run_id": run_id, "rows_in": rows, **none, "unchanged": rows, "published": rows, "shards": shards, **more}


def mark_published(storage: Storage, root: str, run_id: str | None) -> None:
    """Give the run that CURRENT names its `_SUCCESS`, unless it has it; None names none. Written after the swap, so
    that whoever waits for it finds the run published; where the driver died in between, the next writer does it."""
    folder = storage.join(root, f"snapshots/{run_id}")
    if not run_id or storage.exists(f"{folder}/_SUCCESS") or not storage.exists(f"{folder}/_manifest.json"):
        return
    storage.delete(f"{folder}/_REFUSED")
    crash_point("refusal_withdrawn")
    storage.write(f"{folder}/_SUCCESS", b"")


def manifest(storage: Storage, root: str, run_id: str) -> dict[str, Any]:
    """What `finish` wrote of a run. Raises StorageError where there is nothing."""
    found: dict[str, Any] = json.loads(storage.read(storage.join(root, f"snapshots/{run_id}/_manifest.json")))
    return found


def postponed_shards(storage: Storage, root: str, source: Source | None, shards: int) -> set[int]:
    """The shards, of `shards`, that a published run left in part for the next, as its time was up."""
    left = manifest(storage, root, source.run_id).get("postponed", ()) if source else ()
    return {shard for number in left for shard in range(number, shards, source.shards)} if source else set()


def row_files(storage: Storage, folder: str) -> list[str]:
    """The Parquet files of rows below a folder, sorted: a snapshot's without those of its change feed."""
    files = [uri for uri in storage.list(folder) if uri.endswith(".parquet")]
    return [uri for uri in files if not uri.rpartition("/")[0].endswith(f"/{CHANGES_FOLDER}")]


def read(storage: Storage, root: str, run_id: str | None = None, what: str = "snapshots") -> pa.Table:
    """Read a run's rows, by default the published ones of the newest run; `what` may be dead_letters."""
    folder = storage.join(root, f"{what}/{run_id or current(storage, root)}")
    parts = row_files(storage, folder)
    tables = [pq.ParquetFile(io.BytesIO(storage.read(uri))).read() for uri in parts]
    return concat(tables) if tables else schema.DEAD_LETTERS.empty_table()
