"""Retraining: a data set of layouts in, an adapter out, which serves if it is better than the one that does.

python -m jobs.retrain --data s3://shop/samples.arrow --output s3://shop/training --registry s3://shop/adapters
ray job submit -- python -m jobs.retrain --data … --output … --registry … --config …

The same command goes on with a run that was interrupted. Exit codes: 0 the new adapter serves; 1 it was trained and
does not, and the summary or message says why; 2 nothing was done.
"""

import json
from pathlib import Path

from jobs.output import command_line, end, reported, say, settings
from layoutgen.cluster import own_output
from layoutgen.config.training import RetrainConfig
from layoutgen.training.retraining import named, retrain


def main(argv: list[str] | None = None, *, in_process: bool = False) -> int:
    """Run the job from its command line; returns the exit code. Standard output gets the summary and nothing else."""
    parser = command_line("retrain", __doc__)
    parser.add_argument("--data", help="the data set, instead of data.source in the settings")
    parser.add_argument("--model", help="the checkpoint to train on, instead of train.model in the settings")
    parser.add_argument("--output", required=True, help="where runs are kept: a folder or an s3:// prefix")
    parser.add_argument("--registry", required=True, help="root of the registry: a folder or an s3:// prefix")
    parser.add_argument("--force", action="store_true", help="let the new adapter serve whatever the gate says")
    default = Path(__file__).with_name("retrain.toml")
    parser.add_argument(
        "--config", default=default, help="settings, a TOML file, or s3://… (default: retrain.toml here)"
    )
    arguments = parser.parse_args(argv)
    with reported(parser.prog, ValueError, OSError) as outcome:
        config = named(settings(RetrainConfig, arguments.config), arguments.data, arguments.model)
        with own_output():
            output, root = arguments.output, arguments.registry
            summary = retrain(config, output, root, force=arguments.force, in_process=in_process)
        say(json.dumps(summary, ensure_ascii=False))
        outcome.code = 0 if summary["promoted"] else 1
    return outcome.code


if __name__ == "__main__":
    end(main)
