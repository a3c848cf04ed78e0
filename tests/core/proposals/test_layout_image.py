"""What is drawn is read back to the pixel, and what an image lost costs little."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.layout import LEARNT_ROLES, Role, Suggestion, inside, iou
from layoutgen.core.proposals.layout_image import COLOURS, GROUND, boxes_px, classify, draw, parse, scaled
from tests.budget import examples

ROLES = [role for role in LEARNT_ROLES if role is not Role.UNDERLAY]


def apart(a, b):
    """Whether two boxes share no pixel's edge."""
    return a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]


def grown(box):
    return box[0] - 1, box[1] - 1, box[2] + 1, box[3] + 1


def may_stand(role, box, others):
    for other_role, other in others:
        if apart(grown(box), other):
            continue
        on_it = other_role is Role.UNDERLAY and inside(grown(box), other)
        under_it = role is Role.UNDERLAY and inside(grown(other), box)
        if not (on_it or under_it):
            return False
    panels = [one for other_role, one in [*others, (role, box)] if other_role is Role.UNDERLAY]
    return all(sum(inside(one, other) for other in panels) <= 2 for one in panels)  # itself, and one below it


@st.composite
def layouts(draw_):
    """A size and elements of any role, none of which touches another or the edge of what it stands on."""
    width, height = draw_(st.integers(40, 420)), draw_(st.integers(40, 420))
    least = max(1, width // 100), max(1, height // 100)
    found = []
    for _ in range(draw_(st.integers(0, 14))):
        across, down = draw_(st.integers(least[0], width)), draw_(st.integers(least[1], height))
        if draw_(st.booleans()):  # small ones find a place more often
            across, down = max(least[0], across // 8), max(least[1], down // 8)
        left, top = draw_(st.integers(0, width - across)), draw_(st.integers(0, height - down))
        role, box = draw_(st.sampled_from(LEARNT_ROLES)), (left, top, left + across, top + down)
        if may_stand(role, box, found):
            found.append((role, box))
    return width, height, [Suggestion(role, scaled(box, width, height)) for role, box in found]


def places(elements, width, height):
    return sorted(zip((one.role for one in elements), boxes_px(elements, width, height), strict=True))


@settings(max_examples=examples(40, soak=600))
@given(layouts())
def test_what_is_drawn_is_read_back_to_the_pixel(layout):
    width, height, elements = layout
    assert places(parse(draw(elements, width, height)), width, height) == places(elements, width, height)


def test_boxes_of_one_percent_and_of_the_whole_canvas_are_read_back():
    for size in (100, 255, 256, 512, 1000):
        small = Suggestion(Role.PRICE, (0.5, 0.5, 0.51, 0.51))
        whole = Suggestion(Role.UNDERLAY, (0.0, 0.0, 1.0, 1.0))
        found = parse(draw([small, whole], size, size))
        assert places(found, size, size) == places([small, whole], size, size)


def test_underlays_come_first_then_reading_order():
    said = [
        Suggestion(Role.TITLE, (0.1, 0.6, 0.4, 0.7)),
        Suggestion(Role.LOGO, (0.5, 0.1, 0.6, 0.2)),
        Suggestion(Role.PRICE, (0.1, 0.1, 0.2, 0.2)),
        Suggestion(Role.UNDERLAY, (0.0, 0.5, 0.5, 0.8)),
    ]
    assert [one.role for one in parse(draw(said, 200, 200))] == [Role.UNDERLAY, Role.PRICE, Role.LOGO, Role.TITLE]


def test_lines_of_one_role_that_touch_are_told_apart_where_their_union_is_no_rectangle():
    stacked = [(10, 10, 110, 20), (10, 20, 70, 30), (10, 30, 90, 44)]
    said = [Suggestion(Role.SELLING_POINT, scaled(box, 200, 100)) for box in stacked]
    assert boxes_px(parse(draw(said, 200, 100)), 200, 100) == stacked
    tee = [(10, 10, 110, 30), (40, 30, 60, 80)]
    said = [Suggestion(Role.TITLE, scaled(box, 200, 100)) for box in tee]
    assert boxes_px(parse(draw(said, 200, 100)), 200, 100) == tee


def test_lines_of_one_role_and_width_that_touch_are_one_box():
    said = [Suggestion(Role.TITLE, (0.1, 0.1, 0.5, 0.2)), Suggestion(Role.TITLE, (0.1, 0.2, 0.5, 0.3))]
    assert [one.box for one in parse(draw(said, 100, 100))] == [(0.1, 0.1, 0.5, 0.3)]


@pytest.mark.parametrize("upper", ROLES)
@pytest.mark.parametrize("lower", ROLES)
def test_boxes_of_two_roles_may_touch(upper, lower):
    said = [Suggestion(upper, (0.1, 0.1, 0.5, 0.2)), Suggestion(lower, (0.1, 0.2, 0.4, 0.3))]
    assert places(parse(draw(said, 200, 200)), 200, 200) == places(said, 200, 200)


def test_a_text_may_reach_the_edge_of_its_underlay():
    said = [Suggestion(Role.UNDERLAY, (0.1, 0.1, 0.6, 0.4)), Suggestion(Role.TITLE, (0.2, 0.1, 0.5, 0.2))]
    assert places(parse(draw(said, 200, 200)), 200, 200) == places(said, 200, 200)


def test_a_blob_is_one_element_in_an_image_that_networks_drew():
    rows, columns = np.mgrid[:256, :256]
    image = np.full((256, 256, 3), GROUND, float)
    image[((rows - 80) / 20) ** 2 + ((columns - 128) / 80) ** 2 < 1] = COLOURS[Role.TITLE]
    for column in range(40, 200):  # tapers
        image[170 : 200 - column // 15, column] = COLOURS[Role.PRICE]
    image[250, 3] += 1
    found = parse(image)
    assert [one.role for one in found] == [Role.TITLE, Role.PRICE]
    assert iou(found[0].box, (48 / 256, 60 / 256, 208 / 256, 100 / 256)) > 0.7


def test_a_button_on_a_panel_is_a_hole_in_it():
    said = [
        Suggestion(Role.UNDERLAY, (0.1, 0.1, 0.6, 0.6)),
        Suggestion(Role.UNDERLAY, (0.2, 0.4, 0.5, 0.5)),
        Suggestion(Role.TITLE, (0.15, 0.15, 0.5, 0.25)),
        Suggestion(Role.CALL_TO_ACTION, (0.25, 0.42, 0.4, 0.48)),
    ]
    image = draw(said, 200, 200)
    assert tuple(image[82, 42]) == GROUND
    assert places(parse(image), 200, 200) == places(said, 200, 200)


def test_no_mix_of_a_role_and_its_ground_is_nearest_to_a_third_class():
    for ground in (GROUND, COLOURS[Role.UNDERLAY]):
        for role in COLOURS:
            if COLOURS[role] == ground:
                continue
            share = np.linspace(0, 1, 101)[:, None]
            mix = np.array(ground) * (1 - share) + np.array(COLOURS[role]) * share
            allowed = {classify(np.array([[colour]], float))[0].item() for colour in (ground, COLOURS[role])}
            assert set(classify(mix[None])[0].ravel().tolist()) <= allowed, role


def test_specks_and_hairs_are_no_elements():
    said = [Suggestion(Role.TITLE, (0.2, 0.2, 0.8, 0.4))]
    image = draw(said, 300, 300)
    image[10:12, 10:12] = COLOURS[Role.PRICE]
    image[250, :] = COLOURS[Role.LOGO]
    image[70:75, 100] = GROUND  # a scratch in the title
    image[60:120, 40:42] = COLOURS[Role.TITLE]
    assert places(parse(image), 300, 300) == places(said, 300, 300)


def test_an_image_of_nothing_has_no_elements():
    assert parse(np.full((64, 64, 3), GROUND, np.uint8)) == ()


def test_noise_and_drift_cost_little():
    said = [
        Suggestion(Role.UNDERLAY, (0.05, 0.05, 0.55, 0.45)),
        Suggestion(Role.TITLE, (0.1, 0.1, 0.5, 0.2)),
        Suggestion(Role.SELLING_POINT, (0.1, 0.25, 0.45, 0.32)),
        Suggestion(Role.PRICE, (0.6, 0.7, 0.9, 0.8)),
    ]
    rng = np.random.default_rng(0)
    image = draw(said, 256, 256).astype(float)
    for spoilt in (image + rng.normal(0, 25, image.shape), image * [0.92, 1.06, 1.0] + [8, -6, 5]):
        found = parse(np.clip(spoilt, 0, 255).astype(np.uint8))
        assert [one.role for one in found] == [one.role for one in said]
        assert min(iou(a.box, b.box) for a, b in zip(found, said, strict=True)) > 0.9
