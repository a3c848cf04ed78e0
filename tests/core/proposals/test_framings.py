import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from layoutgen.core.layout import Canvas, inside
from layoutgen.core.proposals import framings

WHOLE = (0.0, 0.0, 1.0, 1.0)
ALL = frozenset({"bleed", "extend", "panel", "split", "card", "frame", "cut_out"})
canvases = st.sampled_from(
    [Canvas(1080, 1080), Canvas(1080, 1440), Canvas(1920, 1080), Canvas(200, 1000), Canvas(1000, 200)]
)
aspects = st.floats(0.4, 2.5)


@st.composite
def masks(draw):
    """Maps of one box."""
    left, top = draw(st.integers(0, 32)), draw(st.integers(0, 32))
    right, bottom = draw(st.integers(left + 6, 40)), draw(st.integers(top + 6, 40))
    mask = np.zeros((40, 40), np.float32)
    mask[top:bottom, left:right] = 1
    return mask


def listed(mask, aspect, canvas, grounds=ALL, *, is_flat=False, is_packshot=False):
    return framings.candidates(
        aspect,
        framings.subject_of(mask),
        canvas,
        grounds=grounds,
        is_flat=is_flat,
        is_packshot=is_packshot,
        margin=0.045,
    )


@given(masks(), aspects, canvases)
def test_candidates_show_a_part_of_the_photo_unstretched_on_a_part_of_the_canvas(mask, aspect, canvas):
    for candidate in listed(mask, aspect, canvas, is_packshot=True):
        crop, picture = candidate.framing.crop, candidate.framing.picture
        assert inside(crop, WHOLE) and inside(picture, WHOLE)
        shape_of_crop = aspect * (crop[2] - crop[0]) / (crop[3] - crop[1])
        shape_of_picture = canvas.width * (picture[2] - picture[0]) / (canvas.height * (picture[3] - picture[1]))
        assert shape_of_crop == pytest.approx(shape_of_picture, rel=0.01), candidate.framing.ground


@given(masks(), aspects, canvases)
def test_where_any_framing_keeps_the_subject_whole_none_cuts_it(mask, aspect, canvas):
    subject = framings.subject_of(mask)
    assert all(subject.lost(c.framing.crop) <= framings.MOST_CUT for c in listed(mask, aspect, canvas))


@given(masks(), aspects, canvases)
def test_what_a_crop_loses_is_counted_on_the_mask(mask, aspect, canvas):
    for candidate in listed(mask, aspect, canvas, frozenset({"bleed"})):
        left, top, right, bottom = (round(40 * side) for side in candidate.framing.crop)
        lost = 1 - mask[top:bottom, left:right].sum() / mask.sum()
        assert framings.subject_of(mask).lost(candidate.framing.crop) == pytest.approx(lost, abs=1e-6)


@given(masks(), aspects, canvases)
def test_a_subject_that_the_photo_cuts_is_cut_by_the_canvas_at_the_same_side(mask, aspect, canvas):
    cut = framings.subject_of(mask).cut
    assume(any(cut))
    for candidate in listed(mask, aspect, canvas, frozenset({"cut_out"}), is_packshot=True):
        if candidate.framing.ground == "cut_out":
            picture = candidate.framing.picture
            flush = (picture[0] < 1e-6, picture[1] < 1e-6, picture[2] > 1 - 1e-6, picture[3] > 1 - 1e-6)
            assert all(is_flush for is_flush, is_cut in zip(flush, cut, strict=True) if is_cut)


def test_only_the_grounds_that_are_asked_for_are_listed():
    mask = np.zeros((40, 40), np.float32)
    mask[12:28, 14:26] = 1
    for ground in ("bleed", "split", "card", "frame"):
        assert {c.framing.ground for c in listed(mask, 1.0, Canvas(1080, 1080), frozenset({ground}))} == {ground}
    assert {c.framing.ground for c in listed(mask, 1.0, Canvas(1080, 1080), is_flat=True)} >= {"extend", "bleed"}


def test_a_map_of_nothing_has_its_subject_in_the_middle():
    assert framings.subject_of(np.zeros((50, 50), np.float32)).box == pytest.approx((0.175, 0.175, 0.825, 0.825))


BESIDE = framings.Beyond((0.1, 0.2, 0.3, float("inf")), (0.3, 0.3, 0.7, 0.7))


def carried_on(mask, aspect, canvas, beyond=BESIDE, **photo):
    grounds = frozenset({"outpaint", "card", "cut_out"})
    flags = {"is_flat": False, "is_packshot": False} | photo
    subject = framings.subject_of(mask)
    candidates = framings.candidates(aspect, subject, canvas, grounds=grounds, margin=0.045, beyond=beyond, **flags)
    return [candidate for candidate in candidates if candidate.framing.ground == "outpaint"]


@given(masks(), aspects, canvases)
def test_a_photo_is_carried_on_only_where_it_may_be_and_holds_its_subject_unstretched(mask, aspect, canvas):
    subject = framings.subject_of(mask)
    for candidate in carried_on(mask, aspect, canvas):
        crop = candidate.framing.crop
        assert crop[3] <= 1 + 1e-9  # the foot can't be
        beyond = (crop[0] < -1e-9, crop[1] < -1e-9, crop[2] > 1 + 1e-9, crop[3] > 1 + 1e-9)
        assert not any(cut and out for cut, out in zip(subject.cut, beyond, strict=True))
        assert inside(subject.box, crop) and not inside(crop, WHOLE)
        assert aspect * (crop[2] - crop[0]) / (crop[3] - crop[1]) == pytest.approx(
            canvas.width / canvas.height, rel=0.01
        )
        assert candidate.framing.focus == BESIDE.focus and candidate.cut == 0 and candidate.carried > 0


def test_a_packshot_and_a_photo_that_can_not_be_carried_on_are_not():
    mask = np.zeros((40, 40), np.float32)
    mask[12:28, 14:26] = 1
    assert carried_on(mask, 1.0, Canvas(1920, 1080))
    assert carried_on(mask, 1.0, Canvas(1920, 1080), is_flat=True)
    assert not carried_on(mask, 1.0, Canvas(1920, 1080), is_flat=True, is_packshot=True)
    assert not carried_on(mask, 1.0, Canvas(1920, 1080), framings.Beyond((0.95,) * 4, WHOLE))
