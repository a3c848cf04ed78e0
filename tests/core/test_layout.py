import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.layout import (
    NAMED_RATIOS,
    Canvas,
    Role,
    area,
    inside,
    intersection,
    iou,
    parse_canvas,
    to_px,
    union,
)

shares = st.floats(0, 1, allow_nan=False)
boxes = st.builds(lambda a, b, c, d: (min(a, c), min(b, d), max(a, c), max(b, d)), shares, shares, shares, shares)


@pytest.mark.parametrize(
    ("name", "short_side", "canvas"),
    [
        ("1:1", 1080, Canvas(1080, 1080)),
        ("3:4", 1080, Canvas(1080, 1440)),
        ("16:9", 1080, Canvas(1920, 1080)),
        ("9:16", 720, Canvas(720, 1280)),
        ("200x1000", 1080, Canvas(200, 1000)),
        ("1920X1080", 1080, Canvas(1920, 1080)),
    ],
)
def test_a_canvas_is_a_size_or_a_named_ratio_of_the_short_side(name, short_side, canvas):
    assert parse_canvas(name, short_side) == canvas


@given(st.sampled_from(sorted(NAMED_RATIOS)), st.integers(64, 4096))
def test_a_named_ratio_keeps_its_shape_and_its_short_side(name, short_side):
    canvas = parse_canvas(name, short_side)
    across, down = NAMED_RATIOS[name]
    assert min(canvas.width, canvas.height) == short_side
    assert abs(canvas.width * down - canvas.height * across) <= max(across, down) / 2
    assert parse_canvas(canvas.name, 1) == canvas


@pytest.mark.parametrize(
    "name", ["", "x", "1080", "1080x", "63x1080", "1080x8193", "-200x300", "1e3x200", "10²x100", "5:7", "1080 x 1080"]
)
def test_what_is_no_canvas_is_an_error_with_the_value_and_the_known_ratios(name):
    with pytest.raises(ValueError, match="1:1, 3:4") as caught:
        parse_canvas(name, 1080)
    assert repr(name) in str(caught.value)


def test_roles_and_their_chinese_names_are_the_same_thing():
    assert [Role.from_chinese(role.chinese) for role in Role] == list(Role)
    with pytest.raises(ValueError, match=r"'标题'.*主标题"):
        Role.from_chinese("标题")


def test_an_inverted_box_has_no_area():
    assert area((0.6, 0.2, 0.4, 0.8)) == 0
    assert area((0.25, 0.5, 0.75, 1.0)) == 0.25


@given(boxes, boxes)
def test_what_two_boxes_share_is_no_larger_than_either_and_the_same_both_ways(a, b):
    assert intersection(a, b) == intersection(b, a)
    assert 0 <= intersection(a, b) <= min(area(a), area(b)) + 1e-12


@given(boxes, boxes)
def test_iou_is_a_share_and_one_for_equal_boxes(a, b):
    assert 0 <= iou(a, b) <= 1 + 1e-9
    assert iou(a, b) == iou(b, a)
    if area(a) > 1e-6:
        assert iou(a, a) == pytest.approx(1)


def test_iou_of_known_boxes():
    assert iou((0, 0, 0.5, 1), (0.25, 0, 0.75, 1)) == pytest.approx(1 / 3)
    assert iou((0, 0, 0.5, 1), (0.5, 0, 1, 1)) == 0
    assert iou((0.5, 0.5, 0.5, 0.5), (0.5, 0.5, 0.5, 0.5)) == 0


@given(st.lists(boxes, min_size=1, max_size=6))
def test_the_union_is_the_smallest_box_around_all(found):
    around = union(found)
    assert all(inside(box, around) for box in found)
    for side in range(4):
        assert around[side] in [box[side] for box in found]


def test_there_is_no_union_of_nothing():
    assert union([]) is None


def test_a_box_that_looks_out_at_any_side_is_not_inside():
    outer = (0.2, 0.2, 0.8, 0.8)
    assert inside(outer, outer)
    assert not any(
        inside(box, outer)
        for box in [(0.1, 0.3, 0.5, 0.5), (0.3, 0.1, 0.5, 0.5), (0.3, 0.3, 0.9, 0.5), (0.3, 0.3, 0.5, 0.9)]
    )


def test_boxes_scale_to_pixels():
    assert to_px((0.0, 0.25, 0.5, 1.0), 200, 1000) == (0, 250, 100, 1000)
