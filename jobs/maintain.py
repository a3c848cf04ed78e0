"""Retention: remove old runs of a table, but nothing that CURRENT, its readers or an unfinished run may need. Or, with
--shards, publish the newest snapshot again in another number of files; with --publish, a run that was refused. Then
catalogues that a night did not reach are told (`[publish]` of the settings).

Exit codes: 0 done; 1 it ended half-way, and the same command goes on; 2 nothing was done, and the message says why.

python -m jobs.maintain --output s3://bucket/layouts --keep 7 --dry-run
python -m jobs.maintain --output s3://bucket/layouts --shards 20000
python -m jobs.maintain --output s3://bucket/layouts --publish RUN_ID --because "the sale's fonts"
"""

import json
import sys
from dataclasses import asdict

from jobs.output import command_line, end, reported, say
from layoutgen.io.storage import Storage
from layoutgen.io.tables.ledger import table_kind
from layoutgen.runs.catalogues import register_again
from layoutgen.runs.maintenance import clean_up
from layoutgen.runs.publishing import publish
from layoutgen.runs.resharding import reshard


def main(argv: list[str] | None = None) -> int:
    """Run the job from its command line; returns the exit code."""
    parser = command_line("maintain", __doc__)
    parser.add_argument("--output", required=True, help="root of the tables: a folder or an s3:// prefix")
    parser.add_argument("--keep", type=int, default=7, help="published runs to keep (default: 7)")
    parser.add_argument(
        "--grace-hours", type=float, default=24.0, help="hours that readers of a replaced run have yet (default: 24)"
    )
    parser.add_argument("--shards", type=int, help="rewrite the table into so many shards, and remove nothing")
    parser.add_argument("--publish", metavar="RUN_ID", help="publish a run that was refused, and remove nothing")
    parser.add_argument("--because", default="", metavar="TEXT", help="why it is published all the same")
    parser.add_argument("--dry-run", action="store_true", help="say what would go, and remove nothing")
    parser.add_argument("--endpoint-url", default="", help="S3 endpoint")
    arguments = parser.parse_args(argv)
    storage = Storage(arguments.endpoint_url)
    with reported(parser.prog, ValueError) as outcome:
        if arguments.publish is not None:
            done = publish(storage, arguments.output, arguments.publish, arguments.because)
        elif arguments.shards is not None:
            table_kind(storage, arguments.output)
            done = reshard(storage, arguments.output, arguments.shards)
        else:
            cleaned = clean_up(
                storage,
                arguments.output,
                keep=arguments.keep,
                dry_run=arguments.dry_run,
                grace_hours=arguments.grace_hours,
            )
            done = {**asdict(cleaned), "dry_run": arguments.dry_run}
            if arguments.dry_run:
                done["would_remove"] = done.pop("removed")
            would = "would remove" if arguments.dry_run else "removed"
            runs = f"{len(cleaned.removed)} runs, {cleaned.files} files, {cleaned.bytes} bytes"
            say(f"{would} {runs}; {cleaned.pictures} pictures, {cleaned.picture_bytes} bytes", sys.stderr)
        say(json.dumps(done))
        if not arguments.dry_run and (registered := register_again(storage, arguments.output.rstrip("/"))):
            say(json.dumps({"catalogues": registered}), sys.stderr)
    return outcome.code


if __name__ == "__main__":
    end(main)
