"""What an evaluation says, as plain values: `report.json` is this and nothing else. The page is `pages.layouts`.

Every number stands under its protocol with its interval, how many rows count and how many are excluded; numbers of
different protocols are never put beside one another without their names.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core.metrics import brands, distribution, own, table_rows
from layoutgen.core.metrics.definitions import METRICS, PROTOCOLS, TELLING
from layoutgen.core.metrics.layouts import Layouts, Score, score
from layoutgen.core.metrics.statistics import Estimate, differences, estimates, worst

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Draws:
    """How intervals are drawn: number of resamples, level, seed."""

    resamples: int
    level: float
    seed: int

    def keywords(self) -> dict[str, Any]:
        """As the functions of `statistics` take it."""
        return vars(self)


def scores_of(table: pa.Table) -> dict[str, Score]:
    """The scores in the columns of a scored table."""
    scores = {}
    for name, definition in METRICS.items():
        column = table.column(name).combine_chunks()
        values = np.nan_to_num(column.to_numpy(zero_copy_only=False).astype(np.float64))
        weight = np.asarray(column.is_valid().to_numpy(zero_copy_only=False), np.float64)
        if definition.pooled:
            weight = np.nan_to_num(table.column(f"{name}_weight").to_numpy().astype(np.float64))
        scores[name] = score(values * weight, weight)
    return scores


def clusters_of(table: pa.Table) -> list[str]:
    """What a row's evidence belongs to: its product, or else the row itself."""
    pairs = zip(table.column("product_id").to_pylist(), table.column("row_id").to_pylist(), strict=True)
    return [product or row or "" for product, row in pairs]


def protocols(table: pa.Table, draws: Draws) -> dict[str, Any]:
    """Every protocol's metrics of a scored table; metrics that no row has are named, with nothing made up."""
    scores = scores_of(table)
    estimated = estimates(scores, clusters_of(table), **draws.keywords())
    return {
        protocol: {
            "protocol": says,
            "metrics": {
                definition.name: {
                    **_plain(estimated[name]),
                    "better": definition.better,
                    "pooled": definition.pooled,
                    "rows": int(scores[name].defined.sum()),
                    "excluded": scores[name].excluded,
                    "quantiles": _quantiles(scores[name].values[scores[name].defined]),
                }
                for name, definition in METRICS.items()
                if definition.protocol == protocol
            },
        }
        for protocol, says in PROTOCOLS.items()
    }


def groups(table: pa.Table, by: Sequence[str], draws: Draws) -> dict[str, Any]:
    """The telling metrics by the values of columns; a column with one value alone is left out."""
    scores = {name: values_of for name, values_of in scores_of(table).items() if name in TELLING}
    clusters = np.array(clusters_of(table), object)
    report = {}
    for column in dict.fromkeys(by):
        values = np.array([str(v) if v is not None else "(none)" for v in table.column(column).to_pylist()], object)
        names, counts = np.unique(values.astype(str), return_counts=True)
        if len(names) < 2:
            continue
        report[column] = {
            str(name): {"rows": int(count), "metrics": _group(scores, clusters, values == name, draws)}
            for name, count in sorted(zip(names, counts, strict=True), key=lambda pair: (-pair[1], pair[0]))
        }
    return report


def _group(scores: Mapping[str, Score], clusters: np.ndarray, chosen: np.ndarray, draws: Draws) -> dict[str, Any]:
    part = {name: Score(measure.total[chosen], measure.weight[chosen]) for name, measure in scores.items()}
    fewer = {**draws.keywords(), "resamples": min(draws.resamples, 500)}
    return {name: _plain(measure) for name, measure in estimates(part, clusters[chosen].tolist(), **fewer).items()}


def roles(table: pa.Table) -> dict[str, Any]:
    """What was measured of the elements, by role: number and quantiles."""
    elements = [element for row in table.column("element_scores").to_pylist() for element in row or ()]
    report: dict[str, Any] = {}
    for role in sorted({element["role"] for element in elements}):
        mine = [element for element in elements if element["role"] == role]
        measured = {
            name: _quantiles(np.array([element[name] for element in mine if element[name] is not None], np.float64))
            for name in ("area", "font_px", "contrast", "occlusion", "overflow", "fill")
        }
        report[role] = {"elements": len(mine), **measured}
    return report


def exclusions(table: pa.Table) -> dict[str, int]:
    """How many times each reason kept something from being measured."""
    counts = Counter(reason for row in table.column("exclusions").to_pylist() for reason in row or ())
    return dict(sorted(counts.items()))


def violated(table: pa.Table) -> dict[str, Any]:
    """How many rows break each constraint, and what it asks for."""
    counts = Counter(name for row in table.column("own_violated").to_pylist() for name in row or ())
    return {name: {"rows": counts[name], "asks": says} for name, says in own.CONSTRAINTS.items()}


def brands_violated(table: pa.Table) -> dict[str, Any]:
    """How many rows break each constraint of their brands' kits, and what it asks for; {} where no row has a kit."""
    broken = [row for row in table.column("brand_violated").to_pylist() if row is not None]
    counts = Counter(name for row in broken for name in row)
    return {name: {"rows": counts[name], "asks": says} for name, says in brands.CONSTRAINTS.items()} if broken else {}


def worst_rows(table: pa.Table, count: int) -> list[dict[str, Any]]:
    """The worst rows by mean rank over the telling metrics, with those metrics."""
    scores = {name: measure for name, measure in scores_of(table).items() if name in TELLING}
    chosen = worst(scores, {name: METRICS[name].better for name in scores}, count)
    names = table.column("row_id").to_pylist()
    broken = table.column("own_violated").to_pylist()
    return [
        {
            "row_id": names[i],
            "index": i,
            "badness": badness,
            "violated": broken[i] or [],
            "metrics": {name: float(s.values[i]) if s.defined[i] else None for name, s in scores.items()},
        }
        for i, badness in chosen
    ]


