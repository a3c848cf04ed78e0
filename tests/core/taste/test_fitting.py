"""Heads learn what brands prefer, share it where a brand has said little, and refuse what can't be learnt from."""

import numpy as np
import pytest
from scipy import optimize

from layoutgen.core.taste import fitting
from layoutgen.core.taste.evidence import Evidence, observations
from layoutgen.core.taste.fitting import LearningError, Observations, cross_fits, expected, fit, log_losses
from layoutgen.core.taste.head import projection_of
from tests.core.taste.drawn import NAMED, SIZE, decided, layouts

RNG = np.random.default_rng(5)
COMMON = RNG.standard_normal(SIZE)
A, B = COMMON + 1.5 * RNG.standard_normal((2, SIZE))
_OF_A, _OF_B = layouts(150, 2, "a"), layouts(150, 2, "b")
PROJECTION = projection_of(np.array([each.features for each in (*_OF_A, *_OF_B)]), NAMED)


def small(targets: list[float], weights: list[float] | None = None) -> Observations:
    count = len(targets)
    inputs = np.hstack([np.linspace(-1, 1, count)[:, None], np.ones((count, 1)), np.zeros((count, 1))])
    names = tuple("ab"[i % 2] for i in range(count))
    return Observations(inputs, np.array(targets), np.array(weights or [1.0] * count), names, names)


def agreement(head_of: str, fitted: fitting.Fit, weights: np.ndarray) -> float:
    new = np.array([each.features for each in layouts(200, 1, "z", seed=9)])
    learnt = fitted.head("v", "brand", PROJECTION).utilities(new, head_of)
    return float(np.corrcoef(learnt, new @ weights)[0, 1])


def test_each_brand_gets_its_own_taste_back_and_a_new_one_the_common() -> None:
    evidence = decided(_OF_A, A) + decided(_OF_B, B, seed=1)
    fitted = fit(observations(evidence, PROJECTION, "brand"))
    assert agreement("a", fitted, A) > 0.85
    assert agreement("b", fitted, B) > 0.85
    assert agreement("a", fitted, A) > agreement("b", fitted, A) + 0.05
    head = fitted.head("v", "brand", PROJECTION)
    assert head.of("never heard of").is_common
    assert agreement("never heard of", fitted, COMMON) > agreement("never heard of", fitted, A - COMMON)


def test_a_brand_that_said_little_is_shrunk_to_the_others() -> None:
    much, little = decided(_OF_A, COMMON), decided(_OF_B[:12], COMMON, seed=2)
    fitted = fit(observations(much + little, PROJECTION, "brand"))
    alone = fit(observations(little, PROJECTION, "brand"))
    assert agreement("b", fitted, COMMON) > agreement("b", alone, COMMON)
    wide = [np.trace(each) for each in fitted.covariances]
    assert wide[fitted.groups.index("b")] > wide[fitted.groups.index("a")], "what is known little of is less sure"
    unseen = fitted.head("v", "brand", PROJECTION).of("none")
    assert np.trace(unseen.factor @ unseen.factor.T) > wide[fitted.groups.index("b")]


def test_choices_alone_teach_a_taste() -> None:
    rng = np.random.default_rng(3)
    choices = []
    for one, other in zip(_OF_A[::2], _OF_A[1::2], strict=True):
        apart = (one.features - other.features) @ A
        chosen = rng.random() < 1 / (1 + np.exp(-apart))
        pair = (one, other) if chosen else (other, one)
        choices.append(Evidence("preference", pair[0], 1.0, beside=pair[1]))
    assert agreement("a", fit(observations(choices, PROJECTION, "brand")), A) > 0.75


def test_the_weights_are_the_most_likely_ones() -> None:
    data = small([0, 1, 0, 1, 1, 0, 1, 1])
    rows = np.array(["ab".index(group) for group in data.groups])
    found = fitting._fit(data, rows, ("a", "b"), (2.0, 0.5))

    def lost(flat: np.ndarray) -> float:
        mean, own = flat[:3], flat[3:].reshape(2, 3)
        logits = np.einsum("nk,nk->n", data.inputs, mean + own[rows])
        likely = data.targets @ logits - np.logaddexp(0, logits).sum()
        prior, apart = np.array([2.0, 10, 10]) ** -2, np.array([0.5, 1, 1]) ** -2.0
        return float(-likely + (prior @ mean**2 + (own**2 @ apart).sum()) / 2)

    best = optimize.minimize(lost, np.zeros(9), tol=1e-10)
    np.testing.assert_allclose(found.mean, best.x[:3], atol=1e-3)
    np.testing.assert_allclose(found.means, best.x[:3] + best.x[3:].reshape(2, 3), atol=1e-3)
    curvature = optimize.approx_fprime(best.x, lambda x: optimize.approx_fprime(x, lost, 1e-5), 1e-4)
    covariance = np.linalg.inv((curvature + curvature.T) / 2)
    np.testing.assert_allclose(found.covariance, covariance[:3, :3], rtol=0.1, atol=0.01)
    summed = covariance[:3, :3] + covariance[3:6, 3:6] + covariance[:3, 3:6] + covariance[3:6, :3]
    np.testing.assert_allclose(found.covariances[0], summed, rtol=0.1, atol=0.01)


