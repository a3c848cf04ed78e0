"""Types of the user's own columns: one for a whole snapshot, settled before any work.

`settled` takes a column as it is in the table so far and as it is in tonight's manifest:

1. A column that holds nothing takes the other's type.
2. Text stays text; other values then read as they do in JSON: 7, 7.5, true, [1, 2]. Dates, times and decimals are their
   usual text, bytes are base64.
3. Numbers widen as long as every value stays exact: to the larger integer, to a decimal with room for both, to float64
   where no integer is beyond 2^53.
4. Dates, timestamps, times and durations take the finer unit, if it can hold all values; zones become UTC.
5. Lists, structs and maps widen part by part.
6. Whatever else differs is JSON text, which its field's metadata says (`JSON_TEXT`), and stays so.

Two values are the same where they are under the settled type: 7 and 7.0 as numbers, 7 and "7" as text.

A schema here is logical: a column without any value has the type null, and a list without any has a part without a
type, so that later values choose it. `stored` gives the form that files have. A field's metadata `MOST` is the largest
integer in it, of either sign, counted in its own unit.
"""

import base64
from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

JSON_TEXT = {b"holds": b"json"}
MOST = b"most"
_WAS = b"was"
_EXACT = 2**53  # integers up to here are exact in float64
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DIGITS = {8: 3, 16: 5, 32: 10, 64: 20}
NO_COLUMNS = pa.schema([])
t = pa.types


def carried(kind: pa.DataType) -> pa.DataType | None:
    """The plain form of a type, without views, dictionaries, large offsets and extensions; None where Parquet or its
    readers have none."""
    if isinstance(kind, pa.BaseExtensionType):
        return carried(kind.storage_type)
    if t.is_dictionary(kind) or t.is_run_end_encoded(kind):
        return carried(kind.value_type)
    if t.is_map(kind):
        key, item = carried(kind.key_type), carried(kind.item_type)
        return pa.map_(key, item) if key is not None and item is not None else None
    if is_list(kind):
        inner = carried(kind.value_type)
        size = kind.list_size if t.is_fixed_size_list(kind) else -1
        return None if inner is None else pa.list_(inner, size)
    if t.is_struct(kind):
        parts = {field.name: carried(field.type) for field in kind}
        whole = len(parts) == kind.num_fields and None not in parts.values()
        return pa.struct(list(parts.items())) if whole else None
    return _carried_leaf(kind)


def _carried_leaf(kind: pa.DataType) -> pa.DataType | None:
    if t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind):
        return pa.string()
    if t.is_binary(kind) or t.is_large_binary(kind) or t.is_binary_view(kind):
        return pa.binary()
    if t.is_decimal(kind):
        return _decimal(kind.precision - kind.scale, kind.scale)
    if t.is_timestamp(kind) and kind.unit == "s":
        return pa.timestamp("ms", kind.tz)  # Parquet has no seconds
    if t.is_union(kind) or t.is_interval(kind):
        return None
    return {pa.float16(): pa.float32(), pa.date64(): pa.date32()}.get(kind, kind)


def is_list(kind: pa.DataType) -> bool:
    """Tell whether a type is a list of any form, and no map."""
    some = (t.is_list, t.is_large_list, t.is_fixed_size_list, t.is_list_view, t.is_large_list_view)
    return any(check(kind) for check in some)


def holds_json(field: pa.Field) -> bool:
    """Tell whether a column is JSON text."""
    return bool((field.metadata or {}).items() >= JSON_TEXT.items())


def is_text(field: pa.Field) -> bool:
    """Tell whether a column's stored form is text, be it JSON of values of which some are text."""
    return bool(t.is_string(stored(field).type))


def json_field(name: str) -> pa.Field:
    """A column of JSON text."""
    return pa.field(name, pa.string(), metadata=JSON_TEXT)


def most(column: pa.ChunkedArray | pa.Array) -> int:
    """The largest integer of either sign in a column of plain types or in its parts; instants as they are stored."""
    if isinstance(column, pa.ChunkedArray):
        return max(map(most, column.chunks), default=0)
    kind = column.type
    if t.is_map(kind):
        return max(most(column.keys), most(column.items))
    if is_list(kind):
        return most(column.flatten())
    if t.is_struct(kind):
        return max(map(most, column.flatten()), default=0)
    if t.is_integer(kind):
        bounds = pc.min_max(column).as_py()
    elif t.is_timestamp(kind) or t.is_duration(kind) or t.is_date(kind):
        bounds = pc.min_max(column.cast(pa.int32() if t.is_date(kind) else pa.int64())).as_py()
    else:
        return 0
    return 0 if bounds["min"] is None else max(abs(bounds["min"]), abs(bounds["max"]))


def with_most(field: pa.Field, largest: int) -> pa.Field:
    """A field that tells its largest integer; the larger one where it does already."""
    largest = max(largest, most_of(field))
    return field.with_metadata({**(field.metadata or {}), MOST: str(largest).encode()}) if largest else field


