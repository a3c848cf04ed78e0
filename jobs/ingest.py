"""A published set of posters to a data set that jobs.retrain learns from.

    python -m jobs.ingest --format pku --source s3://bucket/pku --output s3://bucket/sets --licence "CC BY-SA 4.0"

Exit codes: 0 the data set is there, and `data` in the summary names it; 1 examples went missing; 2 nothing was made,
and the message says why. Posters that can't be learnt from are counted in `dropped`, by reason.
"""

import json
from pathlib import Path

from jobs.output import command_line, end, reported, say, settings
from layoutgen.cluster import own_output
from layoutgen.config.training import IngestConfig
from layoutgen.training.ingesting import ingest
from layoutgen.training.published.formats import NAMES


def main(argv: list[str] | None = None) -> int:
    """Run the job from its command line; returns the exit code. The last line on standard output is the summary."""
    parser = command_line("ingest", __doc__)
    parser.add_argument("--format", required=True, choices=NAMES, help="the form in which the set was published")
    parser.add_argument("--source", required=True, help="the unpacked set: a folder or an s3:// prefix")
    parser.add_argument("--output", required=True, help="where data sets are kept: a folder or an s3:// prefix")
    parser.add_argument("--licence", help="under which licence the set may be used (default: what its files say)")
    parser.add_argument("--labels", help="what its classes are, JSON or TOML: name or number to role")
    default = Path(__file__).with_name("ingest.toml")
    parser.add_argument(
        "--config", default=default, help="settings, a TOML file, or s3://… (default: ingest.toml here)"
    )
    arguments = parser.parse_args(argv)
    with reported(parser.prog) as outcome:
        config = settings(IngestConfig, arguments.config)
        with own_output():
            summary = ingest(
                config,
                arguments.format,
                arguments.source,
                arguments.output,
                licence=arguments.licence,
                labels=arguments.labels,
            )
        say(json.dumps(summary, ensure_ascii=False))
    return outcome.code


if __name__ == "__main__":
    end(main)
