"""Rows as the judge (`core.metrics.judge`) takes them."""

from collections.abc import Sequence

from layoutgen.core.layout import Element
from layoutgen.core.metrics.judge import split_words
from layoutgen.core.text.breaking import SPLIT
from layoutgen.imaging import segmenting


def words_split(elements: Sequence[Element], language: str | None, words: str = "") -> int:
    """How many lines of a row's texts end in a word's middle: of a language, with the user's words of a file."""
    count = 0
    for element in elements:
        if len(element.lines) > 1:
            breaks = segmenting.breaks(" ".join(element.text.split()), language or "", words)
            count += split_words(element, [each.at for each in breaks if each.cost < SPLIT])
    return count