def most_of(field: pa.Field) -> int:
    """The largest integer of a field, as its metadata says."""
    return int((field.metadata or {}).get(MOST, b"0"))


def joined(one: pa.Field, other: pa.Field) -> pa.Field:
    """The column that holds the values of two columns, as two parts of one manifest have it: JSON text where they are
    of several kinds."""
    if holds_json(one) or holds_json(other):
        agreed = json_field(one.name)
    else:
        kind = _joined(one.type, other.type, (most_of(one), most_of(other)))
        agreed = json_field(one.name) if kind is None else pa.field(one.name, kind)
    return _with_reach(agreed, (one, other))


def settled(table: pa.Field, manifest: pa.Field) -> pa.Field:
    """The column as it is from tonight on, by the rule above. Where it can't keep its kind, its metadata says so."""
    texts = [field for field in (table, manifest) if t.is_string(field.type) and not holds_json(field)]
    if t.is_null(table.type) or t.is_null(manifest.type):
        agreed = joined(table, manifest)
    elif texts and not holds_json(table):
        agreed = pa.field(table.name, pa.string())
    else:
        agreed = joined(table, manifest)
    was = {key: value for key, value in (table.metadata or {}).items() if key == _WAS}
    if said := change(table, agreed, manifest):
        was = {_WAS: said.encode()}
    return agreed.with_metadata({**(agreed.metadata or {}), **was}) if was else agreed


def change(table: pa.Field, agreed: pa.Field, manifest: pa.Field) -> str | None:
    """How a column's kind changes for good with tonight's manifest, in words; None where its own kind is kept."""
    if is_hollow(table.type) or named(agreed) == named(table):
        return None
    return f"{named(table)} in the table, {named(manifest)} in the manifest: {named(agreed)} from now on"


def named(field: pa.Field) -> str:
    """A column's kind in words."""
    return "JSON text" if holds_json(field) else "text" if t.is_string(field.type) else str(field.type)


def stored(field: pa.Field) -> pa.Field:
    """The form in which files have a logical column: text where nothing is in it, JSON text where a part has no type or
    a struct has names that readers take for one another."""
    kept = {key: value for key, value in (field.metadata or {}).items() if key != MOST}
    if t.is_null(field.type):
        return pa.field(field.name, pa.string(), metadata=kept)
    if is_hollow(field.type):
        return json_field(field.name).with_metadata({**kept, **JSON_TEXT})
    return pa.field(field.name, field.type, metadata=kept or None)


def is_hollow(kind: pa.DataType) -> bool:
    """Tell whether a nested type has a part without a type or without fields, which Parquet can't hold, or fields that
    differ by case alone."""
    if t.is_map(kind):
        return is_hollow(kind.key_type) or is_hollow(kind.item_type)
    if is_list(kind):
        return is_hollow(kind.value_type)
    if t.is_struct(kind):
        names = {field.name.lower() for field in kind}
        return len(names) != kind.num_fields or not names or any(is_hollow(field.type) for field in kind)
    return bool(t.is_null(kind))


def settle(table: pa.Schema, manifest: pa.Schema, *, keep: bool) -> tuple[pa.Schema, dict[str, str]]:
    """The own columns of a snapshot, logical, the table's first, and what of them changes for good. Columns that the
    manifest lacks go, unless `keep`."""
    tonight = {field.name: field for field in manifest}
    fields, changes = [], {}
    for field in table:
        other = tonight.pop(field.name, None)
        if other is None:
            fields += [field] if keep else []
            continue
        fields.append(settled(field, other))
        if said := change(field, fields[-1], other):
            changes[field.name] = said
    return pa.schema([*fields, *tonight.values()]), changes


def encode(columns: pa.Schema) -> str:
    """A schema as text; `decode` reads it."""
    return base64.b64encode(columns.serialize().to_pybytes()).decode()


def described(columns: pa.Schema, kind: pa.Schema = NO_COLUMNS) -> dict[str, Any]:
    """A run's own columns as its manifest has them, for people (`own_columns`: but those that are the published
    `kind`'s) and for the next run (`own_schema`)."""
    return {
        "own_columns": {field.name: named(stored(field)) for field in own_of(kind, columns)[1]},
        "own_schema": encode(columns),
    }


def own_of(kind: pa.Schema, columns: pa.Schema) -> tuple[pa.Schema, pa.Schema]:
    """The contract's columns of `kind` and the user's own of a run whose settled `columns` may have names of both: one
    of text is the contract's, another one the user's own."""
    own = pa.schema([field for field in columns if field.name not in kind.names or not is_text(field)])
    return pa.schema([field for field in kind if field.name not in own.names]), own


def decode(text: str) -> pa.Schema:
    """The schema that `encode` wrote."""
    return pa.ipc.read_schema(pa.py_buffer(base64.b64decode(text)))


