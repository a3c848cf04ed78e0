"""What belongs to one letter: marks with their base, joiners, and the characters that one emoji is made of."""

import unicodedata

ZWNJ, ZWJ = "\u200c", "\u200d"
_SELECTORS = frozenset([0x34F, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
_SKIN, _FLAG, _TAG = range(0x1F3FB, 0x1F400), range(0x1F1E6, 0x1F200), range(0xE0020, 0xE0080)
_EMOJI_FORM, _KEYCAP = "\ufe0f", "\u20e3"
_LEADING, _JAMO, _SYLLABLES = range(0x1100, 0x1160), range(0x1160, 0x1200), range(0xAC00, 0xD7A4)
_BEHIND = (_SELECTORS, _SKIN, _TAG)
MOST_MARKS = 8


def clusters(text: str) -> list[str]:
    """A text's letters, each with all that belongs to it; together they are the text."""
    if text.isascii():
        return list(text)
    letters: list[str] = []
    for character in text:
        if letters and _joins(letters[-1], character):
            letters[-1] += character
        else:
            letters.append(character)
    return letters


def _joins(before: str, character: str) -> bool:
    point, last = ord(character), ord(before[-1])
    if point < 0x300 or before.isspace():
        return False
    if (
        character in (ZWJ, ZWNJ)
        or unicodedata.category(character)[0] == "M"
        or any(point in block for block in _BEHIND)
    ):
        return True
    if before[-1] == ZWJ and is_emoji(before):
        return is_pictograph(character)
    if point in _FLAG:
        return len(before) == 1 and last in _FLAG
    is_syllable = last in _LEADING or last in _JAMO or last in _SYLLABLES
    return (point in _JAMO and is_syllable) or (point in _LEADING and last in _LEADING)


def is_selector(character: str) -> bool:
    """Tell whether a character only chooses the form of the one before it."""
    return ord(character) in _SELECTORS


def is_emoji(cluster: str) -> bool:
    """Tell whether a cluster is meant as an emoji: it says so, or is of the planes of emoji."""
    return _EMOJI_FORM in cluster or _KEYCAP in cluster or 0x1F000 <= ord(cluster[0]) < 0x1FB00


def is_pictograph(character: str) -> bool:
    """Tell whether a character is of the blocks that emoji are in."""
    point = ord(character)
    return 0x1F000 <= point < 0x1FB00 or 0x2190 <= point < 0x2C00 or point in (0x3030, 0x303D, 0x3297, 0x3299)


def bounded(cluster: str) -> str:
    """A cluster with no more marks than any orthography puts on a letter (`MOST_MARKS`)."""
    if len(cluster) <= MOST_MARKS + 1 or is_emoji(cluster):
        return cluster
    marks, thinned = 0, cluster[0]
    for character in cluster[1:]:
        marks += unicodedata.category(character)[0] == "M"
        if marks <= MOST_MARKS:
            thinned += character
    return thinned
