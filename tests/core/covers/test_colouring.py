import numpy as np

from layoutgen.core import colour
from layoutgen.core.covers.acceptance import on_underlays, readable_share
from layoutgen.core.covers.colouring import Palette, colour_cover
from layoutgen.core.covers.placement import solve
from layoutgen.core.covers.text import CoverCopy
from layoutgen.core.layout import Role, inside, intersection
from tests.core.covers.drawn import CANVAS, STYLE, face_for, scene

COPY = CoverCopy("三分钟学会穿搭", "一件外套的七种穿法", ("新品",))
PALETTE = Palette("#fdfbf8", "#2a1d14", "#9c4a1a")


def coloured(ground, behind, copy=COPY, **other):
    solution = solve(copy, CANVAS, ground, face_for, STYLE)
    return colour_cover(
        solution, CANVAS, dict.fromkeys(range(len(solution.elements)), behind), PALETTE, 4.5, dark=False, **other
    )


def pixels(*values):
    return np.repeat(np.array(values, np.uint8), 100)[:, None] * np.ones(3, np.uint8)


def shares(elements, behind):
    return [readable_share(e.colour, on_underlays(elements, i, behind), 4.5) for i, e in enumerate(elements) if e.lines]


def test_text_is_light_on_dark_and_dark_on_light_without_a_panel():
    for grey, wanted in ((20, PALETTE.light), (240, PALETTE.deep)):
        elements = coloured(scene(grey=grey), pixels(grey))
        assert {e.colour for e in elements if e.role in (Role.TITLE, Role.SUBTITLE)} == {wanted}
        assert [e.role for e in elements].count(Role.UNDERLAY) == 1  # the sticker's


def test_every_text_can_be_read_on_every_ground():
    for values in ((20,), (118,), (240,), (0, 255), (118, 120, 90), (60, 200)):
        behind = pixels(*values)
        assert min(shares(coloured(scene(grey=values[0]), behind), behind)) >= 0.95


def test_a_title_and_its_subtitle_share_a_panel_as_clear_as_it_may_be():
    elements = coloured(scene(grey=118), pixels(118))
    panel = elements[0]
    assert panel.role is Role.UNDERLAY and panel.opacity < 1
    texts = [e for e in elements if e.role in (Role.TITLE, Role.SUBTITLE)]
    assert all(e.underlay == 0 and inside(e.box, panel.box) for e in texts)


def test_a_panel_keeps_clear_of_what_it_must_not_touch():
    face = (0.0, 0.0, 1.0, 0.0)
    for element in coloured(scene(grey=118), pixels(118), keep_clear=[face]):
        assert intersection(element.box, face) == 0


def test_text_on_a_picture_that_is_not_calm_has_a_stroke_and_light_text_a_shadow():
    flat = coloured(scene(grey=20), pixels(20))[-3]
    assert (flat.stroke_px, flat.shadow) == (0, 0)
    calm = coloured(scene(grey=20), pixels(15, 30))[-3]
    assert (calm.stroke_px, calm.shadow > 0) == (0, True)
    lively = coloured(scene(grey=20), pixels(25, 25, 80, 80))
    title = next(e for e in lively if e.role is Role.TITLE)
    assert title.stroke_px > 0 and title.stroke == PALETTE.deep


def test_a_sticker_stands_on_a_pill_in_the_accent():
    elements = coloured(scene(grey=240), pixels(240))
    sticker = elements[-1]
    assert sticker.role is Role.OTHER and sticker.underlay is not None
    assert elements[sticker.underlay].colour == PALETTE.accent


def test_the_palette_has_the_pictures_hue():
    red = np.full((20, 20, 3), (180, 30, 40), np.uint8)
    palette = Palette.of(red, np.ones((20, 20), np.float32))
    hue = colour.to_oklch(colour.to_rgb("#b41e28"))[2]
    for found in (palette.deep, palette.accent):
        assert abs(colour.to_oklch(colour.to_rgb(found))[2] - hue) < 0.3
    assert colour.luminance(colour.to_rgb(palette.light)) > 0.85
