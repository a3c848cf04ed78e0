import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.covers.cropping import FACE_CUT, SUBJECT_CUT, crop
from layoutgen.core.layout import inside

WHOLE = (0.0, 0.0, 1.0, 1.0)
aspects = st.floats(0.2, 5)


@st.composite
def boxes(draw):
    columns, rows = draw(st.integers(1, 40)), draw(st.integers(1, 40))
    left, top = draw(st.integers(0, columns - 1)), draw(st.integers(0, rows - 1))
    right, bottom = draw(st.integers(left + 1, columns)), draw(st.integers(top + 1, rows))
    return (left / columns, top / rows, right / columns, bottom / rows)


@given(aspects, aspects, st.none() | boxes(), st.lists(boxes(), max_size=3))
def test_a_crop_has_its_shape_and_is_the_largest(picture, aspect, subject, faces):
    box = crop(picture, aspect, subject=subject, faces=faces).box
    assert inside(box, WHOLE)
    assert picture * (box[2] - box[0]) / (box[3] - box[1]) == pytest.approx(aspect, rel=1e-6)
    assert max(box[2] - box[0], box[3] - box[1]) == pytest.approx(1)


@given(aspects, aspects, boxes(), st.lists(boxes(), max_size=3))
def test_without_a_reason_all_is_whole_and_with_one_it_is_not(picture, aspect, subject, faces):
    found = crop(picture, aspect, subject=subject, faces=faces)
    all_faces = all(inside(face, found.box) for face in faces)
    if found.reason is None:
        assert all_faces and found.subject_seen >= 0.995 and found.faces_whole == len(faces)
    elif found.reason == FACE_CUT:
        assert not all_faces
    else:
        assert all_faces and found.subject_seen < 0.995 and found.reason == SUBJECT_CUT


@given(aspects, aspects, boxes())
def test_a_subject_that_fits_is_whole(picture, aspect, subject):
    share = min(1.0, aspect / picture), min(1.0, picture / aspect)
    found = crop(picture, aspect, subject=subject)
    if subject[2] - subject[0] <= share[0] and subject[3] - subject[1] <= share[1]:
        assert found.reason is None and inside(subject, found.box)
    else:
        # As much of it as there is room for.
        seen = min(1, share[0] / (subject[2] - subject[0])) * min(1, share[1] / (subject[3] - subject[1]))
        assert found.subject_seen >= seen - 0.006


@given(aspects, aspects, boxes(), st.lists(boxes(), min_size=1, max_size=3))
def test_faces_go_before_the_subject(picture, aspect, subject, faces):
    share = min(1.0, aspect / picture), min(1.0, picture / aspect)
    wide = max(f[2] for f in faces) - min(f[0] for f in faces)
    tall = max(f[3] for f in faces) - min(f[1] for f in faces)
    if wide <= share[0] and tall <= share[1]:
        assert crop(picture, aspect, subject=subject, faces=faces).faces_whole == len(faces)


@given(aspects, aspects, st.none() | boxes(), st.lists(boxes(), max_size=3))
def test_the_same_picture_gives_the_same_crop_whatever_the_order_of_faces(picture, aspect, subject, faces):
    first = crop(picture, aspect, subject=subject, faces=faces)
    assert first == crop(picture, aspect, subject=subject, faces=faces[::-1])


def test_a_subject_stands_in_the_middle_where_it_can():
    assert crop(2, 1, subject=(0.4, 0.2, 0.5, 0.8)).box == pytest.approx((0.2, 0, 0.7, 1))
    assert crop(2, 1, subject=(0.9, 0.2, 1.0, 0.8)).box == pytest.approx((0.5, 0, 1, 1))


def test_a_face_near_the_edge_of_a_crop_gets_air():
    box = crop(2, 1, subject=(0.1, 0, 0.6, 1), faces=[(0.56, 0.1, 0.6, 0.3)]).box
    assert box[2] >= 0.6 - 1e-9 and box[0] <= 0.1 + 1e-9
    box = crop(2, 1, subject=(0.0, 0, 0.3, 1), faces=[(0.45, 0.1, 0.49, 0.3)], breathing=0.01).box
    assert box[2] >= 0.5 - 1e-9


def test_two_faces_too_far_apart_are_named_and_the_larger_is_kept():
    found = crop(2, 1, faces=[(0.0, 0.1, 0.05, 0.3), (0.85, 0.1, 0.98, 0.5)])
    assert found.reason == FACE_CUT and found.faces_whole == 1
    assert inside((0.85, 0.1, 0.98, 0.5), found.box)


def test_a_map_decides_where_boxes_leave_it_open():
    values = np.zeros((10, 100), np.float32)
    values[:, 80:] = 1
    assert crop(2, 1, values=values).box[2] > 0.99
    assert crop(2, 1).box == pytest.approx((0.25, 0, 0.75, 1))


def test_a_picture_of_the_ratio_is_taken_whole():
    assert crop(0.75, 0.75, subject=(0, 0, 1, 1)).box == WHOLE


@pytest.mark.parametrize("aspect", [0, -1, float("nan")])
def test_a_shape_that_is_none_is_an_error(aspect):
    with pytest.raises(ValueError, match="positive"):
        crop(1.0, aspect)
