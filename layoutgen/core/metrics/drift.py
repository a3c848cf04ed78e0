"""Whether a table's means moved further, from the snapshots before it, than chance and its usual nights move them.

A measure is a mean over rows, such as the share of rows with a title, kept as sums (`Sums`) so that shards add up. Of
the newest snapshot before, with mean `m`, an interval for tonight's mean is

    m ± z · sqrt(s² (1 + 1/k) + v + v'),    z the normal quantile of (1 + confidence^(1/n)) / 2

where `s` is the standard deviation of the means of the `k` snapshots before (0 for one), `v` and `v'` the variances of
the newest's and tonight's mean, from as many independent rows as there are products (rows of a product are alike), and
`n` the number of measures that are looked at, so that all of them together hold with the confidence (Šidák).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, stdev

LEAST_PRODUCTS = 30  # of fewer nobody can tell
ONLY_WORSE_ABOVE = ("objections", "subject_covered")  # less of them is no reason to hold a night back

Sums = Sequence[float]
"""Products, rows, sum of the rows' values, sum of their squares. Of shares, named `group/value`, the group has its own:
all its rows, each 1."""


@dataclass(frozen=True)
class Moved:
    """A measure outside of its interval: the mean tonight, and `low` and `high` of the interval."""

    name: str
    mean: float
    low: float
    high: float


def added(*parts: Mapping[str, Sums]) -> dict[str, list[float]]:
    """The sums of several shards as those of the table."""
    total: dict[str, list[float]] = {}
    for part in parts:
        for name, sums in part.items():
            total[name] = [a + b for a, b in zip(total.get(name, (0, 0, 0.0, 0.0)), sums, strict=True)]
    return dict(sorted(total.items()))


def moved(tonight: Mapping[str, Sums], before: Sequence[Mapping[str, Sums]], confidence: float) -> list[Moved]:
    """The measures of tonight that lie outside of their intervals, furthest first; `before` are those of snapshots
    before, newest first. What either side has of fewer than `LEAST_PRODUCTS` products is not looked at."""
    newest = before[0] if before else {}
    names = [
        name
        for name in sorted(tonight.keys() | newest.keys())
        if min(_of(tonight, name)[0], _of(newest, name)[0]) >= LEAST_PRODUCTS
    ]
    outside: list[tuple[float, Moved]] = []
    for name in names:
        z = NormalDist().inv_cdf((1 + confidence ** (1 / len(names))) / 2)
        means = [_mean(_of(night, name)) for night in before if _of(night, name)[1]]
        spread = stdev(means) if len(means) > 1 else 0.0
        variance = spread**2 * (1 + 1 / len(means)) + _variance(_of(newest, name)) + _variance(_of(tonight, name))
        half, now = z * math.sqrt(variance), _mean(_of(tonight, name))
        low = -math.inf if name in ONLY_WORSE_ABOVE else means[0] - half
        if not low <= now <= means[0] + half:
            outside.append((abs(now - means[0]) / half, Moved(name, now, means[0] - half, means[0] + half)))
    return [move for _, move in sorted(outside, key=lambda pair: -pair[0])]


def _of(night: Mapping[str, Sums], name: str) -> Sums:
    """A night's sums of a measure; where no row has the value, those of a share of 0 of its group."""
    group = night.get(name.partition("/")[0], (0, 0))
    return night.get(name, (group[0], group[1], 0.0, 0.0))


def _mean(sums: Sums) -> float:
    return sums[2] / sums[1]


def _variance(sums: Sums) -> float:
    """Of the mean: two rows more, one of value 0 and one of 1, keep a share of 0 or 1 from being certain."""
    products, rows, total, squares = sums[0], sums[1] + 2, sums[2] + 1, sums[3] + 1
    return max(0.0, squares / rows - (total / rows) ** 2) / products
