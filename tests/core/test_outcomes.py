"""Outcomes are read row by row: what can't be used is refused by its place, its column, its value and the fix."""

from typing import Any

import pytest

from layoutgen.core import outcomes

ROW = {"row_id": "a@10x10", "variant": 0, "impressions": 10, "clicks": 3, "orders": 1, "propensity": 0.25}


def read(*rows: Any, reward: str = "clicks") -> tuple[list[outcomes.Outcome], list[str]]:
    found, errors = outcomes.read(enumerate(rows, 1), reward)
    return found, [str(error) for error in errors]


def test_a_row_is_read_with_numbers_of_any_type_that_are_whole() -> None:
    (found,), errors = read({**ROW, "impressions": 10.0, "run_id": "r1", "note": "ignored"})
    assert not errors
    assert found == outcomes.Outcome(1, "a@10x10", 0, 10, 3, 1, 0.25, "r1")
    assert (found.earned("clicks"), found.earned("orders")) == (3, 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"clicks": 11}, "row 1: clicks is 11 of 10 impressions; give no more clicks than impressions"),
        ({"orders": 4}, "orders is 4 of 3 clicks; give no more orders than clicks"),
        ({"propensity": None}, "propensity is missing; give the probability with which the variant was served"),
        ({"propensity": 0.0}, "propensity is 0.0; give a probability above 0 and up to 1"),
        ({"propensity": 1.5}, "propensity is 1.5; give a probability"),
        ({"propensity": float("nan")}, "propensity is nan; give a probability"),
        ({"propensity": True}, "propensity is True; give a probability"),
        ({"impressions": 0}, "impressions is 0; give a whole number from 1"),
        ({"impressions": float("inf")}, "impressions is inf; give a whole number"),
        ({"clicks": -1}, "clicks is -1; give a whole number from 0"),
        ({"clicks": 2.5}, "clicks is 2.5; give a whole number"),
        ({"clicks": "3"}, "clicks is '3'; give a whole number"),
        ({"variant": None}, "variant is None; give a whole number from 0"),
        ({"row_id": ""}, "row_id is ''; give a string that is not empty"),
        ({"run_id": 7}, "run_id is 7; give a string"),
    ],
)
def test_a_bad_row_is_refused_and_its_neighbours_count(change: dict[str, Any], said: str) -> None:
    found, errors = read({**ROW, **change}, {**ROW, "row_id": "b@10x10"})
    assert [each.row_id for each in found] == ["b@10x10"]
    assert len(errors) == 1
    assert said.removeprefix("row 1: ") in errors[0]
    assert "1" in errors[0]


def test_what_is_no_row_is_refused() -> None:
    assert "no object" in read("text")[1][0]


def test_nothing_is_counted_twice() -> None:
    found, (error,) = read(ROW, {**ROW, "clicks": 1}, {**ROW, "run_id": "r2"})
    assert [(each.place, each.run_id) for each in found] == [(1, ""), (3, "r2")]
    assert "row_id 'a@10x10' stands in row 1 already; add its rows up" in error


def test_orders_are_asked_for_where_they_are_learnt_from() -> None:
    found, errors = read({**ROW, "orders": None}, reward="orders")
    assert not found
    assert "orders is missing; give it, or learn from clicks" in errors[0]
