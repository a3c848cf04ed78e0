"""A network sees the framed canvas and where its subject is."""

import numpy as np

from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Framing
from layoutgen.models.denoising.boxes.sizes import PAPER
from layoutgen.models.denoising.view import pixels_of, subject_of
from tests.models.denoising.tiny import TINY

PHOTO = np.full((60, 80, 3), 51, np.uint8)
HALF = Framing(picture=(0.0, 0.5, 1.0, 1.0), backdrop="#ffffff")


def test_the_canvas_keeps_its_shape_in_the_upper_left():
    seen, size = pixels_of(PHOTO, HALF, Canvas(720, 1080), (0.25, 0.5, 0.75, 1.0), TINY)
    assert size == (43, 64)
    assert seen.shape == (4, 64, 64)
    assert (seen[:, :, 43:] == 0).all()
    assert (seen[:3, :32, :43] == 1).all()
    assert (seen[:3, 32:, :43] - 0.2).abs().max() < 1e-6
    assert (seen[3, 32:, 11:32] == 1).all()
    assert seen[3].sum() == 32 * 23


def test_a_network_of_three_channels_sees_no_subject():
    assert pixels_of(PHOTO, HALF, Canvas(100, 100), (0.0, 0.0, 1.0, 1.0), PAPER)[0].shape == (3, 800, 800)


def test_canvases_of_extreme_shapes_have_a_pixel_at_least():
    assert pixels_of(PHOTO, HALF, Canvas(64, 8192), None, TINY)[1] == (1, 64)


def test_the_subject_is_the_annotated_one_else_that_of_its_map():
    known = np.zeros((60, 80), np.float32)
    known[:30, 40:] = 1
    assert subject_of(Annotation((), (0.0, 0.0, 0.5, 1.0), known), HALF) == (0.0, 0.5, 0.5, 1.0)
    assert subject_of(Annotation((), None, known), HALF) == (0.5, 0.5, 1.0, 0.75)
    assert subject_of(Annotation(()), HALF) is None
