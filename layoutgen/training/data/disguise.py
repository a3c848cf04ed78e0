"""Other letters in the same places: copy that nobody wrote, for a layout that fits it all the same.

Drawn posters say what a few hundred phrases can say. A model that is trained on them alone knows these phrases, and
what room others take it can't tell. How wide a text is follows from its letters' kinds: Chinese characters are all of
one width, capitals are wide, small letters narrower.
"""

from dataclasses import replace

import numpy as np

from layoutgen.core.layout import Copy, Suggestion

Rng = np.random.Generator

HAN = tuple(
    bytes((row, cell)).decode("gb2312")
    for row in range(0xB0, 0xD8)
    for cell in range(0xA1, 0xFF if row < 0xD7 else 0xFA)
)
"""The 3,755 common Chinese characters, level 1 of GB 2312."""

_NARROW, _MIDDLE, _WIDE = "fijlrt", "abcdeghknopqsuvxyz", "mw"
_CAPITALS, _DIGITS = "ABCDEFGHKLNOPQRSTUVXYZ", "0123456789"


def disguised(copy: Copy, target: tuple[Suggestion, ...], rng: Rng) -> tuple[Copy, tuple[Suggestion, ...]]:
    """A copy and its layout with other letters; a text that comes twice is the same in both places."""
    known: dict[str, str] = {}

    def other(text: str) -> str:
        # Parsing tells texts apart by their letters alone.
        while text and text not in known:
            letters = "".join(_letter(letter, rng) for letter in text)
            if letters not in known.values():
                known[text] = letters
        return known.get(text, text)

    disguised_copy = Copy(
        other(copy.title),
        tuple(map(other, copy.selling_points)),
        other(copy.brand or "") or None,
        copy.logo,
        copy.language,
    )
    return disguised_copy, tuple(replace(element, text=other(element.text)) for element in target)


def _letter(letter: str, rng: Rng) -> str:
    """A letter of the same kind; punctuation, signs and spaces as they are."""
    if "\u4e00" <= letter <= "\u9fff":
        return HAN[int(rng.integers(len(HAN)))]
    for kind in (_NARROW, _MIDDLE, _WIDE, _CAPITALS, _DIGITS):
        if letter in kind:
            return kind[int(rng.integers(len(kind)))]
    return letter
