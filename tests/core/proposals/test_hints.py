"""What is given stands in a layout, whatever a model answers, and says how far its edges may be off."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.layout import Copy, Role, Suggestion
from layoutgen.core.prompts.layouts import slots
from layoutgen.core.prompts.refinements import ATTRIBUTES, MOST_HIDDEN, Given
from layoutgen.core.proposals.constraints import project, violations
from layoutgen.core.proposals.hints import PLACED, constraints_of, draft, without_whole
from tests.budget import examples

COPY = Copy("Kettle", ("1.5 l", "$12"), brand="ACME")
TEXTS = {"Kettle": Role.TITLE, "1.5 l": Role.SUBTITLE, "$12": Role.PRICE, "ACME": Role.LOGO}
ANSWER = tuple(
    Suggestion(role, (0.1, 0.1 + 0.2 * i, 0.6, 0.2 + 0.2 * i), text) for i, (text, role) in enumerate(TEXTS.items())
)
PANEL = Suggestion(Role.UNDERLAY, (0.1, 0.45, 0.7, 0.65))


@st.composite
def boxes(draw):
    left, top = draw(st.floats(0, 0.9)), draw(st.floats(0, 0.9))
    return (left, top, draw(st.floats(left + 0.02, 1)), draw(st.floats(top + 0.02, 1)))


@st.composite
def unfinished(draw):
    """Some texts of the copy, each locked or a hint, some known in part."""
    listed = []
    for text in draw(st.lists(st.sampled_from(sorted(TEXTS)), unique=True)):
        hidden = draw(st.sets(st.sampled_from(ATTRIBUTES), max_size=MOST_HIDDEN))
        listed.append(Given(Suggestion(TEXTS[text], draw(boxes()), text), draw(st.booleans()), frozenset(hidden)))
    return listed


def told(one: Given, box: tuple[float, ...]) -> bool:
    """Whether what is told of an element is so in a box."""
    own = one.element.box
    known = [
        (own[side] - box[side])
        for side, names in enumerate(({"x"}, {"y"}, {"x", "w"}, {"y", "h"}))
        if not one.hidden & names
    ]
    known += [
        (own[axis + 2] - own[axis]) - (box[axis + 2] - box[axis])
        for axis, size in enumerate(("w", "h"))
        if size not in one.hidden
    ]
    return all(abs(apart) < 1e-9 for apart in known)


@given(unfinished())
@settings(max_examples=examples(60, 1000), deadline=None)
def test_every_text_is_there_once_and_what_is_told_of_it_is_so(listed: list[Given]) -> None:
    layout = draft(COPY, ANSWER, listed, 0.01)
    assert [element.text for element in layout.elements] == [slot.text for slot in slots(COPY)]
    by_text = {element.text: element for element in layout.elements}
    for one in listed:
        element = by_text[one.element.text]
        assert told(one, element.box)
        assert "role" in one.hidden or element.role is one.element.role
    for element in layout.elements:
        assert 0 <= element.box[0] < element.box[2] <= 1
        assert 0 <= element.box[1] < element.box[3] <= 1


@given(unfinished())
@settings(max_examples=examples(60, 1000), deadline=None)
def test_locked_elements_stay_wherever_a_network_would_set_them(listed: list[Given]) -> None:
    layout = draft(COPY, ANSWER, listed, 0.01)
    moved = layout.held([(0.3, 0.3, 0.31, 0.31)] * len(layout.elements))
    by_text = {element.text: element for element in moved}
    for one in listed:
        if one.locked:
            assert told(one, by_text[one.element.text].box)


@given(unfinished())
@settings(max_examples=examples(15, 300), deadline=None)
def test_what_is_told_is_a_set_of_constraints_that_can_be_kept(listed: list[Given]) -> None:
    constraints = constraints_of(COPY, listed)
    constraints.check(len(slots(COPY)))
    kept = project([(0.4, 0.4, 0.6, 0.6)] * len(slots(COPY)), constraints)
    assert violations(kept, constraints, 1e-6) == []


def test_levels_say_what_is_exact_what_is_off_and_what_is_guessed() -> None:
    listed = [
        Given(ANSWER[0], True),
        Given(ANSWER[1], False, frozenset({"w"})),
        Given(ANSWER[2], False, frozenset({"role", "y"})),
    ]
    assert draft(COPY, ANSWER, listed, 0.01).levels == (
        (0.0,) * 4,
        (0.01, 0.01, PLACED, 0.01),
        (0.01, PLACED, 0.01, PLACED),
        (PLACED,) * 4,
    )


def test_a_given_panel_takes_the_place_of_the_one_that_was_answered() -> None:
    near = Suggestion(Role.UNDERLAY, (0.1, 0.46, 0.7, 0.64))
    far = Suggestion(Role.UNDERLAY, (0.1, 0.05, 0.7, 0.25))
    layout = draft(COPY, (*ANSWER, near, far), [Given(PANEL, True)], 0.01)
    assert [e.box for e in layout.elements if e.role is Role.UNDERLAY] == [PANEL.box, far.box]
    assert layout.levels[-2:] == ((0.0,) * 4, (PLACED,) * 4)


def test_what_is_given_whole_needs_no_answer_and_all_else_does() -> None:
    whole = [Given(element, False) for element in ANSWER]
    assert draft(COPY, (), whole, 0.01).elements == ANSWER
    with pytest.raises(ValueError, match=r"text 'ACME' of the copy is neither answered nor given whole"):
        draft(COPY, (), whole[:3], 0.01)
    with pytest.raises(ValueError, match=r"text '1.5 l' of the copy is neither answered nor given whole"):
        draft(COPY, (), [whole[0], Given(ANSWER[1], False, frozenset({"role"})), *whole[2:]], 0.01)


def test_a_composer_that_takes_no_hints_is_asked_for_the_rest_of_the_copy() -> None:
    rest, taken = without_whole(COPY, [Given(ANSWER[0], True), Given(ANSWER[2], False), Given(PANEL, False)])
    assert (rest.title, rest.selling_points, rest.brand) == ("", ("1.5 l",), "ACME")
    assert taken == (ANSWER[0].box, ANSWER[2].box, PANEL.box)
    rest, _ = without_whole(COPY, [Given(ANSWER[3], False), Given(ANSWER[0], False, frozenset({"x"}))])
    assert (rest.title, rest.selling_points, rest.brand) == ("Kettle", ("1.5 l", "$12"), None)
    twice, _ = without_whole(Copy("Sale", ("Sale", "Sale")), [Given(Suggestion(Role.TITLE, PANEL.box, "Sale"), True)])
    assert (twice.title, twice.selling_points) == ("", ("Sale", "Sale"))
