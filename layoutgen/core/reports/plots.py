"""Small plots as inline SVG, which is what a page without libraries or network can show: histograms,
intervals, curves.

Every string is escaped; numbers are rounded to what can be seen. Not a plotting library: a few pictures, drawn plainly.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

INK, FAINT, BAR, BASE = "#1f2328", "#8c959f", "#2f6f9f", "#b35900"
_SVG = 'xmlns="http://www.w3.org/2000/svg"'  # a file of its own needs it
_FONT = 'font-family="system-ui, sans-serif" font-size="11"'


def number(value: float | None, digits: int = 3) -> str:
    """A number as people read it; a dash for None."""
    if value is None:
        return "–"
    if value == 0:
        return "0"
    if 1e3 <= abs(value) < 1e7:
        return f"{value:,.0f}"
    return f"{value:.{digits}g}"


def histogram(
    values: Sequence[float], *, baseline: Sequence[float] = (), width: int = 270, height: int = 120, bins: int = 24
) -> str:
    """Distribution of values as bars with their mean as a line; a baseline's as an outline over them."""
    mine, other = np.asarray(values, np.float64), np.asarray(baseline, np.float64)
    everything = np.concatenate([mine, other])
    if not len(everything):
        return f'<svg width="{width}" height="{height}" role="img"><text x="8" y="60" {_FONT}>no values</text></svg>'
    low, high = float(everything.min()), float(everything.max())
    if high - low < 1e-12:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    heights = [np.histogram(part, edges)[0] / max(1, len(part)) for part in (mine, other)]
    most = max(float(part.max()) for part in heights) or 1.0
    base, top, step = height - 18, 12, (width - 8) / bins
    bars = "".join(
        f'<rect x="{4 + k * step:.1f}" y="{base - share / most * (base - top):.1f}" width="{step - 1:.1f}" '
        f'height="{share / most * (base - top):.1f}" fill="{BAR}"><title>{number(float(edges[k]))} to '
        f"{number(float(edges[k + 1]))}: {share:.1%}</title></rect>"
        for k, share in enumerate(heights[0])
        if share > 0
    )
    outline = ""
    if len(other):
        points = []
        for k, share in enumerate(heights[1]):
            y = base - share / most * (base - top)
            points += [f"{4 + k * step:.1f},{y:.1f}", f"{4 + (k + 1) * step:.1f},{y:.1f}"]
        outline = f'<polyline points="{" ".join(points)}" fill="none" stroke="{BASE}" stroke-width="1.6"/>'
    marks = "".join(
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{top - 6}" y2="{base}" stroke="{colour}" stroke-dasharray="3 2"/>'
        for part, colour in ((mine, INK), (other, BASE))
        if len(part)
        for x in [4 + (float(part.mean()) - low) / (high - low) * (width - 8)]
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">{bars}{outline}{marks}'
        f'<line x1="4" x2="{width - 4}" y1="{base}" y2="{base}" stroke="{FAINT}"/>'
        f'<text x="4" y="{height - 4}" {_FONT} fill="{INK}">{number(low)}</text>'
        f'<text x="{width - 4}" y="{height - 4}" {_FONT} fill="{INK}" text-anchor="end">{number(high)}</text></svg>'
    )


Row = tuple[str, float | None, float | None, float | None]


