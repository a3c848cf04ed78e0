"""What is seen on one poster's pixels: grounds, containers, alignment."""

import numpy as np
import pytest

from layoutgen.core import colour
from layoutgen.core.layout import Role
from layoutgen.core.learning.observed import Poster, Text, container_of, delta_ok, ground_of

MIST, NAVY = "#eef3f8", "#0b1f3a"


def canvas(hex_colour=MIST, height=400, width=300):
    return np.tile(colour.to_rgb(hex_colour).astype(np.uint8), (height, width, 1))


def photo(height, width, seed=0):
    coarse = np.random.default_rng(seed).integers(0, 200, (height // 10 + 1, width // 10 + 1, 3))
    return np.kron(coarse, np.ones((10, 10, 1)))[:height, :width].astype(np.uint8)


def poster(family):
    pixels = canvas()
    if family == "full":
        return photo(400, 300)
    if family == "panel":
        pixels[160:] = photo(240, 300)
    if family == "card":
        pixels[160:380, 30:270] = photo(220, 240)
    if family == "cut_out":
        y, x = np.mgrid[:400, :300]
        pixels[((y - 260) / 120) ** 2 + ((x - 150) / 90) ** 2 < 1] = colour.to_rgb("#a05030")
    return pixels


@pytest.mark.parametrize("family", ["full", "panel", "card", "cut_out"])
def test_families_of_grounds_are_told_by_pixels(family):
    pixels = poster(family)
    pixels[40:70, 40:200:3] = colour.to_rgb(NAVY)  # a text, which is not looked at
    seen, colours = ground_of(pixels, [(0.12, 0.09, 0.68, 0.19)])
    assert seen == family
    assert [delta_ok(each, MIST) < 1 for each in colours] == ([] if family == "full" else [True])


def test_a_text_on_a_pill_has_a_container_and_one_on_a_panel_or_photo_has_none():
    pixels = poster("panel")
    y, x = np.mgrid[:400, :300]
    inside = (np.hypot(np.maximum(np.abs(x - 110) - 60, 0), y - 60) <= 20) & (np.abs(y - 60) <= 20)
    pixels[inside] = colour.to_rgb(NAVY)
    pixels[52:68, 60:160:4] = 255
    pixels[110:126, 60:160:4] = colour.to_rgb(NAVY)
    pixels[300:316, 60:160:4] = 255
    held = container_of(pixels, (60 / 300, 52 / 400, 160 / 300, 68 / 400), 18, "#ffffff")
    assert held is not None
    assert (held.colour, held.shape) == (NAVY, "pill")
    assert held.box == pytest.approx((30 / 300, 40 / 400, 191 / 300, 81 / 400), abs=0.008)
    assert container_of(pixels, (60 / 300, 110 / 400, 160 / 300, 126 / 400), 18, NAVY) is None
    assert container_of(pixels, (60 / 300, 300 / 400, 160 / 300, 316 / 400), 18, "#ffffff") is None


@pytest.mark.parametrize("alignment", ["left", "center", "right"])
def test_alignment_is_that_of_the_lines_of_copy(alignment):
    widths = (0.5, 0.42, 0.3, 0.2)
    left = {"left": lambda w: 0.1, "center": lambda w: 0.4 - w / 2, "right": lambda w: 0.7 - w}[alignment]
    roles = (Role.TITLE, Role.TITLE, Role.SELLING_POINT, Role.PRICE)
    texts = tuple(
        Text(role, "x", (left(w), 0.1 * i, left(w) + w, 0.1 * i + 0.06), 30, NAVY)
        for i, (role, w) in enumerate(zip(roles, widths, strict=True))
    )
    elsewhere = Text(Role.DISCLAIMER, "x", (0.05, 0.95, 0.3, 0.97), 10, NAVY)
    assert Poster("p", 300, 400, (*texts, elsewhere), "full", ()).alignment == alignment
    assert Poster("p", 300, 400, texts[:1], "full", ()).alignment == ""


@pytest.mark.parametrize("foot", ["#123259", "#04101f"])
def test_a_container_may_run_to_another_shade_and_a_steep_fall_is_none(foot):
    pixels = canvas()
    shades = np.linspace(colour.to_rgb(NAVY), colour.to_rgb(foot), 41)
    pixels[40:81, 50:191] = shades[:, None].round()
    pixels[52:68, 60:160:4] = 255
    held = container_of(pixels, (60 / 300, 52 / 400, 160 / 300, 68 / 400), 18, "#ffffff")
    assert held is not None and held.shape == "rounded"
    assert delta_ok(held.colour, colour.to_hex(shades[20])) < 2
    assert held.box == pytest.approx((50 / 300, 40 / 400, 191 / 300, 81 / 400), abs=0.008)
    pixels[40:81, 50:191] = np.linspace(colour.to_rgb(NAVY), colour.to_rgb("#f0f0f0"), 41)[:, None].round()
    pixels[52:68, 60:160:4] = 255
    assert container_of(pixels, (60 / 300, 52 / 400, 160 / 300, 68 / 400), 18, "#ffffff") is None
