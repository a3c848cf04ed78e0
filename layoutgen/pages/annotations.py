"""The page of an annotation evaluation: `report.json` as tables; the text is in `templates/annotations.html`."""

from collections.abc import Mapping
from typing import Any

from layoutgen.pages.rendering import render


def page(report: Mapping[str, Any]) -> str:
    """Render the page."""
    return render("annotations.html", report=report)
