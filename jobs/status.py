"""How a table's run stands, or stood: what `run.json` in its ledger says, and whether its driver lives.

python -m jobs.status --output s3://bucket/layouts

`driver` is "alive", "ended", or "stale for 40 s": so long it gave no sign of life (a renewed lease, a new run.json). A
stale one is dead, or cut off from the store; the same command goes on when its lease has run out.
"""

import json
import time
from datetime import datetime
from typing import Any

from jobs.output import command_line, end, reported, say
from layoutgen.core.errors import Refusal
from layoutgen.io.storage import Storage
from layoutgen.io.tables.lease import read_current
from layoutgen.io.tables.ledger import Ledger


def main(argv: list[str] | None = None) -> int:
    """Run the job from its command line; returns the exit code."""
    parser = command_line("status", __doc__)
    parser.add_argument("--output", required=True, help="root of the tables: a folder or an s3:// prefix")
    parser.add_argument("--run-id", help="which run (default: the one that holds or held the table last)")
    parser.add_argument("--endpoint-url", default="", help="S3 endpoint")
    arguments = parser.parse_args(argv)
    storage, root = Storage(arguments.endpoint_url), arguments.output.rstrip("/")
    with reported(parser.prog) as outcome:
        found = storage.read_version(f"{root}/_lease.json")
        lease = json.loads(found[0]) if found else {}
        run_id = arguments.run_id or lease.get("run_id")
        state = Ledger(storage, root, run_id).read_state() if run_id else None
        if state is None:
            raise Refusal(f"{root} has no run {run_id or 'yet'}; give what a job had as --output")
        current = read_current(storage, root)
        if current.run_id == run_id:
            state["state"] = "published"  # also where the driver died before it could say so
        driver = driver_of(state, lease, time.time())
        say(
            json.dumps(
                {**state, "driver": driver, "holder": lease.get("holder") or None, "current": current.run_id},
                ensure_ascii=False,
            )
        )
    return outcome.code


def driver_of(state: dict[str, Any], lease: dict[str, Any], now: float) -> str:
    """How the driver of a run is, by its `run.json`, the table's lease, and the time `now`."""
    if state["state"] != "running":
        return "ended"
    signs = [datetime.fromisoformat(state["updated_at"]).timestamp()]
    if lease.get("holder") and lease["run_id"] == state["run_id"]:
        signs.append(lease["until"] - lease["seconds"])  # when it was renewed, which it is in a third of its seconds
    quiet_s = now - max(signs)
    return "alive" if quiet_s < lease.get("seconds", 60) / 2 else f"stale for {quiet_s:.0f} s"


if __name__ == "__main__":
    end(main)
