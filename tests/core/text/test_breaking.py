import re
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from layoutgen.core.text import wholes
from layoutgen.core.text.breaking import SOFT_HYPHEN, break_into, break_lines, drawn
from layoutgen.imaging import fonts, segmenting
from tests.core.text.mono import Mono

FACE = fonts.typeface("NotoSansSC-Bold")

# Written here anew, so that a sign that goes missing from the code is missed.
CLOSING = "、。，．：；！？…—·％%）」』】》〉’”〕］｝,.:;!?)]}°℃ー～~"
OPENING = "（「『【《〈‘“〔［｛([{￥¥$€£"

WORDS = """轻薄 本 静音破壁机 家用 满减 买一送一 USB-C i7-14700H 10.5kg 100% 3000mAh HiFi Pro+ ￥199 $9.90 2026 50℃
「限时」 《手册》 （新款） [new] “甄选” ，立省 。 ！ … ： ～ 、 、包邮 O'Neill's café 무선 カーテン か\u3099ラス
รองเท้าวิ่ง Hochleistungsgewebe ស្បែកជើង 防潑水機能布料 قميص"""
words = st.sampled_from(WORDS.split())
signs = st.sampled_from([*CLOSING, *OPENING, " ", "  ", "\n", "字", "a", "1"])
texts = st.lists(words | signs, min_size=1, max_size=14).map("".join).filter(str.strip)
widths = st.integers(40, 900)
sizes = st.integers(12, 64)
languages = st.sampled_from(["", "zh", "zh-Hant", "ja", "ko", "th", "de", "en", "ar"])
AMOUNTS = (
    """
10.5 kg|￥1,280|30%|2 x 500 ml|第3代|第三代|3 990 ₽|129,90 €|R$ 199,90|NT$1,980|Ks 25,000|1.299 TL|89 AED|₩39,000
18~25°C|10–20 kg|280 克|72 小时|420克|15 分钟|￥1,280 起|UPF50+|5G|1920×1080 px|30 x 40 cm|7.5 l|220-240 V|2 in 1
١٩٩|฿1,290|3.6g|12 pcs|2026年|9折|500mL|%30|€4.50|199.000₫|USD 30|1,5 m²
""".strip()
    .replace("\n", "|")
    .split("|")
)


@dataclass(frozen=True)
class Spoken(Mono):
    """A face of known widths in a language."""

    language: str = ""

    def width(self, text, px):
        return super().width(drawn(text), px)

    def breaks(self, text):
        return segmenting.breaks(text, self.language)


def joined(lines):
    return re.sub(r"\s", "", "".join(lines).replace(SOFT_HYPHEN, ""))


@given(texts, widths, sizes, languages, st.booleans())
@example("你好 ，世界", 48, 24, "", False)
@example("优惠（ 限时）", 80, 24, "", True)
def test_lines_hold_the_text_fit_and_keep_kinsoku(text, width, px, language, split):
    face = Spoken(language=language)
    lines = break_lines(text, width, face, px, split=split)
    assert lines == break_lines(text, width, face, px, split=split)
    assume(lines is not None)
    assert joined(lines) == joined([text])
    for line in lines:
        assert line.strip() == line != ""
        assert face.width(line, px) <= width + 1e-6
    assert not [line for line in lines[1:] if line[0] in CLOSING]
    assert not [line for line in lines[:-1] if line[-1] in OPENING]


@given(texts, widths, sizes)
def test_lines_of_a_real_font_fit(text, width, px):
    for line in break_lines(text, width, FACE, px) or []:
        assert FACE.width(line, px) <= width + 1e-6


@given(
    st.lists(words.filter(lambda word: not re.search(r"\d", word)), max_size=4),
    st.sampled_from(AMOUNTS),
    st.lists(words, max_size=4),
    st.integers(4, 30),
)
@settings(max_examples=200)
def test_no_number_is_parted_from_its_unit(before, amount, after, width):
    text = " ".join([*before, amount, *after])
    lines = break_lines(text, width * 24, Spoken(), 24, split=True)
    assume(lines)
    assert any(amount in line for line in lines)


@pytest.mark.parametrize("text", ["新款 100% 长绒棉", "3 colours", "iPhone 17 Pro", "No sugar", "", "第一"])
def test_numbers_are_not_tied_to_words_that_are_no_units(text):
    assert [text[start:end] for start, end in wholes.spans(text) if " " in text[start:end]] == []


@given(texts, sizes, st.booleans())
def test_text_breaks_unless_a_piece_that_must_stay_whole_is_too_wide(text, px, split):
    face = Spoken()
    text = " ".join(text.split())
    at = [0, *(one.at for one in face.breaks(text) if split or one.cost <= 1), len(text)]
    widest = max(face.width(text[a:b].rstrip(), px) for a, b in pairwise(at))
    assert break_lines(text, widest, face, px, split=split)
    assert break_lines(text, widest - 1, face, px, split=split) is None


def test_a_word_wider_than_the_box_is_no_layout_rather_than_a_broken_word():
    assert break_lines("轻薄本 Supercalifragilistic", 60, FACE, 24) is None
    assert break_lines("轻薄本 Supercalifragilistic", 60, FACE, 24, split=True) is None


