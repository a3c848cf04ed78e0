from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.pictures import strips
from layoutgen.core.pictures.strips import Piece

SIDES = st.tuples(st.integers(1, 3000), st.floats(3.01, 60)).map(lambda one: (one[0], max(4, int(one[0] * one[1]) + 1)))


@given(SIDES, st.booleans())
def test_parts_cover_a_strip_and_share_more_than_a_line(sides, lies):
    width, height = sides[::-1] if lies else sides
    along, found = (0 if lies else 1), strips.parts(width, height)
    assert found[0][along] == 0 and found[-1][along + 2] == max(width, height)
    for before, after in pairwise(found):
        assert before[along] < after[along] and before[along + 2] < after[along + 2]
        assert before[along + 2] - after[along] >= 0.28 * min(width, height) - 1
    assert all(right - left <= width and bottom - top <= height for left, top, right, bottom in found)
    assert len(found) <= 33


@given(st.integers(1, 40_000), st.integers(1, 40_000), st.integers(1, 2000))
def test_a_travelling_picture_is_bounded_and_never_larger_than_it_is(width, height, side):
    across, down = strips.travelling_size(width, height, side)
    assert 1 <= across <= width and 1 <= down <= height
    if strips.is_strip(width, height):
        assert across * down <= max(16_100_000, side * side) and max(across, down) <= 65_001
    else:
        assert max(across, down) == min(side, max(width, height))


@pytest.mark.parametrize(
    ("size", "side", "travels"),
    [
        ((790, 9600), 1280, (640, 7777)),
        ((790, 9600), 64, (64, 778)),
        ((600, 3000), 1280, (600, 3000)),
        ((800, 2000), 1280, (512, 1280)),
    ],
)
def test_a_strip_travels_at_a_width_at_which_it_can_be_read(size, side, travels):
    assert strips.travelling_size(*size, side) == travels


def test_what_is_scaled_below_reading_is_not_legible():
    def legible(width, height):
        return strips.is_legible(*strips.travelling_size(width, height, 1280), (width, height))

    assert legible(790, 9600) and legible(100, 30_000) and legible(1000, 60_000)
    assert not legible(1000, 120_000)


def read(lines, width, height):
    """What readers of the parts report of lines (text, box): what lies in a part, cut at its edges."""
    found = []
    for left, top, right, bottom in strips.parts(width, height):
        pieces = []
        for text, (l, t, r, b) in lines:  # noqa: E741
            box = (max(l, left), max(t, top), min(r, right), min(b, bottom))
            if box[0] < box[2] and box[1] < box[3]:
                letter = (r - l) / len(text)
                inside = text[max(0, int((box[0] - l) / letter)) : round((box[2] - l) / letter)]
                whole = box == (l, t, r, b)
                said = inside if width > height or whole else "$818"  # a line cut along its middle reads as anything
                pieces.append(Piece(said, (box[0] - left, box[1] - top, box[2] - left, box[3] - top), 0.9, text))
        found.append((strips.parts(width, height)[len(found)], pieces))
    return [(piece.text, piece.box_px) for piece in strips.whole_lines(found, width, height)]


def test_each_line_of_a_page_is_read_once_and_what_a_seam_cuts_is_never_read():
    lines = [(f"line {k}", (60.0, 47.0 * k + 3, 500.0, 47.0 * k + 33)) for k in range(200)]
    assert read(lines, 640, 9600) == lines


def test_a_line_that_runs_along_a_strip_is_joined_at_its_seams():
    lines = [("abcdefghijklmnopqrstuvwxyz" * 4, (100.0, 40.0, 4260.0, 80.0)), ("short", (4500.0, 40.0, 4700.0, 80.0))]
    assert read(lines, 4800, 400) == lines


def test_pieces_whose_texts_do_not_meet_are_no_line():
    left, right = strips.parts(4000, 500)[:2]
    cut = [(left, [Piece("abc", (1600.0, 20.0, 2000.0, 60.0), 0.9, None)]),
           (right, [Piece("xyz", (0.0, 20.0, 1000.0, 60.0), 0.9, None)])]  # fmt: skip
    assert strips.whole_lines(cut, 4000, 500) == []
