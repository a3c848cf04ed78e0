from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.annotation import TextLine
from layoutgen.core.layout import Role
from layoutgen.core.reading.grounding import ground


def line(text, box, role=Role.OTHER, *, placed=True, score=0.9, colour="#112233"):
    return TextLine(text, box, role, "zh", colour, score, placed)


TITLE = line("云感缓震跑鞋", (0.1, 0.1, 0.6, 0.18), score=0.98)
POINT = line("回弹中底，落地更轻", (0.1, 0.22, 0.5, 0.26))
PRICE = line("￥399起", (0.1, 0.3, 0.3, 0.35))
PRINT = line("ORBE", (0.55, 0.7, 0.6, 0.72), placed=False)


def test_a_named_text_takes_the_box_and_string_of_the_line_it_means_and_keeps_its_role():
    said = line("云感缓振跑鞋", (0.13, 0.07, 0.58, 0.2), Role.TITLE, colour="#000000")
    (found,) = ground([said], [TITLE])
    assert found == replace(TITLE, role=Role.TITLE, grounded=True)


def test_a_text_over_several_lines_takes_all_of_them():
    lines = [
        line("Silence,", (0.1, 0.1, 0.4, 0.16), colour="#ffffff"),
        line("on demand", (0.1, 0.18, 0.5, 0.24), colour="#eeeeee", score=0.5),
        line("60-hour battery", (0.1, 0.3, 0.4, 0.33)),
    ]
    said = line("Silence, on demand", (0.08, 0.08, 0.52, 0.26), Role.TITLE)
    found = ground([said], lines)
    assert [text.text for text in found] == ["Silence, on demand", "60-hour battery"]
    assert found[0].box == (0.1, 0.1, 0.5, 0.24)
    assert (found[0].score, found[0].colour, found[0].language) == (0.5, "#eeeeee", "en")


def test_chinese_lines_are_joined_without_a_space():
    lines = [line("世界调低音量，", (0.1, 0.1, 0.5, 0.16)), line("生活调高质感", (0.1, 0.18, 0.5, 0.24))]
    (found,) = ground([line("世界调低音量，生活调高质感", (0.1, 0.1, 0.5, 0.3), Role.TITLE)], lines)
    assert found.text == "世界调低音量，生活调高质感"


def test_place_decides_between_equal_strings():
    lines = [line("限时特惠", (0.1, y, 0.3, y + 0.04)) for y in (0.1, 0.3, 0.5)]
    said = [line("限时特惠", (0.12, y, 0.32, y + 0.04), role) for y, role in ((0.52, Role.TITLE), (0.28, Role.PRICE))]
    found = ground(said, lines)
    assert [(text.box[1], text.role, text.grounded) for text in found] == [
        (0.1, Role.OTHER, None),
        (0.3, Role.PRICE, True),
        (0.5, Role.TITLE, True),
    ]


def test_the_assignment_is_the_best_of_all_and_not_the_first_that_fits():
    lines = [line("新品 上市", (0.1, 0.1, 0.3, 0.14)), line("新品 上架", (0.1, 0.2, 0.3, 0.24))]
    # The first text is nearest to the first line; both do best when it leaves that line to the second text.
    said = [line("新品 上架", (0.1, 0.13, 0.3, 0.17)), line("新品 上市", (0.1, 0.1, 0.3, 0.14))]
    assert {text.text: text.box for text in ground(said, lines)} == {one.text: one.box for one in lines}


def test_what_is_not_read_keeps_its_box_and_is_marked():
    said = line("手写体", (0.4, 0.4, 0.6, 0.5), Role.SUBTITLE)
    found = ground([said], [TITLE])
    assert replace(said, grounded=False) in found
    assert TITLE in found


def test_equal_strings_far_apart_are_two_texts():
    said = line("ORBE", (0.02, 0.02, 0.12, 0.05), Role.LOGO)
    assert [text.grounded for text in ground([said], [PRINT])] == [False, None]


def test_lines_that_no_text_names_stay_as_they_were_read():
    assert set(ground([], [TITLE, PRINT])) == {TITLE, PRINT}


def test_a_title_is_not_given_twice():
    left = replace(POINT, role=Role.TITLE)
    found = ground([replace(TITLE, role=Role.TITLE)], [TITLE, left])
    assert [text.role for text in found] == [Role.TITLE, Role.SELLING_POINT]
    assert [text.role for text in ground([replace(PRICE, role=Role.PRICE)], [PRICE, left])] == [Role.TITLE, Role.PRICE]


def test_a_misread_text_in_the_right_place_takes_the_line():
    said = line("云惑缓展跑卡", (0.1, 0.1, 0.6, 0.18), Role.TITLE)
    assert ground([said], [TITLE])[0].text == "云感缓震跑鞋"


def test_texts_come_in_reading_order():
    found = ground([replace(PRICE, role=Role.PRICE)], [PRICE, POINT, TITLE])
    assert [text.text for text in found] == [TITLE.text, POINT.text, PRICE.text]


def test_a_model_that_repeats_itself_takes_no_line_twice_and_ends():
    said = [line("限时特惠", (0.1, 0.1, 0.3, 0.14), Role.PRICE)] * 60
    lines = [line("限时特惠", (0.1, y / 30, 0.3, y / 30 + 0.02)) for y in range(20)]
    found = ground(said, lines)
    grounded = [text.box for text in found if text.grounded]
    assert len(grounded) == len(set(grounded)) <= 20
    assert len(found) == 60 + 20 - len(grounded)


boxes = st.tuples(*[st.floats(0, 0.8)] * 2, *[st.floats(0.01, 0.2)] * 2).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)
texts = st.lists(st.builds(line, st.text("新品上市199 ab", max_size=8), boxes), max_size=6)


@given(texts, texts)
def test_no_text_is_lost_and_no_line_told_twice(said, read):
    found = ground(said, read)
    assert sum(text.grounded is not None for text in found) == len(said)
    assert all(text in found for text in read if not text.text.strip())
    assert len([text for text in found if text.grounded is None]) <= len(read)


@pytest.mark.parametrize("side", ["named", "read"])
def test_nothing_is_fine(side):
    assert ground([], []) == ()
    assert len(ground(*(([PRICE], []) if side == "named" else ([], [PRICE])))) == 1
