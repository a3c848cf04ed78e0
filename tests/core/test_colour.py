import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core import colour

colours = st.tuples(*[st.integers(0, 255)] * 3).map(lambda rgb: colour.to_hex(np.array(rgb)))


def ratio(a, b):
    return float(colour.contrast(colour.luminance(colour.to_rgb(a)), colour.luminance(colour.to_rgb(b))))


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
        ("#ff0000", "#ffffff", 4.00),
        ("#0000ff", "#ffffff", 8.59),
        ("#123456", "#123456", 1.0),
    ],
)
def test_contrast_has_the_values_that_wcag_checkers_show(a, b, expected):
    assert ratio(a, b) == pytest.approx(expected, abs=0.005)
    assert ratio(b, a) == ratio(a, b)


@given(colours)
def test_hex_goes_to_rgb_and_back(hex_colour):
    assert colour.to_hex(colour.to_rgb(hex_colour)) == hex_colour


def test_numbers_out_of_range_become_the_nearest_colour():
    assert colour.to_hex(np.array([-3.0, 127.6, 300.0])) == "#0080ff"


@pytest.mark.parametrize("value", ["", "#fff", "red", "1c1c1e0"])
def test_what_is_no_hex_colour_is_an_error_with_the_value(value):
    with pytest.raises(ValueError, match="#rrggbb") as caught:
        colour.to_rgb(value)
    assert repr(value) in str(caught.value)


@given(colours)
def test_a_colour_goes_to_oklch_and_back(hex_colour):
    lightness, chroma, hue = map(float, colour.to_oklch(colour.to_rgb(hex_colour)))
    assert np.abs(colour.to_rgb(colour.from_oklch(lightness, chroma, hue)) - colour.to_rgb(hex_colour)).max() <= 1


def test_oklch_has_the_values_of_its_author():
    # Ottosson 2020: white is lightness 1 without chroma; CSS Color 4: red is oklch(0.628 0.2577 29.23deg).
    white, red = colour.to_oklch(np.array([[255, 255, 255], [255, 0, 0]]))
    assert white[:2] == pytest.approx([1, 0], abs=1e-4)
    assert [red[0], red[1], np.degrees(red[2])] == pytest.approx([0.628, 0.2577, 29.23], abs=0.01)


@given(colours, st.floats(0.2, 1), st.floats(0, 0.2))
def test_a_tint_has_the_lightness_asked_for_and_no_more_chroma(hex_colour, lightness, most):
    found = colour.to_oklch(colour.to_rgb(colour.tint(hex_colour, lightness, most)))
    assert found[0] == pytest.approx(lightness, abs=0.02)
    assert found[1] <= most + 0.02


def test_contrast_on_pixels_leaves_the_worst_twentieth_out():
    pixels = np.full((1000, 3), 255)
    pixels[:40] = 0
    assert colour.contrast_on("#000000", pixels) == pytest.approx(21)
    pixels[:60] = 0
    assert colour.contrast_on("#000000", pixels) == pytest.approx(1)
    assert colour.contrast_on("#000000", np.empty((0, 3))) == 21


def test_clutter_is_none_on_a_wall_and_much_on_a_chessboard():
    board = np.repeat([[0, 0, 0], [255, 255, 255]], 50, axis=0)
    assert colour.clutter(np.full((50, 3), 90)) == pytest.approx(0, abs=1e-9)
    assert colour.clutter(board) == pytest.approx(0.5, abs=1e-3)
    assert colour.clutter(np.empty((0, 3))) == 0


@given(colours, colours, st.floats(0, 1))
def test_a_blend_lies_between_its_colours(below, above, opacity):
    a, b = colour.to_rgb(below), colour.to_rgb(above)
    blended = colour.blend(a, above, opacity)
    assert np.all(blended >= np.minimum(a, b) - 1e-9)
    assert np.all(blended <= np.maximum(a, b) + 1e-9)
    assert colour.to_hex(colour.blend(a, above, 1)) == above
    assert colour.to_hex(colour.blend(a, above, 0)) == below


def test_the_dominant_colour_fills_most_of_the_weighed_pixels():
    pixels = np.array([[200, 20, 20]] * 30 + [[20, 20, 200]] * 70, np.uint8)
    assert colour.dominant(pixels) == "#1414c8"
    assert colour.dominant(pixels, np.array([1.0] * 30 + [0.1] * 70)) == "#c81414"
    assert colour.dominant(np.empty((0, 3))) == colour.PAPER
