"""How a table's run stands, or stood: what `run.json` in its ledger says, and whether its driver lives.

python -m jobs.status --output s3://bucket/layouts
python -m jobs.status --output s3://bucket/layouts --html run.html

`driver` is "alive", "ended", or "stale for 40 s": so long it gave no sign of life (a renewed lease, a new run.json). A
stale one is dead, or cut off from the store; the same command goes on when its lease has run out.
"""

import json

from jobs.output import command_line, end, reported, say
from layoutgen.io.storage import Storage
from layoutgen.pages import runs
from layoutgen.runs.standing import standing, state_of


def main(argv: list[str] | None = None) -> int:
    """Run the job from its command line; returns the exit code."""
    parser = command_line("status", __doc__)
    parser.add_argument("--output", required=True, help="root of the tables: a folder or an s3:// prefix")
    parser.add_argument("--run-id", help="which run (default: the one that holds or held the table last)")
    parser.add_argument("--html", metavar="PAGE", help="write a page of it, too: a file or an s3:// object")
    parser.add_argument("--endpoint-url", default="", help="S3 endpoint")
    arguments = parser.parse_args(argv)
    storage, root = Storage(arguments.endpoint_url), arguments.output.rstrip("/")
    with reported(parser.prog) as outcome:
        if arguments.html:
            found = standing(storage, root, arguments.run_id)
            text = runs.page(found.root, found.state, found.manifest, found.refusals, found.before, found.samples)
            storage.write(arguments.html, text.encode())
            state = found.state
        else:
            state = state_of(storage, root, arguments.run_id)
        say(json.dumps(state, ensure_ascii=False))
    return outcome.code


if __name__ == "__main__":
    end(main)
