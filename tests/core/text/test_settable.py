import pytest

from layoutgen.core.layout import Role
from layoutgen.core.text.settable import Settable
from tests.core.text.mono import Mono


class Poor(Mono):
    """Lacks all that is not Chinese or ASCII."""

    def covers(self, character: str) -> bool:
        return character.isascii() or "一" <= character <= "鿿"


def settable() -> Settable:
    return Settable(lambda role, text: Poor())


def test_a_pictograph_that_fonts_lack_is_left_out_and_noted():
    copy = settable()
    assert copy.text(Role.SUBTITLE, "好看☃的衣服") == "好看的衣服"
    assert copy.notes == ["no font has ☃ of '好看☃的衣服'"] and copy.fault is None


def test_a_text_of_pictographs_alone_is_noted_as_left_out():
    copy = settable()
    assert copy.text(Role.OTHER, "☃☃") == "" and copy.fault is None
    assert copy.notes[1:] == ["left out, since it can't be set: ☃☃"]
    assert copy.text(Role.OTHER, None) == "" and len(copy.notes) == 2


def test_a_title_that_cannot_be_set_is_a_fault():
    assert settable().title("标题") == ("标题", None)
    for title, kind in (("☃", "missing_glyphs"), ("שלום", "unsupported_script"), ("₹999", "missing_glyphs")):
        kept, fault = settable().title(title)
        assert kept == "" and fault and fault[0] == kind


@pytest.mark.parametrize(
    ("role", "called", "setting"),
    [
        (Role.TITLE, "title", "place.bold_font"),
        (Role.SELLING_POINT, "selling point", "place.regular_font"),
        (Role.LOGO, "brand", "place.regular_font"),
        (Role.SUBTITLE, "subtitle", "place.regular_font"),
        (Role.OTHER, "sticker", "place.regular_font"),
    ],
)
def test_a_letter_digit_or_currency_sign_that_no_font_has_fails_the_row_and_is_named(role, called, setting):
    copy = settable()
    assert copy.text(role, "满₹199 żeń") == ""
    kind, message = copy.fault or ("", "")
    assert kind == "missing_glyphs" and message.startswith(f"no font has all letters of {called} '满₹199 żeń'")
    assert "U+20B9 '₹', U+017C 'ż', U+0144 'ń'" in message
    assert message.endswith(f"set {setting} to a font that has them")


@pytest.mark.parametrize(("text", "script", "first"), [("हिन्दी", "Devanagari", "U+0939"), ("שלום", "Hebrew", "U+05E9")])
def test_a_script_that_no_font_has_is_named_with_what_to_do(text, script, first):
    kept, fault = settable().title(text)
    kind, message = fault or ("", "")
    assert kept == "" and kind == "unsupported_script" and script in message and first in message
    assert message.endswith("set place.bold_font to a font that has them, or give it in other letters")


def test_a_text_beside_the_title_in_a_script_that_is_not_set_is_left_out_whole_and_noted():
    copy = settable()
    assert copy.text(Role.OTHER, "Sale שלום") == "" and copy.fault is None
    assert copy.notes[0].startswith("sticker 'Sale שלום' is in Hebrew (U+05E9 'ש', ")
    assert copy.notes[1:] == ["left out, since it can't be set: Sale שלום"]


def test_the_first_fault_of_a_row_is_kept():
    copy = settable()
    copy.title("₹")
    copy.title("שלום")
    assert copy.fault and copy.fault[0] == "missing_glyphs"


def test_what_is_set_as_its_plain_form_is_noted():
    copy = settable()
    assert copy.title("𝗦𝗮𝗹𝗲 ﬁne") == ("Sale fine", None)
    assert copy.notes == ["set 𝗦 as S, 𝗮 as a, 𝗹 as l, 𝗲 as e, ﬁ as fi in '𝗦𝗮𝗹𝗲 ﬁne', since no font has all of it"]


def test_a_letter_has_at_most_eight_marks_and_the_rest_is_noted():
    copy = Settable(lambda role, text: Mono())
    assert copy.title("Z" + "\u0335" * 10_000 + "!") == ("Z" + "\u0335" * 8 + "!", None)
    assert copy.notes == ["took marks off Z, which had more than 8"]


def test_letters_are_composed_before_their_font_is_asked():
    assert Settable(lambda role, text: Mono()).title("e\u0301te\u0301") == ("été", None)
