import numpy as np
import pytest
from hypothesis import given

from layoutgen.core.metrics import cgl
from layoutgen.core.metrics.layouts import EMBELLISHMENT, LOGO, TEXT, UNDERLAY, Layouts
from tests.core.metrics.drawn import ODD, ONE, check_defined, check_untouched, wild


def test_r_occ_is_the_share_of_layouts_with_an_element():
    assert cgl.cgl(Layouts.from_lists([ONE, [], ONE, ONE]))["r_occ"].mean == 0.75


def test_r_ove_is_pooled_over_ordered_pairs_without_underlays_and_embellishments():
    pair = [(TEXT, (0.0, 0.0, 0.4, 0.5)), (LOGO, (0.2, 0.0, 1.0, 0.5))]
    others = [(UNDERLAY, (0, 0, 1, 1)), (EMBELLISHMENT, (0, 0, 1, 1))]
    found = cgl.cgl(Layouts.from_lists([[*pair, *others], ONE]))["r_ove"]
    assert found.mean == pytest.approx((0.5 + 0.25) / 2)
    assert found.weight.tolist() == [2, 0]


def test_r_und_asks_how_much_of_the_underlay_is_used_and_radms_how_much_of_the_element_is_borne():
    found = cgl.cgl(Layouts.from_lists([[(UNDERLAY, (0.0, 0.0, 0.5, 0.5)), (TEXT, (0.25, 0.0, 0.75, 0.5))]]))
    assert found["r_und"].mean == pytest.approx(0.5)
    assert found["r_und_radm"].mean == pytest.approx(0.5)
    found = cgl.cgl(Layouts.from_lists([[(UNDERLAY, (0.0, 0.0, 0.5, 0.5)), (TEXT, (0.0, 0.0, 0.25, 0.5))]]))
    assert found["r_und"].mean == pytest.approx(0.5)
    assert found["r_und_radm"].mean == pytest.approx(1)


def test_r_ali_takes_the_nearer_of_across_and_down():
    found = cgl.cgl(Layouts.from_lists([[(TEXT, (0.1, 0.1, 0.5, 0.2)), (TEXT, (0.2, 0.5, 0.9, 0.9))], ONE]))["r_ali"]
    assert found.mean == pytest.approx(-np.log(0.9))
    assert found.excluded == 1


def test_r_com_is_the_mean_gradient_in_text_boxes_in_grey_levels():
    ramp = np.repeat(np.arange(0, 200, 10, np.uint8)[None, :, None], 20, 0).repeat(3, 2)
    found = cgl.cgl_content(Layouts.from_lists([[(TEXT, (0, 0, 1, 1)), (LOGO, (0, 0, 1, 1))], []]), [ramp, ramp])
    assert found["r_com"].mean == pytest.approx(80, abs=1e-3)
    assert found["r_com"].weight.tolist() == [1, 0]


def test_odd_layouts_have_defined_values():
    layouts = Layouts.from_lists(ODD)
    check_defined(cgl.cgl(layouts), len(ODD))
    check_defined(cgl.cgl_content(layouts, [np.zeros((9, 9, 3), np.uint8)] * len(ODD)), len(ODD))


@given(wild)
def test_the_metrics_are_defined_and_change_nothing(layouts):
    check_defined(check_untouched(layouts, lambda: cgl.cgl(layouts)), len(layouts))
    photos = [np.zeros((30, 20, 3), np.uint8)] * len(layouts)
    check_defined(check_untouched(layouts, lambda: cgl.cgl_content(layouts, photos)), len(layouts))
