from layoutgen.core.text.scripts import named, without_font


def test_a_script_is_lacking_where_none_of_its_letters_is_there():
    assert without_font("བོད Sale", "བོད") == (
        "is in Tibetan (U+0F56 'བ', U+0F7C TIBETAN VOWEL SIGN O, U+0F51 'ད'), for which no font is here"
    )
    assert without_font("བོད", "ད") is None
    assert without_font("żó ₹", "ż₹") is None


def test_characters_are_named_eight_at_most():
    assert named("₹₹") == "U+20B9 '₹'"
    assert named("abcdefghij").endswith(" and 2 more")
