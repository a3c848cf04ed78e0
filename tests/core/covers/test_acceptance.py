from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.covers.acceptance import (
    REASONS,
    Glyphs,
    Limits,
    Sight,
    accept,
    covered_share,
    marked_share,
    on_underlays,
)
from layoutgen.core.layout import Canvas, Element, Role

CANVAS = Canvas(1080, 1440)
NOTHING = np.zeros((64, 48), np.float32)
TITLE = Element(Role.TITLE, (0.1, 0.1, 0.5, 0.2), text="标题", lines=("标题",), font="F", font_px=80, colour="#ffffff")
DARK, LIGHT = np.full((200, 3), 10, np.uint8), np.full((200, 3), 245, np.uint8)


def drawn(element=TITLE, behind=DARK, grow=0.0):
    left, top, right, bottom = (v * s for v, s in zip(element.box, (1080, 1440, 1080, 1440), strict=True))
    return Glyphs((left - grow, top - grow, right + grow, bottom + grow), behind)


def verdict(*elements, protection=NOTHING, glyphs=None, **other):
    elements = elements or (TITLE,)
    found = {i: drawn(e) for i, e in enumerate(elements) if e.lines} if glyphs is None else glyphs
    return accept(elements, CANVAS, protection, found, **other)


UPPER = np.broadcast_to((np.arange(64) < 32)[:, None], (64, 48))
"""A subject in the upper half, where the title stands."""
NOWHERE = Sight(np.zeros((64, 48), bool), 0.0)


def names(found):
    return [reason.partition(":")[0] for reason in found.reasons]


def test_a_readable_title_on_free_ground_is_accepted():
    found = verdict()
    assert found.accepted and found.reasons == () and found.covered == 0
    assert found.contrast > 15


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("touches_face", lambda: verdict(faces=[(0.4, 0.15, 0.6, 0.3)])),
        ("safe_zone", lambda: verdict(zones=[(0.4, 0.15, 0.6, 0.3)])),
        ("covers_subject", lambda: verdict(protection=np.ones((64, 48), np.float32) * (np.arange(64) < 14)[:, None])),
        ("low_contrast", lambda: verdict(glyphs={0: drawn(behind=LIGHT)})),
        ("small_text", lambda: verdict(replace(TITLE, font_px=23))),
        ("overlap", lambda: verdict(TITLE, replace(TITLE, box=(0.4, 0.15, 0.8, 0.25)))),
        ("outside", lambda: verdict(replace(TITLE, box=(-0.01, 0.1, 0.5, 0.2)))),
        ("overflow", lambda: verdict(glyphs={0: drawn(grow=12)})),
        ("no_text", lambda: verdict(glyphs={0: Glyphs(None, DARK)})),
        ("on_subject", lambda: verdict(sights=[Sight(UPPER, 0.0), NOWHERE])),
        ("subject_cut", lambda: verdict(sights=[replace(NOWHERE, lost=0.031), NOWHERE])),
        ("second_opinion", lambda: verdict(sights=[NOWHERE, Sight(UPPER, 0.0)])),
        ("second_opinion", lambda: verdict(sights=[NOWHERE, replace(NOWHERE, lost=0.031)])),
    ],
)
def test_each_fault_has_its_name_and_no_other(name, found):
    found = found()
    assert not found.accepted
    assert set(names(found)) == {name}
    assert name in REASONS


def test_24_px_at_1080_px_is_large_enough():
    assert verdict(replace(TITLE, font_px=24)).accepted


def test_five_per_cent_of_glyph_pixels_may_be_hard_to_read():
    for count, fine in ((10, True), (11, False)):
        behind = np.concatenate([LIGHT[:count], DARK[count:]])
        assert verdict(glyphs={0: drawn(behind=behind)}).accepted is fine


def test_accents_may_touch_the_rim_of_a_box():
    assert verdict(glyphs={0: drawn(grow=5)}).accepted


def test_a_text_may_stand_on_its_underlay_and_underlays_on_others():
    panel = Element(Role.UNDERLAY, (0.05, 0.05, 0.9, 0.4), colour="#000000")
    pill = replace(panel, box=(0.08, 0.08, 0.6, 0.25), underlay=0, z=1)
    assert verdict(panel, pill, replace(TITLE, underlay=1)).accepted
    assert names(verdict(panel, replace(TITLE, box=(0.5, 0.3, 0.95, 0.5), underlay=0))) == ["overlap"]


