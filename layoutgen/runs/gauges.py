"""How a run stands, as gauges for Prometheus."""

import time
from functools import cached_property
from typing import Any

from layoutgen.cluster import is_joined

STATES = ("running", "published", "refused", "stopped")
GAUGES = {
    "rows": "rows by outcome: planned, computed, unchanged, stale, postponed, failed (those of planning too)",
    "shards": "shards: planned, done",
    "images": "images that were looked at",
    "eta_seconds": "seconds to go, as far as finished shards tell; 0 at the end, -1 where none is finished yet",
    "run_state": "1 for the state that the run is in, 0 for the others",
    "run_updated_timestamp_seconds": "when the driver last said so, Unix time: an old one while running: a dead driver",
}


class Metrics:
    """How a run stands, for Prometheus by way of Ray: gauges `layoutgen_…` with the labels table and run. Where no
    cluster is joined nobody asks."""

    def __init__(self, table: str, run: str) -> None:
        self._tags = {"table": table, "run": run}

    @cached_property
    def _gauges(self) -> dict[str, Any]:
        from ray.util.metrics import Gauge

        more = {"rows": ("outcome",), "shards": ("outcome",), "run_state": ("state",)}
        gauges = {
            name: Gauge(f"layoutgen_{name}", text, tag_keys=("table", "run", *more.get(name, ())))
            for name, text in GAUGES.items()
        }
        for gauge in gauges.values():
            gauge.set_default_tags(self._tags)
        return gauges

    def set(self, now: dict[str, Any]) -> None:
        """Take over what `run.json` says."""
        if not is_joined():
            return
        for outcome in ("computed", "unchanged", "stale", "postponed", "failed"):
            self._gauges["rows"].set(now[outcome], tags={"outcome": outcome})
        self._gauges["rows"].set(now["rows_in"], tags={"outcome": "planned"})
        self._gauges["shards"].set(now["shards"], tags={"outcome": "planned"})
        self._gauges["shards"].set(now["shards_done"], tags={"outcome": "done"})
        self._gauges["images"].set(now["images"])
        is_over = now["state"] != "running"
        self._gauges["eta_seconds"].set(0 if is_over else -1 if now["eta_s"] is None else now["eta_s"])
        for state in STATES:
            self._gauges["run_state"].set(int(state == now["state"]), tags={"state": state})
        self._gauges["run_updated_timestamp_seconds"].set(time.time())
