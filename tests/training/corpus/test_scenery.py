"""Scenes: the map of the product is where the product is."""

import numpy as np
import pytest

from layoutgen.training.corpus.scenery import SIDE, Drawn


def test_the_map_shows_where_the_product_is():
    drawn = Drawn(1, grounds=6)
    for seed in range(30):
        scene = drawn.scene(np.random.default_rng(seed))
        height, width = scene.pixels.shape[:2]
        assert max(height, width) == SIDE
        assert scene.subject.shape == (height // 4, width // 4)
        share = float((scene.subject > 0.5).mean())
        assert 0.02 < share < 0.6, scene.name
        assert scene.subject[:, 0].max() < 0.5, "the product stands whole in the picture"


def test_a_scene_is_the_same_whatever_was_drawn_before():
    one, other = Drawn(2, grounds=6), Drawn(2, grounds=6)
    one.scene(np.random.default_rng(0))
    a, b = one.scene(np.random.default_rng(9)), other.scene(np.random.default_rng(9))
    assert np.array_equal(a.pixels, b.pixels)
    assert np.array_equal(a.subject, b.subject)


def test_cut_outs_join_the_products_and_held_back_ones_stay_out():
    cutout = np.full((40, 30, 4), 255, np.uint8)
    only = Drawn(3, grounds=4, cutouts={"box.png": cutout}, keep=lambda name: False)
    assert all(only.scene(np.random.default_rng(k)).name.startswith("box.png") for k in range(4))
    with pytest.raises(ValueError, match="keep at least one"):
        Drawn(3, keep=lambda name: False)
