import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core import framing
from layoutgen.core.layout import Canvas, Framing, area, inside, intersection

WHOLE = (0.0, 0.0, 1.0, 1.0)
canvases = st.sampled_from(
    [Canvas(1080, 1080), Canvas(1080, 1440), Canvas(1920, 1080), Canvas(200, 1000), Canvas(1000, 200), Canvas(64, 8192)]
)
aspects = st.floats(1 / 60, 60)


@st.composite
def subjects(draw):
    """Boxes as `subject_box` gives them: on a grid, at least one cell large, often at an edge of the photo."""
    columns, rows = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    left, top = draw(st.integers(0, columns - 1)), draw(st.integers(0, rows - 1))
    right, bottom = draw(st.integers(left + 1, columns)), draw(st.integers(top + 1, rows))
    return (left / columns, top / rows, right / columns, bottom / rows)


def all_candidates(aspect, subject, canvas, flat="#eeeeee"):
    return framing.candidates(aspect, subject, canvas, flat=flat, panel="#223344", margin=0.045)


@given(aspects, subjects(), canvases)
def test_every_candidate_shows_a_part_of_the_photo_on_a_part_of_the_canvas(aspect, subject, canvas):
    for candidate in all_candidates(aspect, subject, canvas):
        assert inside(candidate.framing.crop, WHOLE)
        assert inside(candidate.framing.picture, WHOLE)
        assert inside(candidate.region, WHOLE)
        for box in (candidate.framing.crop, candidate.framing.picture):
            assert box[0] < box[2] and box[1] < box[3]


@given(aspects, subjects(), canvases)
def test_no_candidate_stretches_the_photo(aspect, subject, canvas):
    for candidate in all_candidates(aspect, subject, canvas):
        crop, picture = candidate.framing.crop, candidate.framing.picture
        shape_of_crop = aspect * (crop[2] - crop[0]) / (crop[3] - crop[1])
        shape_of_picture = canvas.width * (picture[2] - picture[0]) / (canvas.height * (picture[3] - picture[1]))
        assert shape_of_crop == pytest.approx(shape_of_picture, rel=0.01), candidate.kind


@given(aspects, subjects(), canvases)
def test_a_subject_that_the_photo_cuts_is_cut_by_the_canvas_too_where_the_ground_is_extended(aspect, subject, canvas):
    cut = [subject[0] == 0, subject[1] == 0, subject[2] == 1, subject[3] == 1]
    for candidate in all_candidates(aspect, subject, canvas):
        if candidate.kind == "extend":
            picture = candidate.framing.picture
            flush = [picture[0] < 1e-6, picture[1] < 1e-6, picture[2] > 1 - 1e-6, picture[3] > 1 - 1e-6]
            assert all(is_flush for is_flush, is_cut in zip(flush, cut, strict=True) if is_cut)


@given(aspects, subjects(), canvases)
def test_text_has_its_region_beside_an_extended_picture_a_panel_and_a_card(aspect, subject, canvas):
    for candidate in all_candidates(aspect, subject, canvas):
        if candidate.kind != "bleed":
            assert intersection(candidate.region, candidate.framing.picture) < 1e-9, candidate.kind


@given(aspects, subjects(), canvases)
def test_the_share_of_the_subject_that_is_seen_is_measured_on_the_crop(aspect, subject, canvas):
    for candidate in all_candidates(aspect, subject, canvas):
        crop = candidate.framing.crop
        width = min(subject[2], crop[2]) - max(subject[0], crop[0])
        height = min(subject[3], crop[3]) - max(subject[1], crop[1])
        whole = (subject[2] - subject[0]) * (subject[3] - subject[1])
        assert candidate.subject_seen == pytest.approx(max(width, 0) * max(height, 0) / whole, abs=1e-6)


def test_the_ground_is_extended_only_where_it_is_flat():
    kinds = [{c.kind for c in all_candidates(1.0, (0.3, 0.3, 0.7, 0.7), Canvas(1080, 1080), f)} for f in ("#fff", None)]
    assert kinds == [{"extend", "bleed", "panel", "card"}, {"bleed", "panel", "card"}]


@given(aspects, subjects(), canvases)
def test_on_canvas_carries_the_crop_to_the_picture_and_keeps_order(aspect, subject, canvas):
    for candidate in all_candidates(aspect, subject, canvas):
        shown = candidate.framing
        assert framing.on_canvas(shown.crop, shown) == pytest.approx(shown.picture)
        box = framing.on_canvas(subject, shown)
        assert inside(box, shown.picture)
        assert box[0] <= box[2] and box[1] <= box[3]


def test_on_canvas_scales_as_the_picture_is_drawn():
    shown = Framing(crop=(0.5, 0.0, 1.0, 1.0), picture=(0.0, 0.5, 1.0, 1.0))
    assert framing.on_canvas((0.5, 0.25, 0.75, 0.75), shown) == (0.0, 0.625, 0.5, 0.875)
    assert framing.on_canvas((0.0, 0.0, 0.75, 1.0), shown) == (0.0, 0.5, 0.5, 1.0)


