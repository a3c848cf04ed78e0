import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from layoutgen.core.text.typography import ASCENT, baseline_px, em_length, fit, line_height, set_text
from layoutgen.imaging import fonts

FACE = fonts.typeface("NotoSansSC-Bold")

WORDS = """轻薄 本 静音破壁机 家用 满减 USB-C 10.5kg ￥199 「限时」 ，立省 。 O'Neill's café 무선 カーテン"""
texts = st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=12).map("".join)
widths = st.integers(40, 900)
sizes = st.integers(12, 64)


def test_text_of_spaces_is_not_set():
    assert set_text(" \n ", 100, FACE, 24) is None


@given(texts, widths, sizes)
def test_text_set_again_in_its_own_width_is_set_the_same(text, width, px):
    setting = set_text(text, width, FACE, px)
    assume(setting)
    again = set_text(text, setting.width_px, FACE, px)
    assert again.height_px == setting.height_px
    assert setting.width_px - 2 <= again.width_px <= setting.width_px


@given(texts, st.integers(60, 900), st.integers(20, 300), st.integers(10, 20), st.integers(20, 90), st.booleans())
def test_fit_returns_the_largest_size_that_fits(text, width, height, smallest, largest, split):
    def fits(px):
        setting = set_text(text, width, FACE, px, split=split)
        return bool(setting and setting.width_px <= width and setting.height_px <= height)

    setting = fit(text, width, height, FACE, smallest=smallest, largest=largest, split=split)
    if setting is None:
        assert not fits(smallest)
        return
    assert setting == set_text(text, width, FACE, setting.font_px, split=split)
    assert fits(setting.font_px)
    assert setting.font_px == largest or not fits(setting.font_px + 1)


def test_a_word_is_split_where_it_is_asked_for_alone():
    assert fit("连衣裙", 40, 400, FACE, smallest=16, largest=60) is None
    assert fit("连衣裙", 40, 400, FACE, smallest=16, largest=60, split=True).font_px > 30


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
