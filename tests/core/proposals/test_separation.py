"""Boxes are taken off obstacles and off each other, and what was asked for besides is kept."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.layout import Box, inside, intersection
from layoutgen.core.proposals.constraints import Constraints, Relation
from layoutgen.core.proposals.separation import separated, straddles

FREE = Constraints()


@st.composite
def boxes(draw: st.DrawFn, most: float = 0.4) -> Box:
    left, top = draw(st.floats(0, 0.9)), draw(st.floats(0, 0.9))
    width, height = draw(st.floats(0.05, most)), draw(st.floats(0.02, most / 4))
    return (min(left, 1 - width), min(top, 1 - height), min(left, 1 - width) + width, min(top, 1 - height) + height)


@settings(max_examples=60, deadline=None)
@given(st.lists(boxes(), min_size=1, max_size=5), st.floats(0.1, 0.5), st.floats(0.1, 0.4))
def test_nothing_lies_on_the_product_and_all_on_the_canvas(proposed: list[Box], left: float, top: float) -> None:
    product = (left, top, left + 0.4, top + 0.5)
    kept = separated(proposed, len(proposed), [product], FREE)
    assert len(kept) == len(proposed)
    for box in kept:
        assert inside(box, (0, 0, 1, 1), 1e-9)
        assert intersection(box, product) <= 1e-4


@settings(max_examples=60, deadline=None)
@given(st.lists(boxes(), min_size=1, max_size=4), st.floats(0.3, 0.6), st.booleans())
def test_texts_are_wholly_on_the_picture_or_off_it(proposed: list[Box], edge: float, is_below: bool) -> None:
    picture = (0.0, edge, 1.0, 1.0) if is_below else (edge, 0.1, 1.0, 0.9)
    kept = separated(proposed, len(proposed), [], FREE, picture=picture)
    for box in kept:
        assert inside(box, (0, 0, 1, 1), 1e-9)
        assert not straddles(box, picture)
    well = separated(kept, len(kept), [], FREE, picture=picture)
    assert well == [pytest.approx(box, abs=1e-6) for box in kept]


def test_a_text_across_the_pictures_edge_goes_where_it_is_nearest_and_fits() -> None:
    picture = (0.0, 0.4, 1.0, 1.0)
    (on,) = separated([(0.1, 0.38, 0.5, 0.48)], 1, [], FREE, picture=picture)
    assert on == pytest.approx((0.1, 0.4, 0.5, 0.5))
    (off,) = separated([(0.1, 0.32, 0.5, 0.42)], 1, [], FREE, picture=picture)
    assert off == pytest.approx((0.1, 0.3, 0.5, 0.4))
    beside_a_product = separated([(0.1, 0.38, 0.5, 0.48)], 1, [(0.05, 0.45, 0.9, 0.95)], FREE, picture=picture)
    assert beside_a_product[0][3] <= 0.4 + 1e-6


def test_what_lies_well_stays() -> None:
    well = [(0.1, 0.05, 0.9, 0.15), (0.1, 0.2, 0.5, 0.25)]
    for box, kept in zip(well, separated(well, 2, [(0.2, 0.4, 0.8, 0.9)], FREE), strict=True):
        assert kept == pytest.approx(box)


def test_a_box_goes_to_the_side_that_is_nearest() -> None:
    product = (0.4, 0.3, 0.8, 0.9)
    (above,) = separated([(0.45, 0.28, 0.7, 0.33)], 1, [product], FREE)
    assert above == pytest.approx((0.45, 0.25, 0.7, 0.3))
    (beside,) = separated([(0.1, 0.5, 0.43, 0.55)], 1, [product], FREE)
    assert beside == pytest.approx((0.07, 0.5, 0.4, 0.55))


def test_texts_are_taken_apart_and_stay_in_their_panels() -> None:
    proposed = [(0.2, 0.1, 0.8, 0.2), (0.2, 0.17, 0.8, 0.25), (0.3, 0.3, 0.7, 0.36), (0.25, 0.31, 0.65, 0.37)]
    panel = Relation("inside", 2, 3)
    kept = separated(proposed, 3, [], FREE, [panel])
    assert intersection(kept[0], kept[1]) <= 1e-9
    assert inside(kept[2], kept[3])


def test_given_boxes_and_constraints_come_first() -> None:
    locked = (0.4, 0.4, 0.6, 0.5)
    kept = separated([locked, (0.1, 0.1, 0.5, 0.15)], 2, [(0.3, 0.3, 0.9, 0.9)], Constraints(given={0: locked}))
    assert kept[0] == locked
    under = Constraints(relations=(Relation("above", 0, 1),))
    kept = separated([(0.1, 0.5, 0.5, 0.6), (0.1, 0.5, 0.5, 0.6)], 2, [], under)
    assert kept[0][3] <= kept[1][1] + 1e-9


def test_where_there_is_no_room_nothing_is_forced() -> None:
    proposed = [(0.1, 0.1, 0.9, 0.9)]
    kept = separated(proposed, 1, [(0.0, 0.0, 1.0, 1.0)], FREE)
    assert inside(kept[0], (0, 0, 1, 1), 1e-9)
