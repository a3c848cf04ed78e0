import numpy as np
import pytest

from layoutgen.core.layout import Canvas, Framing
from layoutgen.imaging import framed

SQUARE = Canvas(1000, 1000)


def quarters(height=40, width=60):
    """Red upper left, green upper right, blue below."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (255, 0, 0)
    image[: height // 2, width // 2 :] = (0, 255, 0)
    image[height // 2 :] = (0, 0, 255)
    return image


@pytest.mark.parametrize(
    ("canvas", "shape"), [(SQUARE, (100, 100)), (Canvas(200, 1000), (100, 20)), (Canvas(1920, 1080), (56, 100))]
)
def test_the_longer_side_has_the_size_asked_for(canvas, shape):
    assert framed.draw(quarters(), Framing(), canvas, 100).shape[:2] == shape


def test_the_crop_fills_the_picture_upright():
    out = framed.draw(quarters(), Framing(crop=(0.5, 0.0, 1.0, 1.0)), SQUARE, 100)
    assert out[20, 10].tolist() == out[20, 90].tolist() == [0, 255, 0]
    assert out[80, 50].tolist() == [0, 0, 255]


def test_around_the_picture_there_is_the_backdrop():
    out = framed.draw(quarters(), Framing(picture=(0.5, 0.25, 1.0, 0.75), backdrop="#102030"), SQUARE, 100)
    assert (out[:, :50] == (16, 32, 48)).all()
    assert (out[:25] == (16, 32, 48)).all() and (out[75:] == (16, 32, 48)).all()
    assert out[30, 60].tolist() == [255, 0, 0]


def test_a_map_is_nothing_where_the_canvas_shows_no_photo():
    out = framed.draw(np.ones((40, 60), np.float32), Framing(picture=(0.5, 0.0, 1.0, 1.0)), SQUARE, 100)
    assert out.dtype == np.float32
    assert (out[:, :50] == 0).all() and (out[:, 50:] == 1).all()


def test_a_map_stays_between_0_and_1():
    subject = np.zeros((8, 8), np.float32)
    subject[3:5, 3:5] = 1
    out = framed.draw(subject, Framing(), SQUARE, 100)
    assert out.min() >= 0 and out.max() <= 1


def test_a_picture_without_size_leaves_the_backdrop_alone():
    out = framed.draw(quarters(), Framing(picture=(0.5, 0.5, 0.5, 1.0), backdrop="#102030"), SQUARE, 10)
    assert (out == (16, 32, 48)).all()


@pytest.mark.parametrize("shape", [(1, 1, 3), (5, 300, 3), (300, 5, 3)])
@pytest.mark.parametrize("crop", [(0.0, 0.0, 1.0, 1.0), (0.4, 0.4, 0.401, 0.401), (0.999, 0.999, 1.0, 1.0)])
def test_the_smallest_photos_and_crops_are_drawn(shape, crop):
    out = framed.draw(np.full(shape, 200, np.uint8), Framing(crop=crop), Canvas(64, 8192), 64)
    assert out.shape == (64, 1, 3)
    assert (out == 200).all()


def test_framing_leaves_the_photo_as_it_was():
    image = quarters()
    framed.draw(image, Framing(), SQUARE, 30)
    assert (image == quarters()).all()


def test_shrink_makes_the_longer_side_small_and_never_enlarges():
    assert framed.shrink(quarters(400, 100), 40).shape == (40, 10, 3)
    assert framed.shrink(np.zeros((1, 900), np.float32), 30).shape == (1, 30)
    image = quarters()
    assert framed.shrink(image, 60) is image
