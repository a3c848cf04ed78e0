"""How far layouts that belong together are apart: **own_series_spread** and **own_variant_spread**.

Both are means over groups of the mean distance of the pairs in a group, which lies in [0, 1]; groups of one row have
none. Of a group of more than `MOST` rows, so many at even steps are compared.

- **own_series_spread** (lower is better): over series, and of rows without one over products, first variants alone. The
  distance of two looks is the mean of six parts: another house style (1); another kind of ground (1); how far the
  backdrops are apart, ΔE in OKLab by 0.4, at most 1; whether the texts' middle lies in another ninth of the canvas (1);
  by how many octaves titles' font sizes differ, as shares of the canvas's short side, at most 1; and the same of prices
  by their titles, where both have one.
- **own_variant_spread** (higher is better): over canvases with several variants. A third is another house style, the
  rest `core.proposals.unlike.distance` of the placed elements. It says how unlike variants are, not how good.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from layoutgen.core import colour
from layoutgen.core.layout import Element, Framing, Role, Suggestion, area
from layoutgen.core.metrics import table_rows
from layoutgen.core.proposals import unlike

MOST = 40
_FAR = 0.4
_OF_STYLE = 1 / 3


@dataclass(frozen=True)
class Look:
    """What people see of a layout at a glance: title and price sizes as a share of the short side and of the title."""

    style: str
    ground: str
    backdrop: tuple[float, float, float]
    title: float | None
    price: float | None
    anchor: tuple[int, int]


def spreads(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, float | int | None]]:
    """Both spreads of a layout table's rows, with how many groups count; a spread of no group is None. Rows whose
    layout can't be read are left out."""
    series: dict[str, list[Look]] = {}
    variants: dict[str, list[tuple[str, Framing, list[Suggestion]]]] = {}
    for row in rows:
        framing = table_rows.framing(row)
        if table_rows.fault(row) or framing is None:
            continue
        elements = table_rows.elements(row["elements"], [])
        key = str(row.get("row_id"))
        variants.setdefault(key.rpartition("@v")[0] if row.get("variant") else key, []).append(
            (row.get("style_used") or "", framing, [Suggestion(e.role, e.box, e.text) for e in elements])
        )
        if not row.get("variant"):
            name = f"series {row['series']}" if row.get("series") else f"product {row.get('product_id') or key}"
            series.setdefault(name, []).append(look_of(row, framing, elements))
    return {
        "own_series_spread": _mean(series.values(), look_distance),
        "own_variant_spread": _mean(variants.values(), variant_distance),
    }


def look_of(row: Mapping[str, Any], framing: Framing, elements: Sequence[Element]) -> Look:
    """What is seen of a row at a glance."""
    canvas = table_rows.canvas(row)
    sizes = {e.role: e.font_px for e in reversed(elements) if e.font_px}
    title, price = sizes.get(Role.TITLE), sizes.get(Role.PRICE)
    texts = [e.box for e in elements if e.lines]
    weights = [max(1e-9, area(box)) for box in texts]
    across = np.average([(box[0] + box[2]) / 2 for box in texts], weights=weights) if texts else 0.5
    down = np.average([(box[1] + box[3]) / 2 for box in texts], weights=weights) if texts else 0.5
    lightness, chroma, hue = (float(value) for value in colour.to_oklch(colour.to_rgb(framing.backdrop)))
    return Look(
        row.get("style_used") or "",
        framing.ground,
        (lightness, chroma * math.cos(hue), chroma * math.sin(hue)),
        title / min(canvas.width, canvas.height) if title else None,
        price / title if price and title else None,
        (min(2, int(3 * across)), min(2, int(3 * down))),
    )


def look_distance(first: Look, second: Look) -> float:
    """How far two looks are apart, [0, 1]."""
    parts = [
        float(first.style != second.style),
        float(first.ground != second.ground),
        min(1.0, math.dist(first.backdrop, second.backdrop) / _FAR),
        float(first.anchor != second.anchor),
    ]
    for a, b in ((first.title, second.title), (first.price, second.price)):
        if a and b:
            parts.append(min(1.0, abs(math.log2(a / b))))
    return sum(parts) / len(parts)


def variant_distance(
    first: tuple[str, Framing, list[Suggestion]], second: tuple[str, Framing, list[Suggestion]]
) -> float:
    """How unlike two variants of a canvas are, [0, 1]."""
    return _OF_STYLE * (first[0] != second[0]) + (1 - _OF_STYLE) * unlike.distance(first[1:], second[1:])


def _mean(groups: Iterable[Sequence[Any]], apart: Callable[[Any, Any], float]) -> dict[str, float | int | None]:
    means = []
    for group in groups:
        if len(group) < 2:
            continue
        chosen = [group[i] for i in np.unique(np.linspace(0, len(group) - 1, MOST).astype(int))]
        means.append(float(np.mean([apart(first, second) for first, second in combinations(chosen, 2)])))
    return {"value": float(np.mean(means)) if means else None, "groups": len(means)}
