from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.layout import Role
from layoutgen.core.reading.text_roles import (
    Reading,
    is_call,
    joined,
    language,
    placed_lines,
    placed_score,
    reading_order,
    roles,
    segments,
    split_text,
)

WIDTH, HEIGHT = 513, 750


def reading(text: str, left: float, top: float, right: float, bottom: float, **changes: float) -> Reading:
    return replace(Reading(text, (left, top, right, bottom), score=0.99, contrast=300, edge=0.65), **changes)


def role_of(lines: list[Reading]) -> list[Role]:
    return roles(lines, [True] * len(lines), WIDTH, HEIGHT)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("轻薄本 i7", "zh"),
        ("買い物はこちら", "ja"),
        ("买游戏本，选Gヨ", "zh"),
        ("할인", "ko"),
        ("Buy now", "en"),
        ("12.12", "digits"),
        ("￥", "other"),
        ("", "other"),
    ],
)
def test_the_language_is_that_of_the_script(text, name):
    assert language(text) == name


@given(st.text())
def test_every_text_has_a_language(text):
    assert language(text) in {"zh", "ja", "ko", "en", "digits", "other"}


def test_lines_are_read_row_by_row_although_a_row_is_not_level():
    boxes = [(0.6, 0.11, 0.9, 0.16), (0.1, 0.5, 0.9, 0.6), (0.1, 0.10, 0.4, 0.15)]
    assert reading_order(boxes) == [2, 0, 1]


def test_a_headline_is_placed_and_tilted_soft_small_print_is_not():
    headline = reading("有好货推荐大赏", 25, 131, 485, 191)
    print_ = reading("FASHION", 64, 453, 231, 558, tilt=-24, edge=0.4, ground_spread=40)
    assert placed_lines([headline, print_], WIDTH) == [True, False]


@pytest.mark.parametrize(
    "change",
    [
        {"tilt": 12.0},
        {"edge": 0.4},
        {"score": 0.7},
        {"on_subject": 1.0},
        {"ground_spread": 50.0},
        {"contrast": 90.0},
    ],
)
def test_each_sign_of_print_lowers_the_score(change):
    line = reading("高效散热", 266, 187, 383, 217)
    assert placed_score(replace(line, **change), WIDTH) < placed_score(line, WIDTH)


def test_a_brand_that_stands_higher_up_too_is_print_on_the_product():
    logo = reading("HIKVISION", 25, 21, 149, 38)
    print_ = reading("HIKVISION", 156, 487, 280, 504)
    assert placed_lines([logo, print_], WIDTH) == [True, False]


def test_small_labels_on_the_subject_such_as_a_screens_are_not_placed():
    labels = [reading("分类播放", 164, y, 218, y + 14, on_subject=1.0) for y in (365, 457, 550, 642)]
    headline = reading("前1小时9折", 84, 98, 425, 145)
    assert placed_lines([headline, *labels], WIDTH) == [True] + [False] * 4


def test_a_table_of_selling_points_is_placed():
    table = [reading("加厚耐磨轮胎", x, y, x + 118, y + 21) for y in (604, 646) for x in (10, 140, 270, 390)]
    assert all(placed_lines(table, WIDTH))


def test_a_mark_beside_a_placed_line_is_placed_with_it():
    price, mark = reading("到手1398元", 100, 160, 377, 207), reading("起", 390, 180, 410, 205, contrast=120)
    assert placed_lines([price, mark], WIDTH) == [True, True]
    assert placed_lines([mark], WIDTH) == [False]


def test_no_lines_give_no_verdicts():
    assert placed_lines([], WIDTH) == []


def test_words_make_prices_and_calls_and_size_makes_titles():
    lines = [
        reading("戴尔官方旗舰店", 30, 30, 200, 52),
        reading("有好货推荐大赏", 25, 131, 485, 191),
        reading("高清画质 视频通话", 25, 210, 400, 245),
        reading("静音", 25, 260, 90, 280),
        reading("￥1398起", 319, 300, 480, 340),
        reading("立即查看>", 203, 684, 327, 704),
    ]
    expected = [Role.LOGO, Role.TITLE, Role.SUBTITLE, Role.SELLING_POINT, Role.PRICE, Role.CALL_TO_ACTION]
    assert role_of(lines) == expected


