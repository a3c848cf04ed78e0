"""Product pixels on the canvas: one scale, whole pixels, wholly on it, exact after the paste."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.layout import Canvas
from layoutgen.core.posters import checks
from layoutgen.imaging.products import pasting, shadows
from layoutgen.imaging.products.placing import Placed, placed, scaled, softened, trimmed
from layoutgen.models.base import Painted

CANVAS = Canvas(120, 160)


def thing(seed, height, width, glassy=False):
    """A blob of noise with soft edges, some pixels opaque; `glassy`: with opacities of all kinds inside, too."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    reach = np.hypot((y - height / 2 + 0.5) / (height / 2), (x - width / 2 + 0.5) / (width / 2))
    alpha = np.clip((1.1 - reach) * 4, 0, 1) * 255
    if glassy:
        alpha = alpha * rng.uniform(0, 1, (height, width))
    alpha[height // 2, width // 2] = 255
    return np.dstack([rng.integers(0, 256, (height, width, 3)), np.rint(alpha)]).astype(np.uint8)


boxes = st.tuples(st.floats(-0.3, 0.9), st.floats(-0.3, 0.9), st.floats(0.08, 1.2), st.floats(0.08, 1.2)).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
things = st.builds(thing, st.integers(0, 99), st.integers(3, 90), st.integers(3, 90), st.booleans())


@settings(max_examples=60, deadline=None)
@given(things, boxes, st.integers(0, 9), st.booleans(), st.sampled_from([None, 0.0, 0.7]))
def test_opaque_pixels_of_the_product_come_out_as_they_are(product, box, seed, is_shaded, horizon):
    put = placed(product, CANVAS, box)
    ground = np.random.default_rng(seed).integers(0, 256, (40, 30, 3)).astype(np.uint8)
    painted = Painted(ground, horizon, -0.5, is_shaded)
    under = pasting.prepared(painted, put, CANVAS, seed, [(0.1, 0.1, 0.6, 0.4)])
    picture = pasting.finished(painted, put, CANVAS, seed, [(0.1, 0.1, 0.6, 0.4)])
    opaque = put.pixels[..., 3] == 255
    assert (picture[put.window][opaque] == put.pixels[opaque][:, :3]).all()
    if opaque.any():
        assert checks.identity(picture, put.pixels, put.left_px, put.top_px).value == 1
    ring = checks.ring(picture, under, put.pixels, put.left_px, put.top_px)
    assert ring.holds and ring.value <= 0.5
    beyond = put.on_canvas(CANVAS)[..., 3] == 0
    assert (picture[beyond] == under[beyond]).all()


@settings(max_examples=80, deadline=None)
@given(things, boxes)
def test_the_product_lies_wholly_on_the_canvas_in_its_own_ratio(product, box):
    put = placed(product, CANVAS, box)
    height, width = put.pixels.shape[:2]
    assert put.left_px >= 0 and put.left_px + width <= CANVAS.width
    assert put.top_px >= 0 and put.top_px + height <= CANVAS.height
    rows, columns = np.flatnonzero(product[..., 3].any(1)), np.flatnonzero(product[..., 3].any(0))
    assert width <= put.scale * (columns[-1] - columns[0] + 1) + 2
    assert height <= put.scale * (rows[-1] - rows[0] + 1) + 2


@pytest.mark.parametrize("scale", [0.11, 0.37, 0.5, 0.73, 1.0, 1.25, 2.0])
def test_one_scale_for_both_axes(scale):
    """The places of two marks, far apart, tell the scale of each axis."""
    sheet = np.zeros((200, 160, 4), np.uint8)
    sheet[..., 3] = 255
    sheet[20:40, 30:50, 0], sheet[160:180, 110:130, 0] = 255, 255
    red = scaled(sheet, scale)[..., 0].astype(np.float64)
    y, x = np.mgrid[0 : red.shape[0], 0 : red.shape[1]]
    upper, middle = y < red.shape[0] / 2, red.shape[0] / 2
    first = np.array([(v[upper] * red[upper]).sum() / red[upper].sum() for v in (y, x)])
    second = np.array([(v[~upper] * red[~upper]).sum() / red[~upper].sum() for v in (y, x)])
    assert middle > 0
    np.testing.assert_allclose(second - first, np.array([140, 80]) * scale, atol=0.05)


def test_hidden_colours_do_not_come_out():
    sheet = np.zeros((64, 64, 4), np.uint8)
    sheet[..., :3] = (255, 0, 255)
    sheet[16:48, 16:48] = (10, 120, 10, 255)
    for scale in (0.31, 0.5, 1.7):
        out = scaled(sheet, scale)
        seen = out[out[..., 3] > 8].astype(int)
        assert (abs(seen[:, :3] - (10, 120, 10)) <= 3).all()


def test_the_same_cut_out_gives_the_same_bytes_wherever_it_is():
    product = thing(4, 80, 60)
    here, there = placed(product, CANVAS, (0.1, 0.1, 0.5, 0.5)), placed(product, CANVAS, (0.4, 0.4, 0.8, 0.8))
    assert (here.pixels == there.pixels).all() and (here.left_px, here.top_px) != (there.left_px, there.top_px)


def test_a_hard_outline_is_softened_inwards_and_a_soft_one_is_kept():
    hard = np.zeros((80, 80, 4), np.uint8)
    cv2.circle(hard, (40, 40), 30, (200, 30, 30, 255), -1)
    hard = trimmed(hard)
    soft = softened(hard)
    assert (soft[..., 3] <= hard[..., 3]).all() and (soft[..., :3] == hard[..., :3]).all()
    inside = cv2.erode(np.pad(hard[..., 3], 3), np.ones((7, 7), np.uint8))[3:-3, 3:-3] == 255
    assert (soft[inside] == hard[inside]).all() and inside.any()
    steps = (soft[..., 3] > 0) & (soft[..., 3] < 255)
    assert steps.sum() > 100
    assert (softened(soft) == soft).all()


def test_a_three_pixel_product_is_placed():
    put = placed(np.full((1, 3, 4), 255, np.uint8), CANVAS, (0.2, 0.2, 0.6, 0.6))
    assert put.scale == pytest.approx(16) and 40 <= put.pixels.shape[1] <= 56


def test_empty_cut_outs_and_boxes_are_named():
    with pytest.raises(ValueError, match="without an opaque pixel"):
        placed(np.zeros((4, 4, 4), np.uint8), CANVAS, (0, 0, 1, 1))
    with pytest.raises(ValueError, match="smaller than a pixel of 120x160"):
        placed(thing(1, 9, 9), CANVAS, (0.5, 0.5, 0.5, 0.9))


def test_the_ground_is_moved_towards_the_product_and_never_more_than_its_limits():
    ground = np.full((50, 50, 3), 128, np.float32)
    warm = np.dstack([np.full((20, 20, 3), (250, 200, 120)), np.full((20, 20, 1), 255)]).astype(np.uint8)
    moved = pasting.harmonised(ground, warm)[0, 0] / 128
    assert moved[0] > moved[2]
    assert (abs(moved - 1) <= 0.08 + 0.06 + 0.005).all()
    same = np.dstack([np.full((20, 20, 3), 128), np.full((20, 20, 1), 255)]).astype(np.uint8)
    np.testing.assert_allclose(pasting.harmonised(ground, same), ground, atol=1e-3)


def test_shadows_fall_away_from_the_light_and_below():
    product = Placed(np.full((60, 30, 4), 255, np.uint8), 45, 60)
    ground = np.full((160, 120, 3), 200, np.float32)
    for light, side in ((-0.8, 1), (0.8, -1)):
        for horizon in (None, 0.0, 0.7):
            lost = 200 - pasting.shaded(ground, product, Painted(ground, horizon, light))[..., 0]
            lost[product.window] = 0
            x = (lost.sum(0) * (np.arange(120) - 59.5)).sum() / lost.sum()
            y = (lost.sum(1) * (np.arange(160) - 89.5)).sum() / lost.sum()
            assert x * side > 0 and y > 0


def test_what_stands_is_dark_under_its_foot_and_what_floats_is_not():
    product = Placed(np.full((400, 300, 4), 255, np.uint8), 250, 300)
    ground = np.full((800, 800, 3), 200, np.float32)
    under = np.s_[700:702, 300:500]
    floor, wall = (
        pasting.shaded(ground, product, Painted(ground, horizon, 0.0))[under].mean() for horizon in (0.6, None)
    )
    assert floor < 0.7 * 200 < wall


def test_what_has_no_floor_under_its_foot_or_no_foot_casts_nothing():
    ground = np.full((800, 800, 3), 200, np.float32)
    cone = np.zeros((400, 300, 4), np.uint8)
    cv2.fillPoly(cone, [np.array([[0, 0], [299, 0], [150, 399]])], (255, 255, 255, 255))
    for product, horizon in (
        (Placed(cone, 250, 300), 0.5),
        (Placed(np.full((400, 300, 4), 255, np.uint8), 250, 300), 0.95),
    ):
        halo = pasting.shaded(ground, product, Painted(ground, None, 0.3))
        assert (pasting.shaded(ground, product, Painted(ground, horizon, 0.3)) == halo).all()


def test_only_what_is_missing_of_a_shadow_is_added():
    product = Placed(np.full((400, 300, 4), 255, np.uint8), 250, 300)
    plain = np.full((800, 800, 3), 200, np.float32)
    once = pasting.shaded(plain, product, Painted(plain, 0.6, -0.5))
    again = pasting.shaded(once, product, Painted(once, 0.6, -0.5, is_shaded=True))
    twice = pasting.shaded(once, product, Painted(once, 0.6, -0.5))
    assert (once - again).mean() < 0.45 * (once - twice).mean()
    empty = pasting.shaded(plain, product, Painted(plain, 0.6, -0.5, is_shaded=True))
    np.testing.assert_allclose(empty, once, atol=2)


def test_light_comes_from_the_brighter_side():
    across = np.linspace(90, 170, 120)[None, :, None] * np.ones((160, 1, 3))
    ground = across.astype(np.uint8)
    assert shadows.brighter_side(ground) > 0.5 > -0.5 > shadows.brighter_side(ground[:, ::-1])
    assert shadows.brighter_side(np.full((60, 60, 3), 77, np.uint8)) == pytest.approx(0, abs=1e-9)


def test_a_veil_calms_the_ground_behind_text_and_nothing_else():
    ground = np.random.default_rng(0).integers(0, 256, (160, 120, 3)).astype(np.float32)
    box = (0.2, 0.2, 0.8, 0.5)
    out = pasting.veiled(ground, [box])
    assert (
        checks.calmness(out.astype(np.uint8), [box]).value < 0.2 * checks.calmness(ground.astype(np.uint8), [box]).value
    )
    np.testing.assert_allclose(out[120:], ground[120:], atol=1)


def test_an_enlarged_ground_has_a_grain_by_its_seed():
    small = np.full((20, 15, 3), 90, np.uint8)
    one, same, other = (pasting.at_size(small, CANVAS, seed) for seed in (1, 1, 2))
    assert (one == same).all() and (one != other).any()
    assert 0.4 < one.std() < 1.0
