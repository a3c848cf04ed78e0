"""The page of a layout evaluation: `report.json` and the rows' values as one HTML file that needs nothing beside it.

Plots are inline SVG, pictures are data URIs; the text is in `templates/layouts.html`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from layoutgen.core.metrics.definitions import METRICS
from layoutgen.pages import plots
from layoutgen.pages.rendering import number, render

HISTOGRAMS = (
    *("pku_ove", "pku_ali", "ralf_overlap", "ralf_alignment", "ralf_utilization", "ralf_occlusion"),
    *("ralf_unreadability", "own_contrast", "own_product_occlusion", "own_fill", "own_smallest_font"),
    *("own_violations", "own_count_error", "cover_overlap", "cover_occlusion"),
)
_OF_ROLES = {
    "area": "share of the canvas",
    "font_px": "font size, px",
    "contrast": "contrast ratio",
    "occlusion": "share on the protected subject",
}
_MOST_GROUPS = 30


class Chart(NamedTuple):
    """A metric's plot, and which of its values are better."""

    title: str
    better: str
    plot: str


class Charts(NamedTuple):
    """The plots of metrics, and a sentence on each that has one value alone."""

    varying: list[Chart]
    constant: list[str]


class Group(NamedTuple):
    """The charts of a column: how many of its values they show, of how many."""

    shown: int
    all: int
    charts: Charts


def page(
    report: Mapping[str, Any],
    values: Mapping[str, Sequence[float]],
    baseline: Mapping[str, Sequence[float]],
    pictures: Mapping[str, str],
) -> str:
    """Render the page. `values` and `baseline` hold the defined values of each score column, `pictures` a data URI by
    row id."""
    return render(
        "layouts.html",
        report=report,
        latency=report.get("latency"),
        comparison=report.get("comparison"),
        distribution=report.get("distribution"),
        histograms=_histograms(values, baseline),
        has_baseline=bool(baseline),
        groups={column: _group(groups) for column, groups in report["groups"].items()},
        roles=_roles(report["roles"]),
        pictures=pictures,
    )


def _histograms(values: Mapping[str, Sequence[float]], baseline: Mapping[str, Sequence[float]]) -> Charts:
    charts = Charts([], [])
    for name in HISTOGRAMS:
        ours, theirs = values.get(name, ()), baseline.get(name, ())
        distinct = {*map(float, ours), *map(float, theirs)}
        if len(distinct) == 1:
            charts.constant.append(f"{name} is {number(distinct.pop())} in every row")
        elif distinct:
            charts.varying.append(Chart(name, METRICS[name].better, plots.histogram(ours, baseline=theirs)))
    return charts


def _group(groups: Mapping[str, Any]) -> Group:
    shown = list(groups.items())[:_MOST_GROUPS]
    charts = Charts([], [])
    for name in next(iter(groups.values()))["metrics"]:
        rows = [
            (f"{value} ({group['rows']})", *(group["metrics"][name][side] for side in ("value", "low", "high")))
            for value, group in shown
        ]
        sides = {side for row in rows for side in row[1:] if side is not None}
        if len(sides) == 1:
            charts.constant.append(f"{name} is {number(sides.pop())} everywhere")
        elif sides:
            charts.varying.append(Chart(name, METRICS[name].better, plots.dots(rows)))
    return Group(len(shown), len(groups), charts)


def _roles(roles: Mapping[str, Any]) -> list[tuple[str, str]]:
    """A title and a plot for each measure that any role has."""
    charts = []
    for name, title in _OF_ROLES.items():
        rows = [
            (f"{role} ({measures['elements']})", *(measures[name][side] for side in ("p50", "p5", "p95")))
            for role, measures in roles.items()
            if measures[name]
        ]
        if rows:
            charts.append((title, plots.dots(rows)))
    return charts
