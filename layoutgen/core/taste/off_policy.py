"""What another way of serving would have earned, from what was served and with which propensities.

A row i is a variant that was shown n times on a canvas and earned r (clicks, orders or adoptions); it was served with
the propensity p, and the other way would serve it with the probability π. q is a model's expectation of r / n, of this
variant and, as v = Σ_variants π q, of the canvas. Products are independent; how often a canvas is seen does not depend
on the variant. All are means per impression:

    as_logged  Σ r / Σ n                           what was earned
    ips        Σ (π/p) r / Σ n                     inverse propensity (Horvitz and Thompson 1952): unbiased, noisy
    snips      Σ (π/p) r / Σ (π/p) n               self-normalised (Swaminathan and Joachims 2015): little bias, calmer
    dr         Σ (n v + (π/p) (r - n q)) / Σ n     doubly robust (Dudík, Langford and Li 2011): right where the
                                                   propensities are, calm where the model is good

Intervals are a bootstrap's that draws whole products. `effective` is (Σ (π/p) n)² / Σ (π/p)² n² by rows, in the share
of all: below about a tenth the other way is too unlike the one that served for an estimate to be trusted.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from layoutgen.core.metrics.layouts import Score
from layoutgen.core.metrics.statistics import Estimate, differences, estimates

ESTIMATORS = ("as_logged", "ips", "snips", "dr")


@dataclass(frozen=True, eq=False)
class Logged:
    """Rows as above, each (n,): `shown` and `earned`, the `propensity` in (0, 1], the `target`'s π, `expected` q and
    `expected_canvas` v; and the `products` they are of."""

    shown: np.ndarray
    earned: np.ndarray
    propensity: np.ndarray
    target: np.ndarray
    expected: np.ndarray
    expected_canvas: np.ndarray
    products: Sequence[str]

    @property
    def ratios(self) -> np.ndarray:
        """π / p, (n,)."""
        return np.asarray(self.target / self.propensity)

    def scores(self) -> dict[str, Score]:
        """What each estimator sums, by its name."""
        shown, earned, ratios = self.shown, self.earned, self.ratios
        corrected = shown * self.expected_canvas + ratios * (earned - shown * self.expected)
        return {
            "as_logged": Score(earned, shown),
            "ips": Score(ratios * earned, shown),
            "snips": Score(ratios * earned, ratios * shown),
            "dr": Score(corrected, shown),
        }

    @property
    def effective(self) -> float:
        """The share of the rows that the weighted ones are worth, in [0, 1]."""
        weights = self.ratios * self.shown
        below = float(self.shown.sum() ** 2 / max(float((self.shown**2).sum()), 1e-12))
        above = float(weights.sum() ** 2 / max(float((weights**2).sum()), 1e-12))
        return min(1.0, above / below) if below else 0.0


def values(logged: Logged, *, resamples: int, level: float, seed: int = 0) -> dict[str, Estimate]:
    """Earnings per impression by each estimator, with intervals at `level`."""
    return estimates(logged.scores(), logged.products, resamples=resamples, level=level, seed=seed)


def gains(logged: Logged, *, resamples: int, level: float, seed: int = 0) -> dict[str, Estimate]:
    """How much more than was earned, per impression, by each estimator."""
    scores = logged.scores()
    theirs = dict.fromkeys(ESTIMATORS[1:], scores["as_logged"])
    ours = {name: scores[name] for name in theirs}
    compared = differences(_all(ours), _all(theirs), logged.products, resamples=resamples, level=level, seed=seed)
    return {name: estimate for name, (estimate, _) in compared.items()}


def _all(scores: dict[str, Score]) -> dict[str, Score]:
    """Scores of which none is left out where another has no weight: a variant that is never served counts as well."""
    return {name: Score(score.total, np.maximum(score.weight, 1e-300)) for name, score in scores.items()}
