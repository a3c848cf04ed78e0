import cv2
import numpy as np
import pytest

from layoutgen.core.metrics import raster

IMAGE = np.random.default_rng(0).integers(0, 256, (61, 47, 3), np.uint8)


def test_grey_is_opencvs_to_the_last_bit():
    np.testing.assert_array_equal(raster.grey(IMAGE), cv2.cvtColor(IMAGE, cv2.COLOR_RGB2GRAY))


def test_sobel_is_opencvs():
    grey = raster.grey_float(IMAGE)
    dx, dy = raster.sobel(grey)
    np.testing.assert_allclose(dx, cv2.Sobel(grey, -1, 1, 0), atol=1e-3)
    np.testing.assert_allclose(dy, cv2.Sobel(grey, -1, 0, 1), atol=1e-3)


def test_the_mean_gradient_is_that_of_the_whole_map_whatever_the_bands(monkeypatch):
    mask = np.random.default_rng(1).random(IMAGE.shape[:2]) < 0.3
    dx, dy = raster.sobel(raster.grey_float(IMAGE))
    size = np.sqrt((dx**2 + dy**2) / 2)
    for pixels in (1, 300, 10**6):
        monkeypatch.setattr(raster, "_BAND_PX", pixels)
        assert raster.mean_gradient(IMAGE, mask) == pytest.approx(size[mask].mean() / size.max(), rel=1e-5)


def test_steepness_is_the_gradient_of_the_inner_pixels_in_grey_levels():
    ramp = np.repeat(np.arange(0, 200, 10, np.uint8)[None, :, None], 9, 0).repeat(3, 2)
    np.testing.assert_allclose(raster.steepness(ramp), np.full((7, 18), 80), atol=1e-3)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 9, 3), (2, 2, 3)])
def test_tiny_pictures_have_gradients_too(shape):
    tiny = np.zeros(shape, np.uint8)
    assert raster.mean_gradient(tiny, np.ones(shape[:2], bool)) == 0
    assert (raster.gradient_uint8(tiny) == 0).all()
    assert raster.steepness(tiny).size == 0


def test_text_is_what_underlays_leave_of_it():
    cells = np.array([[0, 0, 4, 4], [2, 0, 6, 4]])
    covered, text = raster.masks(cells, np.array([True, False]), np.array([False, True]), (4, 8))
    assert covered.sum() == 24
    assert text.sum() == 8


def test_saliency_that_is_no_number_counts_as_none():
    saliency = np.array([[np.nan, 2.0, 0.5, 0.0]], np.float32)
    free, under = raster.use_of(saliency, np.array([[True, True, False, False]]))
    assert under == pytest.approx(0.5)
    assert free == pytest.approx(1 / 2.5)
