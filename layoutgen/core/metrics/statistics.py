"""Intervals and samples: cluster bootstrap, paired differences, Wilson intervals, stratified samples, worst rows.

Rows of one product (its canvases) are no independent evidence, so the bootstrap draws whole clusters: all rows of a
drawn product come with it. Sources: Efron and Tibshirani 1993 (percentile intervals), Davison and Hinkley 1997
(cluster bootstrap), Wilson 1927. With fewer than about 30 clusters percentile intervals are somewhat too narrow.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from layoutgen.core.metrics.layouts import Score

_BLOCK = 100  # resamples drawn at once


@dataclass(frozen=True)
class Estimate:
    """A value and its interval; None where nothing counts, and no interval from fewer than two clusters."""

    value: float | None
    low: float | None = None
    high: float | None = None


def estimates(
    scores: Mapping[str, Score], clusters: Sequence[object], *, resamples: int, level: float, seed: int
) -> dict[str, Estimate]:
    """Each score's mean with its bootstrap interval at `level`, clusters drawn whole, the same draws for all."""
    names = list(scores)
    total, weight = _by_cluster(scores, clusters, names)
    drawn = [_ratios(counts, total, weight) for counts in _draws(len(total), resamples, seed)]
    return {
        name: Estimate(scores[name].mean, *_interval([block[:, k] for block in drawn], level))
        for k, name in enumerate(names)
    }


def differences(
    ours: Mapping[str, Score],
    theirs: Mapping[str, Score],
    clusters: Sequence[object],
    *,
    resamples: int,
    level: float,
    seed: int,
) -> dict[str, tuple[Estimate, int]]:
    """Ours minus theirs for paired rows, with the bootstrap interval of the difference (both sides take the same drawn
    clusters), and how many pairs count: those in which both are defined."""
    names = [name for name in ours if name in theirs]
    both = {name: ours[name].defined & theirs[name].defined for name in names}
    mine = {name: _only(ours[name], both[name]) for name in names}
    other = {name: _only(theirs[name], both[name]) for name in names}
    my_total, my_weight = _by_cluster(mine, clusters, names)
    total, weight = _by_cluster(other, clusters, names)
    drawn = [
        _ratios(counts, my_total, my_weight) - _ratios(counts, total, weight)
        for counts in _draws(len(total), resamples, seed)
    ]
    by_name = {}
    for k, name in enumerate(names):
        mean, base = mine[name].mean, other[name].mean
        value = None if mean is None or base is None else mean - base
        interval = _interval([block[:, k] for block in drawn], level)
        by_name[name] = (Estimate(value, *interval) if value is not None else Estimate(None), int(both[name].sum()))
    return by_name


def _only(scores: Score, chosen: np.ndarray) -> Score:
    return Score(np.where(chosen, scores.total, 0.0), np.where(chosen, scores.weight, 0.0))


def _by_cluster(
    scores: Mapping[str, Score], clusters: Sequence[object], names: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    number: dict[object, int] = {}
    index = np.array([number.setdefault(cluster, len(number)) for cluster in clusters], np.int64)
    total, weight = np.zeros((2, len(number), len(names)))
    for k, name in enumerate(names):
        np.add.at(total[:, k], index, scores[name].total)
        np.add.at(weight[:, k], index, scores[name].weight)
    return total, weight


def _draws(clusters: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """How often each cluster is drawn in each resample, (block, clusters), block by block."""
    if clusters < 2:
        return
    rng = np.random.default_rng(seed)
    for first in range(0, resamples, _BLOCK):
        size = min(_BLOCK, resamples - first)
        yield rng.multinomial(clusters, np.full(clusters, 1 / clusters), size=size).astype(np.float64)


def _ratios(counts: np.ndarray, total: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Means of resamples, (block, metrics); NaN where nothing was drawn that counts."""
    above, below = counts @ total, counts @ weight
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


def _interval(blocks: list[np.ndarray], level: float) -> tuple[float | None, float | None]:
    values = np.concatenate(blocks) if blocks else np.zeros(0)
    values = values[np.isfinite(values)]
    if len(values) == 0:
        return None, None
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def wilson(successes: int, count: int, level: float) -> Estimate:
    """A share with its Wilson interval; None of nothing."""
    if count == 0:
        return Estimate(None)
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / count
    middle = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return Estimate(share, max(0.0, middle - half), min(1.0, middle + half))


def stratified_sample(keys: Sequence[str], strata: Sequence[object], size: int, seed: int) -> list[int]:
    """Indices of a sample of about `size` rows: each stratum in proportion to its rows, but at least one of each.

    Depends on the keys, the strata and the seed alone, not on the rows' order. All rows where there are no more than
    `size`, or where `size` is 0.
    """
    if size == 0 or len(keys) <= size:
        return list(range(len(keys)))
    members: dict[str, list[int]] = {}
    for i in sorted(range(len(keys)), key=lambda i: keys[i]):
        members.setdefault(str(strata[i]), []).append(i)
    rng = np.random.default_rng(seed)
    quotas = {name: len(rows) * size / len(keys) for name, rows in sorted(members.items())}
    taken = {name: max(1, int(quota)) for name, quota in quotas.items()}
    for name in sorted(quotas, key=lambda name: (int(quotas[name]) - quotas[name], name)):
        if sum(taken.values()) >= size:
            break
        if quotas[name] >= 1 and taken[name] < len(members[name]):
            taken[name] += 1
    chosen = [
        members[name][k] for name in taken for k in rng.choice(len(members[name]), taken[name], replace=False).tolist()
    ]
    return sorted(chosen)


def worst(scores: Mapping[str, Score], better: Mapping[str, str], count: int) -> list[tuple[int, float]]:
    """The rows that are worst over several metrics: index and mean percentile rank of badness in [0, 1], worst first.

    Ranks, because the metrics have no common unit; equal values share their mean rank, excluded rows get 0.
    """
    badness = [_badness(scores[name], better[name]) for name in scores if better[name] != "neither"]
    if not badness or not len(badness[0]):
        return []
    mean = np.mean(badness, axis=0)
    order = np.lexsort((np.arange(len(mean)), -mean))[:count]
    return [(int(i), float(mean[i])) for i in order]


def _badness(scores: Score, better: str) -> np.ndarray:
    values = scores.values if better == "lower" else -scores.values
    rank = np.zeros(len(values))
    known = np.flatnonzero(scores.defined)
    if len(known) > 1:
        distinct, inverse, counts = np.unique(values[known], return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - (counts + 1) / 2
        rank[known] = (middle[inverse] - middle[0]) / max(1.0, len(known) - 1) if len(distinct) > 1 else 0.0
    return rank
