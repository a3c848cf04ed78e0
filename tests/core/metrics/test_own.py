import numpy as np
import pytest

from layoutgen.core.layout import Canvas, Element, Role
from layoutgen.core.metrics import own
from layoutgen.core.metrics.own import Asked, ElementScore

CANVAS = Canvas(1000, 500)
TITLE = Element(
    Role.TITLE, (0.1, 0.1, 0.5, 0.3), "Vase", ("Vase",), "Face", font_px=50, line_height_px=64, colour="#000000", z=2
)
POINT = Element(Role.SELLING_POINT, (0.1, 0.5, 0.5, 0.6), "Dishwasher safe", ("Dishwasher safe",), "Face", 20, 26, z=2)
PANEL = Element(Role.UNDERLAY, (0.05, 0.05, 0.6, 0.35), colour="#ffffff", z=0)


def changed(element, **values):
    return Element(**{**vars(element), **values})


def scores(*elements):
    return [ElementScore(element.role.value, 0.1, element.font_px or None) for element in elements]


def broken(*elements, asked=None, measured=None, canvas=CANVAS):
    return own.violations(
        elements, canvas, measured or scores(*elements), asked=asked, smallest_px=12, min_contrast=4.5
    )


def test_a_sound_layout_breaks_nothing():
    assert broken(PANEL, changed(TITLE, underlay=0), POINT, asked=Asked(("Vase", "Dishwasher safe"), 0))[0] == []


@pytest.mark.parametrize(
    ("elements", "name"),
    [
        ((changed(TITLE, box=(0.1, 0.1, 1.001, 0.3)),), "outside"),
        ((changed(TITLE, box=(0.5, 0.1, 0.1, 0.3)),), "outside"),
        ((TITLE, changed(POINT, box=(0.1, 0.28, 0.5, 0.4))), "overlap"),
        ((TITLE, PANEL), "overlap"),
        ((changed(PANEL, box=(0.05, 0.05, 0.4, 0.35)), changed(TITLE, underlay=0)), "off_underlay"),
        ((changed(TITLE, underlay=7),), "off_underlay"),
        ((changed(TITLE, font_px=11),), "small_font"),
    ],
)
def test_each_geometric_constraint_is_found(elements, name):
    assert broken(*elements)[0] == [name]


def test_half_a_pixel_breaks_nothing():
    assert broken(changed(TITLE, box=(0.1, 0.1, 1.0004, 0.3)))[0] == []
    assert broken(TITLE, changed(POINT, box=(0.1, 0.2995, 0.5, 0.4)))[0] == []


def test_copy_must_be_there_word_for_word_unless_a_note_excuses_it():
    asked = Asked(("Vase", "Dishwasher safe"), 0)
    assert broken(TITLE, asked=asked)[0] == ["copy_missing"]
    assert broken(TITLE, changed(POINT, text="Dishwasher  safe"), asked=asked)[0] == []
    assert broken(TITLE, asked=Asked(asked.texts, 0, frozenset({"Dishwasher safe"})))[0] == []


def test_what_can_not_be_checked_is_not_counted_as_kept():
    assert broken(TITLE)[1] == 3  # outside, overlap, small_font
    assert broken(TITLE, asked=Asked(("Vase",), 0))[1] == 4
    assert broken()[1] == 2


def test_measured_faults_are_violations():
    poor = [ElementScore("title", 0.1, 50, contrast=3.0, overflow=0.2)]
    assert broken(TITLE, measured=poor)[0] == ["overflow", "low_contrast"]


def test_an_underlay_that_stands_on_itself_ends():
    ring = (changed(PANEL, underlay=1), changed(PANEL, underlay=0), TITLE)
    assert "overlap" in broken(*ring)[0]


def test_count_errors_count_texts_and_logos_apart():
    logo = Element(Role.LOGO, (0.8, 0.8, 0.9, 0.9))
    found = own.count_errors([TITLE, PANEL, logo, logo], Asked(("Vase", "a", "b"), 1))
    assert found == {"count_error": (3, 1), "count_error_text": (2, 1), "count_error_logo": (1, 1)}


