"""A run that was refused, published knowingly: who does it says why, and the manifest keeps the words."""

import json
from datetime import UTC, datetime
from typing import Any

from layoutgen.core.errors import Refusal
from layoutgen.io.crash import crash_point
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs, run_files
from layoutgen.io.tables.lease import Lease
from layoutgen.io.tables.ledger import Ledger, Written, table_kind
from layoutgen.io.tables.published_runs import CHANGES_FOLDER


def publish(storage: Storage, root: str, run_id: str, because: str, *, lease_seconds: float = 60.0) -> dict[str, Any]:
    """Publish a refused run over the snapshot that it was made from; return what was refused and why it is published.
    Run again after it was cut off, it goes on. Raises Refusal where there is no such run, it was not refused, its files
    are not those that were written, or another run was published since; LeaseError where a run holds the table."""
    if not because.strip():
        raise Refusal("--because is empty; say why the run is published all the same")
    root = root.rstrip("/")
    table_kind(storage, root)
    folder = storage.join(root, f"snapshots/{run_id}")
    with Lease(storage, root, lease_seconds, storage.conditional(root)) as lease:
        is_there = storage.exists(f"{folder}/_manifest.json")
        manifest = published_runs.manifest(storage, root, run_id) if is_there else {}
        knowingly = manifest.get("published_knowingly")
        if lease.current.run_id != run_id or knowingly is None:
            knowingly = _amend(lease, storage, root, manifest | {"run_id": run_id}, because)
            lease.publish(run_id)
            crash_point("after_swap")
        ledger = Ledger(storage, root, run_id)
        state = ledger.read_state() or {"run_id": run_id}
        ledger.write_state({**state, "state": "published"})
        crash_point("state_written")
        published_runs.mark_published(storage, root, run_id)
    return {"published": run_id, **knowingly}


def _amend(lease: Lease, storage: Storage, root: str, manifest: dict[str, Any], because: str) -> dict[str, Any]:
    """Write into a refused run's manifest why it is published all the same; return the words."""
    run_id = manifest["run_id"]
    folder = storage.join(root, f"snapshots/{run_id}")
    stored = storage.read_version(f"{folder}/_REFUSED")
    if stored is None or "files" not in manifest:
        raise Refusal(f"{root} has no refused run {run_id}; a refused one has snapshots/RUN_ID/_REFUSED")
    if manifest["previous"] != lease.current.run_id:
        raise Refusal(
            f"run {run_id} was made from run {manifest['previous']}, and {lease.current.run_id} is published by "
            "now, whose rows would be lost; run the job again, which takes over what it made"
        )
    _check_files(storage, root, manifest)
    refusals = stored[0].decode().splitlines()
    knowingly = {"because": because, "at": datetime.now(UTC).isoformat(), "refusals": refusals}
    text = json.dumps({**manifest, "published_knowingly": knowingly}, ensure_ascii=False, indent=1)
    lease.name(run_id)
    crash_point("before_amending")
    storage.write(f"{folder}/_manifest.json", text.encode())
    crash_point("before_swap")
    return knowingly


def _check_files(storage: Storage, root: str, manifest: dict[str, Any]) -> None:
    """All files of a run hold what its manifest says."""
    folder = storage.join(root, f"snapshots/{manifest['run_id']}")
    for place, kind in ((folder, "files"), (f"{folder}/{CHANGES_FOLDER}", "changes")):
        for file in manifest.get(kind, ()):
            if not run_files.holds(storage, f"{place}/{file['name']}", Written(**file)):
                raise Refusal(f"{place}/{file['name']} does not hold what the run wrote; run the job again")
