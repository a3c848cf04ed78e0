"""A text in the letters of a face: what stands for characters that the face lacks, what may go, and what may not.

A character that a face lacks is set as its plain equivalent where it has one that reads the same (ﬁ as fi, ℃ as °C,
bold mathematical letters as letters); emoji and pictographs carry no meaning that a line of text needs, and are left
out. Everything else, letters, digits, currency signs, punctuation, is missing, and its text can't be set.
"""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from layoutgen.core.text.clusters import bounded, clusters, is_emoji, is_selector
from layoutgen.core.text.typography import Face

VERSION = "lettering-2"
# Signs whose Unicode name tells their plain form, though they are not compatibility characters.
_PLAIN = {"‐": "-", "‑": "-", "−": "-", "⁄": "/", "‘": "'", "’": "'", "ʼ": "'", "“": '"', "”": '"', "⌀": "Ø"}
_DIRECTIONS = ("\u061c", "\u200e", "\u200f")  # marks of direction, of use beside right-to-left letters
_APART = ("<super>", "<sub>")
_SPACED = ("<fraction>", "<circle>", "<compat>")
_SKIN = range(0x1F3FB, 0x1F400)
_SILENT = frozenset([*range(0xFE00, 0xFE10), *_SKIN])  # which form or skin an emoji has
# Pictographs: emoji of the technical signs, geometry, stars, dingbats, tiles, cards, all planes of emoji.
_PICTOGRAPHS = (
    *(range(0x231A, 0x231C), range(0x23E9, 0x2400), range(0x2400, 0x2440), range(0x2500, 0x2776)),
    *(range(0x2794, 0x27C0), range(0x2B00, 0x2C00), range(0x3012, 0x3014), range(0x4DC0, 0x4E00)),
    *(range(0xE000, 0xF900), range(0x1F000, 0x1F100), range(0x1F10D, 0x1FB00), range(0xF0000, 0x110000)),
)


@dataclass(frozen=True)
class Lettering:
    """A text as a face can set it: `replaced` holds pairs of a character and what stands for it, `missing` those
    without which the text would be another, `crowded` letters that had more marks than any orthography gives one."""

    text: str
    missing: tuple[str, ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()
    crowded: tuple[str, ...] = ()


def letter(text: str, face: Face) -> Lettering:
    """Put a text in NFC into a face's letters."""
    taken = _Taken(face)
    kept: list[str] = []
    before = ""
    whole = clusters(text)
    for at, cluster in enumerate(whole):
        if cluster[0].isspace():
            kept.append(" ")
        elif not _is_format(cluster[0]):
            kept.append(taken.letter(cluster, before, (whole[at + 1] if at + 1 < len(whole) else "")[:1]))
        elif cluster in _DIRECTIONS:
            kept.append(cluster)
        before = cluster[-1]
    return Lettering(
        " ".join("".join(kept).split()),
        tuple(taken.missing),
        tuple(taken.replaced.items()),
        tuple(taken.left_out),
        tuple(taken.crowded),
    )


class _Taken:
    """Takes a text's clusters character after another, and keeps what was not set as it stands."""

    def __init__(self, face: Face) -> None:
        self._covers = face.covers
        self.missing: dict[str, None] = {}
        self.left_out: dict[str, None] = {}
        self.crowded: dict[str, None] = {}
        self.replaced: dict[str, str] = {}

    def letter(self, cluster: str, before: str, after: str) -> str:
        """A cluster as it is set between two characters."""
        thinned = bounded(cluster)
        if thinned != cluster:
            self.crowded[cluster[0]] = None
        if self._covers(thinned):
            return thinned
        if len(thinned) > 1 and (is_emoji(thinned) or _is_pictograph(thinned[0])):
            letters = "".join(
                character for character in thinned if not _is_format(character) and not is_selector(character)
            )
            if letters and not _is_pictograph(letters[0]):
                self.left_out |= dict.fromkeys(letters[1:])  # a digit or sign that an emoji is made of
                return self._single(letters[0], before, after)
            self.left_out |= dict.fromkeys(character for character in letters if ord(character) not in _SKIN)
            return ""
        set_apart = "".join(self._single(character, before, after) for character in thinned)
        if len(thinned) > 1 and set_apart == thinned:
            self.missing |= dict.fromkeys(thinned[1:])  # no one font has the letter and its marks
        return set_apart

    def _single(self, character: str, before: str, after: str) -> str:
        if _is_format(character) or is_selector(character):
            return ""
        if self._covers(character):
            return character
        if plain := _plain(character, before, after, self._covers):
            self.replaced[character] = plain.strip()
            return plain
        (self.left_out if _is_pictograph(character) else self.missing)[character] = None
        return ""


def _is_format(character: str) -> bool:
    """Tell whether a character shows nothing of its own: a font may draw it, a reader should not see it."""
    return unicodedata.category(character) == "Cf" or ord(character) in _SILENT


def _plain(character: str, before: str, after: str, covers: Callable[[str], bool]) -> str:
    """What a character may be set as; "" where nothing reads the same: a raised digit after a digit does not."""
    plain = _PLAIN.get(character) or unicodedata.normalize("NFKC", character)
    plain = "".join(one if covers(one) else _PLAIN.get(one, one) for one in plain)
    if plain == character or not all(one == " " or covers(one) for one in plain) or plain != plain.strip():
        return ""
    kind = unicodedata.decomposition(character).split(" ")[0]
    if before.isdigit() and plain[0].isdigit():
        plain = "" if kind in _APART else f" {plain}" if kind in _SPACED else plain
    if plain and after.isdigit() and plain[-1].isdigit():
        plain = "" if kind in _APART else f"{plain} " if kind in _SPACED else plain
    return plain


def _is_pictograph(character: str) -> bool:
    if is_selector(character) or unicodedata.category(character) == "Me":
        return True
    return not character.isalnum() and any(ord(character) in some for some in _PICTOGRAPHS)
