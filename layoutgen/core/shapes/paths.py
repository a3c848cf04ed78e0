"""Outlines of lines and cubic Bezier curves, in px, y downwards."""

import math
from collections.abc import Sequence

import numpy as np

from layoutgen.core.layout import Box

Segment = tuple[float, ...]
"""A point (x, y): the first of a contour, or the end of a line; or (x1, y1, x2, y2, x, y): a curve's two handles and
its end."""
Path = tuple[tuple[Segment, ...], ...]
"""Closed contours; what an odd number of them encloses is inside."""

_ROUND = 0.5522847498
"""How long the handles of a quarter of a circle are, of its radius."""


def polygon(points: Sequence[tuple[float, float]], radii: float | Sequence[float] = 0.0) -> Path:
    """A polygon whose corners are rounded by a radius, or by one each, as far as its sides let them be."""
    count = len(points)
    radii = [float(radii)] * count if isinstance(radii, int | float) else radii
    contour: list[Segment] = []
    for i, (x, y) in enumerate(points):
        before, after = points[i - 1], points[(i + 1) % count]
        to_before, to_after = (_direction((x, y), other) for other in (before, after))
        reach = _reach(to_before, to_after, radii[i])
        reach = min(reach, math.dist((x, y), before) / 2, math.dist((x, y), after) / 2)
        if reach < 0.01:
            contour.append((x, y))
            continue
        start = x + to_before[0] * reach, y + to_before[1] * reach
        end = x + to_after[0] * reach, y + to_after[1] * reach
        handles = [
            (1 - _ROUND) * side + _ROUND * corner
            for edge in (start, end)
            for side, corner in zip(edge, (x, y), strict=True)
        ]
        contour += [start, (*handles, *end)]
    return (tuple(contour),)


def rectangle(box: Box, radii: float | Sequence[float] = 0.0) -> Path:
    """A box in px, its corners rounded; `radii` are those of upper left, upper right, lower right and lower left."""
    left, top, right, bottom = box
    return polygon([(left, top), (right, top), (right, bottom), (left, bottom)], radii)


def ellipse(box: Box) -> Path:
    """The ellipse that fills a box in px."""
    left, top, right, bottom = box
    x, y, across, down = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
    ends = [(x, top), (right, y), (x, bottom), (left, y)]
    contour: list[Segment] = [ends[0]]
    for (x0, y0), (x1, y1), turned in zip(ends, ends[1:] + ends[:1], (False, True, False, True), strict=True):
        first = (x0, y0 + _ROUND * (y1 - y0)) if turned else (x0 + _ROUND * (x1 - x0), y0)
        last = (x1 - _ROUND * (x1 - x0), y1) if turned else (x1, y1 - _ROUND * (y1 - y0))
        contour.append((*first, *last, x1, y1))
    assert across >= 0 and down >= 0
    return (tuple(contour),)


def mirrored(path: Path, left: float, right: float) -> Path:
    """A path turned about the middle of two sides."""
    return tuple(
        tuple(tuple(left + right - v if i % 2 == 0 else v for i, v in enumerate(segment)) for segment in contour)
        for contour in path
    )


def flattened(path: Path, steps: int = 64) -> list[np.ndarray]:
    """Contours as polygons (n, 2) float64, each curve as so many lines."""
    share = np.arange(1, steps + 1)[:, None] / steps
    contours = []
    for contour in path:
        points = [np.array([contour[0]], np.float64)]
        for segment in contour[1:]:
            if len(segment) == 2:
                points.append(np.array([segment], np.float64))
                continue
            first, second, end = np.reshape(segment, (3, 2))
            start, rest = points[-1][-1], 1 - share
            points.append(rest**3 * start + 3 * rest**2 * share * first + 3 * rest * share**2 * second + share**3 * end)
        contours.append(np.concatenate(points))
    return contours


def svg(path: Path) -> str:
    """A path as SVG's attribute `d` has it."""
    words = []
    for contour in path:
        words.append("M" + _numbers(contour[0]))
        words += [("L" if len(segment) == 2 else "C") + _numbers(segment) for segment in contour[1:]]
        words.append("Z")
    return "".join(words)


def _numbers(values: Segment) -> str:
    return " ".join(f"{value:.2f}".rstrip("0").rstrip(".") for value in values)


def _direction(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    length = math.dist(start, end) or 1.0
    return (end[0] - start[0]) / length, (end[1] - start[1]) / length


def _reach(to_before: tuple[float, float], to_after: tuple[float, float], radius: float) -> float:
    """How far from a corner its rounding begins."""
    cosine = to_before[0] * to_after[0] + to_before[1] * to_after[1]
    half = math.acos(max(-1.0, min(1.0, cosine))) / 2
    return radius / math.tan(half) if half > 0.05 else 0.0
