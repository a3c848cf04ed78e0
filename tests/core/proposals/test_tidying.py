"""Columns are set flush without leaving the canvas; panels belong to the texts they bear."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.layout import Box, Canvas, Role, Suggestion, inside, intersection
from layoutgen.core.proposals.tidying import borne, flush, padded, sized, tidied, unpadded

CANVAS = Canvas(1080, 1440)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    left, top = draw(st.floats(0, 0.9)), draw(st.floats(0, 0.9))
    return (left, top, draw(st.floats(left + 0.05, 1.0)), draw(st.floats(top + 0.02, 1.0)))


@given(st.lists(boxes(), max_size=7))
def test_boxes_move_across_alone_and_stay_on_the_canvas(proposed: list[Box]) -> None:
    for before, after in zip(proposed, flush(proposed), strict=True):
        assert (after[1], after[3]) == (before[1], before[3])
        assert after[2] - after[0] == pytest.approx(before[2] - before[0])
        assert inside(after, (0, 0, 1, 1), 1e-9)


def test_a_ragged_column_is_set_flush_at_the_side_that_agrees_best() -> None:
    ragged = [(0.10, 0.1, 0.6, 0.2), (0.12, 0.22, 0.4, 0.26), (0.11, 0.28, 0.5, 0.32), (0.8, 0.1, 0.9, 0.2)]
    left = flush(ragged)
    assert [box[0] for box in left] == pytest.approx([0.11, 0.11, 0.11, 0.8])
    assert flush(left) == left
    middles = [(0.2, 0.1, 0.8, 0.2), (0.41, 0.22, 0.61, 0.26)]
    assert {round((box[0] + box[2]) / 2, 9) for box in flush(middles)} == {0.505}


def test_what_is_far_apart_is_no_column() -> None:
    apart = [(0.1, 0.05, 0.5, 0.1), (0.15, 0.8, 0.5, 0.9)]
    assert flush(apart) == apart


@given(st.floats(0.3, 0.5), st.floats(0.3, 0.6), st.floats(0.1, 0.3), st.floats(0.02, 0.06))
def test_a_text_comes_out_of_its_panel_as_it_went_in(left: float, top: float, width: float, height: float) -> None:
    text = (left, top, left + width, top + height)
    panel = padded(text, CANVAS)
    assert inside(text, panel)
    assert unpadded(panel, CANVAS) == pytest.approx(text)


def test_a_text_stands_on_the_smallest_panel_under_its_middle() -> None:
    texts = [(0.1, 0.1, 0.3, 0.15), (0.1, 0.2, 0.3, 0.25), (0.6, 0.6, 0.8, 0.65)]
    panels = [(0.05, 0.05, 0.4, 0.4), (0.09, 0.09, 0.31, 0.16)]
    assert borne(texts, panels) == {0: 1, 1: 0}


TITLE, PRICE = Suggestion(Role.TITLE, (0.1, 0.1, 0.6, 0.2), "T"), Suggestion(Role.PRICE, (0.12, 0.17, 0.4, 0.25), "9")
BUTTON = Suggestion(Role.CALL_TO_ACTION, (0.11, 0.3, 0.3, 0.35), "Buy")


def underlay(box: Box) -> Suggestion:
    return Suggestion(Role.UNDERLAY, box)


def shared(suggestions: tuple[Suggestion, ...]) -> float:
    texts = [one.box for one in suggestions if one.role is not Role.UNDERLAY]
    return max((intersection(a, b) for k, a in enumerate(texts) for b in texts[:k]), default=0.0)


def held(one: Suggestion) -> float:
    """The font size in px that a box's height holds in one line."""
    return (one.box[3] - one.box[1]) * CANVAS.height / 1.3


