"""How a table's run stands, or stood: its `run.json`, whether its driver lives, and what its manifest says of it."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from layoutgen.core.errors import Refusal
from layoutgen.io.storage import Storage
from layoutgen.io.tables.lease import read_current
from layoutgen.io.tables.ledger import Ledger

MOST_BEFORE = 14  # nights that a page has besides


@dataclass(frozen=True)
class Standing:
    """A run of the table at `root`: `state` is its `run.json` with `driver`, `holder` and `current`; `manifest` what it
    wrote at its end, {} where it has not ended; `refusals` why it is not published; `before` the manifests of the
    snapshots that led to it, newest first, as far as they are there; `samples`
    what its pools did over its time (`runs.samples`)."""

    root: str
    state: Mapping[str, Any]
    manifest: Mapping[str, Any]
    refusals: tuple[str, ...]
    before: tuple[Mapping[str, Any], ...]
    samples: Mapping[str, Any] | None = None


def state_of(storage: Storage, root: str, run_id: str | None = None) -> dict[str, Any]:
    """How a run stands, by default the one that holds or held the table last, with `driver`, `holder` and `current`.
    Raises Refusal where there is no such run, StorageError."""
    stored = storage.read_version(f"{root}/_lease.json")
    lease = json.loads(stored[0]) if stored else {}
    run_id = run_id or lease.get("run_id")
    state = Ledger(storage, root, run_id).read_state() if run_id else None
    if state is None:
        raise Refusal(f"{root} has no run {run_id or 'yet'}; give what a job had as --output")
    current = read_current(storage, root).run_id
    if current == run_id:
        state["state"] = "published"  # also where the driver died before it could say so
    driver = driver_of(state, lease, time.time())
    return {**state, "driver": driver, "holder": lease.get("holder") or None, "current": current}


def standing(storage: Storage, root: str, run_id: str | None = None) -> Standing:
    """All that is known of a run. Raises as `state_of`."""
    state = state_of(storage, root, run_id)
    manifest = _manifest(storage, root, state["run_id"])
    before: list[Mapping[str, Any]] = []
    at = manifest.get("previous") or (state["current"] if not manifest else None)
    while at and len(before) < MOST_BEFORE and (older := _manifest(storage, root, at)):
        before.append(older)
        at = older.get("previous")
    refused = storage.read_version(f"{root}/snapshots/{state['run_id']}/_REFUSED")
    refusals = tuple(refused[0].decode().splitlines()) if refused else ()
    samples = Ledger(storage, root, state["run_id"]).read_samples()
    return Standing(root, state, manifest, refusals, tuple(before), samples)


def driver_of(state: Mapping[str, Any], lease: Mapping[str, Any], now: float) -> str:
    """How the driver of a run is, by its `run.json`, the table's lease, and the time `now`."""
    if state["state"] != "running":
        return "ended"
    signs = [datetime.fromisoformat(state["updated_at"]).timestamp()]
    if lease.get("holder") and lease["run_id"] == state["run_id"]:
        signs.append(lease["until"] - lease["seconds"])  # when it was renewed, which it is in a third of its seconds
    quiet_s = now - max(signs)
    return "alive" if quiet_s < lease.get("seconds", 60) / 2 else f"stale for {quiet_s:.0f} s"


def _manifest(storage: Storage, root: str, run_id: str) -> dict[str, Any]:
    stored = storage.read_version(f"{root}/snapshots/{run_id}/_manifest.json")
    return dict(json.loads(stored[0])) if stored else {}
