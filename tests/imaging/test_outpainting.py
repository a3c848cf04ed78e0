import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core import mirroring
from layoutgen.core.layout import Canvas, Framing
from layoutgen.imaging import framed, outpainting

FOCUS = (0.3, 0.25, 0.7, 0.8)
NONE = (0, 0, 0, 0)


def carpet(height=240, width=200, grain=14.0, thing=True):
    """A woven ground whose light falls to the right and down, with a blue thing in its focus."""
    rng = np.random.default_rng(3)
    woven = cv2.GaussianBlur(rng.normal(0, 3 * grain, (height, width, 1)).astype(np.float32), (0, 0), 1.2)
    light = 190 - 40 * np.linspace(0, 1, width)[None] - 20 * np.linspace(0, 1, height)[:, None]
    image = light[..., None] * (1.0, 0.9, 0.75) + woven[..., None]
    if thing:
        rows, columns = slice(int(0.25 * height), int(0.8 * height)), slice(int(0.3 * width), int(0.7 * width))
        image[rows, columns] = (20, 40, 200)
    return np.clip(image, 0, 255).astype(np.uint8)


def depths(height=240, width=200):
    return tuple(int(v) for v in (0.3 * width, 0.25 * height, 0.3 * width, 0.2 * height))


@settings(max_examples=20, deadline=None)
@given(st.tuples(*[st.integers(0, 90)] * 4), st.tuples(*[st.integers(0, 400)] * 4), st.sampled_from([(7, 5), (40, 90)]))
def test_the_photo_stays_as_it_is_in_the_middle(pads, reach, size):
    image = carpet(*size)
    out = outpainting.carried_on(image, pads, reach)
    left, top, right, bottom = pads
    assert out.shape == (size[0] + top + bottom, size[1] + left + right, 3) and out.dtype == np.uint8
    assert (out[top : top + size[0], left : left + size[1]] == image).all()


@pytest.mark.parametrize("edge", range(4))
def test_no_seam_is_seen(edge):
    image = carpet()
    pads = tuple(120 * (i == edge) for i in range(4))
    out = outpainting.carried_on(image, pads, depths()).astype(float)
    turned = {0: out[:, ::-1], 1: out.transpose(1, 0, 2)[:, ::-1], 2: out, 3: out.transpose(1, 0, 2)}[edge]
    at = turned.shape[1] - 120
    steps = np.abs(np.diff(turned, axis=1)).mean((0, 2))
    assert steps[at - 1] <= 1.1 * np.percentile(steps[at - 30 : at - 1], 90)


def test_light_and_texture_go_on_as_they_are():
    out = outpainting.carried_on(carpet(), (0, 0, 160, 0), depths()).astype(float)
    ground, near, far = out[:, 150:198], out[:, 205:250], out[:, -60:]

    def spread(part):
        return (part - cv2.blur(part, (25, 25)))[12:-12].std()

    assert abs(near.mean() - ground.mean()) < 8 and abs(far.mean() - ground.mean()) < 24
    assert near.mean() < ground.mean()  # it was falling to the right
    assert 0.75 <= spread(near) / spread(ground) <= 1.15
    assert 0.35 <= spread(far) / spread(ground) <= 0.75
    rows = [
        np.corrcoef(out[100:140, 202 + i : 232 + i, 0].ravel(), out[100:140, 300:330, 0].ravel())[0, 1]
        for i in range(40)
    ]
    assert max(rows) < 0.5  # nothing is repeated


def test_a_floor_that_meets_a_wall_goes_on_as_it_is():
    image = np.full((240, 200, 3), (210, 205, 196), np.uint8)
    image[180:] = (120, 84, 52)
    out = outpainting.carried_on(image, (160, 0, 160, 0), (60, 40, 60, 20)).astype(int)
    for far in (out[:, 5], out[:, -5]):
        assert np.abs(far[150:177] - image[150:177, 0]).max() <= 6 and np.abs(far[184:] - image[184:, 0]).max() <= 6


def test_nothing_of_the_subject_is_repeated():
    out = outpainting.carried_on(carpet(), (200, 200, 200, 200), depths()).astype(int)
    is_thing = (out[..., 2] - out[..., 0] > 90).astype(float)
    assert is_thing[200:440, 200:400].sum() == is_thing.sum() > 0


def test_a_thing_at_the_edge_is_not_spread_over_what_goes_on():
    image = carpet(grain=1.0, thing=False)
    image[20:60, 2:30] = 20  # a hook on the wall
    out = outpainting.carried_on(image, (200, 0, 0, 0), depths()).astype(float)
    assert np.abs(out[:, :150].mean(2) - cv2.blur(out[:, :150].mean(2), (31, 31))).mean() < 3


def test_an_edge_without_any_ground_still_gives_pixels():
    out = outpainting.carried_on(carpet(), (50, 0, 0, 60), NONE)
    assert out.shape == (300, 250, 3)


def framing(crop, focus=FOCUS):
    return Framing(crop, ground="outpaint", blend="outpaint", focus=focus)


def test_a_crop_that_goes_beyond_the_photo_is_drawn_and_its_maps_hold_nothing_there():
    around = framing((-0.5, 0.0, 1.0, 1.0))
    out = framed.draw_at(carpet(), around, 300, 240)
    assert np.abs(out[:, 100:].astype(int) - carpet()).max() <= 1
    assert out[:, :100].astype(int).std() > 2
    subject = np.ones((120, 100), np.float32)
    shown = framed.draw_at(subject, around, 300, 240)
    assert (shown[:, :100] == 0).all() and (shown[:, 100:] == 1).all()


def test_it_looks_alike_at_every_size_and_in_the_mirror():
    around = framing((-0.6, -0.2, 1.1, 1.0))
    large, small = (framed.draw(carpet(480, 400), around, Canvas(1080, 900), side) for side in (640, 320))
    halved = cv2.resize(large, small.shape[1::-1], interpolation=cv2.INTER_AREA)
    softened = [cv2.blur(each.astype(np.float32), (31, 31)) for each in (halved, small)]
    assert np.abs(softened[0] - softened[1]).max() < 9
    mirrored = framed.draw(mirroring.pixels(carpet(480, 400)), mirroring.framing(around), Canvas(1080, 900), 320)
    assert np.abs(cv2.blur(mirrored[:, ::-1].astype(np.float32), (31, 31)) - softened[1]).max() < 9


def test_the_same_photo_is_carried_on_the_same_way():
    around = framing((-0.5, -0.5, 1.5, 1.0))
    assert (framed.draw_at(carpet(), around, 200, 200) == framed.draw_at(carpet(), around, 200, 200)).all()


@pytest.mark.parametrize("crop", [(0.99999, 0.0, 2.0, 1.0), (-3.0, -3.0, 4.0, 4.0), (-1.0, 0.2, 0.001, 0.9)])
def test_crops_that_hardly_show_the_photo_are_drawn_too(crop):
    assert framed.draw_at(carpet(), framing(crop), 90, 80).shape == (80, 90, 3)