def dots(rows: Sequence[Row], *, width: int = 420, label_width: int = 130) -> str:
    """Values with intervals, one row each: (label, value, low, high), on one shared scale with its ends written below;
    0 is marked where the scale holds it."""
    known = [side for _, *sides in rows for side in sides if side is not None]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    if high - low < 1e-12:
        low, high = low - 0.5, high + 0.5
    left, right, line, height = label_width, width - 62, 18, 18 * len(rows) + 20

    def across(value: float) -> float:
        return left + (value - low) / (high - low) * (right - left)

    drawn = []
    for k, (label, value, start, end) in enumerate(rows):
        y = 12 + k * line
        short = label if len(label) <= 20 else f"{label[:19]}…"
        drawn.append(
            f'<text x="{left - 8}" y="{y + 4}" {_FONT} fill="{INK}" text-anchor="end"><title>{escape(label)}</title>'
            f"{escape(short)}</text>"
            f'<text x="{width - 2}" y="{y + 4}" {_FONT} fill="{INK}" text-anchor="end">{number(value)}</text>'
        )
        if value is None:
            continue
        if start is not None and end is not None:
            drawn.append(
                f'<line x1="{across(start):.1f}" x2="{across(end):.1f}" y1="{y}" y2="{y}" stroke="{BAR}" '
                f'stroke-width="2"><title>{number(start)} to {number(end)}</title></line>'
            )
        drawn.append(f'<circle cx="{across(value):.1f}" cy="{y}" r="3.6" fill="{BAR}"/>')
    zero = (
        f'<line x1="{across(0):.1f}" x2="{across(0):.1f}" y1="2" y2="{height - 18}" stroke="{FAINT}"/>'
        if low < 0 < high
        else ""
    )
    return (
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">{zero}{"".join(drawn)}'
        f'<text x="{left}" y="{height - 3}" {_FONT} fill="{FAINT}">{number(low)}</text>'
        f'<text x="{right}" y="{height - 3}" {_FONT} fill="{FAINT}" text-anchor="end">{number(high)}</text></svg>'
    )


def curves(
    series: Mapping[str, Sequence[tuple[float, float]]], *, across: str, up: str, width: int = 720, height: int = 320
) -> str:
    """Named series of (x, y) as lines over one scale from 0, with the ends of both axes written beside them; points
    that are not finite are left out. Long series are thinned to the picture's width."""
    known = {
        name: [(x, y) for x, y in points if math.isfinite(x) and math.isfinite(y)] for name, points in series.items()
    }
    everything = [point for points in known.values() for point in points]
    if not everything:
        return f'<svg {_SVG} width="{width}" height="{height}"><text x="8" y="60" {_FONT}>no values</text></svg>'
    low, high = min(x for x, _ in everything), max(x for x, _ in everything)
    most = max(0.0, *(y for _, y in everything)) or 1.0
    left, right, top, base = 52, width - 12, 26, height - 34

    def at(point: tuple[float, float]) -> str:
        x = left + (point[0] - low) / max(high - low, 1e-12) * (right - left)
        return f"{x:.1f},{base - point[1] / most * (base - top):.1f}"

    drawn = []
    for k, (name, points) in enumerate(known.items()):
        colour = (BAR, BASE, INK)[k % 3]
        thinned = sorted(points)[:: max(1, len(points) // width)]
        drawn.append(
            f'<polyline points="{" ".join(map(at, thinned))}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
            f'<text x="{left + 110 * k}" y="14" {_FONT} fill="{colour}">{escape(name)}: '
            f"{number(points[-1][1]) if points else '–'}</text>"
        )
    return (
        f'<svg {_SVG} viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">{"".join(drawn)}'
        f'<path d="M{left} {top}V{base}H{right}" fill="none" stroke="{FAINT}"/>'
        f'<text x="{left - 6}" y="{top + 10}" {_FONT} fill="{INK}" text-anchor="end">{number(most)}</text>'
        f'<text x="{left - 6}" y="{base}" {_FONT} fill="{INK}" text-anchor="end">0</text>'
        f'<text x="{left}" y="{height - 16}" {_FONT} fill="{INK}">{number(low)}</text>'
        f'<text x="{right}" y="{height - 16}" {_FONT} fill="{INK}" text-anchor="end">{number(high)}</text>'
        f'<text x="{(left + right) / 2}" y="{height - 4}" {_FONT} fill="{FAINT}" text-anchor="middle">'
        f"{escape(across)}, against {escape(up)}</text></svg>"
    )
