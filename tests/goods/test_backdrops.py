import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.goods.backdrops.drawing import FROM_ABOVE, NO_FLOOR, drawn
from layoutgen.goods.backdrops.numbers import KINDS, SIZE, SceneNumbers
from layoutgen.goods.backdrops.oklab import oklab, srgb
from layoutgen.goods.backdrops.stage import SURFACES

PRODUCT = (0.30, 0.40, 0.70, 0.85)
TEXTS = ((0.10, 0.06, 0.90, 0.18), (0.20, 0.20, 0.80, 0.26))


def scene(kind, **numbers):
    colours = {
        "wall": (0.85, 0.03, 0.05),
        "second": (0.70, 0.06, 0.08),
        "floor": (0.75, 0.03, 0.05),
        "prop": (0.55, 0.10, 0.06),
        "accent": (0.40, -0.05, -0.09),
    }
    return SceneNumbers(kind, **(colours | numbers))


@given(st.lists(st.floats(-1.5, 1.5), min_size=SIZE, max_size=SIZE))
def test_vectors_are_numbers_and_numbers_vectors(values):
    numbers = SceneNumbers.decode(np.array(values, np.float32))
    again = SceneNumbers.decode(numbers.encode())
    assert again.kind == numbers.kind
    np.testing.assert_allclose(again.encode(), numbers.encode(), atol=1e-6)


@pytest.mark.parametrize(
    ("vector", "words"), [(np.zeros(3, np.float32), "SIZE|numbers"), (np.full(SIZE, np.nan, np.float32), "no number")]
)
def test_what_is_no_vector_of_a_scene_is_refused(vector, words):
    with pytest.raises(ValueError, match=words):
        SceneNumbers.decode(vector)


def test_an_unknown_kind_is_refused_by_its_name():
    with pytest.raises(ValueError, match="'moon'"):
        scene("moon").encode()


@given(st.tuples(*[st.floats(0, 1)] * 3))
def test_oklab_and_back(rgb):
    np.testing.assert_allclose(srgb(oklab(rgb)), rgb, atol=2e-3)


@given(st.floats(0.1, 1), st.floats(0, 0.4), st.floats(0, 6.3))
def test_colours_that_srgb_lacks_keep_hue_and_lightness(lightness, chroma, hue):
    wanted = np.array([lightness, chroma * np.cos(hue), chroma * np.sin(hue)])
    shown = oklab(srgb(wanted))
    assert abs(shown[0] - lightness) < 0.03
    assert np.hypot(*shown[1:]) <= chroma + 0.02


@pytest.mark.parametrize("kind", KINDS)
def test_a_scene_is_the_same_for_the_same_seed_and_knows_its_floor(kind):
    first = drawn(scene(kind), (200, 150), PRODUCT, TEXTS, seed=3)
    again = drawn(scene(kind), (200, 150), PRODUCT, TEXTS, seed=3)
    assert first.pixels.shape == (150, 200, 3)
    assert first.pixels.dtype == np.uint8
    assert np.array_equal(first.pixels, again.pixels)
    if kind in NO_FLOOR:
        assert first.horizon is None
    elif kind in FROM_ABOVE:
        assert first.horizon == 0
    else:  # what it stands on begins behind it
        assert PRODUCT[1] < first.horizon < PRODUCT[3]


def test_kinds_are_different_pictures():
    pictures = [drawn(scene(kind), (96, 96), PRODUCT).pixels.tobytes() for kind in KINDS]
    assert len({hashlib.sha256(picture).digest() for picture in pictures}) == len(KINDS)


def slope(pixels, box):
    height, width = pixels.shape[:2]
    left, top, right, bottom = np.multiply(box, (width, height, width, height)).astype(int)
    part = pixels[top:bottom, left:right].astype(np.float32).mean(-1)
    return np.abs(np.diff(part, axis=0)).mean() + np.abs(np.diff(part, axis=1)).mean()


@pytest.mark.parametrize("kind", ["fluted", "tiles", "drape", "silk", "garden", "confetti", "rays", "drops"])
def test_the_ground_is_calmer_where_text_stands(kind):

    numbers = scene(kind, props=1.0, texture=1.0, contrast=0.9)
    knowing = drawn(numbers, (320, 320), PRODUCT, TEXTS, seed=1).pixels
    ignorant = drawn(numbers, (320, 320), PRODUCT, (), seed=1).pixels
    for box in TEXTS:
        assert slope(knowing, box) < 0.75 * slope(ignorant, box)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=6)
@given(left=st.floats(0.02, 0.6), top=st.floats(0.02, 0.6), seed=st.integers(0, 999))
def test_nothing_that_stands_in_a_scene_stands_behind_text(kind, left, top, seed):
    text = (left, top, left + 0.35, top + 0.12)
    crowded = drawn(scene(kind, props=1.0, veil=1.0), (160, 160), (0.4, 0.5, 0.6, 0.86), [text], seed).pixels
    x0, y0, x1, y1 = (int(160 * v) for v in text)
    inside = crowded[y0 + 3 : y1 - 3, x0 + 3 : x1 - 3].astype(np.float32)
    steps = np.abs(np.diff(inside, axis=0)).max(), np.abs(np.diff(inside, axis=1)).max()
    assert max(steps) < 60


@pytest.mark.parametrize("box", [(0.0, 0.0, 1.0, 1.0), (0.49, 0.49, 0.5, 0.5), (-0.2, 0.3, 0.4, 1.3)])
@pytest.mark.parametrize("size", [(33, 240), (240, 33)])
def test_odd_canvases_and_products_are_drawn(box, size):
    for kind in KINDS:
        assert drawn(scene(kind), size, box, [(0, 0, 1, 0.2)]).pixels.shape == (size[1], size[0], 3)


def test_the_veil_takes_a_text_place_to_its_mean():
    plain, veiled = (
        drawn(replace(scene("silk", texture=1.0), veil=veil), (320, 320), PRODUCT, TEXTS).pixels for veil in (0.0, 1.0)
    )
    assert slope(veiled, TEXTS[0]) < slope(plain, TEXTS[0])


@pytest.mark.parametrize("kind", KINDS)
def test_under_what_lies_there_is_no_floor_but_one_that_is_seen_from_above(kind):
    numbers = scene(kind, floor=(0.5, -0.05, -0.14))

    def share_of_blue(lies):
        ground = drawn(numbers, (160, 200), PRODUCT, TEXTS, 3, lies=lies)
        red, _, blue = np.moveaxis(ground.pixels.astype(int), 2, 0)
        return float((blue > red + 30).mean()), ground.horizon

    share, horizon = share_of_blue(lies=True)
    assert horizon == 0  # it is shaded as what lies is
    assert share > 0.9 if kind in SURFACES else share < 0.01
    if kind in {"table", "podium", "tiles", "foliage"}:
        assert share_of_blue(lies=False)[0] > 0.03