@given(aspects, aspects, st.floats(-1, 2), st.floats(-1, 2))
def test_a_cover_has_the_shape_asked_for_and_fills_one_direction(aspect, photo_aspect, x, y):
    left, top, right, bottom = framing.cover(aspect, photo_aspect, (x, y))
    assert inside((left, top, right, bottom), WHOLE)
    assert max(right - left, bottom - top) == pytest.approx(1)
    assert photo_aspect * (right - left) / (bottom - top) == pytest.approx(aspect, rel=0.01)


def test_a_cover_follows_its_centre_until_the_photo_ends():
    assert framing.cover(1, 2, (0.4, 0.5)) == pytest.approx((0.15, 0, 0.65, 1))
    assert framing.cover(1, 2, (0.9, 0.5)) == pytest.approx((0.5, 0, 1, 1))


@given(st.floats(0.05, 20), canvases)
def test_what_is_contained_lies_in_the_middle_of_its_zone_and_fills_one_direction(shape, canvas):
    zone = (0.1, 0.5, 0.6, 1.0)
    box = framing.contain(shape, zone, canvas)
    assert inside(box, zone)
    assert (box[0] + box[2], box[1] + box[3]) == pytest.approx((0.7, 1.5))
    assert max((box[2] - box[0]) / 0.5, (box[3] - box[1]) / 0.5) == pytest.approx(1)


def test_the_subject_box_holds_what_is_above_the_cut():
    saliency = np.zeros((10, 20), np.float32)
    saliency[2:5, 4:10] = 0.9
    saliency[8, 18] = 0.4
    assert framing.subject_box(saliency) == (0.2, 0.2, 0.5, 0.5)


def test_where_nothing_stands_out_the_middle_is_the_subject():
    assert framing.subject_box(np.zeros((10, 20), np.float32)) == (0.2, 0.2, 0.8, 0.8)


def test_free_bands_lie_beside_the_subject_and_are_large_enough_for_text():
    bands = framing.free_bands((0.05, 0.4, 0.6, 0.95))
    assert (0.0, 0.0, 1.0, 0.4) in bands
    assert (0.6, 0.0, 1.0, 1.0) in bands
    assert not [b for b in bands if b[2] - b[0] <= 0.2 or b[3] - b[1] <= 0.12]


def test_the_default_framing_is_full_bleed_where_the_subject_stays_whole():
    shown = framing.default(1.5, (0.4, 0.2, 0.6, 0.9), Canvas(1080, 1080), "#223344")
    assert shown.picture == WHOLE
    assert shown.crop[0] <= 0.4 and shown.crop[2] >= 0.6


def test_the_default_framing_takes_a_panel_where_full_bleed_would_cut_the_subject():
    shown = framing.default(3.0, (0.02, 0.2, 0.98, 0.9), Canvas(1080, 1440), "#223344")
    assert shown.picture != WHOLE
    assert shown.backdrop == "#223344"


@given(aspects, st.none() | subjects(), canvases)
def test_there_is_a_default_framing_for_every_photo(aspect, subject, canvas):
    shown = framing.default(aspect, subject, canvas, "#223344")
    assert inside(shown.crop, WHOLE) and inside(shown.picture, WHOLE)


@given(aspects, subjects(), canvases)
def test_there_is_always_a_framing_that_shows_most_of_the_subject(aspect, subject, canvas):
    assert max(c.subject_seen for c in all_candidates(aspect, subject, canvas)) >= framing.ENOUGH_SEEN


def test_a_banner_stands_whole_on_a_tall_canvas():
    for shown in (
        framing.default(8.0, (0.0, 0.0, 1.0, 1.0), Canvas(200, 1000), "#223344"),
        all_candidates(8.0, (0.0, 0.0, 1.0, 1.0), Canvas(200, 1000), None)[-1].framing,
    ):
        assert shown.crop == WHOLE
        assert 200 * (shown.picture[2] - shown.picture[0]) / (
            1000 * (shown.picture[3] - shown.picture[1])
        ) == pytest.approx(8.0)


@given(aspects, subjects(), canvases)
def test_composers_that_choose_no_framing_get_room_beside_the_subject(aspect, subject, canvas):
    shown = framing.with_room(aspect, subject, canvas, "#223344")
    around = framing.on_canvas(subject, shown)
    left, top, right, bottom = shown.picture
    bands = [(0.0, 0.0, 1.0, top), (0.0, bottom, 1.0, 1.0), (0.0, 0.0, left, 1.0), (right, 0.0, 1.0, 1.0)]
    assert max(area(band) - intersection(band, around) for band in [*framing.free_bands(around), *bands]) >= 0.2


def test_room_is_made_only_where_there_is_none():
    small, large = (0.3, 0.6, 0.6, 0.95), (0.02, 0.02, 0.98, 0.98)
    bleed = framing.with_room(1.0, small, Canvas(1080, 1080), "#223344")
    assert bleed.picture == (0.0, 0.0, 1.0, 1.0)
    panel = framing.with_room(1.0, large, Canvas(1920, 1080), "#223344")
    assert area(panel.picture) < 0.7
    assert panel.backdrop == "#223344"


def test_the_subject_is_the_box_of_the_largest_parts():
    saliency = np.zeros((100, 200), np.float32)
    assert framing.main_box(saliency) is None
    saliency[20:60, 40:100] = 0.9
    saliency[90:93, 180:190] = 0.9
    assert framing.main_box(saliency) == (0.2, 0.2, 0.5, 0.6)
