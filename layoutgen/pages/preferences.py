"""The page of a preference report: `report.json` as tables and intervals; its text: `templates/preferences.html`."""

from collections.abc import Mapping
from typing import Any

from layoutgen.pages import plots
from layoutgen.pages.rendering import render


def page(report: Mapping[str, Any]) -> str:
    """Render the page."""
    groups = {
        sides: {column: _rates(groups) for column, groups in comparison["by"].items() if len(groups) > 1}
        for sides, comparison in report["comparisons"].items()
    }
    return render("preferences.html", report=report, groups=groups)


def _rates(groups: Mapping[str, Any]) -> str:
    """The first side's win rate in each group."""
    rows = []
    for name, rates in groups.items():
        side = next(iter(rates["sides"].values()))
        values = (side["win_rate"][part] for part in ("value", "low", "high"))
        rows.append((f"{name} ({rates['choices']})", *values))
    return plots.dots(rows)
