import unicodedata

import pytest

from layoutgen.core.text.scripts import named, unsupported

REFUSED = {
    "Arabic": "سماعة لاسلكية",
    "Hebrew": "静音 אוזניות",
    "Devanagari": "हिन्दी क्षेत्र साड़ी",
    "Bengali": "শাড়ি",
    "Gurmukhi": "ਕੱਪੜੇ",
    "Gujarati": "સાડી",
    "Oriya": "ଶାଢ଼ୀ",
    "Tamil": "புடவை",
    "Telugu": "చీర",
    "Kannada": "ಸೀರೆ",
    "Malayalam": "സാരി",
    "Sinhala": "සාරිය",
    "Thai": "Cotton เสื้อผ้าแฟชั่น 2024",
    "Lao": "ເສື້ອ",
    "Tibetan": "བོད",
    "Myanmar": "အင်္ကျီ",
    "Khmer": "អាវរដូវក្តៅ",
    "Mongolian": "ᠮᠣᠩᠭᠣᠯ",
    "Javanese": "ꦗꦮ",
    "Hangul": "\u1100\u119e\u11b7",
}
SET = """静音破壁机 カーテン ガラス 무선 이어폰 Zażółć Příliš Şık Țesături Árvíztűrő Їжачок Қазақ Φόρεμα GROẞE Đầm Աբգ
ქართული አማርኛ ᏣᎳᎩ ₹499 ฿199 ৳50 ₪20 H₂O ⅓ ½ № ™ 𝗕𝗼𝗹𝗱 1️⃣ ❤️ 葛󠄀 ʻOkina ªº"""


@pytest.mark.parametrize("script", REFUSED)
def test_a_script_whose_letters_are_joined_moved_or_leftward_is_refused_by_name(script):
    reason = unsupported(unicodedata.normalize("NFC", REFUSED[script]))
    assert reason and script in reason and "U+" in reason


@pytest.mark.parametrize("text", SET.split())
def test_alphabets_that_are_set_letter_by_letter_are_not_refused(text):
    assert unsupported(unicodedata.normalize("NFC", text)) is None


def test_a_mark_is_refused_only_where_it_composes_with_no_letter():
    assert unsupported(unicodedata.normalize("NFC", "e\u0301te\u0301")) is None
    assert "U+0300 COMBINING GRAVE ACCENT" in (unsupported(unicodedata.normalize("NFC", "Aṣọ ọ\u0300fẹ\u0301")) or "")


def test_characters_are_named_eight_at_most():
    assert named("₹₹") == "U+20B9 '₹'"
    assert named("abcdefghij").endswith(" and 2 more")
