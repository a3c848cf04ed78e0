"""What designers made of layouts: a layout table and feedback on it, without a pool.

    layout table + feedback ─▶ settle decisions ─▶ report.json, report.html

The metrics are `core.metrics.adoption`.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

import numpy as np

from layoutgen.config.jobs import EvaluateConfig
from layoutgen.core.metrics import adoption, table_rows
from layoutgen.evaluation import report_files
from layoutgen.io.storage import Storage
from layoutgen.io.tables import layout_tables
from layoutgen.pages import adoption as adoption_page

_SHOWN = 200


def evaluate_adoption(
    config: EvaluateConfig, storage: Storage, layouts: str, feedback: str, output: str, *, run_id: str | None = None
) -> dict[str, Any]:
    """Report what designers made of a layout table; returns the summary. Raises TableError or StorageError."""
    folder = layout_tables.folder_of(storage, layouts, run_id)
    places = layout_tables.index(storage, layout_tables.parts(storage, folder))
    about = {row["row_id"]: row for row in places.to_pylist()}
    rows = layout_tables.records(storage, feedback)
    decisions, malformed = adoption.read(rows)
    settled, problems = adoption.settle(decisions, about.__contains__)
    problems = sorted([*malformed, *problems], key=lambda problem: problem.place)
    counts = Counter(problem.reason for problem in problems)
    overall = adoption.rates(settled, config.report.level)
    problem_counts = {reason: counts[reason] for reason in adoption.REASONS}
    report = {
        "task": "adoption",
        "layouts": {"source": folder, "rows": len(places)},
        "feedback": {"source": feedback, "rows": len(rows)},
        "level": config.report.level,
        "overall": overall,
        "by": {
            name: _by(settled, key, config.report.level)
            for name, key in (
                ("model", lambda decision: about[decision.row_id]["composer"]),
                ("adapter", lambda decision: about[decision.row_id]["adapter"]),
                ("category", lambda decision: about[decision.row_id]["category"]),
                ("week", lambda decision: _week(decision, about[decision.row_id]["created_at"])),
            )
        },
        "edits": _edits(storage, settled, about),
        "reasons": adoption.reasons(settled),
        "agreement": adoption.agreement((given for given in decisions if given.row_id in about), config.report.level),
        "problems": problem_counts,
        "problem_rows": [asdict(problem) for problem in problems[:_SHOWN]],
    }
    report_files.write(storage, output, report, adoption_page.page(report))
    return {
        "task": "adoption",
        "feedback": len(rows),
        "decided": len(settled),
        "adoption_rate": overall["adoption_rate"],
        "problems": problem_counts,
        "report": storage.join(output, "report.html"),
    }


def _by(settled: list[adoption.Decision], key: Callable[[adoption.Decision], Any], level: float) -> dict[str, Any]:
    groups: dict[str, list[adoption.Decision]] = {}
    for decision in settled:
        value = key(decision)
        groups.setdefault("(none)" if value is None else str(value), []).append(decision)
    return {name: adoption.rates(decisions, level) for name, decisions in sorted(groups.items())}


def _week(decision: adoption.Decision, created_at: str | None) -> str:
    """The week of the decision, or else the one in which the layout was made."""
    if decision.time or not created_at:
        return adoption.week(decision.time)
    try:
        return adoption.week(datetime.fromisoformat(created_at[:10]))
    except ValueError:
        return adoption.week(None)


def _edits(
    storage: Storage, settled: list[adoption.Decision], about: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    edits = [decision for decision in settled if decision.decision == "edit" and decision.elements is not None]
    by_file: dict[str, list[adoption.Decision]] = {}
    for edit in edits:
        by_file.setdefault(about[edit.row_id]["uri"], []).append(edit)
    distances = []
    for uri, edits_of_file in by_file.items():
        table = layout_tables.read(storage, uri, [about[edit.row_id]["row"] for edit in edits_of_file])
        for edit, before in zip(edits_of_file, table.column("elements").to_pylist(), strict=True):
            if all(element and table_rows.is_box(element["box"]) for element in before or ()):
                distances.append(adoption.edit_distance(before or [], edit.elements or ()))
    if not distances:
        return None
    quantiles = np.quantile([distance["distance"] for distance in distances], [0.25, 0.5, 0.75])
    return {
        "rows": len(distances),
        "unmeasured": len(edits) - len(distances),  # the layout before has elements without a box
        "mean": {name: float(np.mean([distance[name] for distance in distances])) for name in distances[0]},
        "distance_quartiles": [float(q) for q in quantiles],
    }
