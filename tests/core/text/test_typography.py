import re

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from layoutgen.core.text.typography import (
    ASCENT,
    baseline_px,
    break_into,
    break_lines,
    em_length,
    fit,
    line_height,
    set_text,
    units,
)
from layoutgen.imaging import fonts
from tests.core.covers import drawn as covers

FACE = fonts.faces("", fonts.BOLD)[0]
KOREAN = fonts.faces("", fonts.BOLD)[1]

# Written here anew, so that a sign that goes missing from the code is missed.
CLOSING = "、。，．：；！？…—·％%）」』】》〉’”〕］｝,.:;!?)]}°℃ー～~"
OPENING = "（「『【《〈‘“〔［｛([{￥¥$€£"

WORDS = """轻薄 本 静音破壁机 家用 满减 买一送一 USB-C i7-14700H 10.5kg 100% 3000mAh HiFi Pro+ ￥199 $9.90 2026 50℃
「限时」 《手册》 （新款） [new] “甄选” ，立省 。 ！ … ： ～ 、 、包邮 O'Neill's café 무선 カーテン か\u3099ラス"""
words = st.sampled_from(WORDS.split())
signs = st.sampled_from([*CLOSING, *OPENING, " ", "  ", "\n", "字", "a", "1"])
texts = st.lists(words | signs, min_size=1, max_size=14).map("".join).filter(str.strip)
widths = st.integers(40, 900)
sizes = st.integers(12, 64)


def joined(lines):
    return re.sub(r"\s", "", "".join(lines))


@given(texts, widths, sizes)
@example("你好 ，世界", 48, 24)
@example("优惠（ 限时）", 80, 24)
def test_no_line_starts_with_a_closing_sign_or_ends_with_an_opening_one(text, width, px):
    lines = break_lines(text, width, FACE, px)
    assume(lines)
    assert not [line for line in lines[1:] if line[0] in CLOSING]
    assert not [line for line in lines[:-1] if line[-1] in OPENING]


@given(texts, widths, sizes)
def test_latin_words_and_numbers_stay_whole(text, width, px):
    lines = break_lines(text, width, FACE, px)
    assume(lines)
    whole = re.findall(r"[0-9A-Za-z.'+-]+", " ".join(text.split()))
    rest = " ".join(lines)
    for word in whole:
        assert word in rest
        rest = rest[rest.index(word) + len(word) :]


@given(texts, widths, sizes)
def test_lines_joined_give_the_text_back(text, width, px):
    lines = break_lines(text, width, FACE, px)
    assume(lines is not None)
    assert joined(lines) == joined([text])


@given(texts, widths, sizes)
def test_no_line_is_wider_than_asked_or_empty(text, width, px):
    for line in break_lines(text, width, FACE, px) or []:
        assert line.strip() == line != ""
        assert FACE.width(line, px) <= width


@given(texts, sizes)
def test_text_breaks_unless_a_piece_that_must_stay_whole_is_too_wide(text, px):
    pieces = units(" ".join(text.split()))
    widest = max(FACE.width(piece.rstrip(), px) for piece in pieces)
    assert break_lines(text, widest, FACE, px)
    assert break_lines(text, widest - 1, FACE, px) is None


def test_a_word_wider_than_the_box_is_no_layout_rather_than_a_broken_word():
    assert break_lines("轻薄本 Supercalifragilistic", 60, FACE, 24) is None


def test_text_of_spaces_has_no_lines():
    assert break_lines(" \n ", 100, FACE, 24) == []
    assert set_text(" \n ", 100, FACE, 24) is None


def test_a_combining_mark_stays_with_its_letter():
    assert units("か\u3099き") == ["か\u3099", "き"]


@given(texts, widths, sizes)
def test_lines_are_as_few_as_they_can_be(text, width, px):
    lines = break_lines(text, width, FACE, px)
    assume(lines)
    greedy, count = "", 1
    for piece in units(" ".join(text.split())):
        if greedy and FACE.width((greedy + piece).rstrip(), px) > width:
            greedy, count = "", count + 1
        greedy += piece
    assert len(lines) == count


def test_lines_are_balanced_so_that_no_character_stands_alone():
    lines = break_lines("静音破壁机家用多功能豆浆机", 12 * 24 + 1, FACE, 24)
    assert [len(line) for line in lines] == [7, 6]


@given(texts, widths, sizes)
def test_text_set_again_in_its_own_width_is_set_the_same(text, width, px):
    setting = set_text(text, width, FACE, px)
    assume(setting)
    again = set_text(text, setting.width_px, FACE, px)
    assert again.height_px == setting.height_px
    assert setting.width_px - 2 <= again.width_px <= setting.width_px


@given(texts, st.integers(60, 900), st.integers(20, 300), st.integers(10, 20), st.integers(20, 90))
def test_fit_returns_the_largest_size_that_fits(text, width, height, smallest, largest):
    def fits(px):
        setting = set_text(text, width, FACE, px)
        return bool(setting and setting.width_px <= width and setting.height_px <= height)

    setting = fit(text, width, height, FACE, smallest=smallest, largest=largest)
    if setting is None:
        assert not fits(smallest)
        return
    assert setting == set_text(text, width, FACE, setting.font_px)
    assert fits(setting.font_px)
    assert setting.font_px == largest or not fits(setting.font_px + 1)


def test_a_setting_holds_its_lines():
    setting = set_text("静音破壁机家用多功能", 130, FACE, 24)
    assert setting.width_px >= max(FACE.width(line, 24) for line in setting.lines)
    assert setting.height_px == len(setting.lines) * setting.line_height_px == len(setting.lines) * line_height(24)


def test_the_em_box_is_centred_in_its_line():
    assert baseline_px(0, 20, 30) == 5 + ASCENT * 20
    assert baseline_px(2, 20, 30) - baseline_px(1, 20, 30) == pytest.approx(30)


def test_wide_characters_count_one_em_and_others_about_half():
    assert em_length("轻薄") == 2
    assert em_length("ab") == pytest.approx(1.1)
    assert em_length("保温杯abc") == pytest.approx(3 + 3 * 0.55)
    assert em_length("Ａｂ") == 2  # full-width Latin
    assert em_length("ﾊﾟ") == pytest.approx(1.1)  # half-width katakana


def test_a_text_is_broken_into_as_many_lines_as_asked_for_without_splitting_a_word():
    face = covers.Mono()
    assert break_into("三分钟学会秋冬通勤穿搭", 3, face, 100) == ["三分钟", "学会秋冬", "通勤穿搭"]
    assert break_into("通勤这样穿搭", 2, face, 100) in (["通勤", "这样穿搭"], ["通勤这样", "穿搭"])
    assert break_into("Seven ways to wear it", 2, face, 100) == ["Seven ways", "to wear it"]
    assert break_into("短", 2, face, 100) is None


def test_lines_of_a_long_text_broken_into_many_hold_all_of_it():
    lines = break_into("秋冬通勤，" * 30, 6, covers.Mono(), 100)
    assert lines is not None and 3 < len(lines) <= 6
    assert "".join(lines) == "秋冬通勤，" * 30
    assert not any(line[0] == "，" for line in lines)
