"""What designers decided, and what was annotated, as a data set that `jobs.retrain --data` takes.

python -m jobs.examples --layouts s3://bucket/layouts --feedback feedback.jsonl --output s3://bucket/sets
python -m jobs.examples --layouts s3://bucket/layouts --preferences preferences.jsonl --output s3://bucket/sets
python -m jobs.examples --annotations s3://bucket/annotations --output s3://bucket/sets

Exit codes: 0 the data set is there, and `data` in the summary names it; 1 examples went missing; 2 nothing was made,
and the message says why. What is not learnt from is counted in `dropped`, by reason.
"""

import json
from pathlib import Path

from jobs.output import command_line, end, reported, say, settings
from layoutgen.cluster import own_output
from layoutgen.config.training import ExamplesConfig
from layoutgen.training.gathering import gather


def main(argv: list[str] | None = None) -> int:
    """Run the job from its command line; returns the exit code. The last line on standard output is the summary."""
    parser = command_line("examples", __doc__)
    parser.add_argument("--layouts", help="a job's output, a snapshot's folder, or a .parquet file")
    parser.add_argument("--run-id", help="which run of --layouts (default: the one that CURRENT names)")
    parser.add_argument("--feedback", help="designers' decisions on these layouts, .jsonl or .parquet")
    parser.add_argument("--preferences", help="designers' choices between two of these layouts, .jsonl")
    parser.add_argument("--annotations", help="the output of jobs.annotate on posters")
    parser.add_argument("--output", required=True, help="where data sets are kept: a folder or an s3:// prefix")
    default = Path(__file__).with_name("examples.toml")
    parser.add_argument(
        "--config", default=default, help="settings, a TOML file, or s3://… (default: examples.toml here)"
    )
    arguments = parser.parse_args(argv)
    with reported(parser.prog) as outcome:
        config = settings(ExamplesConfig, arguments.config)
        with own_output():
            summary = gather(
                config,
                arguments.output,
                layouts=arguments.layouts,
                run_id=arguments.run_id,
                decisions=arguments.feedback,
                annotations=arguments.annotations,
                preferences=arguments.preferences,
            )
        say(json.dumps(summary, ensure_ascii=False))
    return outcome.code


if __name__ == "__main__":
    end(main)
