"""What the answers of all tasks have in common: their spelling, the grammar of a box, and how a box is read.

Grammars are in the Lark dialect of llguidance. A grammar cannot say that a box ends after it begins: `box_digits` tells
a decoder which digits keep it so.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from layoutgen.core.prompts.coordinates import GRID, Codec

STRING = r'STRING: /"([^"\\\x00-\x1f\x7f]|\\(["\\\/bfnrt]|u00[0-7][0-9a-f]))+"/'
"""A terminal for a JSON string that is not empty and has no control characters, as the model likes to write it."""


def spell(value: Any) -> str:
    """JSON in which no text can be taken for a control token, in NFC as tokenizers normalise it anyway."""
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Of control characters JSON leaves one as it is, which the grammars' language does not take.
    return unicodedata.normalize("NFC", compact).replace("<", "\\u003c").replace("\x7f", "\\u007f")


def literal(text: str) -> str:
    """A string of a grammar that stands for `text`."""
    return json.dumps(text, ensure_ascii=False)


def choice(values: Sequence[str]) -> str:
    """A rule for one of some JSON strings."""
    return "(" + " | ".join(literal(spell(value)) for value in values) + ")"


def box_rules(codec: Codec) -> str:
    """The rule `box` and its terminals: four whole numbers within the codec's range."""
    return (
        'box: "[" LEFT "," TOP "," RIGHT "," BOTTOM "]"\n'
        f"LEFT: /{whole_number(0, codec.width - 1)}/\n"
        f"TOP: /{whole_number(0, codec.height - 1)}/\n"
        f"RIGHT: /{whole_number(1, codec.width)}/\n"
        f"BOTTOM: /{whole_number(1, codec.height)}/\n"
    )


def whole_number(low: int, high: int) -> str:
    """A regular expression for the whole numbers from `low` to `high`, written without leading zeros."""
    parts = []
    while low <= high:
        top = min(high, 10 ** len(str(low)) - 1)
        parts.append(_between(str(low), str(top)))
        low = top + 1
    return "|".join(parts)


def _between(low: str, high: str) -> str:
    """Numbers of one length."""
    if not low:
        return ""
    if low[0] == high[0]:
        return low[0] + _grouped(_between(low[1:], high[1:]))
    rest = len(low) - 1
    first, last = int(low[0]), int(high[0])
    parts = []
    if low[1:].strip("0"):
        parts.append(f"{first}{_grouped(_between(low[1:], '9' * rest))}")
        first += 1
    ends_short = bool(high[1:].strip("9"))
    if first <= last - ends_short:
        parts.append(f"[{first}-{last - ends_short}]" + (f"[0-9]{{{rest}}}" if rest else ""))
    if ends_short:
        parts.append(f"{last}{_grouped(_between('0' * rest, high[1:]))}")
    return "|".join(parts)


def _grouped(pattern: str) -> str:
    return f"({pattern})" if "|" in pattern else pattern


_FAR_CORNER = re.compile(r'"box":\[(?P<x1>\d+),(?P<y1>\d+),(?:(?P<x2>\d+),)?(?P<last>\d*)$')


def box_digits(answer: str, limit: tuple[int, int] = (GRID, GRID)) -> tuple[str, bool] | None:
    """Return which digits may follow an unfinished answer, and whether its last number may end there, so that its last
    box ends right of and below where it begins and within `limit` (x, y); None where the answer is not in a box's third
    or fourth number."""
    corner = _FAR_CORNER.search(answer)
    if corner is None:
        return None
    written = corner["last"]
    is_x = corner["x2"] is None
    least, most = int(corner["x1"] if is_x else corner["y1"]) + 1, limit[0 if is_x else 1]
    digits = "".join(digit for digit in "0123456789" if _completes(written + digit, least, most))
    return digits, bool(written) and int(written) >= least


def _completes(prefix: str, least: int, most: int) -> bool:
    """Tell whether some whole number in [least, most] is written with `prefix` as its first digits."""
    if prefix.startswith("0"):
        return prefix == "0" and least <= 0
    low = high = int(prefix)
    while low <= most:
        if high >= least:
            return True
        low, high = low * 10, high * 10 + 9
    return False


def items(answer: str) -> list[Any]:
    """Read an answer's JSON array. Raises ValueError where it is none."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"answer is not JSON ({error}): {short(answer)}") from error
    if not isinstance(found, list):
        raise ValueError(f"answer is not a JSON array: {short(answer)}")
    return found


def fields(item: Any, index: int, names: Sequence[str]) -> dict[str, Any]:
    """An item's fields, which have to be exactly `names`. Raises ValueError."""
    if not isinstance(item, dict) or set(item) != set(names):
        raise ValueError(f"item {index} is not an object of {', '.join(names[:-1])} and {names[-1]}: {short(item)}")
    return item


def read_box(box: Any, place: str, codec: Codec) -> tuple[int, int, int, int]:
    """A box's whole numbers. Raises ValueError where it has others, leaves the range or is empty or inverted."""
    if not isinstance(box, list) or len(box) != 4 or any(type(v) is not int for v in box):
        raise ValueError(f"{place} has a box that is not four whole numbers: {short(box)}")
    x1, y1, x2, y2 = box
    if min(box) < 0 or max(x1, x2) > codec.width or max(y1, y2) > codec.height:
        most = codec.width if codec.width == codec.height else f"{codec.width} and {codec.height}"
        raise ValueError(f"{place} has the box {short(box)}, out of the range 0 to {most}")
    if x1 >= x2 or y1 >= y2:
        raise ValueError(f"{place} has the box {box}, which is empty or inverted; it needs x1 < x2 and y1 < y2")
    return x1, y1, x2, y2


def short(value: Any, limit: int = 80) -> str:
    """A value as messages show it: at most about `limit` characters, fit for any log."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}…"
