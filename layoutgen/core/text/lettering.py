"""A text in the letters of one face: what stands for characters that the face lacks, what may go, and what may not.

A character that a face lacks is set as its plain equivalent where it has one that reads the same (ﬁ as fi, ℃ as °C,
bold mathematical letters as letters); emoji and pictographs carry no meaning that a line of text needs, and are left
out. Everything else, letters, digits, currency signs, punctuation, is missing, and its text can't be set.
"""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from layoutgen.core.text.scripts import is_selector
from layoutgen.core.text.typography import Face

VERSION = "lettering-1"
# Signs whose Unicode name tells their plain form, though they are not compatibility characters.
_PLAIN = {"‐": "-", "‑": "-", "−": "-", "⁄": "/", "‘": "'", "’": "'", "ʼ": "'", "“": '"', "”": '"', "⌀": "Ø"}
_EMOJI_FORM = "\ufe0f"
_APART = ("<super>", "<sub>")
_SPACED = ("<fraction>", "<circle>", "<compat>")
_SILENT = frozenset([*range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400)])  # which form or skin an emoji has
# Pictographs: emoji of the technical signs, geometry, stars, dingbats, tiles, cards, all planes of emoji.
_PICTOGRAPHS = (
    *(range(0x231A, 0x231C), range(0x23E9, 0x2400), range(0x2400, 0x2440), range(0x2500, 0x2776)),
    *(range(0x2794, 0x27C0), range(0x2B00, 0x2C00), range(0x3012, 0x3014), range(0x4DC0, 0x4E00)),
    *(range(0xE000, 0xF900), range(0x1F000, 0x1F100), range(0x1F10D, 0x1FB00), range(0xF0000, 0x110000)),
)


@dataclass(frozen=True)
class Lettering:
    """A text as a face can set it: `replaced` holds pairs of a character and what stands for it, `missing` those
    without which the text would be another."""

    text: str
    missing: tuple[str, ...] = ()
    replaced: tuple[tuple[str, str], ...] = ()
    left_out: tuple[str, ...] = ()


def letter(text: str, face: Face) -> Lettering:
    """Put a text in NFC into a face's letters."""
    kept: list[str] = []
    missing: dict[str, None] = {}
    left_out: dict[str, None] = {}
    replaced: dict[str, str] = {}
    for at, character in enumerate(text):
        if character.isspace():
            kept.append(" ")
        elif unicodedata.category(character) == "Cf" or ord(character) in _SILENT:
            continue  # a font may draw it, a reader should not see it
        elif text[at + 1 : at + 2] == _EMOJI_FORM and _is_pictograph(character):
            left_out[character] = None  # in colours, which no face here has
        elif face.covers(character):
            kept.append(character)
        elif plain := _plain(character, text[at - 1 : at], text[at + 1 : at + 2], face.covers):
            kept.append(plain)
            replaced[character] = plain.strip()
        elif _is_pictograph(character):
            left_out[character] = None
        else:
            missing[character] = None
    return Lettering(" ".join("".join(kept).split()), tuple(missing), tuple(replaced.items()), tuple(left_out))


def choose_face(text: str, faces: Iterable[Face]) -> Face:
    """The first of the faces that has all letters of a text; else the one that lacks fewest of them, then the one that
    replaces and leaves out least, then the first. One face sets a whole text."""
    tried: list[tuple[int, int, int, Face]] = []
    for face in faces:
        if all(character.isspace() or face.covers(character) for character in text):
            return face
        made = letter(text, face)
        tried.append((len(made.missing), len(made.replaced) + len(made.left_out), len(tried), face))
    return min(tried)[-1]


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
