"""Keys of products and of their rows.

A product's key is its id in one spelling: text in Unicode's composed form (NFC) without space around it, a whole number
(7, 7.0, 7.00) as its digits. Case counts, and text is never read as a number: `007` and `7.0` are other products than
`7`.

A row's key, `row_id`, is `KEY@CANVAS`, and `KEY@CANVAS@LOCALE` where the manifest gives its copy a locale; in tables
without canvases `KEY` and `KEY@@LOCALE`. The last part tells which: a canvas begins with a digit, a locale with a
letter. Of a canvas's variants the first has that key, the others have `@v1`, `@v2` … behind it, which no locale is.

Rows that fail in planning have keys that no other row can have: `#rowN` where there is no id, `KEY#rowN` for a second
row of a product and locale, `KEY` or `KEY@@LOCALE` where no canvas could be read, the name that is no canvas in the
canvas's place, and `KEY#rowN@@NAME` for a name that is no locale. So `#row` inside of a key or name is written
`%23row`, and a `@` is `%40` wherever it would be taken for one of these.
"""

import re
import unicodedata
from collections.abc import Collection
from decimal import Decimal
from typing import Any

_EXACT = 2**53  # floats beyond have lost digits
_AMBIGUOUS = re.compile(r"%(?=(?:25)*(?:23row|40))|#(?=row)")
_ESCAPED = re.compile(r"%25(?=(?:25)*(?:23row|40))|%23(?=row)|%40")
_LOCALISED = re.compile(r"@@[A-Za-z][A-Za-z0-9-]*$")
_VARIANT = re.compile(r"^(@[0-9][^@]*(?:@[^@]+)?)@v[0-9]+$")
_VARIANT_ID = re.compile(r"@v[0-9]+$")
_NUMBER = re.compile(r"^#row[0-9]+")
_BEHIND_KEY = re.compile(r"(#row[0-9]+)?(@[0-9][^@]*(@[^@]+)?(@v[0-9]+)?|@@?[^@]+)?")


def product_key(value: Any) -> str | None:
    """The key of an id as it was given; None where it is nothing, or of another kind than text and whole numbers."""
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value).strip() or None
    if isinstance(value, bool):
        return None
    is_whole = isinstance(value, int) or (
        value.is_integer() and abs(value) < _EXACT
        if isinstance(value, float)
        else isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value()
    )
    return str(int(value)) if is_whole else None


def row_id(
    key: str | None,
    number: int,
    canvas: str | None,
    *,
    is_first: bool,
    is_known: bool,
    sizes: bool,
    locale: str | None = None,
) -> str:
    """The key of a row of the product `key` in the manifest's row `number`, in a `locale` of canonical spelling, if
    any. `is_first` tells that no row before was of the product and locale, `is_known` that `canvas` is one, `sizes`
    that rows of this table have canvases."""
    is_alike = not sizes and locale is None and key is not None and bool(_LOCALISED.search(key))
    at = is_alike or (sizes and (canvas is None or not is_known))
    name = "" if key is None else _escaped(key, at=at)
    if key is None or not is_first:
        name += f"#row{number}"
    if canvas is not None:
        name += f"@{canvas if is_known else _escaped(canvas, at=True)}"
    elif locale:
        name += "@"
    return f"{name}@{locale}" if locale else name


def first_variant(found: str) -> str:
    """The key of a canvas's first layout, from that of any of its variants."""
    return _VARIANT_ID.sub("", found)


def bad_locale_id(key: str | None, number: int, name: str) -> str:
    """The key of what fails for a `name` that is no locale, in the manifest's row `number`."""
    return f"{'' if key is None else _escaped(key, at=True)}#row{number}@@{_escaped(name, at=True)}"


def spellings(key: str) -> set[str]:
    """How the keys of a product's rows may begin."""
    return {_escaped(key, at=False), _escaped(key, at=True), key}


def is_row_of(row_key: str, begins: Collection[str]) -> bool:
    """Whether a row's key is of one of the products whose `spellings` are `begins`."""
    ends = [*(match.start() for match in re.finditer("[@#]", row_key)), len(row_key)]
    return any(row_key[:end] in begins and _BEHIND_KEY.fullmatch(row_key, end) for end in ends)


def parts(found: str, key: str | None) -> tuple[str | None, str | None]:
    """The canvas and the locale in a row's key, also names that are none; None for what it has not."""
    for start in (_escaped(key or "", at=False), _escaped(key or "", at=True), key or ""):  # the last: older versions
        rest = _NUMBER.sub("", found.removeprefix(start))
        if found.startswith(start) and rest.startswith("@"):
            canvas, _, locale = _VARIANT.sub(r"\1", rest)[1:].partition("@")
            return _unescaped(canvas) or None, _unescaped(locale) or None
    return None, None


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda mark: {"%23": "#", "%40": "@"}.get(mark[0], "%"), text)


def _escaped(text: str, *, at: bool) -> str:
    found = _AMBIGUOUS.sub(lambda mark: "%25" if mark[0] == "%" else "%23", text)
    return found.replace("@", "%40") if at else found
