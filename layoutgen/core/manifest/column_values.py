"""Values of the user's own columns on their way from one type to another, exact wherever the types allow it.

`values` writes a column as JSON holds it, `parsed` reads that back: texts and numbers as they are, decimals, dates and
times as their usual text (an instant that no calendar of four digits has as its count of units), bytes as base64, a map
as pairs, NaN and the infinities as "NaN", "Infinity" and "-Infinity", which JSON has no numbers for.
"""

import base64
import json
import math
import re
from collections.abc import Iterable
from decimal import Decimal
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from layoutgen.core import schema
from layoutgen.core.manifest.column_types import (
    NO_COLUMNS,
    carried,
    holds_json,
    is_list,
    most,
    own_of,
    settle,
    stored,
    with_most,
)

_DATED = re.compile(r"[0-9]{4}-")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?|true|false")
_UNFIT = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, ValueError, TypeError, OverflowError)
t = pa.types


class UnparsedError(ValueError):
    """A value can't be read as its column's type; the message names it."""


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column in the plain form of its type, which `carried` names."""
    kind = carried(column.type)
    assert kind is not None, column.type
    if is_uuid(column.type):
        kind = pa.string()
    return pa.chunked_array([_plain(chunk, kind) for chunk in column.chunks], kind)


def is_uuid(kind: pa.DataType) -> bool:
    """Tell whether a type is Arrow's UUID, which is carried as text."""
    return isinstance(kind, pa.BaseExtensionType) and kind.extension_name == "arrow.uuid"


def _plain(array: pa.Array, kind: pa.DataType) -> pa.Array:
    if is_uuid(array.type):
        return pa.array([value and str(value) for value in array.to_pylist()], kind)
    if isinstance(array.type, pa.BaseExtensionType):
        return _plain(array.storage, kind)
    if t.is_run_end_encoded(array.type):
        return _plain(pc.run_end_decode(array), kind)
    if "list_view" in str(array.type):  # pyarrow 26 casts it to lists without their last offset
        return parsed(values(array), kind)
    return array if array.type == kind else array.cast(kind)


def dumps(value: Any) -> str | None:
    """A value as JSON text; null stays null."""
    return None if value is None else json.dumps(_finite(value), allow_nan=False)


def _finite(value: Any) -> Any:
    """A value without NaN and infinities, which JSON has not."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_finite(part) for part in value]
    return value


def as_text(value: Any) -> str | None:
    """A value of a column of text: text as it is, another as JSON."""
    return value if isinstance(value, str) else dumps(value)


def cell_as_json(text: str | None) -> str | None:
    """A cell of a CSV file as JSON text: a number or truth value as it stands, else a string."""
    return text if text is None or _NUMBER.fullmatch(text) else dumps(text)


def values(column: pa.ChunkedArray | pa.Array) -> list[Any]:  # noqa: PLR0911 - one a kind
    """A column's values as JSON holds them."""
    if isinstance(column, pa.ChunkedArray):
        return [value for chunk in column.chunks for value in values(chunk)]
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return values(column.storage)
    if t.is_dictionary(kind):
        return values(column.dictionary_decode())
    if t.is_map(kind):
        pairs = [[key, item] for key, item in zip(values(column.keys), values(column.items), strict=True)]
        bounds = zip(column.is_valid().to_pylist(), pairwise(column.offsets.to_pylist()), strict=True)
        return [pairs[first:last] if there else None for there, (first, last) in bounds]
    if is_list(kind):
        parts = iter(values(column.flatten()))
        lengths = pc.list_value_length(column).to_pylist()
        return [None if length is None else list(islice(parts, length)) for length in lengths]
    if t.is_struct(kind):
        names = [field.name for field in kind]
        rows: Iterable[tuple[Any, ...]] = [()] * len(column)
        rows = zip(*map(values, column.flatten()), strict=True) if names else rows
        whole = column.is_valid().to_pylist()
        return [dict(zip(names, row, strict=True)) if there else None for row, there in zip(rows, whole, strict=True)]
    return _leaves(column)


