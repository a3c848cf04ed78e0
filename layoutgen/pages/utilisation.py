"""What a run's pools did over its time, as one chart: shards done, GPUs held, and the actors of each pool.

Here is where things stand, in px; how they are drawn is in `templates/utilisation.svg`.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from layoutgen.pages.rendering import render

_WIDTH, _LEFT, _RIGHT, _TOP, _PANEL, _GAP = 960, 170, 800, 30, 44, 16
_TICKS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400)
_MOST_TICKS = 8
Points = list[tuple[float, float]]


class Panel(NamedTuple):
    """A row of the chart: its name, what stands beside it, its ends in px and the value at its top; a line and areas
    of places in px."""

    name: str
    beside: str
    top: float
    base: float
    most: float
    line: Points
    alive: Points
    busy: Points
    waiting: Points


class Tick(NamedTuple):
    """A moment that is written below the chart."""

    x: float
    label: str


def chart(samples: Mapping[str, Any] | None) -> str:
    """The chart of what `samples.json` holds (`runs.samples`); empty where there is none, or no time passed."""
    seconds = samples["seconds"] if samples else []
    if samples is None or len(seconds) < 2 or seconds[-1] <= 0:
        return ""
    total = seconds[-1]
    places = [_LEFT + second / total * (_RIGHT - _LEFT) for second in seconds]
    panels = [_counted("shards done", samples["shards"], places, _TOP)]
    alive = {stage: _means(seconds, sums["alive"]) for stage, sums in samples["actors"].items()}
    if samples["gpus"]:
        held = [
            sum(samples["gpus"][stage] * alive[stage][k] for stage in samples["gpus"]) for k in range(len(places) - 1)
        ]
        panels.append(_gpus(held, places, _next(panels)))
    for stage, sums in samples["actors"].items():
        busy, waiting = (_means(seconds, sums[kind]) for kind in ("busy", "waiting"))
        share = f"{sums['busy'][-1] / sums['alive'][-1]:.0%} busy" if sums["alive"][-1] else "never there"
        panels.append(_pool(stage, share, alive[stage], busy, waiting, places, _next(panels)))
    return render(
        "utilisation.svg",
        panels=panels,
        ticks=[Tick(_LEFT + at / total * (_RIGHT - _LEFT), _duration(at)) for at in _moments(total)],
        left=_LEFT,
        right=_RIGHT,
        width=_WIDTH,
        height=panels[-1].base + 26,
        has_actors=bool(samples["actors"]),
    )


def _next(panels: Sequence[Panel]) -> float:
    return panels[-1].base + _GAP


def _counted(name: str, counts: Sequence[float], places: Sequence[float], top: float) -> Panel:
    most = max(1, *counts)
    line = [(x, _height(top, count, most)) for x, count in zip(places, counts, strict=True)]
    return Panel(name, f"{counts[-1]:,}", top, top + _PANEL, most, line, [], [], [])


def _gpus(held: Sequence[float], places: Sequence[float], top: float) -> Panel:
    most = _whole(held)
    mean = sum(n * (right - left) for n, (left, right) in zip(held, pairwise(places), strict=True)) / (_RIGHT - _LEFT)
    area = _area(held, places, top, most)
    return Panel("GPUs held", f"{mean:.2g} in the mean", top, top + _PANEL, most, [], area, [], [])


def _pool(
    stage: str,
    beside: str,
    alive: Sequence[float],
    busy: Sequence[float],
    waiting: Sequence[float],
    places: Sequence[float],
    top: float,
) -> Panel:
    most = _whole([*alive, *waiting])
    there, at_work = _area(alive, places, top, most), _area(busy, places, top, most)
    line = _steps(waiting, places, top, most) if any(waiting) else []
    return Panel(stage, beside, top, top + _PANEL, most, [], there, at_work, line)


def _means(seconds: Sequence[float], sums: Sequence[float]) -> list[float]:
    """The mean between two samples each, of what is summed up."""
    return [
        (last - first) / (until - since) if until > since else 0.0
        for (since, until), (first, last) in zip(pairwise(seconds), pairwise(sums), strict=True)
    ]


def _whole(values: Sequence[float]) -> int:
    """The whole number at a panel's top. Sums and samples are rounded apart, so that one actor may come out as 1.02."""
    return max(1, math.ceil(max(values) - 0.2))


def _height(top: float, value: float, most: float) -> float:
    return top + _PANEL * (1 - min(1.0, value / most))


def _steps(values: Sequence[float], places: Sequence[float], top: float, most: float) -> Points:
    return [(x, _height(top, value, most)) for value, ends in zip(values, pairwise(places), strict=True) for x in ends]


def _area(values: Sequence[float], places: Sequence[float], top: float, most: float) -> Points:
    return [(places[0], top + _PANEL), *_steps(values, places, top, most), (places[-1], top + _PANEL)]


def _moments(total: float) -> list[float]:
    """Round moments from 0 on, a few in all."""
    apart = next((tick for tick in _TICKS if total / tick <= _MOST_TICKS), _TICKS[-1])
    return [float(apart * k) for k in range(int(total / apart) + 1)][: _MOST_TICKS * 4]


def _duration(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and not seconds % (size / 2):
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
