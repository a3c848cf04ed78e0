"""Whether a new ranking head is better than the one that serves, on what that one has not learnt from.

- log_loss: of what was said, by a fit without its product; of the head that serves, or the mean where none does;
- value: of outcomes, what serving by the new fit would have earned, doubly robust; by the head that serves, or evenly.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from layoutgen.config.taste import TasteConfig
from layoutgen.core.taste import bandit, estimation
from layoutgen.core.taste.bandit import Exploration, Policy
from layoutgen.core.taste.estimation import Way
from layoutgen.core.taste.evidence import Evidence, observations
from layoutgen.core.taste.fitting import Fit, Observations, cross_fits, expected, log_losses, moderated
from layoutgen.core.taste.head import Head, Projection
from layoutgen.core.taste.layouts import Catalogue
from layoutgen.training.judging.gate import Verdict, compare, judge

Measure = list[tuple[float, float]]
"""A total and a weight of each row."""
BETTER = {"log_loss": "lower", "value": "higher"}


def verdict(
    config: TasteConfig,
    evidence: Sequence[Evidence],
    fresh: Sequence[Evidence],
    catalogue: Catalogue,
    heads: tuple[Projection, Head | None],
) -> Verdict:
    """The verdict on what is learnt of `evidence`, by the `fresh` part of it; `heads` are the new one's projection, and
    the one that serves."""
    gate, learn, (projection, serving) = config.gate, config.learn, heads
    products = {each.layout.product_id for each in fresh}
    if len(products) < gate.least:
        reason = f"{len(products)} products have new evidence, and gate.least = {gate.least}; gather more"
        return Verdict(False, (reason,))
    fold_of = {each.layout.product_id: _fold(each.layout.product_id, learn.folds, learn.seed) for each in evidence}
    fits = cross_fits(observations(evidence, projection, learn.by), learn.folds, fold_of)

    def fitted(each: Evidence) -> Fit | float:
        return fits[fold_of[each.layout.product_id]]

    of_fresh = observations(fresh, projection, learn.by)
    ours = np.concatenate([expected(fitted(each), of_fresh.subset(np.array([i]))) for i, each in enumerate(fresh)])
    losses = [
        _measure(log_losses(of_fresh, predicted), of_fresh.weights)
        for predicted in (ours, _by_serving(serving, fresh, of_fresh))
    ]
    rows = estimation.counted(fresh, catalogue)
    values = _values(config, rows, catalogue, heads, fitted)
    comparison: dict[str, dict[str, Any]] = {}
    for name, (new, now), about in (("log_loss", losses, fresh), ("value", values, rows)):
        comparison |= compare(
            {name: new},
            {name: now},
            [each.layout.product_id for each in about],
            resamples=gate.resamples,
            level=gate.level,
            seed=learn.seed,
            better=BETTER,
        )
    return judge(comparison, {}, metric=gate.metric, guards=gate.guards, tolerance=gate.tolerance)


def _fold(product_id: str, folds: int, seed: int) -> int:
    return int(bandit.uniform(f"fold {product_id}", seed) * folds)


def _measure(losses: np.ndarray, weights: np.ndarray) -> Measure:
    return [(float(loss * weight), float(weight)) for loss, weight in zip(losses, weights, strict=True)]


def _by_serving(serving: Head | None, fresh: Sequence[Evidence], of_fresh: Observations) -> np.ndarray:
    """What is expected by the head that serves; else the mean of each kind, and even odds of choices."""
    if serving is not None:
        inputs = observations(fresh, serving.projection, serving.by)
        known = [serving.of(group) for group in inputs.groups]
        covariances = np.array([each.factor @ each.factor.T for each in known])
        return moderated(inputs.inputs, np.array([each.mean for each in known]), covariances)
    kinds = np.array([each.kind for each in fresh])
    means = {kind: np.average(of_fresh.targets[kinds == kind], weights=of_fresh.weights[kinds == kind])
             for kind in set(kinds.tolist())}  # fmt: skip
    return np.array([0.5 if kind == "preference" else means[kind] for kind in kinds.tolist()])


def _values(
    config: TasteConfig,
    rows: Sequence[Evidence],
    catalogue: Catalogue,
    heads: tuple[Projection, Head | None],
    fitted: Callable[[Evidence], Fit | float],
) -> list[Measure]:
    """Earnings of serving by the new fits, and of serving as now."""
    projection, serving = heads
    exploration = Exploration(config.gate.explore, config.gate.draws, config.learn.seed)
    now = Policy(serving, exploration)
    policies: dict[int, Policy] = {}

    def new(each: Evidence) -> Way:
        model = fitted(each)
        if id(model) not in policies:
            head = None if isinstance(model, float) else model.head("", config.learn.by, projection)
            policies[id(model)] = Policy(head, exploration)
        return policies[id(model)], model

    ways: list[Callable[[Evidence], Way]] = [new, lambda each: (now, fitted(each))]
    scores = (estimation.logged(rows, catalogue, way, projection, config.learn.by).scores()["dr"] for way in ways)
    return [list(zip(score.total.tolist(), score.weight.tolist(), strict=True)) for score in scores]
