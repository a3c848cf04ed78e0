"""The demo's designer: the same words in one column on the left, as the gallery's contract has edits."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core import feedback
from layoutgen.core.layout import Role
from layoutgen.demo.designer import COLUMN, edited

ELEMENTS = st.lists(
    st.tuples(st.sampled_from(list(Role)), st.text("ab 你好", min_size=1, max_size=60)), min_size=1, max_size=8
)


def row(elements: list[tuple[Role, str]]) -> dict[str, Any]:
    return {
        "row_id": "vase-1:1",
        "run_id": "night",
        "elements": [{"role": role.value, "text": None if role is Role.LOGO else text} for role, text in elements],
    }


@given(ELEMENTS.filter(lambda elements: any(role is not Role.UNDERLAY for role, _ in elements)))
def test_all_but_panels_stands_in_the_column_with_its_words_one_below_the_other(
    elements: list[tuple[Role, str]],
) -> None:
    (decision,) = edited([row(elements)])
    placed = decision.elements or ()
    kept = [(role, "" if role is Role.LOGO else text) for role, text in elements if role is not Role.UNDERLAY]
    assert sorted((element.role, element.text) for element in placed) == sorted(kept)
    assert {(element.box[0], element.box[2]) for element in placed} == {COLUMN}
    edges = [edge for element in placed for edge in (element.box[1], element.box[3])]
    assert edges == sorted(edges) and edges[0] >= 0 and edges[-1] <= 1


def test_its_decisions_are_read_back_as_edits_and_are_the_same_for_the_same_rows() -> None:
    rows = [row([(Role.TITLE, "一只包"), (Role.UNDERLAY, ""), (Role.LOGO, "")])]
    (decision,), errors = feedback.read(feedback.write(edited(rows)))
    assert not errors
    assert (decision.decision, decision.row_id, len(decision.elements or ())) == ("edit", "vase-1:1", 2)
    assert edited(rows) == edited(rows)
