import json
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core import edited_elements, feedback
from layoutgen.core.edited_elements import EditedElement
from layoutgen.core.feedback import Feedback
from layoutgen.core.json_lines import LineError
from layoutgen.core.layout import Role
from tests.budget import examples

TITLE = {"role": "title", "text": "花瓶", "box": [0.1, 0.1, 0.5, 0.2]}


def said(**changes):
    row = {
        "row_id": "p1@1080x1080",
        "run_id": "run-1",
        "decision": "adopt",
        "annotator": "mei",
        "time": "2026-11-21T09:30:00.125Z",
        **changes,
    }
    return {name: value for name, value in row.items() if value is not None}


def test_a_decision_is_read():
    found = feedback.check(said(note="bold"))
    assert found == Feedback(
        "p1@1080x1080", "run-1", "adopt", "mei", datetime(2026, 11, 21, 9, 30, 0, 125000, UTC), None, "bold"
    )


def test_reasons_are_a_list_of_names():
    assert feedback.check(said(reasons=["crop", "contrast", "crop"])).reasons == ("crop", "contrast")
    assert feedback.check(said(reasons=["our own"])).reasons == ("our own",)
    assert feedback.check(said(reasons=[])).reasons == ()


def test_an_edit_has_its_elements():
    found = feedback.check(said(decision="edit", elements=[TITLE, {"role": "logo", "box": [0, 0, 1, 1]}]))
    assert found.elements == (
        EditedElement(Role.TITLE, "花瓶", (0.1, 0.1, 0.5, 0.2)),
        EditedElement(Role.LOGO, "", (0, 0, 1, 1)),
    )


