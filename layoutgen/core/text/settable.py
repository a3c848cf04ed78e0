"""Copy as the fonts can set it: every letter of it, or the row is not set."""

import unicodedata
from collections.abc import Callable

from layoutgen.core.layout import OFFER_ROLES, Role
from layoutgen.core.text.clusters import MOST_MARKS
from layoutgen.core.text.lettering import letter
from layoutgen.core.text.scripts import named, without_font
from layoutgen.core.text.typography import Face

_CALLED = {
    **{role: role.value.replace("_", " ") for role in (Role.TITLE, Role.SUBTITLE, *OFFER_ROLES)},
    Role.LOGO: "brand",
    Role.OTHER: "sticker",
}


class Settable:
    """Takes one row's texts one after another. `notes` says what of them was changed; `fault`, a kind and a message,
    why the first of those that can't be set can't."""

    def __init__(self, face_for: Callable[[Role, str], Face]) -> None:
        self._face_for = face_for
        self.notes: list[str] = []
        self.fault: tuple[str, str] | None = None

    def title(self, text: str) -> tuple[str, tuple[str, str] | None]:
        """A title in the letters of its font, and where it has none or can't be set, the fault."""
        kept = self.text(Role.TITLE, text)
        if not kept:
            self._fail("missing_glyphs", f"no font has any character of title {text!r}; {_mend(Role.TITLE)}")
        return kept, self.fault

    def text(self, role: Role, text: str | None) -> str:
        """A text in the letters of its fonts; "" where it has none or is of a script that no font has, which is noted
        (a fault, for a title), or where letters are missing, which is a fault."""
        text = unicodedata.normalize("NFC", text or "")
        called = f"{_CALLED.get(role, 'selling point')} {text!r}"
        if not text.strip():
            return ""
        face = self._face_for(role, text)
        made = letter(text, face)
        if made.missing:
            reason = without_font(text, made.missing)
            if reason and role is not Role.TITLE:
                self.notes += [f"{called} {reason}", f"left out, since it can't be set: {text}"]
            elif reason:
                self._fail("unsupported_script", f"{called} {reason}; {_mend(role)}, or give it in other letters")
            else:
                lacking = f"{face.name}, the closest, lacks {named(made.missing)}"
                self._fail("missing_glyphs", f"no font has all letters of {called}: {lacking}; {_mend(role)}")
            return ""
        if made.replaced:
            pairs = ", ".join(f"{character} as {plain}" for character, plain in made.replaced)
            self.notes.append(f"set {pairs} in {text!r}, since no font has all of it")
        if made.left_out:
            self.notes.append(f"no font has {' '.join(map(_visible, made.left_out))} of {text!r}")
        if made.crowded:
            self.notes.append(f"took marks off {' '.join(made.crowded)}, which had more than {MOST_MARKS}")
        if not made.text:
            self.notes.append(f"left out, since it can't be set: {text}")
        return made.text

    def _fail(self, kind: str, message: str) -> None:
        self.fault = self.fault or (kind, message)


def _mend(role: Role) -> str:
    setting = "place.bold_font" if role is Role.TITLE else "place.regular_font"
    return f"set {setting} to a font that has them"


def _visible(character: str) -> str:
    return character if character.isprintable() and unicodedata.category(character)[0] != "M" else named(character)
