"""The evaluation page: `report.json` and the rows' values as one static HTML file that needs nothing beside it.

Plots are inline SVG, pictures are data URIs. Every string of the input is escaped.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from layoutgen.core.metrics.definitions import METRICS
from layoutgen.core.reports import plots
from layoutgen.core.reports.plots import number

HISTOGRAMS = (
    *("pku_ove", "pku_ali", "ralf_overlap", "ralf_alignment", "ralf_utilization", "ralf_occlusion"),
    *("ralf_unreadability", "own_contrast", "own_product_occlusion", "own_fill", "own_smallest_font"),
    *("own_violations", "own_count_error", "cover_overlap", "cover_occlusion"),
)
_ARROW = {"lower": "↓", "higher": "↑", "neither": ""}
HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>layoutgen evaluation</title>
<style>
:root { color-scheme: light; font: 14px/1.45 system-ui, "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
body { margin: 0 auto; max-width: 1360px; padding: 0 20px 40px; background: #f4f5f7; color: #1f2328; }
h1 { font-size: 20px; margin: 22px 0 4px; } h2 { font-size: 16px; margin: 30px 0 8px; }
h3 { font-size: 13.5px; margin: 0 0 6px; font-weight: 600; } p { margin: 4px 0 10px; max-width: 90ch; color: #424a53; }
.grid { display: grid; gap: 14px; align-items: start; }
.three { grid-template-columns: repeat(auto-fill, minmax(420px, 1fr)); }
.four { grid-template-columns: repeat(auto-fill, minmax(292px, 1fr)); }
.five { grid-template-columns: repeat(auto-fill, minmax(230px, 1fr)); }
.card { background: #fff; border: 1px solid #d8dce1; border-radius: 8px; padding: 11px 13px; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: right; padding: 3px 4px; border-bottom: 1px solid #e8ebee; font-size: 12px; }
th:first-child, td:first-child { text-align: left; } td { white-space: nowrap; }
td.note, .wrap td { white-space: normal; } th { color: #59636e; font-weight: 600; }
td.note { text-align: left; } .better { color: #1a7f37; font-weight: 600; } .worse { color: #c2255c; font-weight: 600; }
.quiet { color: #59636e; } figure { margin: 0; } figure img { width: 100%; height: auto; display: block; }
figure .none { background: #e9ecef; color: #59636e; padding: 40px 0; text-align: center; }
figcaption { padding: 8px 10px; font-size: 12px; overflow-wrap: anywhere; } figure.card { padding: 0; }
svg { max-width: 100%; height: auto; }
</style></head><body>
"""


def page(
    report: Mapping[str, Any],
    values: Mapping[str, Sequence[float]],
    baseline: Mapping[str, Sequence[float]],
    pictures: Mapping[str, str],
) -> str:
    """Render the page. `values` and `baseline` hold the defined values of each score column, `pictures` a data URI by
    row id."""
    return "".join(
        [
            HEAD,
            _title(report),
            _comparison(report.get("comparison"), report["settings"]["level"]),
            _protocols(report["protocols"]),
            _histograms(values, baseline),
            _distribution(report.get("distribution")),
            *(_group(column, found) for column, found in report["groups"].items()),
            _roles(report["roles"]),
            _faults(report),
            _worst(report["worst"], pictures),
            "</body></html>\n",
        ]
    )


def _title(report: Mapping[str, Any]) -> str:
    layouts = report["layouts"]
    latency = report.get("latency")
    facts = [
        f"{layouts['evaluated']:,} of {layouts['rows']:,} rows evaluated, {layouts['products']:,} products",
        f"drawn by {escape(', '.join(layouts['strata']))}, seed {report['settings']['seed']}"
        if layouts["strata"]
        else "all rows",
        f"saliency: {escape(report['saliency'])}",
    ]
    if latency:
        facts.append(f"{latency['seconds_per_layout']:.3g} s a layout in the run that made them")
    level = report["settings"]["level"]
    return (
        f"<h1>Evaluation of {escape(layouts['source'])}</h1><p>{' · '.join(facts)}</p>"
        f"<p>Intervals are {level:.0%} bootstrap intervals; products are drawn whole. ↓: lower is better, ↑: higher. "
        "Protocols share names and not definitions: compare numbers of one protocol only. The published protocols take "
        "their saliency from two networks; with another source the content metrics are comparable between runs here, "
        "not with published tables; where the composer looked at the same map, the map's own mistakes go unseen.</p>"
    )


