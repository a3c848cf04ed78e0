from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core import mirroring
from layoutgen.core.layout import Canvas, Element, Role
from layoutgen.core.shapes import underlays
from layoutgen.core.text.runs import with_runs
from layoutgen.imaging import drawing, fonts

CANVAS = Canvas(300, 200)
GREY = np.full((200, 300, 3), 128, np.uint8)
TITLE = Element(
    Role.TITLE,
    (0.1, 0.1, 0.9, 0.42),
    text="标题Ag",
    lines=("标题Ag",),
    font="NotoSansSC-Bold",
    font_px=48,
    line_height_px=62,
    colour="#ffffff",
)


def ink_of(drawn):
    rows, columns = np.nonzero(np.abs(drawn.astype(int) - 128).max(-1) > 40)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_the_ink_of_a_text_is_where_it_is_drawn():
    found = drawing.glyphs(GREY, TITLE, CANVAS)
    drawn = ink_of(drawing.draw(GREY, [TITLE], CANVAS))
    assert max(abs(a - b) for a, b in zip(found.ink, drawn, strict=True)) <= 1


def test_what_is_behind_glyphs_are_the_pixels_that_the_text_hides():
    ground = GREY.copy()
    ground[:, 150:] = 20
    behind = drawing.glyphs(ground, TITLE, CANVAS).behind
    hidden = (drawing.draw(GREY, [TITLE], CANVAS) >= 250).all(-1).sum()
    assert set(np.unique(behind)) == {20, 128}
    assert 0.7 < hidden / len(behind) <= 1


def test_a_text_without_ink_hides_nothing():
    found = drawing.glyphs(GREY, replace(TITLE, text=" ", lines=(" ",)), CANVAS)
    assert found.ink is None and len(found.behind) == 0


def test_a_text_that_leaves_the_canvas_hides_only_what_is_there():
    outside = replace(TITLE, box=(0.8, 0.1, 1.0, 0.42))
    found = drawing.glyphs(GREY, outside, CANVAS)
    assert found.ink[2] > 300
    assert 0 < len(found.behind) < len(drawing.glyphs(GREY, TITLE, CANVAS).behind)


@pytest.mark.parametrize(("field", "darker"), [({"stroke_px": 3, "stroke": "#000000"}, 40), ({"shadow": 0.6}, 10)])
def test_strokes_and_shadows_are_drawn_around_the_glyphs(field, darker):
    plain = drawing.draw(GREY, [TITLE], CANVAS)
    dressed = drawing.draw(GREY, [replace(TITLE, **field)], CANVAS)
    assert dressed.min() < plain.min() - darker
    assert (dressed[plain.min(-1) == 255] == 255).mean() > 0.9  # the glyphs themselves stay as they are


BUTTON = Element(Role.UNDERLAY, (0.1, 0.2, 0.9, 0.6), colour="#c81e1e", radius_px=10)


def inked(element, canvas=CANVAS):
    return np.abs(drawing.draw(np.full((canvas.height, canvas.width, 3), 255, np.uint8), [element], canvas) - 255.0)


@pytest.mark.parametrize("shape", underlays.SHAPES)
@pytest.mark.parametrize("box", [(0.1, 0.2, 0.9, 0.6), (0.2, 0.1, 0.5, 0.55), (0.1, 0.1, 0.2, 0.9), (0, 0, 0.02, 0.02)])
@pytest.mark.parametrize("stroke_px", [0, 5])
def test_a_shape_fills_its_box_and_leaves_it_by_half_its_outline(shape, box, stroke_px):
    element = replace(BUTTON, box=box, shape=shape, stroke_px=stroke_px, gradient="#1e50c8", gradient_angle=30)
    rows, columns = np.nonzero(inked(element).max(-1) > 40)
    left, top, right, bottom = (side * n for side, n in zip(box, (300, 200, 300, 200), strict=True))
    out = 0 if shape in underlays.OPEN else stroke_px / 2 + 1
    assert len(rows)
    assert left - out <= columns.min() and columns.max() + 1 <= right + out
    assert top - out <= rows.min() and rows.max() + 1 <= bottom + out
    if shape not in underlays.OPEN:  # as wide and as high as its box
        assert columns.max() + 1 - columns.min() >= 0.94 * (right - left) - 1
        assert rows.max() + 1 - rows.min() >= 0.94 * (bottom - top) - 1


@pytest.mark.parametrize("shape", underlays.SHAPES)
def test_the_mirrored_element_is_drawn_as_the_mirrored_drawing(shape):
    element = replace(BUTTON, shape=shape, stroke_px=4, gradient="#1e50c8", gradient_angle=20)
    turned = mirroring.element(element, CANVAS)
    assert replace(mirroring.element(turned, CANVAS), box=element.box) == element
    assert np.abs(inked(turned)[:, ::-1] - inked(element)).max() <= 3


