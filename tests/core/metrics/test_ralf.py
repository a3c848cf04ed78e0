import numpy as np
import pytest
from hypothesis import given

from layoutgen.core.metrics import ralf
from layoutgen.core.metrics.layouts import LOGO, TEXT, UNDERLAY, Layouts
from tests.core.metrics.drawn import ODD, ONE, check_defined, check_untouched, random_layouts, wild


def one(*elements):
    return Layouts.from_lists([list(elements)])


def test_the_protocols_own_hand_case_of_overlay():
    row = one(*((TEXT, (x, 0.1, x + 0.4, 0.5)) for x in (0.3, 0.5, 0.7)))
    assert ralf.ralf(row)["overlay"].mean == pytest.approx((1 / 3 + 1 / 3 + 0) / 3)


def test_overlay_excludes_layouts_of_fewer_than_two_elements_besides_underlays():
    found = ralf.ralf(Layouts.from_lists([ONE, [*ONE, (UNDERLAY, (0, 0, 1, 1))], [*ONE, *ONE]]))["overlay"]
    assert found.defined.tolist() == [False, False, True]
    assert found.mean == 1


def test_validity_counts_elements_over_all_layouts_and_drops_the_others():
    found = ralf.ralf(Layouts.from_lists([[(TEXT, (0.1, 0.1, 0.12, 0.12)), *ONE], [*ONE, *ONE]]))
    assert found["validity"].mean == 0.75
    assert found["overlay"].excluded == 1


def test_alignment_is_the_mean_of_each_elements_nearest_axis():
    near = one((TEXT, (0.1, 0.1, 0.5, 0.2)), (TEXT, (0.2, 0.5, 0.9, 0.9)), (LOGO, (0.2, 0.25, 0.44, 0.35)))
    # The second and third share a left edge; the first's middle is 0.02 left of the third's.
    assert ralf.ralf(near)["alignment"].mean == pytest.approx(-np.log10(1 - 0.02) / 3)
    apart = one((TEXT, (0.1, 0.1, 0.5, 0.2)), (TEXT, (0.2, 0.5, 0.9, 0.9)))
    assert ralf.ralf(apart)["alignment"].mean == pytest.approx(-np.log10(0.9))


def test_alignment_and_overlap_clip_edges_to_the_canvas():
    row = one((TEXT, (-0.5, 0.1, 0.5, 0.5)), (TEXT, (-0.2, 0.6, 0.9, 0.9)))
    assert ralf.ralf(row)["alignment"].mean == 0  # both left edges are at 0
    halves = one((TEXT, (-1.0, 0.0, 0.5, 1.0)), (LOGO, (0.25, 0.0, 0.5, 1.0)))
    assert ralf.ralf(halves)["overlap"].mean == pytest.approx((0.5 + 1) / 2)


def test_a_single_element_is_aligned_and_overlaps_nothing():
    found = ralf.ralf(one(*ONE))
    assert found["alignment"].mean == found["overlap"].mean == 0


def test_an_underlay_is_strict_only_around_a_whole_element():
    found = ralf.ralf(
        Layouts.from_lists(
            [
                [(UNDERLAY, (0.1, 0.1, 0.5, 0.5)), (TEXT, (0.2, 0.2, 0.4, 0.4))],
                [(UNDERLAY, (0.1, 0.1, 0.5, 0.5)), (TEXT, (0.2, 0.2, 0.6, 0.4))],
                [(UNDERLAY, (0.1, 0.1, 0.5, 0.5))],
            ]
        )
    )
    assert found["underlay_strict"].values.tolist() == [1, 0, 0]
    assert found["underlay_loose"].values.tolist() == pytest.approx([1, 0.5 / (2 / 3), 0])
    assert found["underlay_strict"].defined.tolist() == [True, True, False]


def test_odd_layouts_have_defined_values():
    layouts = Layouts.from_lists(ODD)
    check_defined(ralf.ralf(layouts), len(ODD))
    maps, photos = [np.ones((350, 240), np.float32)] * len(ODD), [np.full((350, 240, 3), 7, np.uint8)] * len(ODD)
    found = ralf.ralf_content(layouts, maps, photos)
    check_defined(found, len(ODD))
    assert found["utilization"].mean == found["unreadability"].mean == 0
    assert found["occlusion"].values[0] == 0
    assert found["occlusion"].values[1] == 1


@given(wild)
def test_the_metrics_are_defined_and_change_nothing(layouts):
    check_defined(check_untouched(layouts, lambda: ralf.ralf(layouts)), len(layouts))
    maps = [np.zeros((350, 240), np.float32)] * len(layouts)
    photos = [np.zeros((350, 240, 3), np.uint8)] * len(layouts)
    found = check_untouched(layouts, lambda: ralf.ralf_content(layouts, maps, photos))
    check_defined(found, len(layouts))


def test_utilization_and_occlusion_of_half_a_map():
    saliency = np.zeros((350, 240), np.float32)
    saliency[:, 120:] = 1
    row = one((TEXT, (0.25, 0.0, 0.75, 1.0)))
    found = ralf.ralf_content(row, [saliency], [np.zeros((350, 240, 3), np.uint8)])
    assert found["utilization"].mean == pytest.approx(0.5)
    assert found["occlusion"].mean == pytest.approx(0.5)


def test_unreadability_is_of_text_outside_underlays():
    image = np.zeros((350, 240, 3), np.uint8)
    image[:, ::2] = 255
    image[:, :100] = 0
    bare, borne = one((TEXT, (0.5, 0.1, 0.9, 0.5))), one((TEXT, (0.5, 0.1, 0.9, 0.5)), (UNDERLAY, (0.4, 0, 1, 1)))
    maps = [np.zeros((350, 240), np.float32)]
    assert ralf.ralf_content(borne, maps, [image])["unreadability"].mean == 0
    edge = one((TEXT, (0.38, 0.1, 0.46, 0.5)))
    assert ralf.ralf_content(edge, maps, [image])["unreadability"].mean > 0
    assert ralf.ralf_content(bare, maps, [image])["unreadability"].mean == pytest.approx(
        0, abs=1e-6
    )  # Sobel: x±1 agree


def test_the_batch_does_not_matter():
    layouts = random_layouts(300, most=6)
    found = ralf.ralf(layouts)
    alone = ralf.ralf(Layouts(layouts.boxes[7:8], layouts.classes[7:8], layouts.dropped[7:8]))
    for name in ralf.GRAPHIC:
        assert found[name].values[7] == alone[name].values[0]
