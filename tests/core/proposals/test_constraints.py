"""Constraints are kept exactly, by the least change, or refused by name."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.proposals.constraints import Constraints, ContradictionError, Relation, project, violations
from tests.budget import examples

BOXES = [(0.1, 0.1, 0.5, 0.2), (0.1, 0.15, 0.6, 0.3), (0.6, 0.6, 0.9, 0.7)]


def test_a_layout_that_keeps_all_stays_as_it_is():
    kept = Constraints(relations=(Relation("above", 0, 2), Relation("left_of", 0, 2)))
    assert np.allclose(project(BOXES, kept), BOXES, atol=1e-9)
    assert np.allclose(project(BOXES, Constraints()), BOXES, atol=1e-9)
    assert project([], Constraints()) == []


def test_boxes_move_rather_than_change_their_size():
    found = project(BOXES, Constraints(relations=(Relation("above", 0, 1),)))
    assert violations(found, Constraints(relations=(Relation("above", 0, 1),))) == []
    sizes = [(c - a, d - b) for a, b, c, d in found]
    assert np.allclose(sizes, [(c - a, d - b) for a, b, c, d in BOXES])
    moved = sum(abs(x - y) for one, old in zip(found, BOXES, strict=True) for x, y in zip(one, old, strict=True))
    assert moved == pytest.approx(2 * 0.05, abs=1e-6)  # one upper and one lower edge, by what they overlapped


def test_a_given_box_is_exactly_as_given_and_a_locked_size_to_the_last_digits():
    given_box = (0.123456789, 0.2, 0.3333333333, 0.41)
    found = project(BOXES, Constraints(given={1: given_box}, sizes={2: (0.25, 0.125)}))
    assert found[1] == given_box
    assert (found[2][2] - found[2][0], found[2][3] - found[2][1]) == pytest.approx((0.25, 0.125), abs=1e-12)


def test_inside_and_same_size():
    constraints = Constraints(relations=(Relation("inside", 0, 2), Relation("same_size", 1, 2)))
    assert len(violations(BOXES, constraints)) == 2
    assert violations(project(BOXES, constraints), constraints) == []


def test_without_constraints_the_short_way_is_the_long_one():
    boxes = [(-0.2, 0.1, 0.4, 0.1), (0.7, 0.95, 1.3, 1.2), (0.2, 0.2, 0.9, 0.3), (-1.0, 0.0, 2.0, 1.0)]
    free = project(boxes, Constraints())
    linear = project([*boxes, (0.4, 0.4, 0.5, 0.5)], Constraints(sizes={4: (0.1, 0.1)}))
    assert np.allclose(free, linear[:4], atol=1e-9)


def test_what_leaves_the_canvas_or_is_not_finite_comes_back():
    for box in [(-0.5, 0.2, 1.7, 0.4), (0.9, 0.9, 0.2, 0.3), (float("nan"), 0.0, 0.2, float("inf"))]:
        left, top, right, bottom = project([box], Constraints())[0]
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1


def test_a_contradiction_is_refused_by_the_names_of_what_contradicts():
    circle = (Relation("above", 0, 1), Relation("left_of", 0, 2), Relation("above", 1, 2), Relation("above", 2, 0))
    with pytest.raises(ContradictionError) as caught:
        Constraints(relations=circle).check(3)
    assert caught.value.names == ("0 above 1", "1 above 2", "2 above 0")
    with pytest.raises(ContradictionError, match="given box of 0; locked size of 0"):
        Constraints(given={0: (0.1, 0.1, 0.2, 0.2)}, sizes={0: (0.5, 0.1)}).check(1)
    with pytest.raises(ContradictionError, match="locked size of 0; locked size of 1; 0 inside 1"):
        Constraints(sizes={0: (0.5, 0.5), 1: (0.4, 0.6)}, relations=(Relation("inside", 0, 1),)).check(2)


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        (Constraints(relations=(Relation("above", 0, 7),)), "element 7; there are 2"),
        (Constraints(relations=(Relation("above", 1, 1),)), "to itself"),
        (Constraints(relations=(Relation("below", 0, 1),)), "known: above"),  # type: ignore[arg-type]
        (Constraints(given={0: (0.2, 0.1, 0.1, 0.3)}), "no box on the canvas"),
        (Constraints(given={0: (0.2, 0.1, 1.2, 0.3)}), "no box on the canvas"),
        (Constraints(sizes={1: (0.0, 0.3)}), "give sides"),
    ],
)
def test_a_constraint_that_says_nothing_sensible_is_an_error_with_the_mend(constraints, message):
    with pytest.raises(ValueError, match=message):
        constraints.check(2)


box = st.tuples(*[st.floats(-0.3, 1.3)] * 4)
relation = st.builds(
    Relation,
    st.sampled_from(["above", "left_of", "same_size", "inside"]),
    st.integers(0, 5),
    st.integers(0, 5),
).filter(lambda one: one.first != one.second)


@settings(max_examples=examples(30, soak=200))
@given(st.lists(box, min_size=6, max_size=6), st.lists(relation, max_size=6), st.sampled_from([{}, {3: (0.2, 0.1)}]))
def test_what_is_not_refused_is_kept(boxes, relations, sizes):
    constraints = Constraints(sizes=sizes, relations=tuple(relations))
    try:
        found = project(boxes, constraints)
    except ContradictionError as error:
        assert error.names
        with pytest.raises(ContradictionError):
            constraints.check(6)
    else:
        assert violations(found, constraints) == []
        assert all(-1e-9 <= a < c <= 1 + 1e-9 and -1e-9 <= b < d <= 1 + 1e-9 for a, b, c, d in found)


def test_told_edges_are_kept_and_what_they_leave_open_stays_near():
    told = Constraints(edges={0: (0.2, None, None, 0.9), 1: (None, None, 0.5, None)})
    told.check(2)
    (left, top, right, bottom), other = project([(0.3, 0.3, 0.6, 0.4), (0.1, 0.1, 0.6, 0.2)], told)
    assert (left, bottom) == pytest.approx((0.2, 0.9))
    assert (right - left, bottom - top) == pytest.approx((0.3, 0.1)), "a box rather moves than changes its size"
    assert other[2] == pytest.approx(0.5)
    assert violations([(0.3, 0.3, 0.6, 0.4), (0.1, 0.1, 0.5, 0.2)], told) == ["told edges of 0"]
    with pytest.raises(ValueError, match=r"edges .* of element 0: give shares of the side"):
        Constraints(edges={0: (1.2, None, None, None)}).check(1)
    with pytest.raises(ContradictionError, match="told edges of 0"):
        Constraints(edges={0: (0.8, None, 0.2, None)}).check(1)
