"""Drift of a table's means: chance and usual nights are no drift, a change is, and what vanished has moved."""

import random

import pytest

from layoutgen.core.metrics import drift


def night(share: float, products: int, rng: random.Random) -> dict[str, list[float]]:
    """A night of one canvas, on which a title stands with the probability `share`."""
    titles = sum(rng.random() < share for _ in range(products))
    roles = [products, products, products, products]
    return {"roles 1x1": roles, "roles 1x1/title": [products, products, titles, titles]}


def test_nights_that_differ_by_chance_alone_are_no_drift_as_often_as_the_confidence_says() -> None:
    rng = random.Random(0)
    nights = [[night(0.5, 200, rng) for _ in range(4)] for _ in range(2000)]
    alarms = sum(bool(drift.moved(tonight, before, 0.95)) for tonight, *before in nights)
    assert alarms <= 0.05 * 2000


@pytest.mark.parametrize(("share", "moves"), [(0.5, False), (0.3, True), (0.9, True)])
def test_a_share_that_moves_is_seen_with_its_interval(share: float, moves: bool) -> None:
    rng = random.Random(1)
    found = drift.moved(night(share, 1000, rng), [night(0.5, 1000, rng) for _ in range(3)], 0.999)
    assert bool(found) is moves
    assert all(not move.low <= move.mean <= move.high for move in found)


def test_what_no_row_has_any_more_has_moved_and_few_products_tell_nothing() -> None:
    before = {"fonts": [100.0, 100, 100, 100], "fonts/Noto": [100.0, 100, 90, 90]}
    (gone,) = drift.moved({"fonts": [100, 100, 100, 100]}, [before], 0.999)
    assert (gone.name, gone.mean) == ("fonts/Noto", 0.0)
    assert drift.moved({"fonts": [20, 20, 20, 20]}, [before], 0.999) == []
    assert drift.moved(before, [], 0.999) == []


def test_fewer_objections_are_no_reason_to_hold_a_night_back() -> None:
    better, worse = {"objections": [1000, 1000, 100.0, 40.0]}, {"objections": [1000, 1000, 500.0, 400.0]}
    assert drift.moved(better, [worse], 0.99) == []
    assert [move.name for move in drift.moved(worse, [better], 0.99)] == ["objections"]


def test_sums_of_shards_are_the_tables() -> None:
    assert drift.added({"a": [1, 2, 0.5, 0.25]}, {"b": [1, 1, 1, 1]}, {"a": [1, 1, 1.0, 1.0]}) == {
        "a": [2, 3, 1.5, 1.25],
        "b": [1, 1, 1, 1],
    }
