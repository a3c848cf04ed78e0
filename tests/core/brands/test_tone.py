"""A brand's tone changes case and punctuation, and no word."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.brands.brand import Tone
from layoutgen.core.brands.tone import written
from layoutgen.core.layout import Role

CALM = Tone({Role.TITLE: "upper"}, "none", "none")


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("Warm all winter!", "en", "WARM ALL WINTER"),
        ("Wow! So warm.", "en", "WOW. SO WARM"),
        ("暖！整个冬天！！", "zh", "暖。整个冬天"),
        ("And then …", "en", "AND THEN …"),
        ("And then...", "en", "AND THEN..."),
        ("Warm enough?", "en", "WARM ENOUGH?"),
        ("ışıl iyi", "tr", "IŞIL İYİ"),
        ("Straße", "de", "STRASSE"),
        ("!!!", "en", "!!!"),
    ],
)
def test_titles_are_written_as_the_brand_does(text, language, said):
    assert written(text, Role.TITLE, CALM, language) == said


def test_other_roles_keep_their_case():
    assert written("Holds 2 l.", Role.SELLING_POINT, CALM) == "Holds 2 l"


@given(st.text(st.characters(codec="ascii"), max_size=40))
def test_words_stay_and_writing_twice_changes_nothing(text):
    once = written(text, Role.TITLE, CALM)
    assert re.findall(r"\w+", once.casefold()) == re.findall(r"\w+", text.casefold())
    assert written(once, Role.TITLE, CALM) == once
