"""A published table with designers' edits and instructions in it, at once: a snapshot of the same table.

python -m jobs.refine --layouts s3://bucket/layouts --feedback feedback.jsonl
python -m jobs.refine --layouts OUTPUT --feedback feedback.jsonl --like series

An edit is kept exactly on its layout and carried in spirit to the product's other canvases; an instruction is followed
on all of them. What could not be done stands in the rows' `notes`; decisions that are not followed are told, with the
reason.

Exit codes: 0 done; 1 it was begun, and the same command goes on; 2 nothing was done.
"""

import json
from pathlib import Path

from jobs.output import command_line, end, reported, say, settings
from layoutgen.cluster import own_output
from layoutgen.config.jobs import RefineConfig
from layoutgen.core.errors import Refusal
from layoutgen.evaluation.refining import refine_table
from layoutgen.streaming import Stream, stream


def main(argv: list[str] | None = None, stream: Stream = stream) -> int:
    """Run the job from its command line; returns the exit code. The last line on standard output is the summary."""
    parser = command_line("refine", __doc__)
    parser.add_argument("--layouts", required=True, help="a job's output: the table, which gets a new snapshot")
    parser.add_argument("--feedback", required=True, help="designers' decisions, .jsonl: edits and instructions")
    parser.add_argument("--output", help="the same as --layouts: a table is refined where it is")
    parser.add_argument(
        "--like",
        choices=("product", "series", "category"),
        default="product",
        help="how far changes are carried: to the product's other canvases, its series or its category",
    )
    parser.add_argument("--font", action="append", default=[], help="font file that the layouts name; may be repeated")
    default = Path(__file__).with_name("refine.toml")
    parser.add_argument(
        "--config", default=default, help="settings, a TOML file, or s3://… (default: refine.toml here)"
    )
    arguments = parser.parse_args(argv)
    with reported(parser.prog, ValueError) as outcome:
        if arguments.output and arguments.output.rstrip("/") != arguments.layouts.rstrip("/"):
            raise Refusal(
                f"--output {arguments.output} is not --layouts {arguments.layouts}: a table is refined where it is; "
                "leave --output out"
            )
        config = settings(RefineConfig, arguments.config)
        with own_output():
            summary = refine_table(
                config,
                arguments.layouts.rstrip("/"),
                arguments.feedback,
                like=arguments.like,
                font_files=tuple(arguments.font),
                stream=stream,
            )
        say(json.dumps(summary, ensure_ascii=False))
        outcome.code = 0 if summary["current"] else 1
    return outcome.code


if __name__ == "__main__":
    end(main)
