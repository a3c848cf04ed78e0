import numpy as np
import pytest
from hypothesis import given

from layoutgen.core.metrics.layouts import LOGO, TEXT, Layouts, Score, intersections, score
from tests.core.metrics.drawn import random_layouts, wild


def test_the_inputs_are_copied_and_not_changed():
    boxes, classes = np.full((2, 3, 4), np.nan), np.ones((2, 3), np.int64)
    layouts = Layouts.of(boxes, classes)
    assert np.isnan(boxes).all()
    assert (classes == 1).all()
    assert (layouts.boxes == 0).all()


def test_elements_without_finite_boxes_or_of_unknown_class_are_emptied_and_counted():
    layouts = Layouts.from_lists([[(TEXT, (0, 0, np.nan, 1)), (9, (0, 0, 1, 1)), (LOGO, (0, 0, 1, 1))], []])
    assert layouts.dropped.tolist() == [2, 0]
    assert layouts.classes.tolist() == [[0, 0, LOGO], [0, 0, 0]]


def test_shapes_that_do_not_fit_are_an_error_that_names_them():
    with pytest.raises(ValueError, match=r"\(2, 3, 4\) and classes \(2, 4\)"):
        Layouts.of(np.zeros((2, 3, 4)), np.zeros((2, 4)))


def test_chunks_hold_every_element_and_no_empty_columns():
    layouts = random_layouts(700)
    chunks = list(layouts.chunks())
    assert sum(len(chunk) for chunk in chunks) == 700
    kept = np.concatenate([chunk.boxes[chunk.classes > 0] for chunk in chunks])
    np.testing.assert_array_equal(kept, layouts.boxes[layouts.classes > 0])
    assert all((chunk.classes > 0).any(0).all() for chunk in chunks)


def test_a_pooled_mean_weighs_by_what_it_is_a_mean_over():
    found = score(np.array([1.0, 0.0, 5.0]), np.array([1, 4, 0]))
    assert found.mean == pytest.approx(0.2)
    assert found.values.tolist() == [1, 0, 0]
    assert found.excluded == 1


def test_nothing_that_counts_has_no_mean():
    assert Score(np.zeros(0), np.zeros(0)).mean is None
    assert score(np.array([3.0]), np.array([0])).mean is None


def test_boxes_that_only_touch_share_nothing():
    boxes = np.array([[[0.0], [0.5]], [[0.0], [0.0]], [[0.5], [1.0]], [[1.0], [1.0]]])
    assert intersections(boxes)[:, :, 0].tolist() == [[0.5, 0.0], [0.0, 0.5]]


@given(wild)
def test_whatever_comes_in_is_finite(layouts):
    assert np.isfinite(layouts.boxes).all()
