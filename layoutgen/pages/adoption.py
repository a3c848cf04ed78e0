"""The page of an adoption report: `report.json` as tables and intervals; the text is in `templates/adoption.html`."""

from collections.abc import Mapping
from typing import Any

from layoutgen.pages import plots
from layoutgen.pages.rendering import render


def page(report: Mapping[str, Any]) -> str:
    """Render the page."""
    groups = {column: _rates(rates) for column, rates in report["by"].items() if rates}
    return render("adoption.html", report=report, groups=groups)


def _rates(groups: Mapping[str, Any]) -> str:
    return plots.dots(
        [
            (f"{name} ({rates['decided']})", *(rates["adoption_rate"][side] for side in ("value", "low", "high")))
            for name, rates in groups.items()
        ]
    )