@pytest.mark.parametrize("shape", sorted({*underlays.SHAPES} - {*underlays.OPEN}))
def test_the_middle_of_a_shape_is_solid_and_rules_lie_at_its_side(shape):
    part = inked(replace(BUTTON, shape=shape)).max(-1)[55:105, 85:215]
    assert part.min() > 100
    for rule in underlays.OPEN:
        drawn = inked(replace(BUTTON, shape=rule)).max(-1)
        assert drawn[45:110, 45:255].max() == 0 and 0 < (drawn > 100).mean() < 0.03


@pytest.mark.parametrize(("angle", "first", "last"), [(0, (80, 30), (80, 268)), (90, (41, 150), (118, 150))])
def test_a_gradient_runs_in_its_direction(angle, first, last):
    drawn = 255 - inked(replace(BUTTON, radius_px=0, gradient="#1e50c8", gradient_angle=angle))
    assert np.abs(drawn[first] - (200, 30, 30)).max() <= 3
    assert np.abs(drawn[last] - (30, 80, 200)).max() <= 3


def test_a_plain_button_is_drawn_as_ever():
    drawn = inked(replace(BUTTON, radius_px=0, opacity=0.5))
    assert np.abs(drawn[40:120, 30:270] - (28, 113, 113)).max() <= 1 and drawn[:40].max() == drawn[120:].max() == 0


def test_a_shape_that_nobody_knows_is_an_error_that_names_it():
    with pytest.raises(ValueError, match="'cloud'; known: rounded, slanted"):
        drawing.draw(GREY, [replace(BUTTON, shape="cloud")], CANVAS)


def as_runs(element):
    face = fonts.typeface(element.font, (), "", "ltr")
    return with_runs(element, face, (element.box[2] - element.box[0]) * CANVAS.width)


def test_a_struck_text_has_a_line_across_its_ink_in_its_own_colour():
    was = as_runs(replace(TITLE, text="¥199", lines=("¥199",)))
    plain, struck = (drawing.draw(GREY, [replace(was, strike=strike)], CANVAS).astype(int) for strike in (False, True))
    rows, columns = np.nonzero((struck - plain).max(-1) > 40)
    left, top, right, bottom = ink_of(plain)
    assert 2 <= len(set(rows)) <= 5  # as thick as the font says
    assert abs(columns.min() - left) <= 6 and abs(columns.max() + 1 - right) <= 6
    assert top + 0.3 * (bottom - top) < rows.mean() < bottom - 0.2 * (bottom - top)
    assert ink_of(struck) == (left, top, right, bottom)  # it leaves the text's ink nowhere
    assert len(drawing.glyphs(GREY, replace(was, strike=True), CANVAS).behind) > len(
        drawing.glyphs(GREY, was, CANVAS).behind
    )


@settings(max_examples=25, deadline=None)
@given(
    text=st.sampled_from(["¥1,299", "Only today", "限时特惠 199", "특가 50%", "سعر خاص", "ราคาพิเศษ", "कीमत ₹99"]),
    px=st.integers(12, 60),
    scale=st.floats(0.3, 1.5),
    tracking=st.floats(0, 0.3),
    strike=st.booleans(),
)
def test_the_ink_of_a_text_is_as_wide_as_its_lines_whatever_its_scale_tracking_and_strike(
    text, px, scale, tracking, strike
):
    canvas = Canvas(1600, 200)
    element = replace(TITLE, text=text, lines=(text,), font_px=px, box=(0.1, 0.3, 0.9, 0.7), alignment="left")
    element = with_runs(element, fonts.typeface(element.font, (), "", "ltr"), 1280)
    x, runs = 0.0, []
    for run in element.runs:  # one after the other, each of its own size
        spaced = replace(run, scale=scale, letter_spacing_px=tracking * px)
        (width,) = drawing.line_widths(replace(element, runs=(replace(spaced, x_px=0.0),)))
        runs, x = [*runs, replace(spaced, x_px=x, width_px=width)], x + width
    element = replace(element, runs=tuple(runs), strike=strike)
    (width,) = drawing.line_widths(element)
    assert width == pytest.approx(x, abs=0.35 * px)
    ink = drawing.glyphs(np.full((200, 1600, 3), 128, np.uint8), element, canvas).ink
    (line,) = drawing.ink_of_lines(element, canvas)
    assert ink is None or (160 - 0.35 * px <= ink[0] and ink[2] <= 160 + width + 0.35 * px)
    assert ink is None or max(abs(a - b) for a, b in zip(ink, line, strict=True)) <= 2
