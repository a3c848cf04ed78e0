"""Whether a new adapter is better than the one that serves, by what both made of the same layouts.

The verdict is of paired differences with bootstrap intervals that draw whole products.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from layoutgen.core.metrics.layouts import Score
from layoutgen.core.metrics.statistics import Estimate, differences
from layoutgen.training.judging.measures import BETTER, JUDGES, Measures


@dataclass(frozen=True)
class Verdict:
    """Whether to promote, and each reason why or why not, with its numbers."""

    better: bool
    reasons: tuple[str, ...]
    comparison: dict[str, dict[str, Any]] = field(default_factory=dict)


def compare(
    ours: Measures,
    theirs: Measures,
    products: Sequence[str],
    *,
    resamples: int,
    level: float,
    seed: int = 0,
    better: Mapping[str, str] = BETTER,
) -> dict[str, dict[str, Any]]:
    """Each measure's means and their paired difference, ours minus theirs, with its interval; `better` says whether
    higher or lower is."""
    our_scores, their_scores = _scores(ours), _scores(theirs)
    estimates = differences(our_scores, their_scores, products, resamples=resamples, level=level, seed=seed)
    return {
        name: {
            "ours": our_scores[name].mean,
            "theirs": their_scores[name].mean,
            "difference": difference.value,
            "low": difference.low,
            "high": difference.high,
            "pairs": pairs,
            "better": better[name],
        }
        for name, (difference, pairs) in estimates.items()
    }


def judge(
    held: dict[str, dict[str, Any]],
    fixed: dict[str, dict[str, Any]],
    *,
    metric: str,
    guards: Sequence[str],
    tolerance: float,
    held_out: bool = True,
) -> Verdict:
    """The verdict of two comparisons, on the held-back split and on the fixed set (which may be empty): `metric` must
    be better on the held-back split, its whole interval; no guard may fall on either, by its interval or by more than
    `tolerance` in the mean. Where the judge's objections fall and the held-out judge's rise, both by their intervals,
    the reasons say so, and with `held_out` the version is not better."""
    difference = Estimate(held[metric]["difference"], held[metric]["low"], held[metric]["high"])
    good, words = _is_better(difference, held[metric]["better"])
    reasons = [f"{metric} on the held-back split {words}: {_numbers(held[metric])}"]
    for name, comparison in (("held-back split", held), ("fixed set", fixed)):
        for guard in guards:
            if comparison and _falls(comparison[guard], tolerance):
                good = False
                reasons.append(f"{guard} on the {name} falls: {_numbers(comparison[guard])}")
        if _please_the_judge(comparison):
            good = good and not held_out
            both = "; ".join(f"{judge} {_numbers(comparison[judge])}" for judge in JUDGES)
            reasons.append(f"reward hacking on the {name}: the judge objects less and the held-out judge more: {both}")
    return Verdict(good, tuple(reasons), {"held": held, "fixed": fixed})


def _please_the_judge(comparison: Mapping[str, dict[str, Any]]) -> bool:
    """Whether one judge's objections fall and those of the other, which nothing is optimised for, rise."""
    ours, other = (comparison.get(name, {}) for name in JUDGES)
    return ours.get("high") is not None and other.get("low") is not None and ours["high"] < 0 < other["low"]


def _scores(measures: Measures) -> dict[str, Score]:
    return {
        name: Score(np.array([total for total, _ in rows]), np.array([weight for _, weight in rows]))
        for name, rows in measures.items()
    }


def _is_better(difference: Estimate, better: str) -> tuple[bool, str]:
    if difference.value is None or difference.low is None or difference.high is None:
        return False, "can't be compared"
    if difference.low <= 0 <= difference.high:
        return False, "is not shown to be better"
    good = (difference.low > 0) == (better == "higher")
    return good, "is better" if good else "is worse"


def _falls(compared: dict[str, Any], tolerance: float) -> bool:
    if compared["difference"] is None:
        return False
    sign = 1.0 if compared["better"] == "higher" else -1.0
    worst = max(sign * compared["low"], sign * compared["high"]) if compared["low"] is not None else 0.0
    return worst < 0 or sign * compared["difference"] < -tolerance


def _numbers(compared: dict[str, Any]) -> str:
    difference, low, high = compared["difference"], compared["low"], compared["high"]
    if difference is None:
        return "no pair has it on both sides"
    interval = "too few products for an interval" if low is None else f"{low:+.4f} to {high:+.4f}"
    means = f"{compared['theirs']:.4f} to {compared['ours']:.4f}"
    return f"{means}, {difference:+.4f} ({interval}, {compared['pairs']} pairs)"
