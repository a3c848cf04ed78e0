"""The rows of a run that failed, as a manifest: what `--replay RUN_ID` runs again."""

import json

import pyarrow as pa
import pyarrow.compute as pc

from layoutgen.core.contracts import CONTRACTS, Need
from layoutgen.io import manifest, snapshot
from layoutgen.io.storage import Storage


def dead_rows(storage: Storage, root: str, run_id: str, need: Need) -> pa.Table:
    """The input rows of a run's dead letters, each product once, on the canvases on which it failed. A second row of a
    product is none: alone it would take the place of the first. Raises SnapshotError where there are none."""
    dead = snapshot.read(storage, root, run_id, "dead_letters")
    dead = dead.filter(pc.not_equal(dead.column("kind"), "duplicate_id"))
    if not len(dead):
        raise snapshot.SnapshotError(f"run {run_id} of {root} has no dead letters to replay")
    canvases: dict[str, list[str]] = {}
    for line, canvas in zip(dead.column("input_row").to_pylist(), dead.column("canvas").to_pylist(), strict=True):
        canvases.setdefault(line, []).extend([canvas] if canvas else [])
    sizes = CONTRACTS[need].sizes
    return manifest.from_lines([_on(line, sizes, names) for line, names in canvases.items()], need)


def _on(line: str, sizes: str | None, canvases: list[str]) -> str:
    try:
        row = json.loads(line)
    except ValueError:
        return line
    if not isinstance(row, dict) or not canvases or sizes is None:
        return line
    return json.dumps({**row, sizes: sorted(canvases)}, ensure_ascii=False)
