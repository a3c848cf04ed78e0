import cv2
import numpy as np
import pytest
from hypothesis import given
from PIL import Image

from layoutgen.core.metrics import pku
from layoutgen.core.metrics.layouts import LOGO, TEXT, UNDERLAY, Layouts
from tests.conftest import SHARED_DATA
from tests.core.metrics.drawn import ODD, check_defined, check_untouched, random_layouts, wild

ORACLE = {"val": 0.878844169, "ove": 0.022033706, "ali": 0.004633891, "und_l": 0.83145964, "und_s": 0.43197279}
PUBLISHED = SHARED_DATA / "ds_gan_layouts.npz"
published = pytest.mark.skipif(not PUBLISHED.exists(), reason=f"no {PUBLISHED.name} beside the project")


def ds_gan():
    with np.load(PUBLISHED) as arrays:
        return Layouts.of(arrays["boxes"], arrays["classes"])


def one(*elements):
    return Layouts.from_lists([list(elements)])


@published
def test_the_905_published_layouts_give_what_the_reference_program_prints():
    found = pku.pku_compat(ds_gan())
    assert {name: found[name].mean for name in ORACLE} == pytest.approx(ORACLE, abs=1e-6)


@published
def test_the_905_published_layouts_give_the_corrected_und_s():
    found = pku.pku(ds_gan())
    assert found["und_s"].mean == pytest.approx(0.42537, abs=1e-5)
    assert {name: found[name].mean for name in ("ove", "ali", "und_l")} == pytest.approx(
        {name: ORACLE[name] for name in ("ove", "ali", "und_l")}, abs=1e-6
    )


def test_a_box_wholly_outside_is_valid_for_the_program_alone():
    outside = one((TEXT, (1.5, 1.5, 1.9, 1.9)), (TEXT, (0.1, 0.1, 0.4, 0.4)))
    assert pku.pku_compat(outside)["val"].mean == 1
    assert pku.pku(outside)["val"].mean == 0.5


def test_an_element_under_a_thousandth_of_the_canvas_is_invalid_and_dropped():
    small = one((TEXT, (0.1, 0.1, 0.13, 0.13)), (TEXT, (0.1, 0.1, 0.4, 0.4)))
    found = pku.pku(small)
    assert found["val"].mean == 0.5
    assert found["ove"].mean == 0


def test_ove_divides_by_elements_and_leaves_underlays_out():
    half = one((TEXT, (0.0, 0.0, 0.4, 0.4)), (LOGO, (0.2, 0.0, 0.6, 0.4)), (UNDERLAY, (0.0, 0.0, 0.6, 0.4)))
    assert pku.pku(half)["ove"].mean == pytest.approx((1 / 3) / 2, abs=1e-6)


def test_one_aligned_pair_zeroes_ali():
    aligned = one((TEXT, (0.1, 0.1, 0.4, 0.2)), (TEXT, (0.1, 0.31, 0.57, 0.44)), (TEXT, (0.23, 0.6, 0.9, 0.7)))
    assert pku.pku(aligned)["ali"].mean == pytest.approx(0, abs=1e-6)


def test_ali_is_elements_times_the_logarithm_of_the_smallest_distance():
    apart = one((TEXT, (0.1, 0.1, 0.5, 0.2)), (TEXT, (0.2, 0.5, 0.9, 0.9)))
    assert pku.pku(apart)["ali"].mean == pytest.approx(2 * -np.log10(1 - 0.1), abs=1e-6)


def test_an_underlay_that_is_too_narrow_on_the_right_is_strict_for_the_program_alone():
    narrow = one((UNDERLAY, (0.1, 0.1, 0.5, 0.5)), (TEXT, (0.2, 0.2, 0.6, 0.4)))
    assert pku.pku_compat(narrow)["und_s"].mean == 1
    assert pku.pku(narrow)["und_s"].mean == 0
    assert pku.pku(narrow)["und_l"].mean == pytest.approx(0.75, abs=1e-6)


def test_an_underlay_without_others_counts_as_zero_and_a_layout_without_underlay_not_at_all():
    found = pku.pku(Layouts.from_lists([[(UNDERLAY, (0, 0, 1, 1))], [(TEXT, (0, 0, 1, 1))]]))
    for name in ("und_l", "und_s"):
        assert found[name].mean == 0
        assert found[name].excluded == 1


def test_odd_layouts_have_defined_values():
    layouts = Layouts.from_lists(ODD)
    for measure in (pku.pku_compat, pku.pku):
        found = measure(layouts)
        check_defined(found, len(ODD))
        assert not found["val"].defined[0]
        assert found["ove"].values[0] == found["ali"].values[0] == 0


@given(wild)
def test_the_graphic_metrics_are_defined_and_change_nothing(layouts):
    for measure in (pku.pku_compat, pku.pku):
        found = check_untouched(layouts, lambda measure=measure: measure(layouts))
        check_defined(found, len(layouts))


