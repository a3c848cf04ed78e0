"""Finished pictures and editable files of a published table, on demand: of all its rows, or of some.

python -m jobs.render --layouts s3://bucket/layouts --output s3://bucket/pictures
python -m jobs.render --layouts OUTPUT --output bundle/ --formats webp,png --rows p1@1080x1080 p1@1080x1440
python -m jobs.render --layouts OUTPUT --output bundle/ --feedback feedback.jsonl

Exit codes: 0 done; 1 it was begun, and more rows failed than may or the machine did, and the same command goes on; 2
nothing was done.
"""

import json
from pathlib import Path

from jobs.output import command_line, end, reported, say, settings
from layoutgen.cluster import own_output
from layoutgen.config.base import ConfigError
from layoutgen.config.jobs import RenderConfig
from layoutgen.evaluation.rendering import render_table
from layoutgen.streaming import Stream, stream


def main(argv: list[str] | None = None, stream: Stream = stream) -> int:
    """Run the job from its command line; returns the exit code. The last line on standard output is the summary."""
    parser = command_line("render", __doc__)
    parser.add_argument("--layouts", required=True, help="a job's output, a snapshot, or a .parquet or .jsonl file")
    parser.add_argument("--output", required=True, help="where files and their table go: a folder or an s3:// prefix")
    parser.add_argument("--formats", help="formats with commas between them (default: render.formats of the settings)")
    parser.add_argument("--rows", nargs="+", default=[], metavar="ID", help="only these rows, by row_id")
    parser.add_argument("--feedback", help="designers' decisions, .jsonl: rows that they edited are drawn as edited")
    parser.add_argument("--run-id", help="which run (default: the one that CURRENT names)")
    parser.add_argument("--font", action="append", default=[], help="font file that the layouts name; may be repeated")
    default = Path(__file__).with_name("render.toml")
    parser.add_argument(
        "--config", default=default, help="settings, a TOML file, or s3://… (default: render.toml here)"
    )
    arguments = parser.parse_args(argv)
    with reported(parser.prog, ValueError) as outcome:
        config = _with_formats(settings(RenderConfig, arguments.config), arguments.formats)
        with own_output():
            summary = render_table(
                config,
                arguments.layouts,
                arguments.output,
                run_id=arguments.run_id,
                row_ids=arguments.rows,
                font_files=tuple(arguments.font),
                decisions=arguments.feedback,
                stream=stream,
            )
        say(json.dumps(summary, ensure_ascii=False))
        outcome.code = 0 if summary["complete"] else 1
    return outcome.code


def _with_formats(config: RenderConfig, formats: str | None) -> RenderConfig:
    """The settings with the formats of the command line. Raises ConfigError for unknown ones."""
    if formats is None:
        return config
    names = [name.strip() for name in formats.split(",") if name.strip()]
    values = config.model_dump()
    try:
        return RenderConfig.model_validate(values | {"render": values["render"] | {"formats": names}})
    except ValueError as error:
        raise ConfigError(f"--formats {formats}: {str(error).splitlines()[2].strip()}") from None


if __name__ == "__main__":
    end(main)
