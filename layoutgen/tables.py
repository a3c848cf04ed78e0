"""Reading layout tables from Python: `read(root)` gives the newest snapshot, whole and unchanging.

    from layoutgen import tables
    layouts = tables.read("s3://shop/layouts")            # pyarrow.Table
    layouts = tables.read("s3://shop/layouts", run_id=…)  # an older one

    feed = tables.changes("s3://shop/layouts", since=…)   # which rows changed after that run

Other engines read the folder that `folder(root)` names. A reader that has begun keeps its snapshot: files never change,
and retention spares the newest ones.
"""

from collections.abc import Iterator

import pyarrow as pa

from layoutgen.io.storage import Storage
from layoutgen.io.tables import changes as feeds
from layoutgen.io.tables import published_runs


def read(root: str, *, run_id: str | None = None, dead_letters: bool = False, endpoint_url: str = "") -> pa.Table:
    """Read the published rows (or the dead letters) of the newest run, or of `run_id`. Raises SnapshotError where
    nothing has been published, StorageError where storage fails."""
    what = "dead_letters" if dead_letters else "snapshots"
    return published_runs.read(Storage(endpoint_url), root, run_id, what)


def changes(root: str, *, since: str, run_id: str | None = None, endpoint_url: str = "") -> pa.Table:
    """Which rows differ between the snapshot `since` and the newest one, or that of `run_id`: a row of
    `feeds.CHANGES` for each, all nights between the two folded. A row that came and went is not in it. Raises
    SnapshotError where `since` did not lead to that snapshot or retention has removed a night between them,
    StorageError where storage fails."""
    return pa.concat_tables(
        [feeds.CHANGES.empty_table(), *change_batches(root, since=since, run_id=run_id, endpoint_url=endpoint_url)]
    )


def change_batches(root: str, *, since: str, run_id: str | None = None, endpoint_url: str = "") -> Iterator[pa.Table]:
    """What `changes` returns, as many products at once as a file of the snapshots has: for tables whose feed should
    not be in memory as a whole."""
    return feeds.since(Storage(endpoint_url), root, since, run_id)


def folder(root: str, *, endpoint_url: str = "") -> str:
    """The folder of plain Parquet that is the newest snapshot. Raises SnapshotError where there is none."""
    return f"{root.rstrip('/')}/snapshots/{published_runs.current(Storage(endpoint_url), root)}"
