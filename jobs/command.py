"""What the table jobs' command lines share: arguments, and which failure is which exit code.

0: every input row is accounted for and the run is published. 1: the run began its work and is not published: too many
rows failed, or the machine did; the message or `_REFUSED` says which. 2: nothing was done: settings, manifest, storage
or cluster can't be used, or another run holds the table.
"""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

from jobs.output import command_line, reported, say, settings
from layoutgen.cluster import own_output
from layoutgen.pipelines import summary_line
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
        with own_output():
            summary = run(config, arguments.input, arguments.output, options)
        say(summary_line(summary))
        outcome.code = 0 if "preflight" in summary or summary["current"] else 1
    return outcome.code