def test_three_per_cent_of_a_subject_may_be_cut_and_five_of_a_text_may_lie_on_it():
    rows = np.broadcast_to((np.arange(100) < 10)[:, None], (100, 100))
    for top, reasons in ((0.09, []), (0.07, ["on_subject"])):
        at = replace(TITLE, box=(0.1, top, 0.5, top + 0.4))
        assert names(verdict(at, sights=[Sight(rows, 0.03)])) == reasons
    assert verdict(sights=[Sight(UPPER, 0.4)], limits=Limits(most_cut=0.5, most_on_subject=1.0)).accepted


def test_each_text_and_logo_is_asked_about_and_no_underlay():
    logo = Element(Role.LOGO, (0.6, 0.05, 0.7, 0.1))
    panel = Element(Role.UNDERLAY, (0.05, 0.05, 0.55, 0.4), colour="#000000")
    found = verdict(panel, replace(TITLE, underlay=0), logo, sights=[Sight(UPPER, 0.0)])
    assert names(found) == ["on_subject", "on_subject"]
    assert "title '标题'" in found.reasons[0] and "logo" in found.reasons[1]


def test_underlays_cover_the_subject_too():
    protection = np.zeros((64, 48), np.float32)
    protection[30:60] = 1
    panel = Element(Role.UNDERLAY, (0.05, 0.05, 0.9, 0.6), colour="#000000")
    assert names(verdict(panel, replace(TITLE, underlay=0), protection=protection)) == ["covers_subject"]


def test_what_is_behind_a_text_is_the_picture_under_its_underlays():
    panel = Element(Role.UNDERLAY, (0.0, 0.0, 1.0, 1.0), colour="#000000", opacity=0.5)
    elements = (panel, replace(TITLE, underlay=0))
    np.testing.assert_allclose(on_underlays(elements, 1, LIGHT), LIGHT / 2)
    np.testing.assert_allclose(on_underlays(elements, 0, LIGHT), LIGHT)


def test_other_limits_can_be_set():
    assert verdict(replace(TITLE, font_px=20), limits=Limits(smallest_font=20 / 1080)).accepted


boxes = st.tuples(*(st.floats(0, 0.9) for _ in range(4))).map(
    lambda b: (min(b[0], b[2]), min(b[1], b[3]), max(b[0], b[2]) + 0.05, max(b[1], b[3]) + 0.05)
)


@given(st.lists(boxes, min_size=1, max_size=4), st.lists(boxes, max_size=2), st.integers(8, 60))
def test_a_layout_is_accepted_if_and_only_if_no_reason_is_named(places, faces, font_px):
    elements = [replace(TITLE, box=box, font_px=font_px) for box in places]
    found = verdict(*elements, faces=faces)
    assert found.accepted == (not found.reasons)
    assert set(names(found)) <= set(REASONS)


@given(st.lists(boxes, min_size=1, max_size=4), boxes)
def test_one_more_element_never_makes_a_refused_layout_accepted(places, more):
    protection = np.zeros((64, 48), np.float32)
    protection[10:40, 10:40] = 1
    elements = [replace(TITLE, box=box) for box in places]
    before = verdict(*elements, protection=protection)
    after = verdict(*elements, replace(TITLE, box=more), protection=protection)
    assert after.covered >= before.covered
    assert before.accepted or not after.accepted


@given(boxes, st.integers(0, 2**32 - 1))
def test_what_a_box_has_on_the_subject_and_off_it_is_all_of_it(box, seed):
    marks = np.random.default_rng(seed).random((40, 30)) > 0.5
    assert marked_share(box, marks) + marked_share(box, ~marks) == pytest.approx(1)


@given(st.lists(boxes, max_size=4))
def test_the_covered_share_is_a_share_and_grows_with_boxes(places):
    protection = np.random.default_rng(0).random((40, 30)).astype(np.float32)
    shares = [covered_share(places[:count], protection) for count in range(len(places) + 1)]
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)
