from dataclasses import replace

import numpy as np
import pytest

from layoutgen.core.layout import Canvas, Element, Role
from layoutgen.imaging import drawing

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
