"""Which house styles a row may have: what its manifest says, else its brand's, its category's, the settings'."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from layoutgen.core.styles.style import Style

AUTO = "auto"


class UnknownStyleError(ValueError):
    """A row asks for a style that there is not."""


@dataclass(frozen=True)
class Wardrobe:
    """All styles by name; the one of rows that name none (`auto`: any of the `allowed` ones), and those of categories
    and brands, which are compared without regard to capitals."""

    known: Mapping[str, Style]
    use: str = AUTO
    allowed: tuple[str, ...] = ()
    by_category: Mapping[str, str] = field(default_factory=dict)
    by_brand: Mapping[str, str] = field(default_factory=dict)

    def of_row(self, asked: str | None, brand: str | None, category: str | None) -> tuple[Style, ...]:
        """The styles a row may have, one where it is named. Raises UnknownStyleError."""
        name = asked or _of(self.by_brand, brand) or _of(self.by_category, category) or self.use
        if name == AUTO:
            return tuple(self.known[each] for each in self.allowed or self.known)
        if name not in self.known:
            raise UnknownStyleError(f"style {name!r} is not known here; known: auto, {', '.join(self.known)}")
        return (self.known[name],)

    def of_kit(self, styles: tuple[Style, ...], allowed: tuple[str, ...], asked: str | None) -> tuple[Style, ...]:
        """Those of a row's styles that its brand's kit allows (none named: all); where settings chose others, all that
        the kit allows. Raises UnknownStyleError where the row asks for another by name."""
        chosen = tuple(style for style in styles if not allowed or style.name in allowed)
        if not chosen and asked and asked != AUTO:
            raise UnknownStyleError(f"style {asked!r} is not allowed by the brand's kit; allowed: {', '.join(allowed)}")
        return chosen or tuple(self.known[name] for name in allowed if name in self.known)

    def named(self, name: str | None) -> Style:
        """The style that a composed row is of; of none, the plain one. Raises UnknownStyleError."""
        if name and name not in self.known:
            raise UnknownStyleError(f"style {name!r} is not known here; known: {', '.join(self.known)}")
        return self.known[name or "plain"]


def suiting(styles: Sequence[Style], words: Iterable[str | None], has_price: bool) -> list[Style]:
    """Styles that suit a row, the best first: those with a word that stands in one of its texts (category, title,
    badge) in the order of how many do, then those that are for anything; styles that need a price, or are for layouts
    without, only for such rows, unless none else is left. Deterministic."""
    sentences = [" ".join(text.casefold().split()) for text in words if text]
    usable = [style for style in styles if style.price in ("any", "needed" if has_price else "refused")] or list(styles)

    def rank(style: Style) -> tuple[int, bool]:
        hits = sum(any(_stands_in(word.casefold(), text) for text in sentences) for word in style.suits)
        return (-hits, bool(style.suits))

    return sorted(usable, key=rank)


def _stands_in(word: str, text: str) -> bool:
    """Tell whether a text has a word: a whole one where it is written in letters that words are told apart by."""
    if not word.isascii():
        return word in text
    return re.search(rf"(?<![a-z0-9]){re.escape(word)}s?(?![a-z0-9])", text) is not None


def _of(names: Mapping[str, str], key: str | None) -> str | None:
    if not key:
        return None
    return next((name for known, name in names.items() if known.casefold() == key.casefold()), None)
