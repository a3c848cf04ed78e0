import re
from collections import Counter
from datetime import UTC, date, datetime

import pytest

from layoutgen.core.metrics import adoption

TITLE = {"role": "title", "text": "Vase", "box": [0.1, 0.1, 0.5, 0.2]}


def said(row_id="a", decision="adopt", **other):
    return {"row_id": row_id, "decision": decision, "annotator": "mei", **other}


def settled(*rows):
    decisions, malformed = adoption.read(rows)
    kept, problems = adoption.settle(decisions, {"a", "b", "c"}.__contains__)
    return kept, Counter(problem.reason for problem in [*malformed, *problems])


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("{broken", "is no object"),
        ([1], "is no object"),
        (said(row_id=None), "row_id is None"),
        (said(row_id=3), "row_id is 3"),
        (said(decision="maybe"), "decision is 'maybe'"),
        (said(decision=["adopt"]), "decision is"),
        (said(time="yesterday"), "time is 'yesterday'"),
        (said(time=5), "time is 5"),
        (said(decision="edit"), "an edit needs its elements"),
        (said(decision="edit", elements=[{"role": "title", "box": [0, 0, 1]}]), r"elements\[0\] has the box"),
        (said(decision="edit", elements=[{"role": "title", "box": [0, 0, 1, float("nan")]}]), "has the box"),
        (said(decision="edit", elements=[{"box": [0, 0, 1, 1]}]), "has the role None"),
        (said(decision="edit", elements=["title"]), "has the box None"),
    ],
)
def test_malformed_feedback_is_reported_with_what_is_wrong(row, message):
    decisions, problems = adoption.read([said(), row])
    assert len(decisions) == 1
    (problem,) = problems
    assert (problem.place, problem.reason) == (2, "malformed")
    assert re.search(message, problem.message)


def test_every_row_of_feedback_is_counted_or_reported():
    rows = [
        said(),
        said(),
        said("b", "reject"),
        said("b", "adopt", annotator="li"),
        said("x"),
        "?",
        said("c", "reject"),
    ]
    kept, problems = settled(*rows)
    assert [(one.row_id, one.decision) for one in kept] == [("a", "adopt"), ("c", "reject")]
    assert problems == {"duplicate": 1, "contradictory": 2, "unknown_row": 1, "malformed": 1}
    assert len(kept) + sum(problems.values()) == len(rows)


def test_an_annotators_last_word_counts_where_times_tell_it():
    early, late = "2026-11-20T08:00:00Z", "2026-11-20T09:00:00+00:00"
    kept, problems = settled(said(decision="adopt", time=late), said(decision="reject", time=early))
    assert [one.decision for one in kept] == ["adopt"]
    assert problems == {"changed": 1}
    kept, problems = settled(said(decision="adopt"), said(decision="reject", time=early))
    assert kept == []
    assert problems == {"contradictory": 2}


def test_annotators_who_agree_count_as_one_row():
    kept, problems = settled(said(), said(annotator="li"))
    assert len(kept) == 1
    assert problems == {"duplicate": 1}


def test_names_are_the_same_whatever_their_case_and_spaces():
    kept, problems = settled(said(), said(annotator=" MEI "))
    assert (len(kept), problems) == (1, {"duplicate": 1})


def test_a_final_decision_counts_instead_of_all_others():
    early, late = "2026-11-20T08:00:00Z", "2026-11-20T09:00:00Z"
    kept, problems = settled(
        said(decision="adopt", annotator="li"),
        said(decision="reject", annotator="bo", time=early, final=True),
        said(decision="edit", elements=[TITLE], annotator="ada", time=late, final=True),
    )
    assert [(one.decision, one.annotator) for one in kept] == [("edit", "ada")]
    assert problems == {"overruled": 2}


def test_agreement_is_by_pair_of_names_and_each_ones_own_last_word():
    rows = [
        said("a", "adopt", annotator="Mei", time="2026-11-20T08:00:00Z"),
        said("a", "reject", annotator="mei ", time="2026-11-20T09:00:00Z"),
        said("a", "reject", annotator="Li", time="2026-11-20T08:00:00Z"),
        said("b", "adopt", annotator="Li"),
        said("b", "reject", annotator="mei"),
        said("b", "adopt", annotator="Ada", final=True),
    ]
    decisions, _ = adoption.read(rows)
    (pair,) = adoption.agreement(decisions, 0.95)
    assert (pair["annotators"], pair["rows"], pair["agreement"]["value"]) == (["Li", "mei"], 2, 0.5)
    assert pair["kappa"] == 0


def test_rates_are_of_decided_rows():
    kept, _ = settled(said("a"), said("b", "edit", elements=[TITLE]), said("c", "reject"))
    found = adoption.rates(kept, 0.95)
    assert (found["decided"], found["adopt"], found["edit"], found["reject"]) == (3, 1, 1, 1)
    assert found["adoption_rate"]["value"] == pytest.approx(2 / 3)
    assert found["as_is_rate"]["value"] == pytest.approx(1 / 3)
    assert adoption.rates([], 0.95)["adoption_rate"] == {"value": None, "low": None, "high": None}


def test_weeks_are_iso_weeks():
    assert adoption.week(date(2026, 1, 1)) == "2026-W01"
    assert adoption.week(datetime(2027, 1, 3, tzinfo=UTC)) == "2026-W53"
    assert adoption.week(None) == "unknown"


def test_an_unchanged_layout_has_no_edit_distance_and_another_one_the_whole():
    assert adoption.edit_distance([TITLE], [TITLE])["distance"] == 0
    assert adoption.edit_distance([], [])["distance"] == 0
    logo = {"role": "logo", "text": "", "box": [0.7, 0.7, 0.9, 0.9]}
    assert adoption.edit_distance([TITLE], [logo])["distance"] == 2
    assert adoption.edit_distance([TITLE], [])["distance"] == 1


def test_moving_and_rewording_are_told_apart():
    moved = adoption.edit_distance([TITLE], [{**TITLE, "box": [0.3, 0.1, 0.7, 0.2]}])
    assert moved["moved"] == pytest.approx(1 - 1 / 3)
    assert moved["text_changed"] == 0
    reworded = adoption.edit_distance([TITLE], [{**TITLE, "text": "Vast"}])
    assert (reworded["moved"], reworded["text_changed"]) == (0, 0.25)
    assert reworded["distance"] == pytest.approx(0.125)


def test_elements_are_matched_by_their_words_and_not_by_their_place_in_the_list():
    other = {"role": "title", "text": "Bowl", "box": [0.1, 0.5, 0.5, 0.6]}
    assert adoption.edit_distance([TITLE, other], [other, TITLE])["distance"] == 0


def test_times_at_the_ends_of_the_calendar_are_malformed():
    rows = [said(decision=what, annotator="mei", time="0001-01-01T00:00:00") for what in ("adopt", "reject")]
    decisions, problems = adoption.read(rows)
    assert not decisions and [problem.reason for problem in problems] == ["malformed"] * 2


def test_reasons_are_counted_by_decision_the_most_frequent_first():
    said = [
        {"row_id": "a", "decision": "reject", "reasons": ["crop", "contrast"]},
        {"row_id": "b", "decision": "adopt", "reasons": ["crop"]},
        {"row_id": "c", "decision": "reject", "reasons": "crop"},
    ]
    decisions, problems = adoption.read(said)
    assert problems == []
    assert list(adoption.reasons(decisions).items()) == [
        ("crop", {"adopt": 1, "edit": 0, "reject": 1}),
        ("contrast", {"adopt": 0, "edit": 0, "reject": 1}),
    ]
