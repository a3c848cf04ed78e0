"""Changes are done where they can be, all else stays, and what can't be done is named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.instructions.parsing import parse
from layoutgen.core.layout import Role, inside, intersection, to_px
from layoutgen.core.refining.applying import apply
from layoutgen.core.refining.changes import Change, Name, as_json, from_json
from tests.core.instructions.expected import MEANINGS
from tests.core.refining.layouts import SQUARE, TALL, layout, of, page

CANVASES = pytest.mark.parametrize("canvas", [SQUARE, TALL], ids=lambda canvas: canvas.name)


def done(words, canvas, **more):
    return apply(parse(words).changes, layout(canvas), page(canvas, **more))


def px(element, canvas):
    return to_px(element.box, canvas.width, canvas.height)


@CANVASES
def test_a_corner_is_the_corner_of_every_canvas(canvas):
    after = done("move the logo to the top right", canvas)
    left, top, right, bottom = px(of(Role.LOGO, after.elements), canvas)
    assert (round(right), round(top)) == (canvas.width - 40, 40)
    assert (round(right - left), round(bottom - top)) == (120, 60)
    assert after.undone == ()


@CANVASES
def test_what_is_not_named_stays_as_it_is(canvas):
    before, after = layout(canvas), done("move the logo to the top right", canvas)
    assert [e for e in after.elements if e.role is not Role.LOGO] == [e for e in before if e.role is not Role.LOGO]


@CANVASES
def test_a_pill_grows_and_moves_with_its_text(canvas):
    after = done("price twice as large, price at the bottom right", canvas)
    price, pill = of(Role.PRICE, after.elements), of(Role.UNDERLAY, after.elements)
    assert price.font_px == 96 and inside(price.box, pill.box)
    assert after.elements[price.underlay] is pill
    assert round(px(pill, canvas)[2]) == canvas.width - 40 and round(px(pill, canvas)[3]) == canvas.height - 40


@CANVASES
@pytest.mark.parametrize(
    ("words", "first", "kind", "second"),
    [
        ("price above the title", Role.PRICE, "above", Role.TITLE),
        ("logo below the price", Role.LOGO, "below", Role.PRICE),
        ("logo to the right of the title", Role.LOGO, "right_of", Role.TITLE),
        ("align the price with the title on the right", Role.PRICE, "align_right", Role.TITLE),
    ],
)
def test_a_relation_holds_afterwards(canvas, words, first, kind, second):
    after = done(words, canvas)
    assert after.undone == ()
    a, b = px(of(first, after.elements), canvas), px(of(second, after.elements), canvas)
    holds = {
        "above": a[3] <= b[1],
        "below": a[1] >= b[3],
        "right_of": a[0] >= b[2],
        "align_right": abs(px(of(Role.UNDERLAY, after.elements), canvas)[2] - b[2]) <= 1.5,
    }
    assert holds[kind]


def test_equals_become_as_large_as_each_other():
    elements = layout(SQUARE)
    after = apply(parse("same size for the title and the first selling point").changes, elements, page(SQUARE))
    assert of(Role.TITLE, after.elements).font_px == of(Role.SELLING_POINT, after.elements).font_px == 32


def test_colours_words_and_what_goes():
    after = done('title in blue, change the second selling point to "Three sizes", remove the price', SQUARE)
    assert of(Role.TITLE, after.elements).colour == "#1a5fb4"
    assert of(Role.SELLING_POINT, after.elements, 1).text == "Three sizes"
    assert {e.role for e in after.elements} == {Role.TITLE, Role.SELLING_POINT, Role.LOGO}  # its pill goes with it


def test_a_new_text_looks_like_those_of_its_kind():
    after = done('add "Free returns"', SQUARE)
    new = next(e for e in after.elements if e.text == "Free returns")
    assert (new.role, new.font_px, new.colour) == (Role.SELLING_POINT, 32, "#1c1c1e")
    assert not any(intersection(new.box, e.box) > 0 for e in after.elements if e is not new)


def test_what_the_layout_has_not_is_named():
    after = done("remove the badge, title bigger", SQUARE)
    assert after.undone == ("badge left out: the layout has no such element",)
    assert of(Role.TITLE, after.elements).font_px == 75


def test_a_title_is_never_left_out():
    after = done("remove the title", SQUARE)
    assert list(after.elements) == layout(SQUARE) and "every layout has a title" in after.undone[0]


def test_a_text_nobody_could_read_is_not_made():
    after = done("title in white", SQUARE)
    assert list(after.elements) == layout(SQUARE) and "contrast would be under 3" in after.undone[0]


def test_a_text_that_moves_onto_the_dark_gets_a_colour_that_can_be_read():
    work = page(SQUARE)
    work.ground[85:] = 20
    after = apply(parse("title at the bottom").changes, layout(SQUARE), work)
    assert of(Role.TITLE, after.elements).colour == "#ffffff"


def test_the_subject_is_not_covered():
    after = done("title at the bottom right", SQUARE, subject=(0.5, 0.6, 1.0, 1.0))
    box = of(Role.TITLE, after.elements).box
    assert after.undone or intersection(box, (0.5, 0.6, 1.0, 1.0)) < 0.02 * (box[2] - box[0]) * (box[3] - box[1])


def test_what_stands_in_the_way_makes_way_and_is_named():
    after = done("move the price to the top left", SQUARE)
    assert after.undone == () and after.aside == ("logo makes way",)
    boxes = [of(role, after.elements).box for role in (Role.LOGO, Role.UNDERLAY)]
    assert intersection(*boxes) == 0


def test_another_products_words_are_its_own():
    changes = parse('title says "Sale", price bigger').changes
    after = apply(changes, layout(SQUARE), page(SQUARE), same_copy=False)
    assert of(Role.TITLE, after.elements).text == "Summer vase" and "own" in after.undone[0]
    assert of(Role.PRICE, after.elements).font_px == 60


def test_a_text_grows_no_further_than_there_is_room():
    after = done("increase the title by 300%", TALL)
    title = of(Role.TITLE, after.elements)
    assert 60 < title.font_px <= 240 and inside(title.box, (40 / 750, 0.04, 1 - 40 / 750, 0.96), 2e-3)


@pytest.mark.parametrize("text", [text for text, meaning in MEANINGS.items() if meaning])
@pytest.mark.parametrize("canvas", [SQUARE, TALL], ids=lambda canvas: canvas.name)
def test_no_instruction_makes_texts_overlap_or_leave_the_canvas(text, canvas):
    before = layout(canvas)
    after = apply(parse(text).changes, before, page(canvas, subject=(0.55, 0.3, 0.95, 0.9))).elements
    shown = [e for e in after if e.role is not Role.UNDERLAY]
    for i, e in enumerate(shown):
        assert inside(e.box, (0, 0, 1, 1))
        assert not any(intersection(e.box, other.box) > 1e-9 for other in shown[i + 1 :])
        assert e.underlay is None or after[e.underlay].role is Role.UNDERLAY


NAMES = st.sampled_from([Name(Role.TITLE), Name(Role.PRICE, text="$19"), Name(Role.SELLING_POINT, 2), Name(Role.LOGO)])
CHANGES = st.builds(
    Change,
    NAMES,
    remove=st.booleans(),
    say=st.sampled_from(["", "Vase"]),
    scale=st.sampled_from([1.0, 0.5, 1.3, 3.0]),
    at=st.tuples(*[st.none() | st.sampled_from([0.0, 0.3, 1.0])] * 2),
    shift=st.tuples(*[st.sampled_from([0.0, -0.1, 0.2])] * 2),
    colour=st.sampled_from(["", "#d4202a"]),
    relations=st.lists(st.tuples(st.sampled_from(["above", "align_left", "same_size"]), NAMES), max_size=2).map(tuple),
    group=st.sampled_from([0, 0, 1]),
    box=st.none() | st.just((0.1, 0.1, 0.4, 0.2)),
)


@given(CHANGES)
def test_a_change_is_read_as_it_was_written(change):
    assert from_json(as_json(change)) == change


@settings(max_examples=60, deadline=None)
@given(st.lists(CHANGES, max_size=4), st.booleans())
def test_whatever_is_asked_for_the_layout_stays_one(changes, exactly):
    after = apply(changes, layout(TALL), page(TALL), exactly=exactly)
    assert len(after.done) + len(after.undone) >= len(changes)
    assert any(e.role is Role.TITLE for e in after.elements)
    for e in after.elements:
        assert inside(e.box, (0, 0, 1, 1), 1e-6) or exactly
        assert e.underlay is None or after.elements[e.underlay].role is Role.UNDERLAY
