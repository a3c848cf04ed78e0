import numpy as np
import pytest
from hypothesis import given

from layoutgen.core.metrics import distribution
from layoutgen.core.metrics.layouts import LOGO, TEXT, Layouts
from tests.core.metrics.drawn import ODD, ONE, check_untouched, random_layouts, wild


def test_a_set_has_distance_zero_from_itself_and_full_precision_and_coverage():
    points = distribution.features(random_layouts(60))
    assert distribution.fid(points, points) == pytest.approx(0, abs=1e-8)
    found = distribution.prdc(points, points)
    assert found["precision"] == found["recall"] == found["coverage"] == 1


def test_fid_of_two_gaussians_is_the_formulas():
    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, (20_000, 3)), rng.normal((1, 0, 0), 2, (20_000, 3))
    assert distribution.fid(a, b) == pytest.approx(1 + 3 * (1 + 4 - 2 * 2), rel=0.05)


def test_precision_recall_density_coverage_are_those_of_their_authors_program():
    # Values of the prdc package 0.2 for these points.
    rng = np.random.default_rng(4)
    real, fake = rng.normal(0, 1, (80, 5)), rng.normal(0.5, 0.8, (70, 5))
    found = distribution.prdc(real, fake)
    assert found == pytest.approx(PRDC, abs=1e-12)


PRDC = {"precision": 1.0, "recall": 0.8, "density": 1.26, "coverage": 0.8625}


def test_sets_too_small_to_compare_have_no_value():
    points = np.zeros((5, 33))
    assert distribution.prdc(points, points) is None
    assert distribution.fid(points[:1], points) is None


def test_features_are_finite_and_the_same_for_elements_in_another_order():
    assert np.isfinite(distribution.features(Layouts.from_lists(ODD))).all()
    layout = [(TEXT, (0.1, 0.1, 0.4, 0.2)), (LOGO, (0.5, 0.5, 0.7, 0.6)), (TEXT, (0.1, 0.3, 0.8, 0.4))]
    a, b = (distribution.features(Layouts.from_lists([one])) for one in (layout, layout[::-1]))
    np.testing.assert_allclose(a, b)


def test_max_iou_matches_layouts_of_the_same_classes_as_well_as_can_be():
    left, right = [(TEXT, (0.0, 0.0, 0.5, 1.0))], [(TEXT, (0.5, 0.0, 1.0, 1.0))]
    found = distribution.max_iou(Layouts.from_lists([left, right]), Layouts.from_lists([right, left]))
    assert found == (1.0, 2)
    logo = Layouts.from_lists([[(LOGO, (0.0, 0.0, 0.5, 1.0))]])
    assert distribution.max_iou(Layouts.from_lists([left]), logo) == (None, 0)


def test_elements_are_matched_within_their_class():
    a = Layouts.from_lists([[(TEXT, (0, 0, 0.5, 1)), (LOGO, (0.5, 0, 1, 1))]])
    b = Layouts.from_lists([[(LOGO, (0, 0, 0.5, 1)), (TEXT, (0.5, 0, 1, 1))]])
    assert distribution.max_iou(a, b) == (0.0, 1)


def test_docsim_of_a_layout_with_itself_is_the_root_of_its_area():
    one = Layouts.from_lists([ONE])
    assert distribution.docsim(one, one) == pytest.approx(np.sqrt(0.04))
    moved = Layouts.from_lists([[(TEXT, (0.2, 0.1, 0.6, 0.2))]])
    assert distribution.docsim(one, moved) == pytest.approx(np.sqrt(0.04) * 2**-0.1)
    assert distribution.docsim(one, Layouts.from_lists([[]])) == 0


def test_docsim_best_takes_the_most_similar_of_the_reference():
    one = Layouts.from_lists([ONE])
    both = Layouts.from_lists([[(TEXT, (0.6, 0.8, 0.9, 0.9))], ONE])
    assert distribution.docsim_best(one, both) == pytest.approx(np.sqrt(0.04))
    assert distribution.docsim_best(one, Layouts.from_lists([])) is None


@given(wild)
def test_nothing_is_ever_nan_and_inputs_stay(layouts):
    def work():
        points = distribution.features(layouts)
        return [points, distribution.fid(points, points), distribution.max_iou(layouts, layouts)[0],
                distribution.docsim(layouts, layouts), distribution.docsim_best(layouts, layouts)]  # fmt: skip

    for found in check_untouched(layouts, work):
        assert found is None or np.isfinite(found).all()
