"""Parsed regions get the copy's texts, each one, in a role it may have."""

import pytest

from layoutgen.core.layout import Canvas, Copy, Role, Suggestion
from layoutgen.core.prompts.layouts import slots
from layoutgen.core.proposals.region_texts import assign

CANVAS = Canvas(1000, 1000)
COPY = Copy("Hand-thrown stoneware vase", ("手工上釉", "￥199起"), logo="mark.png")
TITLE = Suggestion(Role.TITLE, (0.1, 0.1, 0.9, 0.17))
POINT = Suggestion(Role.SELLING_POINT, (0.1, 0.3, 0.3, 0.36))
PRICE = Suggestion(Role.PRICE, (0.1, 0.5, 0.3, 0.57))
MARK = Suggestion(Role.LOGO, (0.1, 0.8, 0.3, 0.9))


def said(*regions, text=COPY):
    return assign(regions, slots(text), CANVAS, 2.0)


def test_each_text_goes_where_its_role_and_its_place_in_the_copy_say():
    found = said(TITLE, POINT, PRICE, MARK)
    assert [(one.role, one.text) for one in found] == [
        (Role.TITLE, COPY.title),
        (Role.SELLING_POINT, "手工上釉"),
        (Role.PRICE, "￥199起"),
        (Role.LOGO, ""),
    ]
    assert [one.box for one in found] == [one.box for one in (TITLE, POINT, PRICE, MARK)]


def test_of_regions_of_one_role_the_shape_that_suits_a_text_is_its():
    wide = Suggestion(Role.SELLING_POINT, (0.1, 0.3, 0.9, 0.35))
    small = Suggestion(Role.SELLING_POINT, (0.1, 0.5, 0.2, 0.55))
    copy = Copy("Tea", ("3 g", "a long sentence about how it was picked and dried"))
    found = said(Suggestion(Role.TITLE, (0.1, 0.1, 0.4, 0.2)), wide, small, text=copy)
    assert [one.box for one in found[1:]] == [small.box, wide.box]


def test_number_and_roles_follow_the_copy_whatever_was_parsed():
    for regions in ([], [MARK], [TITLE], [POINT] * 9, [TITLE, POINT, PRICE, MARK, POINT, POINT]):
        found = said(*regions)
        assert [one.text for one in found] == [slot.text for slot in slots(COPY)]
        assert all(one.role in slot.roles for one, slot in zip(found, slots(COPY), strict=True))
        for left, top, right, bottom in (one.box for one in found):
            assert 0 <= left < right <= 1
            assert 0 <= top < bottom <= 1 + 1e-9


def test_a_text_without_a_region_stands_below_the_one_before_it():
    found = said(TITLE, text=Copy("Vase", ("new",)))
    assert found[1].box == pytest.approx((0.1, 0.18, 0.9, 0.25))
    found = said(TITLE, text=Copy("Vase", ("保" * 40,)))
    assert found[1].box == pytest.approx((0.1, 0.18, 0.9, 0.18 + 1.25 * 0.8 / 40))


def test_underlays_stay_under_texts_alone():
    under = Suggestion(Role.UNDERLAY, (0.05, 0.25, 0.5, 0.4))
    bare = Suggestion(Role.UNDERLAY, (0.6, 0.6, 0.9, 0.9))
    found = said(TITLE, POINT, PRICE, MARK, under, bare)
    assert [one for one in found if one.role is Role.UNDERLAY] == [under]


def test_no_copy_is_no_layout():
    assert assign([TITLE], [], CANVAS) == ()


def likely(*roles):
    return [{one: 0.9 if one is role else 0.1 / 7 for one in Role} for role in roles]


def test_likely_roles_say_which_text_goes_where():
    badge = Suggestion(Role.OTHER, (0.1, 0.05, 0.2, 0.09))
    copy = Copy("Hand-thrown vase", ("New", "Glazed"))
    regions = [badge, TITLE, POINT]
    found = assign(regions, slots(copy), CANVAS, None, likely(Role.TITLE, Role.OTHER, Role.SELLING_POINT))
    assert [(one.role, one.box) for one in found] == [(one.role, one.box) for one in (TITLE, badge, POINT)]


def test_lines_that_became_one_region_are_parted():
    tall = Suggestion(Role.SELLING_POINT, (0.1, 0.3, 0.5, 0.45))
    copy = Copy("Vase", ("Glazed by hand", "Dishwasher-safe", "Made in Jingdezhen"))
    roles = likely(Role.TITLE, *[Role.SELLING_POINT] * 3)
    found = assign([TITLE, tall], slots(copy), CANVAS, None, roles)
    assert [one.text for one in found] == [copy.title, *copy.selling_points]
    assert [one.box[1] for one in found[1:]] == pytest.approx([0.3, 0.35, 0.4])
    flat = Suggestion(Role.SELLING_POINT, (0.1, 0.3, 0.5, 0.32))
    found = assign([TITLE, flat], slots(copy), CANVAS, None, roles)
    assert flat.box in [one.box for one in found]
