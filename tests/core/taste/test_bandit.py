"""Variants are served with the propensities that are logged, the same ones every night."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.taste import bandit
from layoutgen.core.taste.bandit import Exploration, Policy
from tests.core.taste.drawn import layouts
from tests.core.taste.test_head import HEAD

VECTORS = [each.features for each in layouts(1, 4, "n")]


def test_propensities_sum_to_one_and_each_variant_has_its_share() -> None:
    for even in (0.0, 0.2, 1.0):
        chances = Policy(HEAD, Exploration(even=even)).propensities("a", VECTORS)
        assert chances.sum() == pytest.approx(1)
        assert chances.min() >= even / 4 - 1e-12
    assert Policy(HEAD, Exploration(even=1.0)).propensities("a", VECTORS) == pytest.approx(0.25)


def test_what_is_preferred_is_served_most_and_what_is_unknown_is_explored_more() -> None:
    policy = Policy(HEAD, Exploration())
    known, unknown = (policy.propensities(group, VECTORS) for group in ("a", "someone"))
    best = int(np.argmax(HEAD.utilities(np.array(VECTORS), "a")))
    assert known.argmax() == best
    assert known.max() > unknown.max()


def test_without_a_head_or_features_all_are_served_alike() -> None:
    assert Policy(None, Exploration()).propensities("a", VECTORS).tolist() == [0.25] * 4
    assert Policy(HEAD, Exploration()).propensities("a", [*VECTORS[:2], None]).tolist() == [1 / 3] * 3
    assert Policy(HEAD, Exploration()).propensities("a", VECTORS[:1]).tolist() == [1.0]
    assert Policy(HEAD, Exploration()).propensities("a", [VECTORS[0]] * 2) == pytest.approx([0.5, 0.5])


def test_over_many_canvases_each_is_served_as_often_as_its_propensity_says() -> None:
    chances = Policy(HEAD, Exploration()).propensities("a", VECTORS)
    served = np.bincount([bandit.chosen(chances, f"canvas {i}", 3) for i in range(20_000)], minlength=4) / 20_000
    np.testing.assert_allclose(served, chances, atol=0.015)


@given(st.text(), st.integers(0, 2**31), st.lists(st.floats(0.01, 1), min_size=1, max_size=8))
def test_a_choice_depends_on_key_and_seed_alone_and_is_one_of_the_variants(
    key: str, seed: int, weights: list[float]
) -> None:
    chances = np.array(weights) / sum(weights)
    assert bandit.chosen(chances, key, seed) == bandit.chosen(chances, key, seed) in range(len(weights))
