"""Columns are set flush without leaving the canvas; panels belong to the texts they bear."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.layout import Box, Canvas, inside
from layoutgen.core.proposals.tidying import borne, flush, padded, unpadded

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
