"""Layouts are read back from what is drawn of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.layout import Canvas, Copy, Role, Suggestion, inside, iou
from layoutgen.core.proposals.layout_image import PALETTE
from layoutgen.models.denoising.images.encoding import inset, read_layout, signal
from layoutgen.models.denoising.lines import lines_of

COPY = Copy("保温杯", ("304不锈钢", "￥199起", "Buy now"))
ELEMENTS = [
    Suggestion(Role.UNDERLAY, (0.05, 0.05, 0.6, 0.6)),
    Suggestion(Role.UNDERLAY, (0.1, 0.45, 0.4, 0.55)),
    Suggestion(Role.TITLE, (0.1, 0.1, 0.5, 0.2), "保温杯"),
    Suggestion(Role.SELLING_POINT, (0.1, 0.2, 0.5, 0.27), "304不锈钢"),
    Suggestion(Role.PRICE, (0.1, 0.7, 0.4, 0.8), "￥199起"),
    Suggestion(Role.CALL_TO_ACTION, (0.15, 0.45, 0.35, 0.55), "Buy now"),
]
LIKELY = [
    {one: 0.9 if one is role else 0.1 / 7 for one in Role}
    for role in (Role.TITLE, Role.SELLING_POINT, Role.PRICE, Role.CALL_TO_ACTION)
]


def test_a_layout_with_touching_lines_and_a_button_on_a_panel_is_read_back():
    classes = signal(ELEMENTS, (256, 192), 256)
    assert classes.shape == (256, 256)
    assert not classes[192:].any()
    canvas = Canvas(1024, 768)
    image = PALETTE[classes.numpy()].astype(np.uint8)
    found = read_layout(image, (256, 192), lines_of(COPY, canvas), canvas, None, LIKELY)
    assert [(one.role, one.text) for one in found[:4]] == [(one.role, one.text) for one in ELEMENTS[2:]]
    for true in ELEMENTS:
        assert max(iou(one.box, true.box) for one in found if one.role is true.role) > 0.85


def test_lines_that_stand_close_to_each_other_are_drawn_apart():
    close = [Suggestion(Role.TITLE, (0.1, 0.1, 0.5, 0.2)), Suggestion(Role.TITLE, (0.1, 0.2, 0.5, 0.3))]
    first, second = inset(close, 100, 100)
    assert second.box[1] - first.box[3] == pytest.approx(0.02)
    back = inset([first, second], 100, 100, -1)
    assert np.allclose([one.box for one in back], [one.box for one in close])
    thin = [Suggestion(Role.TITLE, (0.1, 0.1, 0.5, 0.12))]
    assert inset(thin, 100, 100)[0].box[1::2] == (0.1, 0.12)


sides = st.tuples(st.integers(0, 80), st.integers(4, 60)).map(lambda one: (one[0] / 100, min(sum(one), 100) / 100))


@given(sides, sides, sides, sides)
def test_what_lies_on_an_underlay_leaves_a_pixel_of_it_on_each_side(across, down, text_across, text_down):
    ground = Suggestion(Role.UNDERLAY, (across[0], down[0], across[1], down[1]))
    text = Suggestion(Role.TITLE, (text_across[0], text_down[0], text_across[1], text_down[1]))
    lower, upper = inset([ground, text], 100, 100)
    left, top, right, bottom = upper.box
    assert left < right
    assert top < bottom
    a, b, c, d = lower.box
    if inside(text.box, ground.box) and right - left < c - a - 0.02 and bottom - top < d - b - 0.02:
        assert min(left - a, top - b, c - right, d - bottom) >= 0.0099
