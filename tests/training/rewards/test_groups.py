"""Rewards within groups: what counts, what is left out, and which rollout is better than others."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from layoutgen.training.rewards.groups import Groups

REWARDS = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(2, 6)),
    elements=st.one_of(st.floats(-40, 5), st.sampled_from([np.nan, np.inf, -np.inf])),
)


@given(REWARDS)
def test_advantages_are_about_zero_in_every_group_and_finite(rewards: np.ndarray) -> None:
    groups = Groups(rewards)
    found = groups.advantages()
    assert np.isfinite(found).all()
    assert np.allclose(found.sum(1), 0, atol=1e-6)
    assert not found[~np.isfinite(rewards)].any()
    spread = found.std(1, where=groups.counted | ~groups.counted.any(1, keepdims=True))
    assert (spread <= 1 + 1e-9).all()
    for advantages, some, counted in zip(found, rewards, groups.counted, strict=True):
        assert (np.diff(advantages[counted][np.argsort(some[counted])]) >= 0).all()


@given(REWARDS)
def test_the_best_is_the_highest_finite_one(rewards: np.ndarray) -> None:
    for best, some in zip(Groups(rewards).best(), rewards, strict=True):
        finite = some[np.isfinite(some)]
        if best is None:
            assert len(finite) < 2 or np.ptp(finite) <= 1e-6
        else:
            assert some[best] == finite.max()


def test_a_group_of_equals_is_no_step_and_is_counted() -> None:
    groups = Groups(np.array([[-3.0, -3.0, -3.0], [-3.0, -1.0, -2.0]]))
    assert groups.equal == 1
    assert not groups.advantages()[0].any()
    assert groups.best() == [None, 1]
    assert groups.advantages()[1] == pytest.approx([-(1.5**0.5), 1.5**0.5, 0])


def test_what_is_not_finite_is_left_out_of_its_group_and_counted() -> None:
    groups = Groups(np.array([[np.nan, -1.0, -2.0], [np.inf, -1.0, np.nan]]))
    assert groups.equal == 1  # of one reward alone there is nothing to compare
    assert groups.advantages() == pytest.approx(np.array([[0, 1, -1], [0, 0, 0]]))
    assert groups.best() == [1, None]


def test_a_small_difference_is_not_blown_up() -> None:
    assert np.abs(Groups(np.array([[-1.0, -1.001]])).advantages()).max() < 0.01


def test_of_no_group_there_is_nothing() -> None:
    groups = Groups(np.zeros((0, 1)))
    assert (groups.equal, groups.best(), groups.advantages().shape) == (0, [], (0, 1))
