"""The page of an estimate of outcomes: `report.json` as tables and intervals; its text: `templates/outcomes.html`."""

from collections.abc import Mapping
from typing import Any

from layoutgen.pages import plots
from layoutgen.pages.rendering import render


def page(report: Mapping[str, Any]) -> str:
    """Render the page."""
    return render("outcomes.html", report=report, values=_dots(report["values"]), gains=_dots(report["gains"]))


def _dots(estimates: Mapping[str, Mapping[str, Any]]) -> str:
    return plots.dots([(name, each["value"], each["low"], each["high"]) for name, each in estimates.items()])
