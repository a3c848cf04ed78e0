"""Small plots as inline SVG, which is what a page without libraries or network can show: histograms, intervals, curves.

Here is where things stand, in px; how they are drawn is in `templates/*.svg`. Not a plotting library.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from layoutgen.pages.rendering import render

_LABEL = 20  # letters of a label that are shown
Row = tuple[str, float | None, float | None, float | None]


class Bar(NamedTuple):
    """A bar in px, and the share of values from `low` to `high` that it stands for."""

    left: float
    top: float
    width: float
    height: float
    low: float
    high: float
    share: float


class Dot(NamedTuple):
    """A row of `dots`: its label, values, and their places in px, None where there is no value."""

    y: int
    label: str
    short: str
    value: float | None
    low: float | None
    high: float | None
    x: float | None
    from_x: float | None
    to_x: float | None


class Curve(NamedTuple):
    """A named series: its points in px, and its last value."""

    name: str
    points: list[tuple[float, float]]
    last: float | None


def histogram(
    values: Sequence[float], *, baseline: Sequence[float] = (), width: int = 270, height: int = 120, bins: int = 24
) -> str:
    """Distribution of values as bars with their mean as a line; a baseline's as an outline over them."""
    ours, theirs = np.asarray(values, np.float64), np.asarray(baseline, np.float64)
    low, high = _scale([*ours.tolist(), *theirs.tolist()])
    edges = np.linspace(low, high, bins + 1)
    shares, their_shares = (np.histogram(part, edges)[0] / max(1, len(part)) for part in (ours, theirs))
    most = float(max(shares.max(), their_shares.max())) or 1.0
    base, top, step = height - 18, 12, (width - 8) / bins

    def tall(share: float) -> float:
        return share / most * (base - top)

    def mean(part: np.ndarray) -> float | None:
        return 4 + (float(part.mean()) - low) / (high - low) * (width - 8) if len(part) else None

    bars = [
        Bar(4 + k * step, base - tall(share), step - 1, tall(share), float(edges[k]), float(edges[k + 1]), share)
        for k, share in enumerate(shares.tolist())
        if share > 0
    ]
    outline = [
        (4 + (k + side) * step, base - tall(share)) for k, share in enumerate(their_shares.tolist()) for side in (0, 1)
    ]
    return render(
        "histogram.svg",
        bars=bars,
        outline=outline if len(theirs) else [],
        mean=mean(ours),
        baseline_mean=mean(theirs),
        low=low,
        high=high,
        width=width,
        height=height,
        top=top,
        base=base,
    )


def dots(rows: Sequence[Row], *, width: int = 420, label_width: int = 130) -> str:
    """Values with intervals, one row each: (label, value, low, high), on one shared scale with its ends written below;
    0 is marked where the scale holds it."""
    low, high = _scale([side for _, *sides in rows for side in sides if side is not None], (0.0, 1.0))
    left, right, height = label_width, width - 62, 18 * len(rows) + 20

    def across(value: float) -> float:
        return left + (value - low) / (high - low) * (right - left)

    drawn = []
    for k, (label, value, start, end) in enumerate(rows):
        x = None if value is None else across(value)
        ends = (None, None) if value is None or start is None or end is None else (across(start), across(end))
        short = label if len(label) <= _LABEL else f"{label[: _LABEL - 1]}…"
        drawn.append(Dot(12 + 18 * k, label, short, value, start, end, x, *ends))
    return render(
        "dots.svg",
        dots=drawn,
        zero=across(0) if low < 0 < high else None,
        low=low,
        high=high,
        left=left,
        right=right,
        width=width,
        height=height,
    )


def curves(
    series: Mapping[str, Sequence[tuple[float, float]]], *, across: str, up: str, width: int = 720, height: int = 320
) -> str:
    """Named series of (x, y) as lines over one scale from 0, with the ends of both axes written beside them; points
    that are not finite are left out. Long series are thinned to the picture's width."""
    known = {
        name: [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)] for name, points in series.items()
    }
    every_point = [point for points in known.values() for point in points]
    low, high = (min(x for x, _ in every_point), max(x for x, _ in every_point)) if every_point else (0.0, 1.0)
    most = max([0.0, *(y for _, y in every_point)]) or 1.0
    left, right, top, base = 52, width - 12, 26, height - 34

    def at(x: float, y: float) -> tuple[float, float]:
        return left + (x - low) / max(high - low, 1e-12) * (right - left), base - y / most * (base - top)

    drawn = [
        Curve(name, [at(*point) for point in sorted(points)[:: max(1, len(points) // width)]], points[-1][1])
        if points
        else Curve(name, [], None)
        for name, points in known.items()
    ]
    return render(
        "curves.svg",
        curves=drawn if every_point else [],
        across=across,
        up=up,
        low=low,
        high=high,
        most=most,
        left=left,
        right=right,
        top=top,
        base=base,
        width=width,
        height=height,
    )


def _scale(values: Sequence[float], empty: tuple[float, float] = (0.0, 0.0)) -> tuple[float, float]:
    """The ends of an axis that holds values; never one point."""
    low, high = (min(values), max(values)) if values else empty
    return (low, high) if high - low >= 1e-12 else (low - 0.5, high + 0.5)