def _leaves(array: pa.Array) -> list[Any]:
    kind = array.type
    if t.is_timestamp(kind) or t.is_date(kind):
        utc = array.cast(pa.timestamp(kind.unit, "UTC")) if t.is_timestamp(kind) and kind.tz else array
        counts = array.cast(pa.int32() if t.is_date32(kind) else pa.int64()).to_pylist()
        texts = zip(utc.cast(pa.string()).to_pylist(), counts, strict=True)
        return [text if text is None or _is_readable(text, count) else str(count) for text, count in texts]
    if t.is_time(kind) or t.is_decimal(kind):
        return list(array.cast(pa.string()).to_pylist())
    if t.is_duration(kind):
        return list(array.cast(pa.int64()).to_pylist())
    if t.is_floating(kind):
        found = array.to_pylist() if t.is_float64(kind) else _short(array)
        return [_finite(value) for value in found]
    if t.is_binary(kind) or t.is_large_binary(kind) or t.is_binary_view(kind) or t.is_fixed_size_binary(kind):
        return [None if value is None else base64.b64encode(value).decode() for value in array.to_pylist()]
    return list(array.to_pylist())


def _is_readable(text: str, count: int) -> bool:
    """Tell whether an instant's text is read back; pyarrow does not read those of the range's first and last day."""
    return bool(_DATED.match(text)) and abs(count) < 2**63 - 86_400 * 10**9


def _short(array: pa.Array) -> list[float | None]:
    """Values of float32 in the fewest digits that tell them apart: 0.1, not 0.10000000149."""
    return [None if value is None else float(str(np.float32(value))) for value in array.cast(pa.float32()).to_pylist()]


def convert(column: pa.ChunkedArray, was: pa.Field, to: pa.Field) -> pa.ChunkedArray:  # noqa: PLR0911 - one a kind
    """A stored column of the kind `was` in the stored form `to`, which the settling of types has chosen for it."""
    if column.null_count == len(column):  # also of an empty column, which files have as text, whatever it becomes
        return pa.chunked_array([pa.nulls(len(column), to.type)])
    if holds_json(to):
        if holds_json(was):
            return column
        return pa.chunked_array([pa.array(map(dumps, values(column)), pa.string())])
    if holds_json(was):
        read = [None if text is None else json.loads(text) for text in column.to_pylist()]
        return pa.chunked_array([parsed(read, to.type)])
    if was.type == to.type:
        return column
    if t.is_string(to.type):
        return pa.chunked_array([pa.array(map(as_text, values(column)), pa.string())])
    return column.cast(to.type)


def parsed(read: list[Any], kind: pa.DataType) -> pa.Array:
    """Values as `values` wrote them, or as JSON or CSV have them, in a plain type. Raises UnparsedError where one has
    no such meaning."""
    try:
        return _parsed(read, kind)
    except _UNFIT as error:
        raise UnparsedError(f"a value is no {kind}: {error}") from None


def _parsed(read: list[Any], kind: pa.DataType) -> pa.Array:
    holes = pa.array([value is None for value in read], pa.bool_())
    if t.is_map(kind):
        pairs: list[Any] = [
            None if row is None else [dict(zip(("key", "value"), pair, strict=True)) for pair in row] for row in read
        ]
        lists = _parsed(pairs, pa.list_(pa.struct([("key", kind.key_type), ("value", kind.item_type)])))
        parts = lists.values
        return pa.MapArray.from_arrays(lists.offsets, parts.field(0), parts.field(1), type=kind, mask=holes)
    if is_list(kind):
        flat = _parsed([value for row in read if row is not None for value in _checked(row, list)], kind.value_type)
        ends = np.cumsum([0, *(0 if row is None else len(row) for row in read)])
        found = pa.ListArray.from_arrays(pa.array(ends, pa.int32()), flat, mask=holes)
        return found.cast(kind) if t.is_fixed_size_list(kind) else found
    if t.is_struct(kind):
        rows = [{} if row is None else _checked(row, dict) for row in read]
        fields = list(kind)
        parts = [_parsed([row.get(field.name) for row in rows], field.type) for field in fields]
        return pa.StructArray.from_arrays(parts, fields=fields, mask=holes)
    return _parsed_leaves(read, kind)


