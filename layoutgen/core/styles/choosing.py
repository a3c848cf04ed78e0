"""Which house styles a row may have: what its manifest says, else its brand's, its category's, the settings'."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from layoutgen.core.styles.goods import kind_of
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


def called_for(styles: Sequence[Style], *texts: str | None) -> frozenset[str]:
    """The names of the styles one of whose words (`suits`) stands in a text: category, title or badge."""
    sentences = [" ".join(text.casefold().split()) for text in texts if text]
    return frozenset(
        style.name for style in styles if any(_stands_in(word.casefold(), s) for word in style.suits for s in sentences)
    )


def suited(
    styles: Sequence[Style], category: str | None, title: str, badge: str | None, points: Sequence[str] = ()
) -> frozenset[str]:
    """The names of the styles that are meant for a product: those that its texts call for, else those for its kind of
    goods."""
    called = called_for(styles, category, title, badge)
    kind = None if called else kind_of(category, title, points)
    return called or frozenset(style.name for style in styles if kind in style.goods)


def usable(styles: Sequence[Style], has_price: bool) -> list[Style]:
    """Those of some styles that go with a price, or without one; all of them where none does."""
    return [style for style in styles if style.price in ("any", "needed" if has_price else "refused")] or list(styles)


def suiting(
    styles: Sequence[Style], category: str | None, title: str, badge: str | None, has_price: bool
) -> list[Style]:
    """The usable ones of some styles, the best first: those that are meant for a product, then those for anything.
    Deterministic."""
    meant = suited(styles, category, title, badge)
    return sorted(usable(styles, has_price), key=lambda style: (style.name not in meant, style.is_particular))


def _stands_in(word: str, text: str) -> bool:
    """Tell whether a text has a word: a whole one where it is written in letters that words are told apart by."""
    if not word.isascii():
        return word in text
    before = "(?<![a-z0-9])" if word[:1].isalnum() else ""
    return re.search(rf"{before}{re.escape(word)}s?(?![a-z0-9])", text) is not None


def _of(names: Mapping[str, str], key: str | None) -> str | None:
    if not key:
        return None
    return next((name for known, name in names.items() if known.casefold() == key.casefold()), None)
