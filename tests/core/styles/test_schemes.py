"""Colours of styled layouts: the picture's, turned; readable; never the product's camouflage."""

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.config.styles import embedded
from layoutgen.core import colour
from layoutgen.core.styles.schemes import Scheme, legible, readable_tone, running_to, scheme_of, telling, visible
from layoutgen.core.styles.style import Palette, Style

SUBJECT = np.zeros((60, 60), np.float32)
SUBJECT[20:40, 20:40] = 1


def picture(product, ground=(240, 240, 240)):
    pixels = np.full((60, 60, 3), ground, np.uint8)
    pixels[20:40, 20:40] = product
    return pixels


def scheme(kind, product=(30, 90, 200), **palette):
    return scheme_of(Style("s", "S", "S.", palette=Palette(kind, **palette)), picture(product), SUBJECT)


def hue_of(hex_colour):
    return float(colour.to_oklch(colour.to_rgb(hex_colour))[2])


def turned(a, b):
    return abs((a - b + math.pi) % (2 * math.pi) - math.pi)


@pytest.mark.parametrize(("kind", "degrees"), [("monochrome", 0), ("analogous", 32), ("complement", 180)])
def test_a_scheme_turns_the_products_hue(kind, degrees):
    _, _, hue = telling(picture((30, 90, 200)), SUBJECT)
    assert turned(hue_of(scheme(kind).accent), hue) == pytest.approx(math.radians(degrees), abs=0.12)


def test_ink_on_paper_has_no_colour_but_its_own():
    drawn = scheme("ink_on_paper", ink="#111111", paper="#fafafa")
    assert (drawn.accent, drawn.tone) == ("#111111", "#fafafa")


def test_a_styles_own_colours_take_the_place_of_the_pictures():
    drawn = scheme("monochrome", accent="#d0021b", second="#ffcc00", panel="#fff3d6")
    assert (drawn.accent, drawn.second, drawn.tone) == ("#d0021b", "#ffcc00", "#fff3d6")


@pytest.mark.parametrize("product", [(30, 90, 200), (200, 30, 40), (20, 120, 60), (128, 128, 128), (250, 220, 40)])
def test_an_accent_is_told_from_the_product(product):
    product_lab = colour.to_oklab(colour.to_hex(np.array(product)))
    assert math.dist(colour.to_oklab(scheme("monochrome", product).accent), product_lab) >= 0.09


@pytest.mark.parametrize("least", [1.0, 4.5, 7.0, 15.0])
@pytest.mark.parametrize("fill", ["#808080", "#ff5a00", "#ffffff", "#101010", "#3b7bd4"])
def test_text_can_be_read_on_any_fill(fill, least):
    drawn = Scheme("#1c1c1e", "#ffffff", "#aa0000", "#00aa00", "#eeeeee")
    shade, text = legible(fill, drawn, least)
    assert colour.ratio(shade, text) >= least


@pytest.mark.parametrize("behind", ["#ffffff", "#1c1c1e", "#808080", "#f7d9d9"])
def test_a_fill_can_be_told_from_what_is_behind(behind):
    for fill in ("#ffffff", "#f7d9d9", "#1c1c1e", behind):
        assert math.dist(colour.to_oklab(visible(fill, behind)), colour.to_oklab(behind)) >= 0.06


def test_a_tone_is_the_nearest_that_can_be_read_or_none():
    white, grey = (partial(colour.ratio, each) for each in ("#ffffff", "#767676"))
    tone = readable_tone("#e05a5a", white, 4.5)
    assert tone and colour.ratio(tone, "#ffffff") >= 4.5
    assert turned(hue_of(tone), hue_of("#e05a5a")) < 0.15
    assert readable_tone("#e05a5a", grey, 12.0) is None


@given(st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}"), st.floats(-0.3, 0.3), st.floats(1, 7))
def test_a_gradient_ends_where_the_text_can_be_read_or_is_none(fill, lighter, least):
    candidate, text = legible(fill, Scheme("#1c1c1e", "#ffffff", fill, fill, fill), least)
    end = running_to(candidate, lighter, text, least)
    assert not end or (colour.ratio(text, end) >= least and end != candidate)
    assert running_to(candidate, 0.0, text, least) == ""


def test_schemes_of_all_styles_are_deterministic():
    for style in embedded().values():
        drawn = [scheme_of(style, picture((200, 120, 40)), SUBJECT) for _ in range(2)]
        assert drawn[0] == drawn[1]