def _protocols(found: Mapping[str, Any]) -> str:
    cards = []
    for name, protocol in found.items():
        rows = "".join(
            f"<tr><td>{escape(metric)} {_ARROW[one['better']]}</td><td>{number(one['value'])}</td>"
            f'<td class="quiet">{number(one["low"])} to {number(one["high"])}</td>'
            f"<td>{one['rows']:,}</td><td>{one['excluded']:,}</td></tr>"
            for metric, one in protocol["metrics"].items()
            if one["rows"]
        )
        missing = [metric for metric, one in protocol["metrics"].items() if not one["rows"]]
        left_out = f'<p class="quiet">no row has: {escape(", ".join(missing))}</p>' if missing else ""
        table = (
            f"<table><tr><th>metric</th><th>value</th><th>interval</th><th>rows</th><th>excl.</th></tr>{rows}</table>"
            if rows
            else ""
        )
        cards.append(
            f'<div class="card"><h3>{escape(name)}</h3><p>{escape(protocol["protocol"])}</p>{table}{left_out}</div>'
        )
    return f'<h2>Protocols</h2><div class="grid three">{"".join(cards)}</div>'


def _histograms(values: Mapping[str, Sequence[float]], baseline: Mapping[str, Sequence[float]]) -> str:
    cards, same = "", []
    for name in HISTOGRAMS:
        mine, other = values.get(name, ()), baseline.get(name, ())
        distinct = {*map(float, mine), *map(float, other)}
        if len(distinct) == 1:
            same.append(f"{name} is {number(distinct.pop())} in every row")
        elif distinct:
            cards += (
                f'<div class="card"><h3>{escape(name)} {_ARROW[METRICS[name].better]}</h3>'
                f"{plots.histogram(mine, baseline=other)}</div>"
            )
    if same:
        cards += f'<div class="card quiet">{escape("; ".join(same))}</div>'
    legend = "; the baseline as an orange outline" if baseline else ""
    return (
        f'<h2>Distributions</h2><p>Rows; the dashed line is their mean{legend}.</p><div class="grid four">{cards}</div>'
    )


def _group(column: str, found: Mapping[str, Any]) -> str:
    shown = list(found.items())[:30]
    names = list(next(iter(found.values()))["metrics"])
    cards, same = [], []
    for name in names:
        rows = [
            (f"{value} ({group['rows']})", *(group["metrics"][name][side] for side in ("value", "low", "high")))
            for value, group in shown
        ]
        sides = {side for row in rows for side in row[1:] if side is not None}
        if len(sides) == 1:
            same.append(f"{name} is {number(sides.pop())} everywhere")
        elif sides:
            cards.append(
                f'<div class="card"><h3>{escape(name)} {_ARROW[METRICS[name].better]}</h3>{plots.dots(rows)}</div>'
            )
    if same:
        cards.append(f'<div class="card quiet">{escape("; ".join(same))}</div>')
    more = f"<p>The {len(shown)} largest of {len(found)}.</p>" if len(found) > len(shown) else ""
    return f'<h2>By {escape(column)}</h2>{more}<div class="grid three">{"".join(cards)}</div>'


def _roles(found: Mapping[str, Any]) -> str:
    if not found:
        return ""
    cards = []
    for name, says in (
        ("area", "share of the canvas"),
        ("font_px", "font size, px"),
        ("contrast", "contrast ratio"),
        ("occlusion", "share on the protected subject"),
    ):
        rows = [
            (f"{role} ({one['elements']})", *(one[name][side] for side in ("p50", "p5", "p95")))
            for role, one in found.items()
            if one[name]
        ]
        if rows:
            cards.append(f'<div class="card"><h3>{says}</h3>{plots.dots(rows)}</div>')
    return (
        "<h2>By role</h2><p>Median of the elements, and their 5th to 95th percentile.</p>"
        f'<div class="grid three">{"".join(cards)}</div>'
    )