def _checked(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{value!r} is no {kind.__name__}")
    return value


def _parsed_leaves(read: list[Any], kind: pa.DataType) -> pa.Array:  # noqa: PLR0911 - one a kind
    if t.is_string(kind):
        return pa.array(map(as_text, read), kind)
    if t.is_boolean(kind):
        return pa.array([{"true": True, "false": False}.get(v, v) if isinstance(v, str) else v for v in read], kind)
    if t.is_integer(kind) or t.is_duration(kind):
        whole = [None if value is None else _whole(value) for value in read]
        return pa.array(whole, pa.int64()).cast(kind) if t.is_duration(kind) else pa.array(whole, kind)
    if t.is_floating(kind):
        return pa.array([None if value is None else float(value) for value in read], kind)
    if t.is_decimal(kind):
        return pa.array([None if value is None else Decimal(str(value)) for value in read], kind)
    if t.is_binary(kind) or t.is_fixed_size_binary(kind):
        return pa.array([None if text is None else base64.b64decode(text, validate=True) for text in read], kind)
    if t.is_timestamp(kind) or t.is_date(kind):
        is_count = [value is not None and not _DATED.match(value) for value in read]
        dated = pa.array([None if far else text for text, far in zip(read, is_count, strict=True)], pa.string())
        if not any(is_count):
            return dated.cast(kind)
        far = [int(text) if is_far else None for text, is_far in zip(read, is_count, strict=True)]
        return pc.coalesce(dated.cast(kind), pa.array(far, pa.int32() if t.is_date(kind) else pa.int64()).cast(kind))
    if t.is_time(kind):
        return pa.array([None if text is None else _time(text, kind.unit) for text in read], pa.int64()).cast(
            pa.int32() if t.is_time32(kind) else pa.int64()
        ).cast(kind)  # fmt: skip
    return pa.array(read, kind)


def _whole(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise TypeError(f"{value!r} is no whole number")
    return int(value)


def _time(text: str, unit: str) -> int:
    """A time of day as its count of units."""
    hours, minutes, seconds = text.split(":")
    places = {"s": 0, "ms": 3, "us": 6, "ns": 9}[unit]
    return int((Decimal(hours) * 3600 + Decimal(minutes) * 60 + Decimal(seconds)).scaleb(places))


def aligned(table: pa.Table, kind: pa.Schema, columns: pa.Schema, *, as_is: bool = False) -> pa.Table:
    """A table with exactly the contract's columns of `kind` and the own `columns` (logical) behind them, converted,
    null where it has none; with `as_is` null too where it would have to be converted."""
    kind, columns = own_of(kind, columns)
    place = {name: index for index, name in enumerate(table.column_names)}
    whole = schema.complete(table.select([name for name in kind.names if name in place]), kind)
    arrays, fields = [], [*map(stored, columns)]
    for field in fields:
        index = place.get(field.name)
        if index is None or (as_is and not _is_alike(table.schema.field(index), field)):
            arrays.append(pa.chunked_array([pa.nulls(len(table), field.type)]))
        else:
            arrays.append(convert(table.column(index), table.schema.field(index), field))
    return pa.Table.from_arrays([*whole.columns, *arrays], schema=pa.schema([*whole.schema, *fields]))


def is_aligned(found: pa.Schema, kind: pa.Schema, columns: pa.Schema) -> bool:
    """Tell whether a file's schema is the one that `aligned` makes, whatever the order."""
    kind, columns = own_of(kind, columns)
    wanted = {field.name: field for field in map(stored, columns)}
    known = set(kind.names)
    own = {field.name: field for field in found if field.name not in known}
    return (
        len(own) == len(found) - len(kind)
        and own.keys() == wanted.keys()
        and all(_is_alike(own[name], field) for name, field in wanted.items())
    )


def _is_alike(one: pa.Field, other: pa.Field) -> bool:
    return bool(one.type == other.type and holds_json(one) == holds_json(other))


def concat(tables: list[pa.Table]) -> pa.Table:
    """Files of one table as one, also of an older version's, whose own columns may differ from file to file."""
    try:
        return pa.concat_tables(tables, promote_options="default")
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        columns = NO_COLUMNS
        for table in tables:
            fields = [with_most(field, most(column)) for field, column in zip(table.schema, table.columns, strict=True)]
            columns, _ = settle(columns, pa.schema(fields), keep=True)
        return pa.concat_tables([aligned(table, NO_COLUMNS, columns) for table in tables])


def same_rows(one: pa.Table, other: pa.Table) -> list[bool]:
    """Tell for each row of two tables of the same columns, types and length whether its values are the same, as NaN and
    NaN are."""
    same = [True] * len(one)
    for name in one.column_names:
        left, right = one.column(name), other.column(name)
        if not left.equals(right):
            pairs = zip(same, values(left), values(right), strict=True)
            same = [so_far and old == new for so_far, old, new in pairs]
    return same
