"""Which variant of a logo stands where, and on what."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core import colour
from layoutgen.core.brands.brand import Brand, Logo, Measure
from layoutgen.core.brands.visibility import MOST, VISIBLE, LogoInk, is_visible, legibility, seen_share
from layoutgen.core.layout import Canvas, Element, Framing, Role
from layoutgen.core.placing.brand_page import Page
from layoutgen.core.placing.logos import with_logo
from layoutgen.core.placing.placement import NoLayoutError

CANVAS = Canvas(600, 600)
NAVY, STEEL, PAPER, GOLD = "#0b1f3a", "#2f4a7a", "#ffffff", "#ffb000"
SPACE = {"clear_space": Measure(0.5), "least_height": Measure(20, "px")}
DARK = LogoInk(Logo("dark.png", **SPACE), STEEL, 3.0)
LIGHT = LogoInk(Logo("light.png", **SPACE), PAPER, 3.0)
BRAND = Brand("nordlys", colours={"background": (NAVY, "#eef3f8"), "text": (PAPER, NAVY)})
MARK = Element(Role.LOGO, (0.1, 0.6, 0.4, 0.7), z=2)


def page(behind, brand=BRAND):
    pixels = np.empty((300, 300, 3), np.uint8)
    pixels[:] = colour.to_rgb(behind)
    return Page(brand, CANVAS, pixels, Framing(), 4.6)


def test_a_dark_logo_on_a_near_black_panel_is_not_seen_though_its_contrast_is_more_than_2():
    assert 2.0 < colour.ratio(STEEL, "#0a0a0a") < VISIBLE
    elements, chosen = with_logo(page("#0a0a0a"), [MARK], (DARK, LIGHT))
    assert chosen == "light.png"
    assert len(elements) == 1


def test_where_both_are_clear_the_kits_order_decides_and_else_the_clearer_one():
    assert with_logo(page("#f4f4f4"), [MARK], (DARK, replace(LIGHT, colour="#101010")))[1] == "dark.png"
    assert (
        with_logo(page("#6a6a6a"), [MARK], (LogoInk(Logo("gold.png", **SPACE), "#e0e0e0", 3.0), LIGHT))[1]
        == "light.png"
    )


def test_a_logo_of_two_colours_is_weighed_by_its_ink():
    most = replace(LIGHT, tones=((PAPER, 0.7), (NAVY, 0.3)))
    little = replace(LIGHT, tones=((PAPER, 0.3), (NAVY, 0.7)))
    assert (is_visible(most, "#0a0a0a"), is_visible(little, "#0a0a0a")) == (True, False)
    assert seen_share(most, colour.to_rgb("#0a0a0a")[None]) == pytest.approx(0.7)


def test_a_logo_on_a_shared_panel_gets_a_plate_that_stands_on_it():
    panel = Element(Role.UNDERLAY, (0.05, 0.05, 0.6, 0.8), colour="#0a0a0a")
    title = Element(Role.TITLE, (0.1, 0.1, 0.5, 0.2), "Warm", ("Warm",), "Inter", 40, 48, PAPER, underlay=0, z=2)
    elements, chosen = with_logo(page(PAPER), [panel, title, replace(MARK, underlay=0)], (DARK,))
    assert chosen == "dark.png"
    assert elements[1].colour == "#eef3f8"
    assert (elements[1].underlay, elements[3].underlay, elements[2].underlay) == (0, 1, 0)


def test_a_kit_that_allows_no_plate_refuses_the_row_and_says_why():
    strict = replace(BRAND, logo_plate=False)
    with pytest.raises(NoLayoutError, match=r"\(dark.png 0% of its ink\), and its kit allows no plate; add") as no:
        with_logo(page("#0a0a0a", strict), [MARK], (DARK,))
    assert no.value.kind == "brand_logo"


colours = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


@given(ground=colours, first=colours, second=colours)
def test_whatever_the_ground_the_logo_that_is_left_can_be_seen(ground, first, second):
    inks = (replace(DARK, colour=first), replace(LIGHT, colour=second))
    try:
        elements, chosen = with_logo(page(ground), [MARK], inks)
    except NoLayoutError as no:
        assert no.kind == "brand_logo"
        assert not any(is_visible(ink, each) for ink in inks for each in (ground, NAVY, "#eef3f8")) or all(
            seen_share(ink, colour.to_rgb(each)[None], VISIBLE * 1.02) < MOST for ink in inks for each in (ground, NAVY)
        )
        return
    ink = next(ink for ink in inks if ink.logo.uri == chosen)
    behind = elements[0].colour if len(elements) == 2 else ground
    assert is_visible(ink, behind)
    if len(elements) == 1:
        pixels = colour.to_rgb(ground)[None]
        others = [each for each in inks if is_visible(each, ground)]
        assert legibility(ink, pixels) >= max(legibility(each, pixels) for each in others) - 0.11
