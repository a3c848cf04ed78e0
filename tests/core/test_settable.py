from layoutgen.core.layout import Role
from layoutgen.core.settable import Settable
from tests.core.covers import Mono


class Poor(Mono):
    """Lacks all that is not Chinese or ASCII."""

    def covers(self, character: str) -> bool:
        return character.isascii() or "一" <= character <= "鿿"


def settable() -> Settable:
    return Settable(lambda role, text: Poor())


def test_what_fonts_lack_is_left_out_and_noted():
    copy = settable()
    assert copy.text(Role.SUBTITLE, "好看☃的衣服") == "好看的衣服"
    assert copy.notes == ["no font has ☃ of '好看☃的衣服'"]


def test_a_text_of_which_nothing_is_left_is_noted_as_left_out():
    copy = settable()
    assert copy.text(Role.OTHER, "☃☃") == "" and copy.text(Role.OTHER, "שלום") == ""
    assert copy.notes[1:] == ["left out, since it can't be set: ☃☃", "left out, since it can't be set: שלום"]
    assert copy.text(Role.OTHER, None) == "" and len(copy.notes) == 3


def test_a_title_that_cannot_be_set_is_a_fault():
    assert settable().title("标题") == ("标题", None)
    assert settable().title("☃")[1][0] == "missing_glyphs"
    assert settable().title("שלום")[1][0] == "unsupported_script"
