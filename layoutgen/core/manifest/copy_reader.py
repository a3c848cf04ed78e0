"""A product's copy as it may be set: each text cleaned, words for nothing left out, and what was changed noted."""

import math
from typing import Any

from layoutgen.core.manifest.fields import one_text, shown, text_list
from layoutgen.core.text.offers import is_bare_number
from layoutgen.core.text.plain_text import clean

_BLANK = "\x00"  # stands for an empty text of a list whose places count


class CopyReader:
    """Reads one row's columns; `notes` says what was changed in them. Every method raises UnusableError for a value of
    another type. `empty_words` are the texts that stand for nothing."""

    def __init__(self, values: dict[str, Any], empty_words: frozenset[str]) -> None:
        self._values, self._empty_words = values, empty_words
        self.notes: list[str] = []

    def is_empty_word(self, text: str | None) -> bool:
        """Tell whether a text is a word for nothing, as it is or when it is cleaned."""
        return text is not None and bool({text, clean(text)[0]} & self._empty_words)

    def text(self, column: str) -> str | None:
        """Return a column's text, cleaned; None where it has none, or a word for nothing."""
        text = one_text(self._values, column)
        return self._cleaned(column, text) if text else None

    def texts(self, column: str) -> tuple[str, ...]:
        """Return a column's list of texts, each cleaned, without those that show or mean nothing."""
        cleaned = [self._cleaned(column, text) for text in text_list(self._values, column)]
        return tuple([text for text in cleaned if text])

    def aligned(self, column: str, count: int) -> tuple[str, ...]:
        """Return a column's list of texts, each cleaned, "" where one shows or means nothing; () where all do. Those
        beyond the first `count` are left out and noted."""
        value = self._values.get(column)
        marked = [_BLANK if text in (None, "") else text for text in value] if isinstance(value, list) else value
        texts = text_list({column: marked}, column)
        if len(texts) > count:
            self.notes.append(f"{column}: {len(texts) - count} more than images are left out")
        cleaned = ["" if text == _BLANK else self._cleaned(column, text) or "" for text in texts[:count]]
        return tuple(cleaned) if any(cleaned) else ()

    def offer(self, column: str) -> str | None:
        """Return a column's text, cleaned, as `text` does; of a number its digits, of another value nothing. That
        neither is shown is noted."""
        value = self._values.get(column)
        if value is None or isinstance(value, str):
            text = self.text(column)
        elif isinstance(value, float) and math.isnan(value):
            return None
        else:
            text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
            if text is None:
                self.notes.append(f"{column} is {shown(value)}, which is no text: not shown")
        if text and is_bare_number(text):
            self.notes.append(f"{column} is {text}, a number without a currency: not shown")
        return text

    def label(self, column: str) -> str | None:
        """Return a column's text as it stands, since it names something; None where it is a word for nothing."""
        text = one_text(self._values, column)
        return self._meant(column, text) if text else text

    def labels(self, column: str) -> tuple[str, ...]:
        """Return a column's list of texts as they stand, without words for nothing."""
        texts = [self._meant(column, text) for text in text_list(self._values, column)]
        return tuple([text for text in texts if text])

    def _cleaned(self, column: str, text: str) -> str | None:
        kept, changes = clean(text)
        if kept is None or (meant := self._meant(column, kept)) is None:
            return None
        if changes:
            self.notes.append(f"{column}: {', '.join(changes)}")
        return meant

    def _meant(self, column: str, text: str) -> str | None:
        if text.strip() not in self._empty_words:
            return text
        self.notes.append(f"{column} is {shown(text)}, a word for nothing: left out")
        return None