def comparison(ours: pa.Table, theirs: pa.Table, draws: Draws, *, changed_only: bool = False) -> dict[str, Any]:
    """Ours against a baseline: paired differences of the rows that both have, each metric with a sentence. Pairs that
    do not differ (rows that were carried over from one to the other) pull differences towards 0; with `changed_only`
    they are left out."""
    mine = {key: i for i, key in enumerate(ours.column("row_id").to_pylist())}
    other = {key: i for i, key in enumerate(theirs.column("row_id").to_pylist())}
    keys = [key for key in mine if key in other]
    a = ours.take(pa.array([mine[key] for key in keys], pa.int64()))
    b = theirs.take(pa.array([other[key] for key in keys], pa.int64()))
    changed = _changed(a, b)
    if changed_only:
        a, b = a.take(pa.array(changed, pa.int64())), b.take(pa.array(changed, pa.int64()))
    ours_scores, their_scores = scores_of(a), scores_of(b)
    estimated = differences(ours_scores, their_scores, clusters_of(a), **draws.keywords())
    metrics = {}
    for name, (difference, pairs) in estimated.items():
        verdict = _verdict(difference, METRICS[name].better)
        both = ours_scores[name].defined & their_scores[name].defined
        metrics[name] = {
            "ours": _mean(ours_scores[name], both),
            "baseline": _mean(their_scores[name], both),
            **{f"difference_{key}" if key != "value" else "difference": v for key, v in _plain(difference).items()},
            "pairs": pairs,
            "better": METRICS[name].better,
            "verdict": verdict,
            "sentence": _sentence(name, difference, pairs, verdict, draws.level),
        }
    return {
        "pairs": len(keys),
        "differ": len(changed),
        "changed_only": changed_only,
        "only_ours": len(mine) - len(keys),
        "only_baseline": len(other) - len(keys),
        "metrics": metrics,
    }


def _changed(a: pa.Table, b: pa.Table) -> list[int]:
    """The positions of pairs that differ, in their elements or in any score."""
    names = [name for name in a.column_names if name == "elements" or name.removesuffix("_weight") in METRICS]
    pairs = zip(*(table.select(names).to_pylist() for table in (a, b)), strict=True)
    return [position for position, (mine, other) in enumerate(pairs) if mine != other]


def _mean(values: Score, chosen: np.ndarray) -> float | None:
    return Score(np.where(chosen, values.total, 0.0), np.where(chosen, values.weight, 0.0)).mean


def _verdict(difference: Estimate, better: str) -> str:
    if difference.value is None or difference.low is None or difference.high is None:
        return "not comparable"
    if difference.low <= 0 <= difference.high:
        return "no difference shown"
    if better == "neither":
        return "different"
    return "better" if (difference.high < 0) == (better == "lower") else "worse"


def _sentence(name: str, difference: Estimate, pairs: int, verdict: str, level: float) -> str:
    if difference.value is None:
        return f"{name} is not comparable: no row has it on both sides."
    if difference.low is None or difference.high is None:
        return f"{name} differs by {difference.value:+.4g} on {pairs} rows of one product: too few for an interval."
    interval = f"{level:.0%} interval {difference.low:+.4g} to {difference.high:+.4g}, {pairs} pairs"
    change = "higher" if difference.value > 0 else "lower"
    if verdict == "no difference shown":
        return f"{name}: no difference shown, {difference.value:+.4g} ({interval})."
    return f"{name} is {verdict}: {change} by {abs(difference.value):.4g} ({interval})."


def distributions(
    layouts: Layouts, keys: Sequence[str], reference: Layouts, reference_keys: Sequence[str]
) -> dict[str, Any]:
    """How the layouts compare with a reference set as wholes; DocSim of pairs where rows have the same keys."""
    mine, theirs = distribution.features(layouts), distribution.features(reference)
    matched, partners = distribution.max_iou(layouts, reference)
    place = {key: i for i, key in enumerate(reference_keys)}
    pairs = [(i, place[key]) for i, key in enumerate(keys) if key in place]
    paired = None
    if pairs:
        left, right = (np.array(side) for side in zip(*pairs, strict=True))
        paired = distribution.docsim(_chosen(layouts, left), _chosen(reference, right))
    return {
        "features": distribution.FEATURES,
        "layouts": len(layouts),
        "reference": len(reference),
        "fid": distribution.fid(theirs, mine),
        **(distribution.prdc(theirs, mine) or dict.fromkeys(("precision", "recall", "density", "coverage"))),
        "max_iou": matched,
        "max_iou_layouts": partners,
        "docsim": paired,
        "docsim_pairs": len(pairs),
        "docsim_best": distribution.docsim_best(layouts, _chosen(reference, np.arange(min(len(reference), 200)))),
    }


def _chosen(layouts: Layouts, chosen: np.ndarray) -> Layouts:
    return Layouts(layouts.boxes[chosen], layouts.classes[chosen], layouts.dropped[chosen])


def layouts_of(elements: Sequence[list[dict[str, Any]] | None]) -> Layouts:
    """The elements of a table's rows as layouts."""
    rows = [table_rows.elements(row, []) for row in elements]
    return Layouts.from_lists([[(own.class_of(e.role), e.box) for e in row] for row in rows])


def _plain(estimate: Estimate) -> dict[str, float | None]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def _quantiles(values: np.ndarray) -> dict[str, float] | None:
    if not len(values):
        return None
    ends = np.quantile(values, _QUANTILES)
    return {f"p{round(100 * q)}": float(v) for q, v in zip(_QUANTILES, ends, strict=True)}