@pytest.mark.parametrize("text", ["￥299", "59.9元", "¥1,299起", "4折满减", "满300减50", "$12", "30% off"])
def test_amounts_and_discounts_are_prices(text):
    assert role_of([reading("夏日清凉特惠", 20, 20, 400, 90), reading(text, 20, 300, 120, 330)])[1] is Role.PRICE


@pytest.mark.parametrize("text", ["立即购买", "领券下单", "了解更多", "Shop now", "Learn more", "Add to bag"])
def test_what_buttons_say_is_a_call(text):
    assert is_call(text)


@pytest.mark.parametrize("text", ["Soft, breathable fabric", "三分钟了解", "加绒加厚", "Free 30-day returns"])
def test_what_praises_is_no_call(text):
    assert not is_call(text)


@pytest.mark.parametrize("text", ["折叠设计", "天然元素", "经济实惠"])
def test_words_that_only_look_like_amounts_are_not_prices(text):
    assert role_of([reading("夏日清凉特惠", 20, 20, 400, 90), reading(text, 20, 300, 120, 330)])[1] is not Role.PRICE


def test_a_discount_larger_than_all_else_is_the_title():
    assert role_of([reading("天猫礼遇季", 180, 55, 332, 77), reading("前1小时9折", 84, 98, 425, 165)])[1] is Role.TITLE


def test_a_line_that_nobody_placed_has_no_role():
    assert roles([reading("BOBDOG", 20, 20, 400, 90)], [False], WIDTH, HEIGHT) == [Role.OTHER]


def test_a_tilted_line_is_as_high_as_its_glyphs_and_not_as_its_box():
    assert reading("冬季加绒", 32, 170, 150, 239, tilt=17.2).height == pytest.approx(37, abs=3)


def test_two_phrases_side_by_side_are_parted_and_spaced_letters_are_not():
    phrases, spaced = np.zeros(200, bool), np.zeros(200, bool)
    for left in (0, 22, 44, 100, 122, 144):
        phrases[left : left + 20] = True
    for left in range(0, 200, 40):
        spaced[left : left + 20] = True
    assert segments(phrases, 20) == [(0, 64), (100, 164)]
    assert segments(spaced, 20) == [(0, 180)]
    assert segments(np.zeros(10, bool), 20) == []


def test_latin_words_stand_farther_apart_before_they_are_parted():
    words = np.zeros(120, bool)
    words[0:50] = words[66:120] = True
    assert len(segments(words, 20, latin=True)) == 1
    assert len(segments(words, 20)) == 2


def test_a_text_is_split_at_its_space_or_by_width_and_never_into_single_characters():
    assert split_text("支持定制 舒适耐用", [170, 170]) == ["支持定制", "舒适耐用"]
    assert split_text("支持定制舒适耐用", [170, 170]) == ["支持定制", "舒适耐用"]
    assert split_text("红 唇", [40, 40]) == ["红 唇"]


@given(st.text(min_size=1).filter(str.strip), st.lists(st.floats(1, 500), min_size=2, max_size=4))
def test_a_split_text_keeps_its_characters_in_order(text, widths):
    text = text.strip()
    assert "".join("".join(split_text(text, widths)).split()) == "".join(text.split())


def test_a_currency_sign_joins_its_price_and_a_misread_one_is_put_right():
    sign, price = reading("夫", 319, 185, 342, 206), reading("1398起", 346, 168, 480, 208)
    assert [line.text for line in joined([price, sign])] == ["￥1398起"]
    assert joined([price, sign])[0].box_px == (319, 168, 480, 208)


def test_a_currency_sign_that_was_read_with_its_price_and_once_more_alone_is_written_once():
    sign, price = reading("夫", 322, 186, 341, 206), reading("¥1398起", 330, 169, 480, 208)
    (line,) = joined([price, sign])
    assert (line.text, line.box_px) == ("¥1398起", (322, 169, 480, 208))


def test_a_look_alike_of_a_currency_sign_away_from_a_price_is_left_alone():
    assert len(joined([reading("夫", 10, 600, 30, 620), reading("1398起", 346, 168, 480, 208)])) == 2
