import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.text.direction import base_direction

LRI, RLI, FSI, PDI = "\u2066", "\u2067", "\u2068", "\u2069"
LRM, RLM, RLO = "\u200e", "\u200f", "\u202e"


@pytest.mark.parametrize(
    ("text", "direction"),
    [
        ("", "ltr"),
        ("30% - 1999", "ltr"),
        ("静音破壁机", "ltr"),
        ("אוזניות אלחוטיות", "rtl"),
        ("قميص VALE بخصم 30%", "rtl"),
        ("VALE قميص", "ltr"),
        ("٣٠٪ تخفیف", "rtl"),  # Arabic-Indic digits are not strong
        ("30% הנחה", "rtl"),
        ("«!» שלום", "rtl"),
        ("🎉 مرحبا", "rtl"),
        ("ދިވެހި", "rtl"),  # Thaana
        ("𐤀𐤁", "rtl"),  # Phoenician, beyond the basic plane
        ("हिन्दी", "ltr"),
        (f"{RLM}VALE", "rtl"),
        (f"{LRM}שלום", "ltr"),
        (f"{RLO}VALE", "ltr"),  # an override is no strong character
        (f"{LRI}VALE{PDI} שלום", "rtl"),
        (f"{RLI}שלום{PDI} VALE", "ltr"),
        (f"{FSI}a{LRI}b{PDI}c{PDI} שלום", "rtl"),
        (f"{LRI}VALE שלום", "ltr"),  # never closed: to the end of the paragraph
        (f"{LRI}VALE\nשלום", "rtl"),  # a new paragraph
        (f"{PDI}שלום", "rtl"),  # closes nothing
        ("\u2029 5\u2029שלום", "rtl"),
    ],
)
def test_the_first_strong_character_outside_isolates_decides(text, direction):
    assert base_direction(text) == direction


@pytest.mark.parametrize(
    ("text", "language", "direction"),
    [
        ("VALE قميص", "ar", "rtl"),
        ("VALE قميص", "ar_AE", "rtl"),
        ("VALE قميص", "en", "ltr"),
        ("VALE قميص", "", "ltr"),
        ("VALE قميص", "arb", "ltr"),  # no tag that is known to be written so
        ("iPhone 17 فا", "fa-IR", "rtl"),
        ("VALE חולצה", "he-Hebr-IL", "rtl"),
        ("VALE חולצה", "he-Latn", "ltr"),
        ("VALE ਕਮੀਜ਼", "pa-Arab", "ltr"),  # no letter of such a script
        ("VALE قمیض", "pa-Arab-PK", "rtl"),
        ("VALE", "ar", "ltr"),
        ("30%", "he", "ltr"),
        ("شال", "en", "rtl"),
    ],
)
def test_a_language_that_is_written_leftward_needs_one_such_letter_alone(text, language, direction):
    assert base_direction(text, language) == direction


@given(st.text())
def test_a_text_is_rtl_only_with_such_a_letter_and_what_an_isolate_holds_never_counts(text):
    if base_direction(text) == "rtl":
        assert any(unicodedata.bidirectional(character) in ("R", "AL") for character in text)
    inner = "".join(c for c in text if unicodedata.bidirectional(c) not in ("B", "LRI", "RLI", "FSI", "PDI"))
    assert base_direction(f"{RLI}{inner}{PDI}VALE") == "ltr"
    assert base_direction(f"{LRI}{inner}{PDI}שלום") == "rtl"
