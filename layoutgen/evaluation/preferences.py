"""Which of two runs, composers or variants people prefer: choices from the gallery, without a pool.

    preferences.jsonl ─▶ settle ─▶ report.json, report.html

The metrics are `core.metrics.preferences`.
"""

from dataclasses import asdict
from typing import Any

from layoutgen.config.jobs import EvaluateConfig
from layoutgen.core import preferences as contract
from layoutgen.core.metrics import preferences
from layoutgen.core.preferences import Preference
from layoutgen.evaluation import report_files
from layoutgen.io.storage import Storage
from layoutgen.io.tables.layout_tables import TableError
from layoutgen.pages import preferences as preferences_page

_SHOWN = 200


def evaluate_preferences(config: EvaluateConfig, storage: Storage, source: str, output: str) -> dict[str, Any]:
    """Report which sides people prefer; returns the summary. Raises TableError where no choice can be used, or
    StorageError."""
    choices, errors = contract.read(storage.read(source).decode("utf-8", "replace"))
    settled, earlier = preferences.settle(choices)
    if not settled:
        reason = f", such as {errors[0]}" if errors else ""
        raise TableError(f"{source} has no choice that can be used{reason}; export it from the gallery's comparison")
    comparisons = {
        sides: {
            **_rates(config, of_sides),
            "by": {name: _by(config, of_sides, name) for name in ("category", "canvas", "annotator")},
        }
        for sides, of_sides in preferences.by_group(settled).items()
    }
    report = {
        "task": "preference",
        "source": source,
        "level": config.report.level,
        "choices": len(settled),
        "earlier": earlier,
        "malformed": len(errors),
        "comparisons": comparisons,
        "agreement": [asdict(pair) for pair in preferences.agreement(settled, config.report.level)],
        "ranking": preferences.ranking(settled, config.report.level),
        "problem_rows": [{"place": error.line, "message": str(error)} for error in errors[:_SHOWN]],
    }
    report_files.write(storage, output, report, preferences_page.page(report))
    return {
        "task": "preference",
        "choices": len(settled),
        "malformed": len(errors),
        "win_rates": {
            sides: {name: side["win_rate"] for name, side in comparison["sides"].items()}
            for sides, comparison in comparisons.items()
        },
        "report": storage.join(output, "report.html"),
    }


def _rates(config: EvaluateConfig, choices: list[Preference]) -> dict[str, Any]:
    report = config.report
    return preferences.rates(choices, level=report.level, resamples=report.resamples, seed=config.run.seed)


def _by(config: EvaluateConfig, choices: list[Preference], name: str) -> dict[str, Any]:
    groups: dict[str, list[Preference]] = {}
    for choice in choices:
        groups.setdefault(_value(choice, name) or "(none)", []).append(choice)
    return {value: _rates(config, of_value) for value, of_value in sorted(groups.items())}


def _value(choice: Preference, name: str) -> str:
    if name == "canvas":
        return "x".join(map(str, choice.size)) if choice.size else ""
    return choice.category if name == "category" else choice.annotator
