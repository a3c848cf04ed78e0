"""Reading layout tables from Python: `read(root)` gives the newest snapshot, whole and unchanging.

    from layoutgen import tables
    layouts = tables.read("s3://shop/layouts")            # pyarrow.Table
    layouts = tables.read("s3://shop/layouts", run_id=…)  # an older one

Other engines read the folder that `folder(root)` names. A reader that has begun keeps its snapshot: files never change,
and retention spares the newest ones.
"""

import pyarrow as pa

from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs


def read(root: str, *, run_id: str | None = None, dead_letters: bool = False, endpoint_url: str = "") -> pa.Table:
    """Read the published rows (or the dead letters) of the newest run, or of `run_id`. Raises SnapshotError where
    nothing has been published, StorageError where storage fails."""
    what = "dead_letters" if dead_letters else "snapshots"
    return published_runs.read(Storage(endpoint_url), root, run_id, what)


def folder(root: str, *, endpoint_url: str = "") -> str:
    """The folder of plain Parquet that is the newest snapshot. Raises SnapshotError where there is none."""
    return f"{root.rstrip('/')}/snapshots/{published_runs.current(Storage(endpoint_url), root)}"
