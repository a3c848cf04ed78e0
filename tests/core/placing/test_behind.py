import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core import colour
from layoutgen.core.placing.behind import Behind

colours = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


@given(st.integers(0, 300), st.integers(0, 255), st.integers(0, 255), st.integers(0, 9), colours)
def test_a_contrast_is_that_of_all_pixels_to_the_last_digit(count, low, high, seed, text):
    pixels = np.random.default_rng(seed).integers(min(low, high), max(low, high) + 1, (count, 3)).astype(np.uint8)
    for each in (text, colour.INK, colour.PAPER):
        assert Behind(pixels).contrast(each) == colour.contrast_on(each, pixels)


def test_nothing_can_be_read_on_a_restless_ground():
    noise = np.random.default_rng(0).choice([0, 255], (10_000, 1)).astype(np.uint8).repeat(3, axis=1)
    assert Behind(noise).readable(colour.INK) == 1
    assert Behind(np.full((100, 3), 255, np.uint8)).readable(colour.INK) > 15


def test_behind_several_texts_lies_what_lies_behind_each():
    dark, light = (Behind(np.full((n, 3), value, np.uint8)) for n, value in ((10, 0), (11, 255)))
    both = Behind.all_of([dark, light])
    assert len(both) == 21 and both.middle == "#ffffff" and both.contrast("#ffffff") == 1
