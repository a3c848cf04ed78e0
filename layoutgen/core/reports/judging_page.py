"""The pages of the annotation and adoption reports: `report.json` as tables and intervals, self-contained."""

from collections.abc import Mapping
from html import escape
from typing import Any

from layoutgen.core.reports import plots
from layoutgen.core.reports.evaluation_page import HEAD
from layoutgen.core.reports.plots import number


def annotation_page(report: Mapping[str, Any]) -> str:
    """Render the annotation report."""
    cards = "".join(
        f'<div class="card"><h3>{escape(name)}</h3><table><tr><th>metric</th><th>value</th><th>interval</th></tr>'
        + "".join(_line(metric, one) for metric, one in found.items())
        + "</table></div>"
        for name, found in report["results"].items()
    )
    missing = report["not_annotated"]
    left_out = f"<p>Not in the annotation table, and in no number: {escape(', '.join(missing))}.</p>" if missing else ""
    for one in report["excluded"]:
        left_out += f"<p>Line {one['line']}, {escape(one['file'])}, is in no number: {escape(one['reason'])}.</p>"
    return (
        f"{HEAD}<h1>Annotation quality of {escape(report['annotations'])}</h1>"
        f"<p>{report['images']:,} posters with {report['lines']:,} marked lines of {escape(report['reference'])}. "
        f"Intervals are {report['level']:.0%} bootstrap intervals over posters. Placed lines are those that the "
        "annotator takes for set by a designer; read lines are all.</p>"
        f'{left_out}<div class="grid three">{cards}</div></body></html>\n'
    )


def adoption_page(report: Mapping[str, Any]) -> str:
    """Render the adoption report."""
    overall = report["overall"]
    rates = "".join(_line(name, overall[name]) for name in ("adoption_rate", "as_is_rate"))
    groups = "".join(
        f'<div class="card"><h3>adoption rate by {escape(column)}</h3>'
        + plots.dots(
            [
                (f"{name} ({one['decided']})", *(one["adoption_rate"][side] for side in ("value", "low", "high")))
                for name, one in found.items()
            ]
        )
        + "</div>"
        for column, found in report["by"].items()
        if found
    )
    edits = report["edits"]
    edited = (
        f'<div class="card"><h3>{edits["rows"]:,} edited layouts</h3><table>'
        + "".join(f"<tr><td>{escape(name)}</td><td>{number(value)}</td></tr>" for name, value in edits["mean"].items())
        + "</table></div>"
        if edits
        else ""
    )
    problems = "".join(f"<tr><td>{name}</td><td>{count:,}</td></tr>" for name, count in report["problems"].items())
    rows = "".join(
        f'<tr><td>{row["place"]}</td><td class="note">{escape(row["reason"])}</td>'
        f'<td class="note">{escape(row["row_id"] or "")}</td><td class="note">{escape(row["message"])}</td></tr>'
        for row in report["problem_rows"]
    )
    return (
        f"{HEAD}<h1>Adoption of {escape(report['layouts']['source'])}</h1>"
        f"<p>{overall['decided']:,} layouts decided of {report['layouts']['rows']:,}, by "
        f"{report['feedback']['rows']:,} rows of {escape(report['feedback']['source'])}; "
        f"{report['level']:.0%} Wilson intervals.</p>"
        f'<div class="grid three"><div class="card"><table><tr><th>rate</th><th>value</th><th>interval</th></tr>{rates}'
        f"<tr><td>adopted, edited, rejected</td><td>{overall['adopt']:,}</td><td>{overall['edit']:,}, "
        f"{overall['reject']:,}</td></tr></table></div>{edited}"
        f'<div class="card"><h3>feedback that does not count</h3><table>{problems}</table></div>{groups}</div>'
        + (f'<h2>Which, and why</h2><div class="card"><table>{rows}</table></div>' if rows else "")
        + "</body></html>\n"
    )


def _line(name: str, found: Mapping[str, Any]) -> str:
    return (
        f"<tr><td>{escape(name)}</td><td>{number(found['value'])}</td>"
        f'<td class="quiet">{number(found["low"])} to {number(found["high"])}</td></tr>'
    )