def _with_reach(field: pa.Field, parts: Iterable[pa.Field]) -> pa.Field:
    """Tell a joined column's largest integer, in its own unit."""
    reach = max(most_of(part) * _steps(part.type, field.type) for part in parts)
    return with_most(field, reach)


def _joined(one: pa.DataType, other: pa.DataType, reach: tuple[int, int]) -> pa.DataType | None:
    """The type that holds the values of both, of which the largest integers are `reach`; None where none does."""
    if one == other or t.is_null(other):
        return one
    if t.is_null(one):
        return other
    if t.is_nested(one) or t.is_nested(other):
        return _joined_parts(one, other, reach)
    if _is_number(one) and _is_number(other):
        return _joined_numbers(one, other, reach)
    if _is_bytes(one) and _is_bytes(other):
        return pa.binary()
    return _joined_times(one, other, reach)


def _joined_parts(one: pa.DataType, other: pa.DataType, reach: tuple[int, int]) -> pa.DataType | None:
    if t.is_map(one) and t.is_map(other):
        key, item = (_joined(getattr(one, name), getattr(other, name), reach) for name in ("key_type", "item_type"))
        return pa.map_(key, item) if key is not None and item is not None else None
    if is_list(one) and is_list(other):
        inner = _joined(one.value_type, other.value_type, reach)
        sizes = {kind.list_size if t.is_fixed_size_list(kind) else -1 for kind in (one, other)}
        return None if inner is None else pa.list_(inner, sizes.pop() if len(sizes) == 1 else -1)
    if t.is_struct(one) and t.is_struct(other):
        kinds = {field.name: field.type for field in one}
        for field in other:
            kind = _joined(kinds[field.name], field.type, reach) if field.name in kinds else field.type
            if kind is None:
                return None
            kinds[field.name] = kind
        return pa.struct(list(kinds.items()))
    return None


def _is_number(kind: pa.DataType) -> bool:
    return bool(t.is_integer(kind) or t.is_floating(kind) or t.is_decimal(kind))


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(t.is_binary(kind) or t.is_fixed_size_binary(kind))


def _joined_numbers(one: pa.DataType, other: pa.DataType, reach: tuple[int, int]) -> pa.DataType | None:
    if t.is_floating(one) and t.is_floating(other):
        return pa.float64()
    if t.is_floating(one) or t.is_floating(other):
        number, largest = (other, reach[1]) if t.is_floating(one) else (one, reach[0])
        is_exact = t.is_integer(number) and (number.bit_width <= 32 or largest <= _EXACT)
        return pa.float64() if is_exact else None
    if t.is_integer(one) and t.is_integer(other):
        signed = [t.is_signed_integer(kind) for kind in (one, other)]
        if signed[0] == signed[1]:
            return max(one, other, key=lambda kind: kind.bit_width)
        with_sign, without = (one, other) if signed[0] else (other, one)
        bits = max(with_sign.bit_width, 2 * without.bit_width)
        return {16: pa.int16(), 32: pa.int32(), 64: pa.int64()}.get(bits, _decimal(20, 0))
    room = [(_DIGITS[kind.bit_width], 0) if t.is_integer(kind) else (kind.precision - kind.scale, kind.scale)
            for kind in (one, other)]  # fmt: skip
    return _decimal(*(max(sizes) for sizes in zip(*room, strict=True)))


def _decimal(whole: int, scale: int) -> pa.DataType | None:
    scale = max(scale, 0)
    digits = max(1, whole + scale)
    return pa.decimal128(digits, scale) if digits <= 38 else pa.decimal256(digits, scale) if digits <= 76 else None


def _joined_times(one: pa.DataType, other: pa.DataType, reach: tuple[int, int]) -> pa.DataType | None:
    stamps = [kind for kind in (one, other) if t.is_timestamp(kind)]
    if len(stamps) == 1 and any(t.is_date(kind) for kind in (one, other)) and stamps[0].tz is None:
        common = stamps[0]
    elif t.is_duration(one) and t.is_duration(other):
        common = max(one, other, key=lambda kind: _PER_SECOND[kind.unit])
    elif t.is_time(one) and t.is_time(other):
        return max(one, other, key=lambda kind: _PER_SECOND[kind.unit])
    elif len(stamps) == 2 and (one.tz is None) == (other.tz is None):
        unit = max(one.unit, other.unit, key=_PER_SECOND.__getitem__)
        common = pa.timestamp(unit, one.tz if one.tz == other.tz else "UTC")
    else:
        return None
    fits = all(largest * _steps(kind, common) < 2**63 for kind, largest in zip((one, other), reach, strict=True))
    return common if fits else None


def _steps(kind: pa.DataType, finer: pa.DataType) -> int:
    """How many units of an instant's type are one of another."""
    if not (t.is_timestamp(finer) or t.is_duration(finer)):
        return 1
    if t.is_date(kind):
        return 86_400 * _PER_SECOND[finer.unit]
    return _PER_SECOND[finer.unit] // _PER_SECOND[kind.unit] if hasattr(kind, "unit") else 1