def test_times_are_utc_whatever_zone_they_were_given_in():
    assert feedback.check(said(time="2026-11-21T17:30:00+08:00")).time == datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
    assert feedback.check(said(time=datetime(2026, 11, 21, tzinfo=UTC))).time.day == 21


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"row_id": None}, "row_id", "row_id is None; give a string"),
        ({"row_id": " "}, "row_id", "row_id is ' '"),
        ({"run_id": 7}, "run_id", "run_id is 7"),
        ({"annotator": ""}, "annotator", "annotator is ''"),
        ({"decision": "maybe"}, "decision", "decision is 'maybe'; give one of adopt, edit, reject"),
        ({"decision": ["edit"]}, "decision", "decision is ['edit']"),
        ({"time": None}, "time", "time is None; give ISO 8601"),
        ({"time": "2026-11-21T09:30:00"}, "time", "with its zone"),
        ({"time": "yesterday"}, "time", "time is 'yesterday'"),
        ({"note": 3}, "note", "note is 3"),
        ({"reasons": "crop"}, "reasons", "reasons is 'crop'; give a list of names"),
        ({"reasons": [3]}, "reasons", "reasons is [3]"),
        ({"elements": [TITLE]}, "elements", "of edits only, and this is 'adopt'"),
        ({"decision": "edit"}, "elements", "elements is 'None'; give the list"),
        ({"decision": "edit", "elements": "title"}, "elements", "elements is 'title'"),
        ({"decision": "edit", "elements": []}, "elements", "elements is empty"),
        ({"decision": "edit", "elements": [TITLE, 3]}, "elements", "elements[1] has the box None"),
        ({"decision": "edit", "elements": [{**TITLE, "box": [0, 0, 1]}]}, "elements", "elements[0] has the box"),
        ({"decision": "edit", "elements": [{**TITLE, "role": None}]}, "elements", "elements[0] has the role None"),
        ({"decision": "edit", "elements": [{**TITLE, "role": "slogan"}]}, "elements[0].role", "'slogan'; give one of"),
        ({"decision": "edit", "elements": [{**TITLE, "text": 5}]}, "elements[0].text", "has the text 5"),
        ({"decision": "edit", "elements": [{**TITLE, "box": [0.5, 0, 0.4, 1]}]}, "elements[0].box", "left < right"),
        ({"decision": "edit", "elements": [{**TITLE, "box": [0, 0, 1.01, 1]}]}, "elements[0].box", "all in [0, 1]"),
        ({"decision": "edit", "elements": [{**TITLE, "was": -1}]}, "elements[0].was", "whole number from 0"),
        ({"decision": "edit", "elements": [{**TITLE, "font_px": 1.5}]}, "elements[0].font_px", "whole number from 1"),
        ({"decision": "edit", "elements": [{**TITLE, "lines": ["花"]}]}, "elements[0].lines", "make up the text"),
        ({"decision": "edit", "elements": [{**TITLE, "lines": ["花瓶", ""]}]}, "elements[0].lines", "not empty"),
        ({"decision": "edit", "elements": [{**TITLE, "alignment": "top"}]}, "elements[0].alignment", "'top'; give one"),
        ({"decision": "edit", "elements": [{**TITLE, "colour": "red"}]}, "elements[0].colour", "'red'; give #rrggbb"),
        ({"decision": "edit", "elements": [{**TITLE, "font": ""}]}, "elements[0].font", "give its name"),
        ({"comments": "dull"}, "comments", "comments is 'dull'; give a list"),
        ({"comments": [3]}, "comments[0]", "comments[0] is '3'; give an object"),
        ({"comments": [{"box": [0, 0, 1, 1], "text": " "}]}, "comments[0].text", "has the text ' '"),
        ({"comments": [{"box": [0, 0, 1], "text": "dull"}]}, "comments[0].box", "give left, top, right, bottom"),
        ({"comments": [{"box": [0, 0, 0, 1], "text": "dull"}]}, "comments[0].box", "left < right"),
        ({"comments": [{"box": [0, 0, 1, 1], "text": "dull", "role": "x"}]}, "comments[0].role", "the role 'x'"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_field(changes, field, message):
    text = "\n".join(json.dumps(row) for row in (said(), said(**changes), said()))
    found, (error,) = feedback.read(text)
    assert len(found) == 2
    assert (error.line, error.field) == (2, field)
    assert str(error).startswith("line 2: ")
    assert message in str(error)


@pytest.mark.parametrize("line", ["{broken", "[1]", '"adopt"', "null"])
def test_lines_that_are_no_objects_are_errors_and_not_ends(line):
    found, (error,) = feedback.read(f"{json.dumps(said())}\n\n{line}\n{json.dumps(said())}\r\n")
    assert len(found) == 2
    assert error.line == 3
    with pytest.raises(LineError, match="line 8: "):
        feedback.parse(line, 8)


def test_a_final_decision_says_so():
    assert feedback.check(said(final=True)).final
    assert not feedback.check(said()).final
    with pytest.raises(LineError, match="final is 'yes'; give true or false"):
        feedback.check(said(final="yes"))


def test_names_are_the_same_whatever_their_case_and_spaces():
    assert feedback.name_key("  Mei   Lin ") == feedback.name_key("ｍｅｉ lin")
    assert feedback.name_key("Mei") != feedback.name_key("Li")


def test_reasons_blame_the_layout_or_something_else():
    assert feedback.REASONS.keys() > feedback.ABOUT_LAYOUT
    assert all(map(feedback.blames_layout, [(), ("crowded",), ("crop", "crowded"), ("a form's own",)]))
    assert not any(map(feedback.blames_layout, [("crop",), ("copy_wrong", "off_brand", "subject_wrong")]))


def test_fields_of_others_are_passed_over_and_a_byte_order_mark_too():
    found, errors = feedback.read("\ufeff" + json.dumps(said(mood="good")))
    assert (len(found), errors) == (1, [])


WORDS = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12)
SIDES = st.tuples(st.floats(0, 0.5), st.floats(0, 0.5), st.floats(0.51, 1), st.floats(0.51, 1))
PLAIN = st.builds(EditedElement, st.sampled_from(Role), st.text(max_size=20), SIDES)
CHANGED = st.builds(
    lambda lines, box, was, *rest: EditedElement(Role.TITLE, " ".join(lines), box, was, tuple(lines), *rest),
    st.lists(WORDS, min_size=1, max_size=3),
    SIDES,
    st.none() | st.integers(0, 9),
    st.none() | st.integers(1, 900),
    st.none() | st.sampled_from(edited_elements.ALIGNMENTS),
    st.none() | st.from_regex("#[0-9a-f]{6}", fullmatch=True),
    st.none() | WORDS,
)
ELEMENTS = st.lists(PLAIN | CHANGED, min_size=1, max_size=3)
COMMENTS = st.lists(st.builds(feedback.Comment, SIDES, WORDS, st.none() | st.sampled_from(Role)), max_size=2)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
DECIDED = st.sampled_from(("adopt", "reject"))
EDITS = st.builds(
    Feedback, WORDS, WORDS, st.just("edit"), WORDS, TIMES, ELEMENTS.map(tuple), st.text(max_size=20),
    final=st.booleans(), comments=COMMENTS.map(tuple),
)  # fmt: skip
OTHERS = st.builds(Feedback, WORDS, WORDS, DECIDED, WORDS, TIMES, st.none(), st.text(max_size=20))


@settings(max_examples=examples(20, soak=100))
@given(st.lists(EDITS | OTHERS, max_size=4))
def test_what_is_written_is_read_back(rows):
    assert feedback.read(feedback.write(rows)) == (rows, [])


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-23:00", 5, 10**400, "2026-02-30"])
def test_a_time_or_a_number_that_python_has_not_is_a_fault_of_its_line(time):
    row = {"row_id": "a", "run_id": "r", "decision": "reject", "annotator": "mei", "time": time}
    found, (error,) = feedback.read(json.dumps(row))
    assert (found, error.field) == ([], "time")
    elements = [{"role": "title", "text": "x", "box": [0, 0, 10**400, 1]}]
    edit = {**row, "decision": "edit", "time": "2026-11-20T09:00:00Z", "elements": elements}
    assert feedback.read(json.dumps(edit))[1][0].field == "elements"
