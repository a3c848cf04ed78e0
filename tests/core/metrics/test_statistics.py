from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.metrics.layouts import score
from layoutgen.core.metrics.statistics import differences, estimates, stratified_sample, wilson, worst

DRAWS = {"resamples": 400, "level": 0.95, "seed": 0}


def test_the_interval_of_a_mean_is_about_two_standard_errors():
    values = np.random.default_rng(0).normal(5, 2, 400)
    found = estimates({"x": score(values)}, list(range(400)), **DRAWS)["x"]
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - 0.196, abs=0.06)
    assert found.high == pytest.approx(values.mean() + 0.196, abs=0.06)


def test_rows_of_one_product_are_drawn_together():
    values = np.repeat(np.random.default_rng(1).normal(0, 1, 40), 25)
    alone = estimates({"x": score(values)}, list(range(1000)), **DRAWS)["x"]
    together = estimates({"x": score(values)}, np.repeat(np.arange(40), 25).tolist(), **DRAWS)["x"]
    assert together.high - together.low > 3 * (alone.high - alone.low)


def test_one_cluster_has_a_value_and_no_interval_and_nothing_has_neither():
    one = estimates({"x": score(np.array([1.0, 3.0]))}, ["a", "a"], **DRAWS)["x"]
    assert (one.value, one.low, one.high) == (2.0, None, None)
    none = estimates({"x": score(np.zeros(2), np.zeros(2))}, ["a", "b"], **DRAWS)["x"]
    assert (none.value, none.low, none.high) == (None, None, None)
    empty = estimates({"x": score(np.zeros(0))}, [], **DRAWS)["x"]
    assert empty.value is None


def test_the_same_seed_draws_the_same_interval():
    values = score(np.arange(30.0))
    assert estimates({"x": values}, list(range(30)), **DRAWS) == estimates({"x": values}, list(range(30)), **DRAWS)


def test_paired_differences_see_what_unpaired_ones_can_not():
    rng = np.random.default_rng(2)
    base = rng.normal(0, 10, 200)
    ours, theirs = score(base - 0.3 + rng.normal(0, 0.5, 200)), score(base)
    difference, pairs = differences({"x": ours}, {"x": theirs}, list(range(200)), **DRAWS)["x"]
    assert pairs == 200
    assert difference.high < 0
    unpaired = estimates({"x": ours}, list(range(200)), **DRAWS)["x"]
    assert unpaired.high - unpaired.low > 10 * (difference.high - difference.low)


def test_pairs_count_only_where_both_sides_are_defined():
    ours = score(np.array([1.0, 5.0, 9.0]), np.array([1, 1, 0]))
    theirs = score(np.array([2.0, 7.0, 0.0]), np.array([1, 0, 1]))
    difference, pairs = differences({"x": ours}, {"x": theirs}, ["a", "b", "c"], **DRAWS)["x"]
    assert pairs == 1
    assert difference.value == -1


def test_no_pairs_have_no_difference():
    difference, pairs = differences({"x": score(np.ones(1))}, {"x": score(np.ones(1), np.zeros(1))}, ["a"], **DRAWS)[
        "x"
    ]
    assert pairs == 0
    assert difference.value is None


def test_wilson_is_the_published_interval():
    found = wilson(8, 10, 0.95)
    assert (found.value, found.low, found.high) == pytest.approx((0.8, 0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 5, 0.95).low == 0
    assert wilson(0, 0, 0.95).value is None


def test_a_sample_has_each_stratum_in_proportion_and_at_least_once():
    keys = [f"row-{i}" for i in range(1000)]
    strata = ["big" if i < 900 else "small" if i < 999 else "rare" for i in range(1000)]
    chosen = stratified_sample(keys, strata, 100, 0)
    assert Counter(strata[i] for i in chosen) == {"big": 90, "small": 9, "rare": 1}


@given(st.integers(0, 60), st.integers(0, 70), st.integers(0, 3), st.randoms())
def test_a_sample_depends_on_keys_and_seed_and_not_on_order(count, size, seed, random):
    rows = [(f"k{i}", i % 3) for i in range(count)]
    shuffled = random.sample(rows, count)
    first = {rows[i][0] for i in stratified_sample([k for k, _ in rows], [s for _, s in rows], size, seed)}
    second = {shuffled[i][0] for i in stratified_sample([k for k, _ in shuffled], [s for _, s in shuffled], size, seed)}
    assert first == second
    assert len(first) == (count if size == 0 or count <= size else max(size, min(3, count)))


def test_the_worst_rows_are_bad_in_several_ways():
    low = score(np.array([0.0, 1.0, 0.0, 1.0]))
    high = score(np.array([9.0, 9.0, 1.0, 1.0]))
    found = worst({"low": low, "high": high}, {"low": "lower", "high": "higher"}, 2)
    assert [i for i, _ in found] == [3, 1]
    assert worst({}, {}, 3) == []
    assert worst({"x": score(np.ones(3))}, {"x": "lower"}, 2) == [(0, 0.0), (1, 0.0)]
