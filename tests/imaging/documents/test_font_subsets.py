import io

import pytest
from fontTools.ttLib import TTFont

from layoutgen.imaging import fonts
from layoutgen.imaging.documents import font_subsets

FACE = fonts.by_name("NotoSans-Bold")


def letters(data):
    return set(map(chr, TTFont(io.BytesIO(data)).getBestCmap()))


def test_a_subset_has_the_letters_and_the_forms_in_which_shapers_take_them():
    assert letters(font_subsets.subset(FACE, ["aé"])) == set("aée\u0301")
    assert letters(font_subsets.subset(FACE, ["e\u0301"])) == set("ée\u0301")


def test_parts_of_vowels_are_there():
    assert "\u0e4d" in font_subsets._PARTS["\u0e33"]
    assert all("\u17c1" in font_subsets._PARTS[vowel] for vowel in "\u17be\u17c4")


def test_a_subset_is_the_same_each_time_and_small():
    first = font_subsets.subset(FACE, ["Price"])
    font_subsets._subset.cache_clear()
    assert font_subsets.subset(FACE, ["ecirP"]) == first
    assert len(first) < 20_000


@pytest.mark.parametrize("weight", [400, 700])
def test_the_weight_is_pinned(weight):
    with TTFont(io.BytesIO(font_subsets.subset(fonts.face(str(FACE.path), weight), ["H"]))) as font:
        assert "fvar" not in font
        assert font["OS/2"].usWeightClass == weight
