"""Checks of finished pictures: each catches what it is for, and is quiet else."""

import numpy as np
import pytest

from layoutgen.core.posters import checks
from layoutgen.goods.scenes import BACKDROPS
from layoutgen.goods.sheet import Sheet
from layoutgen.goods.shots import ASPECTS, SHOTS

SIDE = 256
HUES = {
    "sweep": ("#f6ede4", "#d9c3ae"),
    "table": ("#1f2a3a", "#2c2320"),
    "tiles": ("#e3ece8", "#bcc7c2", "#cfc8bc"),
    "leaves": ("#16301f", "#cfe3b0", "#1f5a34", "#5f9a4a", "#8f8f84"),
    "wood": ("#8a5a35", "#c9986a"),
    "podium": ("#f0ddd2", "#d9b5a3", "#e7c6b6", "#f4e8df"),
}


def product(name, wide=80):
    shot = SHOTS[name]
    sheet = Sheet(2 * wide, ASPECTS[shot.draw], np.random.default_rng(1))
    shot.draw(sheet, tuple(shot.colours.split()))
    return np.array(sheet.picture(wide))


def ground(name):
    drawn = BACKDROPS[name]((SIDE, SIDE), 0.7, HUES[name], np.random.default_rng(2))
    return np.rint(np.clip(drawn, 0, 1) * 255).astype(np.uint8)


def over(picture, rgba, left, top):
    out = picture.copy()
    window = np.s_[top : top + rgba.shape[0], left : left + rgba.shape[1]]
    share = rgba[..., 3:].astype(np.uint32)
    out[window] = ((share * rgba[..., :3] + (255 - share) * out[window] + 127) // 255).astype(np.uint8)
    return out


def test_identity_counts_single_pixels():
    rgba, base = product("sneaker-cloud"), ground("sweep")
    picture = over(base, rgba, 90, 120)
    assert checks.identity(picture, rgba, 90, 120).holds
    y, x = np.argwhere(rgba[..., 3] == 255)[7]
    picture[120 + y, 90 + x, 1] ^= 1
    assert not checks.identity(picture, rgba, 90, 120).holds


def test_identity_of_a_product_without_an_opaque_pixel_does_not_hold():
    rgba = product("sneaker-cloud")
    rgba[..., 3] = np.minimum(rgba[..., 3], 254)
    assert not checks.identity(over(ground("sweep"), rgba, 0, 0), rgba, 0, 0).holds


def test_a_ring_of_a_few_levels_is_seen():
    rgba, base = product("mug-brick"), ground("table")
    picture = over(base, rgba, 90, 60)
    assert checks.ring(picture, base, rgba, 90, 60).holds
    assert not checks.ring(np.clip(picture.astype(int) + 3, 0, 255).astype(np.uint8), base, rgba, 90, 60).holds


@pytest.mark.parametrize("scene", HUES)
@pytest.mark.parametrize("name", ["sneaker-cloud", "handbag-terracotta", "phone-aura"])
def test_grounds_without_the_product_have_none_of_it(scene, name):
    rgba = product(name)
    assert checks.growth(ground(scene), rgba, 88, 100).holds


@pytest.mark.parametrize("scene", ["sweep", "table", "tiles", "podium"])
@pytest.mark.parametrize("name", ["sneaker-cloud", "handbag-terracotta", "phone-aura"])
def test_a_second_product_on_the_ground_is_seen(scene, name):
    rgba = product(name)
    copied = over(ground(scene), rgba, 10, 20)
    assert not checks.growth(copied, rgba, 120, 100).holds


def test_text_is_hard_to_read_on_noise_and_on_grey():
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
    box = [(0.1, 0.1, 0.6, 0.3)]
    assert not checks.calmness(noise, box).holds and not checks.contrast(noise, box).holds
    plain = np.full((SIDE, SIDE, 3), 240, np.uint8)
    assert checks.calmness(plain, box).value == 0 and checks.contrast(plain, box).value > 12


def test_no_boxes_are_calm_and_an_empty_one_too():
    plain = np.full((SIDE, SIDE, 3), 240, np.uint8)
    for boxes in ([], [(0.5, 0.5, 0.5, 0.5)]):
        assert checks.calmness(plain, boxes).holds and checks.contrast(plain, boxes).holds
