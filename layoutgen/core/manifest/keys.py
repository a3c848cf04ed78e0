"""Keys of products and of their rows.

A product's key is its id in one spelling: text in Unicode's composed form (NFC) without space around it, a whole number
(7, 7.0, 7.00) as its digits. Case counts, and text is never read as a number: `007` and `7.0` are other products than
`7`.

A row's key, `row_id`, is `KEY@CANVAS`, or `KEY` alone in tables without canvases. Rows that fail in planning have keys
that no other row can have: `#rowN` where there is no id, `KEY#rowN` for a second row of a product, `KEY` without canvas
where none could be read, and the name that is no canvas behind the `@`. So `#row` inside of a key or name is written
`%23row`, and a `@` is `%40` wherever it would be taken for the one before the canvas.
"""

import re
import unicodedata
from decimal import Decimal
from typing import Any

_EXACT = 2**53  # floats beyond have lost digits
_AMBIGUOUS = re.compile(r"%(?=(?:25)*(?:23row|40))|#(?=row)")
_ESCAPED = re.compile(r"%25(?=(?:25)*(?:23row|40))|%23(?=row)|%40")


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


def row_id(key: str | None, number: int, canvas: str | None, *, is_first: bool, is_known: bool, sizes: bool) -> str:
    """The key of a row of the product `key` in the manifest's row `number`. `is_first` tells that no row before was of
    the product, `is_known` that `canvas` is one, `sizes` that rows of this table have canvases."""
    name = "" if key is None else _escaped(key, at=sizes and canvas is None)
    if key is None or not is_first:
        name += f"#row{number}"
    if canvas is None:
        return name
    return f"{name}@{canvas if is_known else _escaped(canvas, at=True)}"


def canvas_name(found: str, key: str | None) -> str | None:
    """The canvas in a row's key, also a name that is none; None where the key has none."""
    for start in (f"{_escaped(key or '', at=False)}@", f"{key}@"):  # an older version wrote the key as it is
        if found.startswith(start):
            return _ESCAPED.sub(lambda mark: {"%23": "#", "%40": "@"}.get(mark[0], "%"), found.removeprefix(start))
    return None


def _escaped(text: str, *, at: bool) -> str:
    found = _AMBIGUOUS.sub(lambda mark: "%25" if mark[0] == "%" else "%23", text)
    return found.replace("@", "%40") if at else found
