"""What a language model says a cover is about counts by what finders saw there."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.covers.key_elements import Grounded, ground, joined, of_rows, to_row
from layoutgen.core.layout import area
from layoutgen.core.prompts.covers import KeyElement, Kind
from layoutgen.core.schema import KEY_ELEMENT

THING = (0.3, 0.2, 0.7, 0.8)


def subject(box=THING, hole=None):
    values = np.zeros((100, 100), np.float32)
    values[round(box[1] * 100) : round(box[3] * 100), round(box[0] * 100) : round(box[2] * 100)] = 0.9
    if hole:
        values[round(hole[1] * 100) : round(hole[3] * 100), round(hole[0] * 100) : round(hole[2] * 100)] = 0.1
    return values


def product(box, kind=Kind.PRODUCT):
    return KeyElement(kind, "vase", box)


def weight(box, kind=Kind.PRODUCT, values=None, **others):
    (element,) = ground([product(box, kind)], subject() if values is None else values, **others)
    return element.weight


def moved(box, x, y):
    return (box[0] + x, box[1] + y, box[2] + x, box[3] + y)


@pytest.mark.parametrize("box", [THING, moved(THING, 0.04, -0.05), (0.25, 0.15, 0.75, 0.85), (0.34, 0.25, 0.68, 0.77)])
def test_an_element_that_the_finder_sees_is_grounded_though_its_box_is_off_by_some_per_cent(box):
    assert weight(box) == 1


def test_an_element_where_the_finder_sees_nothing_or_a_part_weighs_too_little_for_the_acceptance_check():
    for box in ((0.75, 0.1, 0.95, 0.5), moved(THING, 0.25, 0.0), (0.0, 0.0, 0.5, 0.4)):
        assert weight(box) == 0.3
        seen = joined(subject(), ground([product(box)], subject()))
        assert np.array_equal(seen >= 0.5, subject() >= 0.5)
        assert seen[round(box[1] * 100) + 1, round(box[2] * 100) - 1] >= np.float32(0.3)


def test_a_box_of_the_whole_picture_says_nothing():
    assert weight((0.0, 0.0, 1.0, 1.0)) == 0
    everything = ground([product((0.0, 0.0, 1.0, 1.0))], subject())
    assert np.array_equal(joined(subject(), everything), subject())


def test_a_picture_full_of_its_subject_loses_no_room_to_the_box_around_it():
    values = subject((0.02, 0.12, 0.98, 1.0))
    elements = ground([product((0.0, 0.1, 1.0, 1.0))], values)
    assert elements[0].weight == 1
    assert np.array_equal(joined(values, elements) >= 0.3, values >= 0.3)


def test_holes_and_bays_of_a_grounded_element_are_protected_and_its_corners_softly():
    values = subject(hole=(0.4, 0.4, 0.6, 0.6))
    seen = joined(values, ground([product((0.28, 0.18, 0.72, 0.82))], values))
    assert seen[50, 50] == 1
    assert seen[19, 29] == np.float32(0.3)
    assert seen[5, 5] == 0


def test_faces_and_texts_that_detectors_boxed_are_left_to_them():
    inside, other = (0.45, 0.25, 0.55, 0.35), (0.1, 0.1, 0.2, 0.2)
    assert weight((0.4, 0.2, 0.6, 0.4), Kind.FACE, faces=[inside]) == 0
    assert weight((0.4, 0.2, 0.6, 0.4), Kind.FACE, faces=[other], texts=[inside]) > 0
    assert weight((0.4, 0.2, 0.6, 0.4), Kind.TEXT, texts=[inside]) == weight(inside, Kind.LOGO, texts=[inside]) == 0
    assert weight(THING, Kind.PRODUCT, faces=[THING], texts=[THING]) == 1


def test_a_face_that_the_detector_missed_is_protected_as_a_whole_where_the_finder_sees_somebody():
    values = subject((0.4, 0.2, 0.6, 0.5))
    box = (0.38, 0.18, 0.62, 0.5)
    seen = joined(values, ground([product(box, Kind.FACE)], values))
    assert (seen[18:50, 38:62] == 1).all()


@st.composite
def boxes(draw):
    x, y = (sorted((draw(st.integers(0, 990)), draw(st.integers(0, 990)))) for _ in range(2))
    return (x[0] / 1000, y[0] / 1000, (x[1] + 10) / 1000, (y[1] + 10) / 1000)


ELEMENTS = st.lists(st.builds(KeyElement, st.sampled_from(Kind), st.just("x"), boxes()), max_size=6)


@given(elements=ELEMENTS, seed=st.integers(0, 9), faces=st.lists(boxes(), max_size=2))
def test_nothing_that_finders_saw_is_weakened_and_what_is_added_lies_about_the_elements(elements, seed, faces):
    values = np.random.default_rng(seed).random((40, 30), np.float32)
    before = values.copy()
    weighed = ground(elements, values, faces)
    seen = joined(values, weighed)
    assert np.array_equal(values, before)
    assert (seen >= values).all() and seen.max() <= 1
    assert np.array_equal(joined(values, weighed[::-1]), seen)
    raised = np.argwhere(seen > values)
    for y, x in raised:
        assert any(
            element.weight
            and element.box[0] * 30 - 5 <= x <= element.box[2] * 30 + 5
            and element.box[1] * 40 - 5 <= y <= element.box[3] * 40 + 5
            for element in weighed
        )
    assert all(element.weight in (0, 0.3, 1) for element in weighed)
    assert not any(element.weight == 0.3 and area(element.box) > 0.4 for element in weighed)


@given(elements=ELEMENTS)
def test_rows_hold_elements_up_to_float32(elements):
    weighed = ground(elements, subject())
    column = pa.array([[to_row(element) for element in weighed]], pa.list_(KEY_ELEMENT)).to_pylist()[0]
    found = of_rows(column)
    assert [replace(one, box=(), weight=0) for one in found] == [replace(one, box=(), weight=0) for one in weighed]
    for one, other in zip(found, weighed, strict=True):
        assert isinstance(one, Grounded) and isinstance(one.kind, Kind)
        assert one.box == pytest.approx(other.box, abs=1e-6) and one.weight == pytest.approx(other.weight)
    assert np.array_equal(joined(subject(), found) >= 0.5, joined(subject(), weighed) >= 0.5)
    assert of_rows(None) == ()