def test_a_word_is_split_where_that_is_asked_for_and_nothing_else_fits():
    face = Mono()
    assert break_lines("法式复古连衣裙", 250, face, 100) is None
    assert break_lines("法式复古连衣裙", 250, face, 100, split=True) == ["法式", "复古", "连", "衣裙"]
    assert break_lines("法式复古连衣裙", 300, face, 100, split=True) == ["法式", "复古", "连衣裙"]


def test_what_belongs_to_a_word_is_parted_from_it_only_where_nothing_else_fits():
    face = Mono()
    assert break_lines("新款防晒衣", 300, face, 100) == ["新款", "防晒衣"]
    assert break_lines("新款防晒衣", 250, face, 100) == ["新款", "防晒", "衣"]


def test_a_parted_word_ends_in_a_soft_hyphen_that_is_drawn():
    pytest.importorskip("pyphen")
    face, word = Spoken(language="de"), "Hochleistungsgewebe"
    assert break_lines(word, 14 * 55, face, 100) is None
    lines = break_lines(word, 14 * 55, face, 100, split=True)
    assert lines == ["Hochleis\u00ad", "tungsgewebe"]
    assert [drawn(line) for line in lines] == ["Hochleis-", "tungsgewebe"]
    # The hyphen takes room, too.
    assert break_lines("Hochleistungsge", 8 * 55, face, 100, split=True) == ["Hoch\u00ad", "leis\u00ad", "tungsge"]
    assert break_into(word, 2, face, 100) is None
    assert break_into(word, 2, face, 100, split=True) == ["Hochleis\u00ad", "tungsgewebe"]


def test_lines_that_are_wider_than_their_pieces_are_broken_anew():
    class Spaced(Mono):
        def width(self, text, px):
            return super().width(text, px) + px * 0.01 * len(text) ** 2

    face = Spaced()
    for width in range(200, 900, 50):
        lines = break_lines("三分钟学会秋冬通勤穿搭", width, face, 100)
        assert lines is None or max(face.width(line, 100) for line in lines) <= width + 1e-6


def test_text_of_spaces_has_no_lines():
    assert break_lines(" \n ", 100, FACE, 24) == []
    assert break_into(" \n ", 1, FACE, 24) is None


@pytest.mark.parametrize(
    ("text", "width", "lines"),
    [
        ("静音破壁机家用多功能豆浆机", 12, ["静音破壁机家用", "多功能豆浆机"]),
        ("法式复古连衣裙 一穿就出片", 9, ["法式复古连衣裙", "一穿就出片"]),
        ("一件衬衫 搭遍整个春夏", 8, ["一件衬衫", "搭遍整个春夏"]),
        ("Made for every day", 6, ["Made for", "every day"]),
        ("The quick fix for a dry skin", 9, ["The quick fix", "for a dry skin"]),
        ("毎日を、もっと軽やかに着るリネンシャツ", 10, ["毎日を、もっと", "軽やかに着る", "リネンシャツ"]),
        ("가볍게 입는 여름 린넨 셔츠", 9, ["가볍게 입는", "여름 린넨 셔츠"]),
    ],
)
def test_breaks_are_chosen_for_the_eye(text, width, lines):
    assert break_lines(text, width * 100, Mono(), 100) == lines


def test_a_text_is_broken_into_as_many_lines_as_asked_for_without_splitting_a_word():
    face = Mono()
    assert break_into("三分钟学会秋冬通勤穿搭", 3, face, 100) == ["三分钟", "学会秋冬", "通勤穿搭"]
    assert break_into("通勤这样穿搭", 2, face, 100) == ["通勤", "这样穿搭"]
    assert break_into("Seven ways to wear it", 2, face, 100) == ["Seven ways", "to wear it"]
    assert break_into("短", 2, face, 100) is None
    assert break_into("连衣裙", 2, face, 100) is None
    assert break_into("连衣裙", 2, face, 100, split=True) == ["连", "衣裙"]


def test_lines_of_a_long_text_broken_into_many_hold_all_of_it():
    lines = break_into("秋冬通勤，" * 30, 6, Mono(), 100)
    assert lines is not None and 3 < len(lines) <= 6
    assert "".join(lines) == "秋冬通勤，" * 30
    assert not any(line[0] == "，" for line in lines)


@pytest.mark.parametrize("piece", ["法式复古连衣裙", "毎日をもっと軽やかに着る", "รองเท้าวิ่งน้ำหนักเบา", "가볍게입는여름"])
def test_three_thousand_characters_without_a_space_are_set(piece):
    text = (piece * (3000 // len(piece) + 1))[:3000]
    lines = break_lines(text, 3000, Mono(), 100, split=True)
    assert lines is not None and "".join(lines) == text
    assert break_lines("a" * 3000, 3000, Mono(), 100, split=True) is None


def test_a_combining_mark_stays_with_its_letter():
    assert [one.at for one in FACE.breaks("か\u3099き")] == [2]
