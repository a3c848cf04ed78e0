"""Tastes of brands, or categories: what was decided, chosen and earned in, a ranking head out, which serves if better.

python -m jobs.taste --layouts s3://shop/layouts --feedback feedback.jsonl --registry s3://shop/heads
python -m jobs.taste --layouts s3://shop/layouts --outcomes outcomes.parquet --registry s3://shop/heads --config …

jobs.layouts serves variants by it with [serve]; jobs.adapters lists, promotes and rolls back. Exit codes: 0 the new
head serves; 1 it was learnt and does not, and `reasons` in the summary say why; 2 nothing was done.
"""

import json
from pathlib import Path

from jobs.output import command_line, end, reported, say, settings
from layoutgen.cluster import own_output
from layoutgen.config.taste import TasteConfig
from layoutgen.training.heads import Sources, learn


def main(argv: list[str] | None = None) -> int:
    """Run the job from its command line; returns the exit code. The last line on standard output is the summary."""
    parser = command_line("taste", __doc__)
    parser.add_argument(
        "--layouts", required=True, nargs="+", help="jobs' outputs, snapshots' folders or .parquet files"
    )
    parser.add_argument("--feedback", help="designers' decisions on these layouts, .jsonl or .parquet")
    parser.add_argument("--preferences", help="designers' choices between two of these layouts, .jsonl")
    parser.add_argument("--outcomes", help="what variants earned, .parquet or .jsonl")
    parser.add_argument("--registry", required=True, help="root of the registry: a folder or an s3:// prefix")
    parser.add_argument("--force", action="store_true", help="let the new head serve whatever the gate says")
    default = Path(__file__).with_name("taste.toml")
    parser.add_argument("--config", default=default, help="settings, a TOML file, or s3://… (default: taste.toml here)")
    arguments = parser.parse_args(argv)
    if not (arguments.feedback or arguments.preferences or arguments.outcomes):
        parser.error("there is nothing to learn from; give --feedback, --preferences or --outcomes")
    with reported(parser.prog) as outcome:
        sources = Sources(arguments.layouts, arguments.feedback, arguments.preferences, arguments.outcomes)
        with own_output():
            summary = learn(settings(TasteConfig, arguments.config), sources, arguments.registry, force=arguments.force)
        say(json.dumps(summary, ensure_ascii=False))
        outcome.code = 0 if summary["promoted"] else 1
    return outcome.code


if __name__ == "__main__":
    end(main)