class TestSized:
    def test_selling_points_are_alike_and_price_and_title_larger(self) -> None:
        points = [
            Suggestion(Role.SELLING_POINT, (0.1, 0.4 + 0.1 * k, 0.5, 0.43 + 0.1 * k + 0.01 * k), text)
            for k, text in enumerate(("Soft", "Breathable", "Warm"))
        ]
        small = [
            Suggestion(Role.TITLE, (0.1, 0.1, 0.5, 0.12), "A title"),
            Suggestion(Role.PRICE, (0.1, 0.8, 0.2, 0.81), "9"),
        ]
        title, price, *alike = sized((*small, *points), CANVAS)
        assert len({round(held(point), 3) for point in alike}) == 1
        assert held(price) == pytest.approx(1.2 * held(alike[0]))
        assert held(title) == pytest.approx(max(1.2 * held(alike[0]), CANVAS.width / 15))
        (tiny,) = sized((Suggestion(Role.BADGE, (0.1, 0.1, 0.2, 0.105), "New"),), CANVAS)
        assert held(tiny) == pytest.approx(CANVAS.width / 30)

    def test_what_is_large_enough_or_no_text_stays(self) -> None:
        large = (replace(TITLE, box=(0.1, 0.1, 0.6, 0.3)), PRICE, underlay((0.1, 0.1, 0.2, 0.101)))
        assert sized(large, CANVAS) == large

    @given(st.lists(st.tuples(boxes(), st.text(max_size=60)), max_size=6))
    def test_all_stay_on_the_canvas(self, texts: list[tuple[Box, str]]) -> None:
        roles = (Role.TITLE, Role.SELLING_POINT, Role.SELLING_POINT, Role.PRICE, Role.SELLING_POINT, Role.LOGO)
        asked = [Suggestion(role, box, text) for role, (box, text) in zip(roles, texts, strict=False)]
        for before, after in zip(asked, sized(asked, CANVAS), strict=True):
            assert inside(after.box, (0, 0, 1, 1), 1e-6)
            assert (after.role, after.text) == (before.role, before.text)


class TestTidied:
    def test_texts_are_flush_and_off_each_other(self) -> None:
        laid = tidied((TITLE, PRICE, BUTTON), CANVAS)
        assert [one.text for one in laid] == ["T", "9", "Buy"]
        assert shared(laid) == pytest.approx(0, abs=1e-9)
        assert max(one.box[0] for one in laid) - min(one.box[0] for one in laid) < 1e-6

    def test_a_button_keeps_its_panel_and_a_title_has_none(self) -> None:
        found = tidied((TITLE, BUTTON, underlay((0.1, 0.28, 0.32, 0.37)), underlay((0.05, 0.05, 0.7, 0.22))), CANVAS)
        (panel,) = [one for one in found if one.role is Role.UNDERLAY]
        assert inside(found[1].box, panel.box)
        assert not inside(found[0].box, panel.box)

    def test_they_are_off_what_stays_free_and_off_a_subject_that_leaves_them_room(self) -> None:
        subject = (0.45, 0.05, 0.95, 0.95)
        for found in (tidied((TITLE, PRICE), CANVAS, subject=subject), tidied((TITLE, PRICE), CANVAS, [subject])):
            assert max(intersection(one.box, subject) for one in found) == pytest.approx(0, abs=1e-9)
        everywhere = (0.1, 0.1, 0.9, 0.9)
        assert tidied((TITLE,), CANVAS, subject=everywhere) == (TITLE,), "there is no room beside it"

    def test_a_column_goes_off_the_pictures_edge_as_a_whole(self) -> None:
        picture = (0.5, 0.0, 1.0, 1.0)
        column = (replace(TITLE, box=(0.1, 0.1, 0.55, 0.2)), replace(PRICE, box=(0.12, 0.21, 0.4, 0.25)), BUTTON)
        found = tidied(column, CANVAS, picture=picture)
        assert all(one.box[2] <= 0.5 + 1e-6 for one in found)
        assert max(one.box[0] for one in found) - min(one.box[0] for one in found) < 1e-6
        bleed = tidied((TITLE, BUTTON), CANVAS)
        assert bleed == tidied((TITLE, BUTTON), CANVAS, picture=(0.0, -0.2, 1.0, 1.1)), "it ends with the canvas"

    @given(st.lists(boxes(), min_size=1, max_size=6), st.lists(boxes(), max_size=3), boxes())
    def test_nothing_is_lost_and_all_is_on_the_canvas(self, texts: list[Box], panels: list[Box], subject: Box) -> None:
        proposed = [Suggestion(Role.SELLING_POINT, box, str(k)) for k, box in enumerate(texts)]
        found = tidied((*proposed, *map(underlay, panels)), CANVAS, subject=subject)
        assert [one.text for one in found if one.role is not Role.UNDERLAY] == [str(k) for k in range(len(texts))]
        for one in found:
            assert inside(one.box, (0, 0, 1, 1), 1e-6)
            assert one.box[0] < one.box[2]
            assert one.box[1] < one.box[3]
