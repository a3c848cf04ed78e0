"""Win rates of choices between two sides, and who agrees with whom."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.edited_elements import EditedElement
from layoutgen.core.layout import Role
from layoutgen.core.metrics import preferences
from layoutgen.core.preferences import Preference, Side

GOOD = (EditedElement(Role.TITLE, "Vase", (0.1, 0.1, 0.5, 0.2)), EditedElement(Role.PRICE, "$9", (0.1, 0.3, 0.5, 0.4)))
BAD = (EditedElement(Role.TITLE, "Vase", (0.1, 0.1, 0.5, 0.2)), EditedElement(Role.PRICE, "$9", (0.1, 0.1, 0.5, 0.2)))


def choice(row, winner, who="Mei", minute=0, tie=False):
    sides = {"old": Side(row, "r1", "old", BAD), "new": Side(row, "r2", "new", GOOD)}
    loser = "old" if winner == "new" else "new"
    time = datetime(2026, 11, 30, 9, tzinfo=UTC) + timedelta(minutes=minute)
    product = row.partition("@")[0]
    return Preference(row, who, time, sides[winner], sides[loser], tie, product, "vases", (800, 800))


def rates(choices):
    return preferences.rates(choices, level=0.95, resamples=200, seed=0)


def test_win_rates_leave_ties_out_and_scores_count_them_as_half():
    choices = [choice(f"p{i}@1x1", "new" if i < 6 else "old") for i in range(8)]
    choices += [choice(f"p{i}@1x1", "old", tie=True) for i in range(8, 10)]
    found = rates(choices)
    assert (found["choices"], found["ties"]) == (10, 2)
    new = found["sides"]["new"]
    assert new["wins"] == 6 and new["win_rate"]["value"] == 0.75 and new["score"]["value"] == pytest.approx(0.7)
    assert new["win_rate"]["low"] == pytest.approx(0.409, abs=1e-3)  # Wilson of 6 of 8
    assert new["win_rate"]["high"] == pytest.approx(0.929, abs=1e-3)
    assert 0.3 < new["score"]["low"] < 0.7 < new["score"]["high"] <= 1


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from(["old", "new"]), st.booleans()), min_size=1, max_size=20))
def test_the_two_sides_share_what_there_is(words):
    found = rates([choice(f"p{row}@1x1", winner, minute=i, tie=tie) for i, (row, winner, tie) in enumerate(words)])
    sides = found["sides"].values()
    assert sum(side["wins"] for side in sides) + found["ties"] == len(words)
    assert sum(side["score"]["value"] for side in sides) == pytest.approx(1)
    rated = [side["win_rate"]["value"] for side in sides]
    assert rated == [None, None] or sum(rated) == pytest.approx(1)


def test_the_latest_word_of_a_person_counts():
    choices = [choice("p1@1x1", "new"), choice("p1@1x1", "old", minute=1), choice("p1@1x1", "new", "Wei")]
    settled, earlier = preferences.settle(choices)
    assert earlier == 1 and {(one.annotator, one.chosen.name) for one in settled} == {("Mei", "old"), ("Wei", "new")}


def test_agreement_is_by_pair_of_people():
    choices = [choice(f"p{i}@1x1", "new") for i in range(4)]
    choices += [choice(f"p{i}@1x1", "new" if i else "old", "Wei") for i in range(3)]
    choices += [choice("p3@1x1", "new", "Lin", tie=True)]
    found = preferences.agreement(choices, 0.95)
    assert [(pair.annotators, pair.rows, pair.agreement.value) for pair in found] == [
        (("Lin", "Mei"), 1, 0.0),
        (("Mei", "Wei"), 3, pytest.approx(2 / 3)),
    ]


def test_the_ranking_is_held_against_people():
    right, wrong = choice("p1@1x1", "new"), choice("p2@1x1", "old")
    assert preferences.ranking([right, right, wrong, choice("p3@1x1", "old", tie=True)], 0.95)["choices"] == 3
    assert preferences.ranking([right], 0.95)["agreement"]["value"] == 1
    assert preferences.ranking([wrong], 0.95)["agreement"]["value"] == 0
