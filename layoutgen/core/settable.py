"""Copy as the fonts can set it: what they lack is left out and noted, never drawn as tofu."""

from collections.abc import Callable

from layoutgen.core.layout import Role
from layoutgen.core.typography import Face, drop_uncovered, runs_right_to_left


class Settable:
    """Takes one row's texts one after another; `notes` says what was left out."""

    def __init__(self, face_for: Callable[[Role, str], Face]) -> None:
        self._face_for = face_for
        self.notes: list[str] = []

    def text(self, role: Role, text: str | None) -> str:
        """A text without the characters that no font has; "" where nothing of it can be set."""
        if not text:
            return ""
        kept, dropped = ("", "") if runs_right_to_left(text) else drop_uncovered(text, self._face_for(role, text))
        if dropped:
            self.notes.append(f"no font has {' '.join(dropped)} of {text!r}")
        if not kept and text.strip():
            self.notes.append(f"left out, since it can't be set: {text}")
        return kept

    def title(self, text: str) -> tuple[str, tuple[str, str] | None]:
        """A title in the same way, and where nothing of it can be set, the fault's kind and message."""
        if runs_right_to_left(text):
            message = f"title {text!r} runs right to left, which is not set; give a left-to-right title"
            return "", ("unsupported_script", message)
        kept, dropped = drop_uncovered(text, self._face_for(Role.TITLE, text))
        if dropped:
            self.notes.append(f"no font has {' '.join(dropped)} of {text!r}")
        if kept:
            return kept, None
        message = f"no font has the characters of title {text!r}; give place.bold_font one that has them"
        return "", ("missing_glyphs", message)
