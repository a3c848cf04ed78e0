"""Edits as they are drawn: unchanged words keep their shape, others are set anew, and what can't be is told."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.gallery.edits import EditError, edited
from layoutgen.core.layout import Canvas, Element, Role
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.typography import line_height
from layoutgen.imaging import fonts

CANVAS = Canvas(1000, 500)
FACE = fonts.typeface("NotoSans-Bold")


def face_of(element):
    return fonts.typeface(element.font)


def title(text="Vase", box=(0.1, 0.1, 0.3, 0.3), alignment="left"):
    lines = (text,)
    element = Element(
        Role.TITLE, box, text, lines, "NotoSans-Bold", 60, line_height(60), alignment=alignment, underlay=0
    )
    return with_runs(element, FACE, (box[2] - box[0]) * CANVAS.width)


UNDERLAY = Element(Role.UNDERLAY, (0.05, 0.05, 0.5, 0.5), colour="#223344")


def said(element, **changes):
    return {"role": element.role.value, "text": element.text, "box": list(element.box), **changes}


def test_an_edit_that_changes_nothing_is_drawn_as_the_row_is():
    layout = [UNDERLAY, title()]
    assert edited(layout, [said(one) for one in layout], CANVAS, face_of) == layout


@given(st.floats(0.3, 3), st.floats(0.3, 3), st.sampled_from(["left", "center", "right"]))
def test_unchanged_words_stay_in_their_box_at_their_side(wide, high, alignment):
    was = title(alignment=alignment)
    box = (0.02, 0.02, 0.02 + 0.2 * wide, 0.02 + 0.2 * high)
    (now,) = edited([was], [said(was, box=box)], CANVAS, face_of)
    scale = min(wide, high)
    assert now.lines == was.lines and abs(now.font_px - 60 * scale) <= 0.51
    assert now.box[0] >= box[0] - 0.01 and now.box[2] <= box[2] + 0.01
    assert (now.box[1] + now.box[3]) / 2 == pytest.approx((box[1] + box[3]) / 2)
    side = {"left": now.box[0] - box[0], "right": now.box[2] - box[2], "center": sum(now.box[::2]) - sum(box[::2])}
    assert side[alignment] == pytest.approx(0, abs=1e-9)
    assert now.runs[0].baseline_px / was.runs[0].baseline_px == pytest.approx(now.font_px / 60)


def test_other_words_are_set_anew_no_larger_and_within_their_box():
    was = title()
    (now,) = edited([was], [said(was, text="A vase of blown glass")], CANVAS, face_of)
    assert now.text == "A vase of blown glass" and " ".join(now.lines) == now.text and len(now.lines) > 1
    assert now.font_px < 60 and {run.line for run in now.runs} == {*range(len(now.lines))}
    assert max(FACE.width(line, now.font_px) for line in now.lines) <= 200
    (shorter,) = edited([was], [said(was, text="Va")], CANVAS, face_of)
    assert (shorter.font_px, shorter.lines) == (60, ("Va",))
    (broken,) = edited([was], [said(was, lines=["Va", "se"])], CANVAS, face_of)
    assert broken.lines == ("Va", "se") and broken.box[3] - broken.box[1] <= 0.2 + 1e-9


def test_colour_and_alignment_are_the_edits():
    was = title()
    (now,) = edited([was], [said(was, colour="#ff0000", alignment="right")], CANVAS, face_of)
    assert (now.colour, now.alignment) == ("#ff0000", "right")


def test_an_element_is_the_one_that_it_was_or_that_is_alike():
    layout = [UNDERLAY, title("Vase"), title("Sale", (0.1, 0.6, 0.3, 0.8))]
    now = edited(layout, [said(layout[2]), said(layout[1]), said(layout[0])], CANVAS, face_of)
    assert [one.text for one in now] == ["Sale", "Vase", ""]
    assert [one.underlay for one in now] == [2, 2, None]
    assert [one.text for one in edited(layout, [said(layout[1], was=2)], CANVAS, face_of)] == ["Vase"]


def test_a_text_that_was_put_back_looks_like_one_of_its_role_or_the_smallest():
    layout = [UNDERLAY, title("Vase"), replace(title("Sale", (0.1, 0.6, 0.3, 0.8)), font_px=30)]
    back = {"role": "price", "text": "$9", "box": [0.6, 0.6, 0.9, 0.9], "font_px": 40, "colour": "#00ff00"}
    (*_, price) = edited(layout, [*map(said, layout), back], CANVAS, face_of)
    assert (price.role, price.text, price.font, price.colour) == (Role.PRICE, "$9", "NotoSans-Bold", "#00ff00")
    assert (price.lines, price.font_px) == (("$9",), 40)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ("x", "elements is 'x'; give the list as edited"),
        ([{"role": "logo", "box": [0, 0, 1, 1]}], "has the role 'logo'; the row has no image of one"),
        ([{"role": "title", "box": [0, 0, 0, 1]}], "give left < right and top < bottom"),
        ([{"role": "title", "text": "Vase", "box": [0, 0, 1, 1], "colour": "red"}], "element_colour_unknown"),
        ([{"role": "title", "text": "W" * 900, "box": [0, 0, 0.02, 0.02]}], "make the box larger or the text shorter"),
        ([{"role": "title", "text": "Vase", "box": [0, 0, 1, 1], "font_px": -1}], "give px of the canvas"),
        ([{"role": "title", "text": "V", "box": [0, 0, 1, 1], "font": "No-Such"}], "no font named 'No-Such' is here"),
    ],
)
def test_what_cannot_be_drawn_is_told(edit, message):
    with pytest.raises(EditError, match="^.*" + message.replace("[", r"\[").replace("?", r"\?")):
        edited([UNDERLAY, title()], edit, CANVAS, face_of)


def test_a_logo_that_was_left_out_is_put_back_where_the_row_has_its_image():
    mark = {"role": "logo", "text": "", "box": [0.7, 0.7, 0.9, 0.9]}
    layout = [UNDERLAY, title()]
    drawn = edited(layout, [*map(said, layout), mark], CANVAS, face_of, has_logo=True)
    assert drawn == [*layout, Element(Role.LOGO, (0.7, 0.7, 0.9, 0.9), z=max(one.z for one in layout))]
