"""What another way of serving would have earned is right on average, and its intervals hold the truth."""

from dataclasses import replace

import numpy as np
import pytest

from layoutgen.core.taste import off_policy
from layoutgen.core.taste.off_policy import Logged

K = 4


def simulated(seed: int, products: int = 300, skill: float = 0.9) -> tuple[Logged, float]:
    """Variants with known rates, served by one way; what another way earns in truth, and a model of `skill`."""
    rng = np.random.default_rng(seed)
    rates = rng.beta(2, 8, (products, K))
    logging = np.tile([0.4, 0.3, 0.2, 0.1], (products, 1))
    target = np.where(np.arange(K) == rates.argmax(axis=1)[:, None], 0.85, 0.05)
    model = skill * rates + (1 - skill) * 0.2
    shown = np.array([rng.choice(K, p=each) for each in logging])
    impressions = rng.integers(20, 200, products).astype(float)
    row = np.arange(products)
    logged = Logged(
        impressions,
        rng.binomial(impressions.astype(int), rates[row, shown]).astype(float),
        logging[row, shown],
        target[row, shown],
        model[row, shown],
        (target * model).sum(axis=1),
        [str(i) for i in row],
    )
    worth = (target * rates).sum(axis=1)
    return logged, float(worth.mean())


def test_on_average_the_estimates_are_what_is_earned() -> None:
    found: dict[str, list[float]] = {}
    for seed in range(60):
        logged, _ = simulated(seed)
        for name, score in logged.scores().items():
            found.setdefault(name, []).append(score.mean)
    truth = np.mean([simulated(seed)[1] for seed in range(60)])
    for name in ("ips", "snips", "dr"):
        assert np.mean(found[name]) == pytest.approx(truth, abs=0.012), name
    assert np.mean(found["as_logged"]) < truth - 0.1
    assert np.std(found["dr"]) < np.std(found["snips"]) < np.std(found["ips"])


def test_doubly_robust_is_right_with_a_model_that_is_not() -> None:
    wrong = [simulated(seed, skill=0.0) for seed in range(60)]
    assert np.mean([logged.scores()["dr"].mean - truth for logged, truth in wrong]) == pytest.approx(0, abs=0.015)


def test_intervals_hold_the_truth_in_at_least_ninety_of_a_hundred() -> None:
    truth = np.mean([simulated(seed, 3000)[1] for seed in range(20)])
    held = dict.fromkeys(("ips", "snips", "dr"), 0)
    for seed in range(100):
        for name, estimate in off_policy.values(simulated(seed)[0], resamples=300, level=0.95, seed=seed).items():
            if name in held:
                held[name] += estimate.low <= truth <= estimate.high
    assert min(held.values()) >= 90, held


def test_serving_as_it_was_gains_nothing() -> None:
    logged, _ = simulated(0)
    same = replace(logged, target=logged.propensity)
    for name, gain in off_policy.gains(same, resamples=200, level=0.95).items():
        if name != "dr":
            assert gain.value == pytest.approx(0, abs=1e-12), name
    assert same.effective == pytest.approx(1.0)
    assert logged.effective < 0.5


def test_a_way_that_never_serves_what_was_shown_has_no_weight_and_no_estimate_by_itself() -> None:
    logged, _ = simulated(0, 50)
    never = replace(logged, target=np.zeros(50))
    values = off_policy.values(never, resamples=200, level=0.95)
    assert values["snips"].value is None
    assert values["ips"].value == 0
    assert never.effective == 0


def test_a_canvas_counts_as_often_as_it_was_seen() -> None:
    rows = Logged(
        np.array([10.0, 90.0]), np.array([10.0, 0.0]), *[np.array([0.5, 0.5])] * 2, *[np.zeros(2)] * 2, ["a", "b"]
    )
    assert off_policy.values(rows, resamples=100, level=0.95)["as_logged"].value == pytest.approx(0.1)
