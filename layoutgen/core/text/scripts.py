"""Which texts can't be set letter by letter: those that run right to left, those of scripts whose letters are joined,
moved or stacked when they are set, and those with marks for which Unicode has no composed letter.

Glyphs are laid out one after another, so such a text would be misspelt in whatever font it is drawn.
"""

import unicodedata
from collections.abc import Iterable

# The first word of the names of such scripts' characters. Right-to-left ones are known by their direction.
_SHAPED = {
    "ARABIC", "AHOM", "BALINESE", "BATAK", "BENGALI", "BHAIKSUKI", "BRAHMI", "BUGINESE", "BUHID", "CHAKMA",
    "CHAM", "DEVANAGARI", "DIVES", "DOGRA", "GRANTHA", "GUJARATI", "GUNJALA", "GURMUKHI", "HANUNOO", "JAVANESE",
    "KAITHI", "KANNADA", "KAYAH", "KHAROSHTHI", "KHMER", "KHOJKI", "KHUDAWADI", "LAO", "LEPCHA", "LIMBU",
    "MAHAJANI", "MAKASAR", "MALAYALAM", "MARCHEN", "MASARAM", "MEETEI", "MIAO", "MODI", "MONGOLIAN", "MULTANI",
    "MYANMAR", "NANDINAGARI", "NEW", "NEWA", "ORIYA", "PHAGS-PA", "REJANG", "SAURASHTRA", "SHARADA", "SIDDHAM",
    "SINHALA", "SOYOMBO", "SUNDANESE", "SYLOTI", "TAGALOG", "TAGBANWA", "TAI", "TAKRI", "TAMIL", "TELUGU", "THAI",
    "TIBETAN", "TIRHUTA", "VEDIC", "ZANABAZAR",
}  # fmt: skip
_JAMO = ("HANGUL CHOSEONG", "HANGUL JUNGSEONG", "HANGUL JONGSEONG")
_SELECTORS = frozenset([0x34F, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
_MOST_NAMED = 8


def unsupported(text: str) -> str | None:
    """Why a text in NFC can't be set letter by letter, with the script and the characters; None where it can."""
    if text.isascii():
        return None
    letters = [character for character in dict.fromkeys(text) if unicodedata.category(character)[0] in "LMN"]
    leftward = [c for c in dict.fromkeys(text) if unicodedata.bidirectional(c) in ("R", "AL")]
    if leftward:
        return f"runs right to left ({_script(leftward[0])} {named(leftward)}), which is not set"
    shaped = [c for c in letters if ord(c) > 0x58F and _is_shaped(unicodedata.name(c, ""))]
    if shaped:
        script = _script(shaped[0])
        these = [c for c in shaped if _script(c) == script]
        return f"is in {script} ({named(these)}), whose letters must be joined or moved, which is not done"
    marks = [c for c in letters if unicodedata.category(c) in ("Mn", "Mc") and not is_selector(c)]
    if marks:
        return f"has marks on letters with which Unicode does not compose them ({named(marks)}), which is not set"
    return None


def is_selector(character: str) -> bool:
    """Tell whether a character only chooses the form of the one before it."""
    return ord(character) in _SELECTORS


def named(characters: Iterable[str]) -> str:
    """Characters as `U+20B9 '₹'`, the first eight of them; marks, controls and what else shows nothing by its name."""
    distinct = list(dict.fromkeys(characters))
    shown = [f"U+{ord(c):04X} {_shown(c)}".rstrip() for c in distinct[:_MOST_NAMED]]
    return ", ".join(shown) + (f" and {len(distinct) - _MOST_NAMED} more" if len(distinct) > _MOST_NAMED else "")


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    return unicodedata.name(character, "") if category[0] in "MCZ" else f"'{character}'"


def _is_shaped(name: str) -> bool:
    return name.replace("-INDIC", " ").split(" ")[0] in _SHAPED or name.startswith(_JAMO)


def _script(character: str) -> str:
    return unicodedata.name(character, "an unknown script").replace("-INDIC", " ").split(" ")[0].capitalize()
