"""Names of scripts and characters, as a message says them."""

import unicodedata
from collections.abc import Collection, Iterable

# The first words of the names of characters whose script some font here has.
_AT_HAND = frozenset(("LATIN", "GREEK", "CYRILLIC", "CJK", "HANGUL", "HIRAGANA", "KATAKANA", "MODIFIER", "COMBINING"))
_MOST_NAMED = 8


def without_font(text: str, missing: Collection[str]) -> str | None:
    """Which script of a text no font here has, with those of its characters; None where none lacks whole."""
    lacking = [character for character in dict.fromkeys(missing) if unicodedata.category(character)[0] in "LMN"]
    for script in dict.fromkeys(map(_first_word, lacking)):
        those = [character for character in text if _first_word(character) == script]
        if script not in _AT_HAND and all(character in missing for character in those):
            return f"is in {script.capitalize()} ({named(those)}), for which no font is here"
    return None


def named(characters: Iterable[str]) -> str:
    """Characters as `U+20B9 '₹'`, the first eight of them; marks, controls and what else shows nothing by its name."""
    distinct = list(dict.fromkeys(characters))
    shown = [f"U+{ord(c):04X} {_shown(c)}".rstrip() for c in distinct[:_MOST_NAMED]]
    return ", ".join(shown) + (f" and {len(distinct) - _MOST_NAMED} more" if len(distinct) > _MOST_NAMED else "")


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    return unicodedata.name(character, "") if category[0] in "MCZ" else f"'{character}'"


def _first_word(character: str) -> str:
    return unicodedata.name(character, "an unknown script").replace("-INDIC", " ").split(" ")[0]
