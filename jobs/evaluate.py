"""How good a layout table is, in the field's own metrics: score columns, report.json and a static report.html.

python -m jobs.evaluate --layouts s3://bucket/layouts --output evaluation/
python -m jobs.evaluate --layouts NEW --baseline OLD --output evaluation/        paired differences with intervals
python -m jobs.evaluate --task annotation --layouts ANNOTATIONS --reference posters.jsonl --output evaluation/
python -m jobs.evaluate --task adoption --layouts LAYOUTS --feedback feedback.jsonl --output evaluation/
python -m jobs.evaluate --task preference --preferences preferences.jsonl --output evaluation/
python -m jobs.evaluate --task outcomes --layouts LAYOUTS --outcomes outcomes.parquet --head HEAD --output evaluation/

Exit codes: 0 done; 1 rows went missing while they were scored; 2 nothing was done.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from jobs.output import command_line, end, reported, say, settings
from layoutgen.cluster import own_output
from layoutgen.config.jobs import EvaluateConfig
from layoutgen.evaluation.adoption import evaluate_adoption
from layoutgen.evaluation.annotations import evaluate_annotations
from layoutgen.evaluation.layouts import evaluate_layouts
from layoutgen.evaluation.outcomes import evaluate_outcomes
from layoutgen.evaluation.preferences import evaluate_preferences
from layoutgen.io.storage import opened
from layoutgen.io.tables import layout_tables
from layoutgen.streaming import Stream, stream

TASKS = ("layouts", "annotation", "adoption", "preference", "outcomes")


def main(argv: list[str] | None = None, stream: Stream = stream) -> int:
    """Run the job from its command line; returns the exit code. The last line on standard output is the summary."""
    parser = command_line("evaluate", __doc__)
    parser.add_argument("--task", choices=TASKS, default="layouts")
    parser.add_argument("--layouts", help="a job's output, a snapshot's folder, or a .parquet, .jsonl or .npz file")
    parser.add_argument("--output", required=True, help="where scores and report go: a folder or an s3:// prefix")
    parser.add_argument("--reference", help="a set of layouts to compare with; for --task annotation: marked posters")
    parser.add_argument("--baseline", help="another table of the same rows: paired differences with intervals")
    parser.add_argument("--feedback", help="designers' decisions, .jsonl or .parquet, for --task adoption")
    parser.add_argument("--preferences", help="choices between two layouts, .jsonl, for --task preference")
    parser.add_argument("--outcomes", help="what variants earned, .parquet or .jsonl, for --task outcomes")
    parser.add_argument("--head", default="", help="of --task outcomes: a head's folder or registry:NAME; none: evenly")
    parser.add_argument("--registry", default="", help="root of the registry that registry:NAME is looked up in")
    parser.add_argument("--run-id", help="which run of --layouts (default: the one that CURRENT names)")
    parser.add_argument("--baseline-run-id", help="which run of --baseline (default: the one that CURRENT names)")
    parser.add_argument("--changed-only", action="store_true", help="compare only rows that differ from the baseline's")
    default = Path(__file__).with_name("evaluate.toml")
    parser.add_argument(
        "--config", default=default, help="settings, a TOML file, or s3://… (default: evaluate.toml here)"
    )
    arguments = parser.parse_args(argv)
    if arguments.task == "preference" and not arguments.preferences:
        parser.error("--task preference needs --preferences, the designers' choices")
    if arguments.task != "preference" and not arguments.layouts:
        parser.error("--layouts is missing: the table that is evaluated")
    if arguments.task == "annotation" and not arguments.reference:
        parser.error("--task annotation needs --reference, the marked posters")
    if arguments.task == "adoption" and not arguments.feedback:
        parser.error("--task adoption needs --feedback, the designers' decisions")
    if arguments.task == "outcomes" and not arguments.outcomes:
        parser.error("--task outcomes needs --outcomes, what variants earned")
    if arguments.head.startswith("registry:") and not arguments.registry:
        parser.error(f"--head {arguments.head} needs --registry, the root of the registry")
    with reported(parser.prog) as outcome:
        with own_output():
            summary = _run(settings(EvaluateConfig, arguments.config), arguments, stream)
        say(json.dumps(summary, ensure_ascii=False))
    return outcome.code


def _run(config: EvaluateConfig, arguments: argparse.Namespace, stream: Stream) -> dict[str, Any]:
    layouts, output, run_id = arguments.layouts, arguments.output, arguments.run_id
    storage = opened(config.storage)
    match arguments.task:
        case "annotation":
            reference = arguments.reference
            return evaluate_annotations(config, storage, layouts, reference, output, run_id=run_id)
        case "adoption":
            return evaluate_adoption(config, storage, layouts, arguments.feedback, output, run_id=run_id)
        case "outcomes":
            folder = layout_tables.folder_of(storage, layouts, run_id) if run_id else layouts
            sources = (folder, arguments.outcomes)
            return evaluate_outcomes(config, storage, sources, output, arguments.head, registry=arguments.registry)
        case "preference":
            return evaluate_preferences(config, storage, arguments.preferences, output)
    return evaluate_layouts(
        config,
        layouts,
        output,
        run_id=run_id,
        reference=arguments.reference,
        baseline=arguments.baseline,
        baseline_run_id=arguments.baseline_run_id,
        changed_only=arguments.changed_only,
        stream=stream,
    )


if __name__ == "__main__":
    end(main)
