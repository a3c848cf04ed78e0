"""What the table jobs' command lines share: arguments, and which failure is which exit code.

0: every input row is accounted for and the run is published. 1: the run began its work and is not published: too many
rows failed, or the machine did; the message or `_REFUSED` says which. 2: nothing was done: settings, manifest, storage
or cluster can't be used, or another run holds the table. 4: the run is published, but its time (`--until`) did not
suffice for all rows.
"""

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from jobs.output import command_line, reported, say, settings
from layoutgen.cluster import own_output
from layoutgen.core.errors import Partial
from layoutgen.runs import shadows
from layoutgen.runs.job import RunOptions

Config = TypeVar("Config")


def main(
    name: str, doc: str, kind: type[Any], run: Callable[..., dict[str, Any]], argv: list[str] | None = None
) -> int:
    """Run a table job from its command line; returns the exit code. Standard output gets the summary, nothing else."""
    parser = command_line(name, doc)
    parser.add_argument(
        "--input", required=True, help="manifest (.parquet, .jsonl, .csv), or a folder or prefix of images"
    )
    parser.add_argument("--output", required=True, help="root of the tables: a folder or an s3:// prefix")
    default = Path(__file__).with_name(f"{name}.toml")
    parser.add_argument(
        "--config", default=default, help=f"settings, a TOML file, or s3://… (default: {default.name} beside the job)"
    )
    parser.add_argument(
        "--limit", type=int, metavar="N", help="only the manifest's first N rows; others of the table stay"
    )
    parser.add_argument(
        "--only", metavar="FILTER", help='only rows such as \'category = "Dress" and canvas = "1:1"\'; others stay'
    )
    parser.add_argument(
        "--until", metavar="TIME", help="begin no work after 06:00, '06:00 Asia/Shanghai' or 2026-12-01T06:00Z; publish"
    )
    parser.add_argument(
        "--since-changes",
        metavar="RUN_ID",
        help="only rows of which the manifest says other things than in that run, or last",
    )
    parser.add_argument(
        "--backfill", metavar="STAGE", help="make rows with the same input anew from this stage on, such as place"
    )
    parser.add_argument(
        "--shadow", metavar="NAME", help="publish beside the table, in OUTPUT/shadows/NAME, which its readers don't see"
    )
    parser.add_argument("--run-id", help="name of this run (default: the time and six random characters)")
    parser.add_argument(
        "--replay", metavar="RUN_ID", help="run only the rows that failed in that run, and keep all others"
    )
    parser.add_argument(
        "--allow-deletions", action="store_true", help="publish whatever share of the table the manifest lacks"
    )
    parser.add_argument(
        "--preflight-only",
        action="store_true",
        help="see whether a run could start, say how, and stop",
    )
    arguments = parser.parse_args(argv)
    options = RunOptions(**{field.name: getattr(arguments, field.name) for field in fields(RunOptions)})
    with reported(parser.prog, ValueError) as outcome:
        config = settings(kind, arguments.config)
        output = arguments.output
        if arguments.shadow is not None:
            output = shadows.root_of(output, arguments.shadow)
            config = config.model_copy(update={"publish": config.publish.model_copy(update={"iceberg": None})})
        with own_output():
            summary = run(config, arguments.input, output, options)
        say(json.dumps(summary, ensure_ascii=False))
        outcome.code = 0 if "preflight" in summary or summary["current"] else 1
        left = summary.get("postponed", {})
        if summary.get("current") and any(left.values()):
            raise Partial(
                f"published, but time was up at {arguments.until}: {left['carried_over']} rows are as they were before "
                f"and {left['absent']} are not there yet; the next run begins with them"
            )
    return outcome.code