def test_many_layouts_at_once_give_what_each_gives_alone():
    layouts = random_layouts(600, most=5)
    found = pku.pku(layouts)
    for i in (0, 255, 256, 599):
        alone = pku.pku(Layouts(layouts.boxes[i : i + 1], layouts.classes[i : i + 1], layouts.dropped[i : i + 1]))
        for name in pku.GRAPHIC:
            assert found[name].values[i] == alone[name].values[0]


def as_the_program(layouts, i, saliency, image):
    """The reference program's content metrics, with the libraries that it uses."""
    boxes = layouts.boxes[i].astype(np.float32) * np.array([513, 750, 513, 750], np.float32)
    width = np.minimum(513, boxes[:, 2]) - np.maximum(0, boxes[:, 0])
    height = np.minimum(750, boxes[:, 3]) - np.maximum(0, boxes[:, 1])
    classes = np.where(np.abs(width * height) < 384.75, 0, layouts.classes[i])
    whole = boxes.astype(int)
    cover, text = np.zeros((750, 513)), np.zeros((750, 513))
    for left, top, right, bottom in whole[classes > 0]:
        cover[top:bottom, left:right] = 1
    for kind, value in ((1, 1), (3, 0)):
        for left, top, right, bottom in whole[classes == kind]:
            text[top:bottom, left:right] = value
    grey = np.uint8(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    dx, dy = cv2.Sobel(grey, -1, 1, 0), cv2.Sobel(grey, -1, 0, 1)
    size = ((dx**2 + dy**2) / 2) ** 0.5
    steep = np.array(Image.fromarray((size / np.max(size) * 255).astype(np.float32)).convert("L")) / 255
    free = np.ones_like(saliency) - saliency
    return {
        "uti": np.sum(free * cover) / np.sum(free),
        "occ": np.sum(saliency[cover == 1]) / np.sum(cover) if cover.any() else 0,
        "rea": np.sum(steep[text == 1]) / np.sum(text) if text.any() else 0,
    }


def pictures(count):
    rng = np.random.default_rng(3)
    coarse = rng.integers(0, 255, (count, 30, 20, 3), np.uint8)
    photos = [cv2.resize(one, (513, 750), interpolation=cv2.INTER_CUBIC) for one in coarse]
    return [cv2.resize(one, (513, 750)) for one in rng.random((count, 9, 7))], photos


def test_the_content_metrics_are_those_of_the_program_with_its_quirks():
    layouts = random_layouts(6, seed=5, most=6)
    boxes = layouts.boxes.copy()
    boxes[0, 0] = (-0.1, 0.2, 0.3, 0.5)  # counts from the far edge there
    layouts = Layouts.of(boxes, layouts.classes)
    maps, photos = pictures(6)
    found = pku.pku_compat_content(layouts, maps, photos)
    for i in range(6):
        expected = as_the_program(layouts, i, maps[i], photos[i])
        for name, value in expected.items():
            assert found[name].values[i] == pytest.approx(value, abs=1e-6), (i, name)


def test_the_corrected_content_metrics_clip_boxes_and_keep_gradients_whole():
    maps, photos = pictures(1)
    inside, reaching_out = one((TEXT, (0.0, 0.2, 0.3, 0.5))), one((TEXT, (-0.4, 0.2, 0.3, 0.5)))
    a, b = (pku.pku_content(layouts, maps, photos) for layouts in (inside, reaching_out))
    for name in pku.CONTENT:
        assert a[name].mean == pytest.approx(b[name].mean)
    assert a["rea"].mean < pku.pku_compat_content(inside, maps, photos)["rea"].mean


@pytest.mark.parametrize("saliency", [0.0, 1.0, np.nan])
def test_flat_pictures_and_flat_maps_have_defined_values(saliency):
    layouts = Layouts.from_lists(ODD)
    maps, photos = [np.full((750, 513), saliency)] * len(ODD), [np.full((750, 513, 3), 90, np.uint8)] * len(ODD)
    for measure in (pku.pku_compat_content, pku.pku_content):
        found = check_untouched(layouts, lambda measure=measure: measure(layouts, maps, photos))
        check_defined(found, len(ODD))
        assert found["rea"].mean == 0
        if saliency == 1:
            assert found["uti"].mean == 0
            assert found["occ"].values[1] == 1


def test_maps_and_photos_are_not_changed():
    maps, photos = pictures(1)
    before = maps[0].copy(), photos[0].copy()
    pku.pku_compat_content(random_layouts(1), maps, photos)
    pku.pku_content(random_layouts(1), maps, photos)
    np.testing.assert_array_equal(maps[0], before[0])
    np.testing.assert_array_equal(photos[0], before[1])
