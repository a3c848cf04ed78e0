"""How a table's run stands, or stood: what `run.json` in its ledger says.

python -m jobs.status --output s3://bucket/layouts
"""

import argparse
import json
import sys

from jobs.output import end, say
from layoutgen.io.lease import read_current
from layoutgen.io.ledger import Ledger
from layoutgen.io.storage import Storage, StorageError


def main(argv: list[str] | None = None) -> int:
    """Run the job from its command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m jobs.status", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", required=True, help="root of the tables: a folder or an s3:// prefix")
    parser.add_argument("--run-id", help="which run (default: the one that holds or held the table last)")
    parser.add_argument("--endpoint-url", default="", help="S3 endpoint")
    arguments = parser.parse_args(argv)
    storage, root = Storage(arguments.endpoint_url), arguments.output.rstrip("/")
    try:
        found = storage.read_version(f"{root}/_lease.json")
        lease = json.loads(found[0]) if found else {}
        run_id = arguments.run_id or lease.get("run_id")
        state = Ledger(storage, root, run_id).read_state() if run_id else None
        if state is None:
            say(f"{parser.prog}: {root} has no run {run_id or 'yet'}", sys.stderr)
            return 2
        current = read_current(storage, root)
    except StorageError as error:
        say(f"{parser.prog}: {error}", sys.stderr)
        return 2
    say(json.dumps({**state, "holder": lease.get("holder") or None, "current": current.run_id}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    end(main)