def test_text_that_fits_has_no_overflow_and_a_fill():
    overflow, fill = own.text_fit(TITLE, CANVAS, [200.0])
    assert overflow == 0
    assert fill == pytest.approx(200 * 50 / (400 * 100))


def test_overflow_is_the_larger_of_too_wide_and_too_high():
    assert own.text_fit(TITLE, CANVAS, [500.0])[0] == pytest.approx(0.25)
    tall = changed(TITLE, lines=("a", "b", "c"))
    assert own.text_fit(tall, CANVAS, [10.0, 10.0, 10.0])[0] == pytest.approx((64 * 2 + 50 - 100) / 100)


def test_text_in_an_unknown_font_or_without_lines_or_room_is_not_measured():
    assert own.text_fit(TITLE, CANVAS, None) is None
    assert own.text_fit(changed(TITLE, lines=()), CANVAS, []) is None
    assert own.text_fit(changed(TITLE, box=(0.5, 0.5, 0.5, 0.6)), CANVAS, [1.0]) is None


def test_contrast_is_on_what_is_behind_with_underlays_blended_in():
    dark = np.zeros((50, 100, 3), np.uint8)
    assert own.contrast_of([TITLE], 0, dark) == pytest.approx(1)
    assert own.contrast_of([PANEL, TITLE], 1, dark) == pytest.approx(21)
    half = changed(PANEL, opacity=0.5)
    assert 1 < own.contrast_of([half, TITLE], 1, dark) < 21
    above = changed(PANEL, z=3)
    assert own.contrast_of([above, TITLE], 1, dark) == pytest.approx(1)


def test_an_underlay_under_a_part_of_a_text_changes_that_part_alone():
    dark = np.zeros((50, 100, 3), np.uint8)
    part = changed(PANEL, box=(0.0, 0.0, 0.3, 1.0))
    ground = own.behind([part, TITLE], 1, dark).reshape(10, 40, 3)
    assert (ground[:, :20] == 255).all()
    assert (ground[:, 20:] == 0).all()


def test_a_text_outside_or_without_a_colour_has_no_contrast():
    white = np.full((50, 100, 3), 255, np.uint8)
    assert own.contrast_of([changed(TITLE, box=(1.2, 1.2, 1.5, 1.5))], 0, white) is None
    assert own.contrast_of([changed(TITLE, colour="ink")], 0, white) is None


def test_occlusion_is_the_share_of_text_pixels_on_the_protected_mask():
    protected = np.zeros((50, 100), bool)
    protected[:, 30:] = True
    found = own.totals([TITLE], scores(TITLE), asked=None, broken=([], 3), proposed=None, protected=protected)
    assert found["product_occlusion"] == (pytest.approx(0.5), 1)
    assert own.occlusion_of((2, 2, 3, 3), protected) is None


def test_boxes_out_of_the_canvas_are_counted_before_anything_clamps_them():
    boxes = [
        (0, 0, 1, 1),
        (-0.01, 0, 1, 1),
        (0, 0, 1.2, 1),
        (0.5, 0, 0.4, 1),
        (float("nan"), 0, 1, 1),
        (0, 0, 1 + 1e-8, 1),
    ]
    assert own.out_of_canvas(boxes) == (4, 6)
    assert own.out_of_canvas([]) == (0, 0)


def test_an_empty_row_has_every_metric_defined_or_excluded():
    found = own.totals([], [], asked=None, broken=broken(), proposed=None, protected=np.zeros((4, 4), bool))
    assert set(found) == set(own.NAMES)
    assert all(np.isfinite(value) for pair in found.values() for value in pair)
    assert found["violations"] == (0, 2)


def test_pixels_are_not_changed():
    pixels = np.zeros((50, 100, 3), np.uint8)
    own.contrast_of([PANEL, TITLE], 1, pixels)
    assert not pixels.any()
