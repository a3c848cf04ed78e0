import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.covers.acceptance import covered_share
from layoutgen.core.covers.costs import WEIGHTS
from layoutgen.core.covers.placement import Scene, solve
from layoutgen.core.covers.text import CoverCopy
from layoutgen.core.layout import Canvas, Element, Role, Suggestion, inside, intersection
from tests.core.covers.drawn import CANVAS, STYLE, face_for, scene

TITLE = CoverCopy("三分钟学会秋冬穿搭")


def only(solution):
    (element,) = solution.elements
    return element


def test_the_title_stands_where_nothing_is_protected():
    element = only(solve(TITLE, CANVAS, scene((0.0, 0.3, 1.0, 1.0)), face_for, STYLE))
    assert element.box[3] <= 0.3
    element = only(solve(TITLE, CANVAS, scene((0.0, 0.0, 1.0, 0.7)), face_for, STYLE))
    assert element.box[1] >= 0.7


def test_all_copy_is_placed_inside_the_margins_without_overlap():
    copy = CoverCopy("三分钟学会秋冬穿搭", "一件外套的七种穿法", ("新品", "限时"))
    solution = solve(copy, CANVAS, scene((0.2, 0.3, 0.8, 0.9)), face_for, STYLE)
    assert solution.broken == ()
    assert [e.role for e in solution.elements] == [Role.TITLE, Role.SUBTITLE, Role.OTHER, Role.OTHER]
    edge = (48 / 1080, 48 / 1440, 1 - 48 / 1080, 1 - 48 / 1440)
    for i, element in enumerate(solution.elements):
        assert inside(element.box, edge, 1e-6)
        assert not any(intersection(element.box, other.box) > 0 for other in solution.elements[:i])


def test_the_same_cover_is_placed_the_same_again():
    ground = scene((0.2, 0.2, 0.9, 0.8))
    assert solve(TITLE, CANVAS, ground, face_for, STYLE) == solve(TITLE, CANVAS, ground, face_for, STYLE)


def test_no_element_touches_a_face_or_a_safe_zone():
    faces, zones = ((0.3, 0.02, 0.7, 0.3),), ((0.0, 0.6, 1.0, 1.0),)
    solution = solve(TITLE, CANVAS, scene((0.1, 0.0, 0.9, 0.5), faces=faces, zones=zones), face_for, STYLE)
    assert solution.broken == ()
    assert all(intersection(only(solution).box, box) == 0 for box in (*faces, *zones))


def test_a_face_all_over_the_picture_gives_the_least_bad_place_and_names_it():
    solution = solve(TITLE, CANVAS, scene(faces=((0.0, 0.0, 1.0, 1.0),)), face_for, STYLE)
    assert solution.broken == ("touches_face",)
    assert inside(only(solution).box, (0, 0, 1, 1))


def test_a_picture_protected_all_over_names_what_is_covered():
    small = scene((0.0, 0.0, 1.0, 1.0))
    solution = solve(CoverCopy("字" * 200), CANVAS, small, face_for, STYLE)
    assert solution.broken == ("covers_subject",)


def test_a_title_that_fits_nowhere_is_named():
    assert solve(CoverCopy("W" * 300), Canvas(200, 200), scene(), face_for, STYLE).broken == ("overflow",)
    long = solve(CoverCopy("字" * 500), Canvas(400, 400), scene(), face_for, STYLE)
    assert "small_text" in long.broken


def test_a_title_without_text_is_an_error():
    with pytest.raises(ValueError, match="no text"):
        solve(CoverCopy("  "), CANVAS, scene(), face_for, STYLE)


def test_a_suggestion_is_followed_where_it_costs_little():
    for top in (0.1, 0.75):
        wanted = (0.1, top, 0.9, top + 0.1)
        element = only(solve(TITLE, CANVAS, scene(), face_for, STYLE, [Suggestion(Role.TITLE, wanted, "")]))
        assert intersection(element.box, wanted) > 0.5 * intersection(element.box, element.box)


def test_a_suggestion_on_the_subject_is_not_followed():
    ground = scene((0.0, 0.0, 1.0, 0.6))
    element = only(solve(TITLE, CANVAS, ground, face_for, STYLE, [Suggestion(Role.TITLE, (0.1, 0.1, 0.9, 0.2), "")]))
    assert element.box[1] >= 0.55


def test_a_title_and_subtitle_suggested_apart_stand_apart():
    copy = CoverCopy("三分钟学会", "一件外套")
    wanted = [Suggestion(Role.TITLE, (0.1, 0.05, 0.9, 0.15)), Suggestion(Role.SUBTITLE, (0.1, 0.85, 0.5, 0.9))]
    title, subtitle = solve(copy, CANVAS, scene((0.0, 0.3, 1.0, 0.7)), face_for, STYLE, wanted).elements
    assert title.box[3] < 0.3 and subtitle.box[1] > 0.7


def test_locked_elements_stay_and_nothing_touches_them():
    locked = Element(Role.TITLE, (0.05, 0.05, 0.95, 0.3), text="锁定", lines=("锁定",), font="Mono-Regular", font_px=90)
    solution = solve(CoverCopy("锁定", "副标题"), CANVAS, scene(locked=(locked,)), face_for, STYLE)
    assert solution.elements[0] is locked
    (subtitle,) = solution.elements[1:]
    assert subtitle.role is Role.SUBTITLE and intersection(subtitle.box, locked.box) == 0


def test_grey_ground_on_which_nothing_can_be_read_asks_for_a_panel():
    assert solve(TITLE, CANVAS, scene(grey=118), face_for, STYLE).panels == (0,)
    assert solve(TITLE, CANVAS, scene(grey=240), face_for, STYLE).panels == ()


def test_a_restless_half_is_left_for_a_calm_one():
    ground = scene()
    pixels = ground.pixels.copy()
    rng = np.random.default_rng(1)
    pixels[:128] = rng.integers(150, 255, (128, *pixels.shape[1:]))
    element = only(solve(TITLE, CANVAS, Scene(ground.protection, pixels), face_for, STYLE))
    assert element.box[1] >= 0.5


def test_the_table_of_costs_names_every_weight():
    from layoutgen.core.covers import costs as cover_costs

    for name, weight in WEIGHTS.items():
        assert f"| {name} | {weight:g} |" in (cover_costs.__doc__ or "")


boxes = st.tuples(st.floats(0, 0.8), st.floats(0, 0.8), st.floats(0.05, 0.6), st.floats(0.05, 0.6)).map(
    lambda b: (b[0], b[1], min(1.0, b[0] + b[2]), min(1.0, b[1] + b[3]))
)


@given(
    st.lists(boxes, max_size=3), boxes, st.text("三分钟学会穿搭ab c,。（", min_size=1, max_size=30), st.integers(0, 255)
)
def test_whatever_is_asked_for_either_holds_all_limits_or_names_the_broken_one(protected, face, text, grey):
    if not text.strip():
        return
    ground = scene(*protected, grey=grey, side=64, faces=(face,))
    solution = solve(CoverCopy(text), CANVAS, ground, face_for, STYLE)
    element = only(solution)
    assert inside(element.box, (0, 0, 1, 1), 1e-6)
    assert "".join("".join(element.lines).split()) == "".join(text.split())
    if "touches_face" not in solution.broken:
        assert intersection(element.box, face) == 0
    if "covers_subject" not in solution.broken:
        assert covered_share([element.box], ground.protection) <= STYLE.most_covered + 1e-9
    if "small_text" not in solution.broken:
        assert element.font_px >= STYLE.smallest_px
