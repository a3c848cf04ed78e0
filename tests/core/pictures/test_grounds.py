import numpy as np
import pytest

from layoutgen.core.pictures import grounds


def cutout(colour, *, hidden=(0, 0, 0), opacity=255, size=120):
    """A disc of one colour with transparency around it."""
    y, x = np.mgrid[:size, :size]
    inside = (x - size / 2) ** 2 + (y - size / 2) ** 2 < (size / 3) ** 2
    made = np.zeros((size, size, 4), np.uint8)
    made[..., :3], made[..., 3] = hidden, 0
    made[inside] = (*colour, opacity)
    return made


@pytest.mark.parametrize("hidden", [(0, 0, 0), (255, 255, 255), (200, 40, 40)])
def test_what_is_hidden_decides_nothing(hidden):
    assert grounds.ground_for(cutout((178, 62, 48), hidden=hidden)) == grounds.WHITE
    assert grounds.ground_for(cutout((250, 250, 250), hidden=hidden)) == grounds.GREY


@pytest.mark.parametrize("light", [235, 245, 255])
def test_a_light_product_lies_on_a_ground_that_shows_it(light):
    made = cutout((light, light, light))
    shown = grounds.laid_on(made, grounds.ground_for(made)).astype(int)
    assert abs(shown[60, 60] - shown[2, 2]).max() >= 20


def test_a_product_of_the_greys_own_colour_lies_on_white():
    assert grounds.ground_for(cutout(grounds.GREY)) == grounds.WHITE


def test_a_light_product_with_a_dark_rim_lies_on_white():
    made = cutout((40, 40, 40))
    made[35:85, 35:85, :3] = 255
    assert grounds.ground_for(made) == grounds.WHITE


def test_a_white_card_with_a_picture_on_it_lies_on_white_and_a_white_box_does_not():
    card = np.zeros((120, 160, 4), np.uint8)
    card[8:112, 8:152] = 255
    assert grounds.ground_for(card) == grounds.GREY
    card[40:80, 50:110, :3] = (30, 60, 120)
    assert grounds.ground_for(card) == grounds.WHITE


def test_glass_is_judged_by_what_it_shows():
    assert grounds.ground_for(cutout((20, 30, 40), opacity=90)) == grounds.WHITE
    assert grounds.ground_for(cutout((255, 255, 255), opacity=90)) == grounds.WHITE  # neither ground shows it
    assert grounds.ground_for(cutout((255, 255, 255), opacity=160)) == grounds.GREY


def test_nothing_and_all_opaque_lie_on_white():
    assert grounds.ground_for(np.zeros((20, 20, 4), np.uint8)) == grounds.WHITE
    assert grounds.ground_for(np.full((20, 20, 4), 255, np.uint8)) == grounds.WHITE


def test_only_a_ground_that_is_not_white_is_a_note():
    assert grounds.note(grounds.WHITE) is None
    assert "#c8ccd2" in (grounds.note(grounds.GREY) or "")
