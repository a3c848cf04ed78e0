"""What was said becomes evidence, or a problem with its reason; nothing is lost, nothing counts twice."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from layoutgen.core.feedback import Feedback
from layoutgen.core.outcomes import Outcome
from layoutgen.core.preferences import Preference, Side
from layoutgen.core.taste import estimation
from layoutgen.core.taste.evidence import of_choices, of_feedback, of_outcomes
from tests.core.taste.drawn import catalogue, layouts

_LAYOUTS = layouts(2, 2)
FIRST, SECOND = _LAYOUTS[0], _LAYOUTS[1]


def said(decision: str, row: str = FIRST.row_id, who: str = "Mei", day: int = 1, **more) -> Feedback:
    return Feedback(row, "r", decision, who, datetime(2026, 1, day, tzinfo=UTC), **more)


def choice(chosen: str, rejected: str, who: str = "Mei", day: int = 1, *, tie: bool = False) -> Preference:
    sides = [Side(row, "r", "n", ()) for row in (chosen, rejected)]
    return Preference(FIRST.row_id, who, datetime(2026, 1, day, tzinfo=UTC), *sides, is_tie=tie)


def earned(row: str, variant: int = 0, run_id: str = "") -> Outcome:
    return Outcome(1, row, variant, 10, 2, None, 0.5, run_id)


def test_decisions_become_shares_and_annotators_their_mean() -> None:
    decisions = [said("adopt"), said("reject", who="Bo"), said("edit", SECOND.row_id)]
    evidence, problems = of_feedback(decisions, catalogue(_LAYOUTS))
    assert [each.target for each in evidence] == [0.5, 0.5]
    assert not problems


def test_the_latest_word_of_an_annotator_counts_and_of_all_a_final_one() -> None:
    decisions = [said("reject", day=2), said("adopt", day=1), said("adopt", who="Lead", final=True)]
    (one,), problems = of_feedback(decisions, catalogue(_LAYOUTS))
    assert one.target == 1.0
    assert [problem.reason for problem in problems] == ["changed"]


def test_a_rejection_for_what_is_not_the_layout_teaches_nothing() -> None:
    evidence, (problem,) = of_feedback([said("reject", reasons=("copy_wrong",))], catalogue(_LAYOUTS))
    assert not evidence
    assert problem.reason == "not_about_layout"


def test_choices_are_pairs_and_ties_are_worth_a_half() -> None:
    words = [choice(FIRST.row_id, SECOND.row_id), choice(FIRST.row_id, SECOND.row_id, "Bo", tie=True)]
    evidence, problems = of_choices(words, catalogue(_LAYOUTS))
    assert [each.target for each in evidence] == [1.0, 0.5]
    assert evidence[0].beside is not None
    assert not problems


@pytest.mark.parametrize(
    ("found", "reason", "message"),
    [
        (
            of_feedback([said("adopt", "nobody@10x10")], catalogue(_LAYOUTS)),
            "unknown_row",
            "no layout has row_id 'nobody",
        ),
        (of_choices([choice(FIRST.row_id, "x")], catalogue(_LAYOUTS)), "unknown_row", "give the table that it is of"),
        (of_outcomes([earned("x")], catalogue(_LAYOUTS)), "unknown_row", "no layout has row_id 'x'"),
        (of_outcomes([earned(FIRST.row_id, run_id="r9")], catalogue(_LAYOUTS)), "unknown_row", "run_id 'r9'"),
        (of_outcomes([earned(FIRST.row_id, 1)], catalogue(_LAYOUTS)), "other_variant", "variant is 1, and"),
        (
            of_outcomes([earned(FIRST.row_id)], catalogue(_LAYOUTS, [replace(FIRST, run_id="r2")])),
            "ambiguous_run",
            r"several runs (r, r2); give run_id",
        ),
        (
            of_feedback([said("adopt")], catalogue([replace(FIRST, features=None)])),
            "other_features",
            "lay it out again by this release",
        ),
        (
            of_feedback([said("adopt")], catalogue([replace(FIRST, features=None, version=None)])),
            "no_features",
            "serve.variants = true",
        ),
    ],
)
def test_what_cant_be_learnt_from_says_why_and_what_to_do(found, reason, message) -> None:
    evidence, (problem,) = found
    assert not evidence
    assert problem.reason == reason
    assert message in problem.message


def test_an_outcome_keeps_its_propensity_and_weighs_as_often_as_it_was_seen() -> None:
    (one,), _ = of_outcomes([earned(SECOND.row_id, 1, "r")], catalogue(_LAYOUTS))
    assert (one.target, one.weight, one.propensity) == (0.2, 10.0, 0.5)


def test_outcomes_count_where_every_variant_beside_them_is_known() -> None:
    known = catalogue(_LAYOUTS)
    evidence, _ = of_outcomes([earned(FIRST.row_id)], known)
    assert estimation.counted(evidence, known) == evidence
    lacking = catalogue([FIRST, replace(SECOND, features=None)])
    evidence, _ = of_outcomes([earned(FIRST.row_id)], lacking)
    assert evidence
    assert estimation.counted(evidence, lacking) == []


def test_of_two_tables_that_have_a_layout_the_first_counts() -> None:
    newer = [replace(each, product_id="newer") for each in _LAYOUTS]
    both = catalogue(newer, _LAYOUTS)
    assert len(both) == len(_LAYOUTS)
    assert both.find(FIRST.row_id).product_id == "newer"
    assert {each.row_id for each in both.variants(both.find(SECOND.row_id))} == {FIRST.row_id, SECOND.row_id}