def test_the_same_evidence_in_another_order_gives_the_same_head() -> None:
    evidence = decided(_OF_A[:60], A) + decided(_OF_B[:60], B)
    one, other = (fit(observations(each, PROJECTION, "brand")) for each in (evidence, evidence[::-1]))
    np.testing.assert_allclose(one.means, other.means, atol=1e-5)
    assert one.spreads == other.spreads


@pytest.mark.parametrize("target", [0.0, 0.5, 1.0])
def test_rewards_that_are_all_equal_are_refused(target: float) -> None:
    with pytest.raises(LearningError, match=r"all 6 observations say the same .*: gather decisions of both kinds"):
        fit(small([target] * 6))


def test_a_group_whose_rewards_are_all_equal_is_named_and_has_the_common_taste() -> None:
    fitted = fit(small([1, 0, 1, 1, 1, 0, 1, 0]))  # all of a's are adopted
    assert fitted.flat == ("a",)
    assert np.isfinite(fitted.means).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_refused_by_name(bad: float) -> None:
    with pytest.raises(LearningError, match=r"targets of observation 2 \(group 'a'\) are .*; leave that row out"):
        small([0, 1, bad, 1])
    with pytest.raises(LearningError, match=r"weights of observation 1 \(group 'b'\)"):
        small([0, 1, 0], [1.0, bad, 1.0])
    inputs = np.array([[0.0, 1.0, 0.0], [bad, 1.0, 0.0]])
    with pytest.raises(LearningError, match="inputs of observation 1"):
        Observations(inputs, np.array([0.0, 1.0]), np.ones(2), ("a", "a"), ("p", "q"))


def test_targets_are_shares_and_nothing_is_nothing() -> None:
    with pytest.raises(LearningError, match="shares from 0 to 1"):
        small([0, 2])
    with pytest.raises(LearningError, match="nothing can be learnt"):
        fit(small([0, 1]).subset(np.array([], np.int64)))


def test_products_that_differ_in_their_clicks_make_outcomes_weigh_less() -> None:
    rng = np.random.default_rng(0)
    inputs = np.hstack([rng.standard_normal((80, 1)), np.zeros((80, 1)), np.ones((80, 1))])
    shown = np.full(80, 2000.0)
    for spread, least, most in ((0.0, 1.0, 1.6), (1.0, 20.0, np.inf)):
        rate = 1 / (1 + np.exp(3 - rng.normal(0, spread, 80)))
        clicks = rng.binomial(2000, rate) / 2000
        data = Observations(inputs, clicks, shown, ("a",) * 80, tuple(map(str, range(80))))
        assert least <= fitting._overdispersion(data, np.zeros(80, np.int64), 1)[0] <= most


def test_cross_fits_have_not_seen_the_fold_and_a_mean_stands_in_where_nothing_is_learnt() -> None:
    data = small([1, 0, 1, 0, 1, 0])  # a's are all adopted, b's none
    first, second = cross_fits(data, 2, {"a": 0, "b": 1})
    assert first == 0.0
    assert second == 1.0
    assert expected(first, data).tolist() == [0.0] * 6
    evidence = decided(_OF_A[:80], A)
    of_all = observations(evidence, PROJECTION, "brand")
    folds = {product: i % 4 for i, product in enumerate(dict.fromkeys(of_all.products))}
    whole = log_losses(of_all, fit(of_all).predict(of_all)).mean()
    fits = cross_fits(of_all, 4, folds)
    held = [
        log_losses(part, expected(each, part)).mean()
        for k, each in enumerate(fits)
        for part in [of_all.subset(np.array([folds[product] == k for product in of_all.products]))]
    ]
    assert np.mean(held) > whole, "what was not seen is told worse"