def _faults(report: Mapping[str, Any]) -> str:
    broken = "".join(
        f'<tr><td>{escape(name)}</td><td>{one["rows"]:,}</td><td class="note">{escape(one["asks"])}</td></tr>'
        for name, one in report["violated"].items()
    )
    left_out = "".join(
        f"<tr><td>{escape(name)}</td><td>{count:,}</td></tr>" for name, count in report["exclusions"].items()
    )
    return (
        '<div class="grid three"><div><h2>Constraints broken</h2><div class="card"><table>'
        f"<tr><th>constraint</th><th>rows</th><th></th></tr>{broken}</table></div></div>"
        '<div><h2>Not measured, and why</h2><div class="card">'
        + (f"<table><tr><th>reason</th><th>times</th></tr>{left_out}</table>" if left_out else "<p>Nothing.</p>")
        + "</div></div></div>"
    )


def _comparison(found: Mapping[str, Any] | None, level: float) -> str:
    if not found:
        return ""
    rows = "".join(
        f"<tr><td>{escape(name)} {_ARROW[one['better']]}</td><td>{number(one['ours'])}</td>"
        f"<td>{number(one['baseline'])}</td><td>{number(one['difference'])}</td>"
        f'<td class="quiet">{number(one["difference_low"])} to {number(one["difference_high"])}</td>'
        f'<td>{one["pairs"]:,}</td><td class="note {one["verdict"]}">{escape(one["verdict"])}</td></tr>'
        for name, one in found["metrics"].items()
        if one["difference"] is not None
    )
    clear = "".join(
        f'<li class="{one["verdict"]}">{escape(one["sentence"])}</li>'
        for one in found["metrics"].values()
        if one["verdict"] in ("better", "worse")
    )
    run = f", run {escape(found['baseline_run'])}" if found.get("baseline_run") else ""
    chosen = "which alone are compared" if found["changed_only"] else "and all are compared"
    return (
        f"<h2>Against {escape(found['baseline'])}{run}</h2><p>{found['pairs']:,} rows in pairs, of which "
        f"{found['differ']:,} differ, {chosen}; {found['only_ours']:,} only "
        f"here, {found['only_baseline']:,} only there. Of twenty metrics that do not differ, {20 * (1 - level):.0f} is "
        "expected to look as if it did.</p>"
        f'<div class="card"><ul>{clear or "<li>No difference is shown by any metric.</li>"}</ul><table>'
        "<tr><th>metric</th><th>ours</th><th>baseline</th><th>difference</th><th>interval</th><th>pairs</th><th></th>"
        f"</tr>{rows}</table></div>"
    )


def _distribution(found: Mapping[str, Any] | None) -> str:
    if not found:
        return ""
    names = ("fid", "precision", "recall", "density", "coverage", "max_iou", "docsim", "docsim_best")
    cells = "".join(f"<tr><td>{name}</td><td>{number(found[name])}</td></tr>" for name in names)
    return (
        f"<h2>Against the set {escape(found['source'])}</h2><p>{found['layouts']:,} layouts, {found['reference']:,} in "
        f"the reference; features {escape(found['features'])}, our own: no number here is comparable with a published "
        f'one.</p><div class="grid four"><div class="card"><table>{cells}</table></div></div>'
    )


def _worst(rows: Sequence[Mapping[str, Any]], pictures: Mapping[str, str]) -> str:
    if not rows:
        return ""
    return (
        f"<h2>Worst {len(rows)}</h2><p>By mean rank over eight metrics, from the worst.</p>"
        f'<div class="grid five">{"".join(_figure(row, pictures) for row in rows)}</div>'
    )


def _figure(row: Mapping[str, Any], pictures: Mapping[str, str]) -> str:
    picture = pictures.get(row["row_id"])
    shown = (
        f'<img loading="lazy" src="{escape(picture)}" alt="{escape(row["row_id"])}">'
        if picture
        else '<div class="none">no picture</div>'
    )
    told = " · ".join(
        f"{escape(name.partition('_')[2])} {number(value)}" for name, value in row["metrics"].items() if value
    )
    broken = f'<div class="worse">{escape(", ".join(row["violated"]))}</div>' if row["violated"] else ""
    return (
        f'<figure class="card">{shown}<figcaption><strong>{escape(row["row_id"])}</strong>'
        f'<div class="quiet">rank {row["badness"]:.2f} · {told}</div>{broken}</figcaption></figure>'
    )
