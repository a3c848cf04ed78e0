"""Which rows a selective run works on: a small filter over planned rows, as Arrow's expression.

    category = "Dress" and canvas = "1:1"
    brand in ("Lumo", "ACME") and not (season is null or stock < 3)

Columns are those of planned rows, the user's own among them; names with spaces stand in backticks. Values are texts in
double or single quotes, numbers, true and false. Operators: = != < <= > >= in, is null, is not null, and, or, not. A
comparison with null selects nothing. Nothing else is read, and nothing is run.
"""

import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from layoutgen.core.errors import Refusal

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"]*"|'[^']*')|`(?P<quoted>[^`]+)`|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>\w+)"""
    r"""|(?P<sign><=|>=|!=|[=<>(),]))"""
)
_COMPARE: dict[str, Callable[[pc.Expression, Any], pc.Expression]] = {
    "=": lambda column, value: column == value,
    "!=": lambda column, value: column != value,
    "<": lambda column, value: column < value,
    "<=": lambda column, value: column <= value,
    ">": lambda column, value: column > value,
    ">=": lambda column, value: column >= value,
}


def expression(text: str, canvas_of: Callable[[str], str]) -> pc.Expression:
    """The filter as an expression; `canvas_of` names a canvas by its size, such as "1:1" by "1080x1080". Raises Refusal
    naming the place where it can't be read."""
    return _Parser(text, canvas_of).whole()


def chosen(table: pa.Table, text: str, canvas_of: Callable[[str], str]) -> pa.Table:
    """The rows that a filter selects. Raises Refusal where it names a column that the rows have not, or compares one
    with a value of another type."""
    try:
        return table.filter(expression(text, canvas_of))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise Refusal(
            f"--only {text!r} can't be asked of the rows: {reason}; they have {', '.join(table.column_names)}"
        ) from None


class _Parser:
    """Recursive descent: or, and, not, comparison."""

    def __init__(self, text: str, canvas_of: Callable[[str], str]) -> None:
        self._text, self._canvas_of, self._at = text, canvas_of, 0
        self._tokens: list[tuple[str, str, int]] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._fault(position, "a column, a value or an operator")
            kind = str(match.lastgroup)
            self._tokens.append((kind, match.group(kind), match.start(kind)))
            position = match.end()

    def whole(self) -> pc.Expression:
        tree = self._either()
        if self._at < len(self._tokens):
            raise self._fault(self._tokens[self._at][2], "and, or, or the end")
        return tree

    def _either(self) -> pc.Expression:
        tree = self._both()
        while self._skip("or"):
            tree = tree | self._both()
        return tree

    def _both(self) -> pc.Expression:
        tree = self._single()
        while self._skip("and"):
            tree = tree & self._single()
        return tree

    def _single(self) -> pc.Expression:
        if self._skip("not"):
            return ~self._single()
        if self._skip("("):
            tree = self._either()
            self._expect(")")
            return tree
        name = self._next("a column", "word", "quoted")
        column = pc.field(name)
        if self._skip("is"):
            is_set = self._skip("not")
            self._expect("null")
            return column.is_valid() if is_set else column.is_null()
        if self._skip("in"):
            self._expect("(")
            values = [self._value(name)]
            while self._skip(","):
                values.append(self._value(name))
            self._expect(")")
            return column.isin(values)
        operator = self._next("=, !=, <, <=, >, >=, in or is", "sign")
        if operator not in _COMPARE:
            raise self._fault(self._tokens[self._at - 1][2], "=, !=, <, <=, >, >=, in or is")
        return _COMPARE[operator](column, self._value(name))

    def _value(self, column: str) -> str | int | float | bool:
        kind = self._tokens[self._at][0] if self._at < len(self._tokens) else ""
        text = self._next("a value, a text in quotes", "text", "number", "word")
        if kind == "text":
            return self._canvas_of(text[1:-1]) if column == "canvas" else text[1:-1]
        if kind == "number":
            return float(text) if "." in text else int(text)
        if text.lower() not in ("true", "false"):
            raise self._fault(self._tokens[self._at - 1][2], "a value, a text in quotes")
        return text.lower() == "true"

    def _skip(self, word: str) -> bool:
        if self._at < len(self._tokens):
            kind, text, _ = self._tokens[self._at]
            if kind in ("word", "sign") and text.lower() == word:
                self._at += 1
                return True
        return False

    def _expect(self, word: str) -> None:
        if not self._skip(word):
            raise self._fault(self._place(), repr(word))

    def _next(self, wanted: str, *kinds: str) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] not in kinds:
            raise self._fault(self._place(), wanted)
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _place(self) -> int:
        return self._tokens[self._at][2] if self._at < len(self._tokens) else len(self._text)

    def _fault(self, position: int, wanted: str) -> Refusal:
        rest = self._text[position : position + 20]
        return Refusal(f"--only {self._text!r}: at character {position + 1}, {rest!r}, give {wanted}")
