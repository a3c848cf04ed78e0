"""Layouts as folders that text-to-image models of other teams take: conditions, masks, prompts, text layer; and their
pictures taken back: checked, with the product's own pixels and the text in its fonts.

python -m jobs.references --layouts OUTPUT --output references/ [--rows p1@1080x1080] [--model sdxl]
python -m jobs.references --import references/

Exit codes: 0 done; 1 it was begun, and the machine failed, or a picture was refused; 2 nothing was done.
"""

import json
from pathlib import Path

from jobs.output import command_line, end, reported, say, settings
from layoutgen.cluster import own_output
from layoutgen.config.base import ConfigError
from layoutgen.config.jobs import ReferencesConfig
from layoutgen.evaluation.references import take_back, write_references
from layoutgen.imaging.references.sizes import SIDES
from layoutgen.streaming import Stream, stream


def main(argv: list[str] | None = None, stream: Stream = stream) -> int:
    """Run the job from its command line; returns the exit code. The last line on standard output is the summary."""
    parser = command_line("references", __doc__)
    parser.add_argument("--layouts", help="a job's output, a snapshot, or a .parquet or .jsonl file")
    parser.add_argument("--output", help="where the folders and their table go: a folder or an s3:// prefix")
    parser.add_argument("--import", dest="painted", metavar="FOLDER", help="take back what was painted below it")
    parser.add_argument("--model", choices=SIDES, help="class of models (default: references.model of the settings)")
    parser.add_argument("--rows", nargs="+", default=[], metavar="ID", help="only these rows, by row_id")
    parser.add_argument("--run-id", help="which run (default: the one that CURRENT names)")
    parser.add_argument("--font", action="append", default=[], help="font file that the layouts name; may be repeated")
    default = Path(__file__).with_name("references.toml")
    parser.add_argument("--config", default=default, help="settings, a TOML file, or s3://… (default: beside this)")
    arguments = parser.parse_args(argv)
    with reported(parser.prog, ValueError) as outcome:
        if (arguments.painted is None) == (arguments.layouts is None or arguments.output is None):
            raise ConfigError("give either --layouts TABLE with --output FOLDER, or --import FOLDER")
        config = settings(ReferencesConfig, arguments.config)
        fonts = tuple(arguments.font)
        with own_output():
            if arguments.painted is not None:
                summary = take_back(config, arguments.painted, font_files=fonts, stream=stream)
            else:
                if arguments.model:
                    chosen = config.references.model_copy(update={"model": arguments.model})
                    config = config.model_copy(update={"references": chosen})
                summary = write_references(
                    config,
                    arguments.layouts,
                    arguments.output,
                    run_id=arguments.run_id,
                    row_ids=arguments.rows,
                    font_files=fonts,
                    stream=stream,
                )
        say(json.dumps(summary, ensure_ascii=False))
        outcome.code = 1 if summary.get("refused") else 0
    return outcome.code


if __name__ == "__main__":
    end(main)
