"""A manifest's columns: which must be there, and which types the user's own get when rows come as text.

A text manifest is read a batch at a time, and no batch knows the others' values: each is typed by itself, `unify` finds
the types that hold for all, and `conform` brings a batch to them. A column whose values don't go together becomes JSON
text, which its field's metadata says (`core.fields.JSON_TEXT`).
"""

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from layoutgen.core.contracts import CONTRACTS, Need
from layoutgen.core.fields import JSON_TEXT

_READS_AS = b"reads_as"  # which types every text of a CSV column can be read as
_READERS: tuple[tuple[str, pa.DataType, re.Pattern[str]], ...] = (
    ("whole", pa.int64(), re.compile(r"0|-?[1-9][0-9]{0,17}")),  # 007 is an article number, not 7
    ("decimal", pa.float64(), re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")),
    ("truth", pa.bool_(), re.compile(r"true|false")),
)
_WIDE = {b"wide": b"yes"}  # whole numbers that float64 can't hold exactly
_UNFIT = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, UnicodeEncodeError)


class ManifestError(ValueError):
    """The manifest can't be used; the message names it, what was found, and the mend."""


def check(names: Sequence[str], uri: str, need: Need) -> None:
    """Raise ManifestError where columns that a job needs are not among `names`, or one has a result's name."""
    found = f"found {', '.join(names) or 'none'}"
    if twice := [name for name, times in Counter(names).items() if times > 1]:
        raise ManifestError(f"manifest {uri} has the column {twice[0]!r} twice; {found}; rename one")
    contract = CONTRACTS[need]
    missing = [
        f"{group[0]} (or {group[1]})" if group[1:] else group[0]
        for group in contract.required
        if not set(group) & set(names)
    ]
    if missing:
        raise ManifestError(f"manifest {uri} lacks the columns {', '.join(missing)}; {found}; add or rename them")
    if clash := [name for name in names if name in contract.reserved]:
        sizes = contract.sizes or "canvases"
        mend = (
            f"list the sizes in {sizes!r}"
            if clash[0] in ("canvas", "canvases")
            else f"rename it, such as to 'my_{clash[0]}'"
        )
        raise ManifestError(f"manifest {uri} has a column {clash[0]!r}, which is the name of a result's column; {mend}")


def table(rows: list[dict[str, Any]], lines: list[str], need: Need, *, from_text: bool) -> pa.Table:
    """A batch of rows, typed by itself, with each row as it was written in `input_row`. With `from_text` the values of
    the user's own columns are texts."""
    fields, columns = [pa.field("input_row", pa.string())], [pa.array(lines, pa.string())]
    for name in dict.fromkeys(name for row in rows for name in row):
        values = [row.get(name) for row in rows]
        if from_text and name not in CONTRACTS[need].columns:
            field, column = _texts(name, values)
        else:
            field, column = _typed(name, values, need)
        fields.append(field)
        columns.append(column)
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def unify(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """The columns and types of a whole manifest, of which `schemas` are the batches'."""
    if "input_row" not in schemas[0].names:
        return schemas[0]  # Parquet, or a folder: all alike
    names = dict.fromkeys(name for schema in schemas for name in schema.names)
    return pa.schema([_unified(name, [s.field(name) for s in schemas if name in s.names]) for name in names])


def conform(batch: pa.Table, schema: pa.Schema, need: Need) -> pa.Table:
    """Bring a batch to the schema that `unify` found; further columns, which are not the manifest's, stay."""
    columns = {}
    for field in schema:
        index = batch.schema.get_field_index(field.name)
        if index < 0:
            columns[field.name] = pa.nulls(len(batch), field.type)
        elif _holds_json(field) and not _holds_json(batch.schema.field(index)):
            columns[field.name] = _as_json(batch, field.name, is_own=field.name not in CONTRACTS[need].columns)
        else:
            columns[field.name] = batch.column(index).cast(field.type)
    more = [field for field in batch.schema if field.name not in columns]
    arrays = [*columns.values(), *(batch.column(field.name) for field in more)]
    return pa.Table.from_arrays(arrays, schema=pa.schema([*schema, *more]))


def _typed(name: str, values: list[Any], need: Need) -> tuple[pa.Field, pa.Array]:
    contract = CONTRACTS[need]
    kind = pa.list_(pa.string()) if name in contract.lists else pa.string() if name in contract.columns else None
    try:
        if name in contract.lists and any(isinstance(value, str) for value in values):
            raise pa.ArrowTypeError("Arrow would take a text for the list of its characters")
        array = pa.array(values, kind)
        wide = pa.types.is_integer(array.type) and any(abs(value) > 2**53 for value in values if value is not None)
        return pa.field(name, array.type, metadata=_WIDE if wide else None), array
    except _UNFIT:
        return _json_field(name), pa.array([_dumps(value) for value in values], pa.string())


def _texts(name: str, values: list[str | None]) -> tuple[pa.Field, pa.Array]:
    filled = [text for text in values if text is not None]
    if not filled:
        return pa.field(name, pa.null()), pa.nulls(len(values))
    fits = [reader for reader, _, pattern in _READERS if all(pattern.fullmatch(text) for text in filled)]
    return pa.field(name, pa.string(), metadata={_READS_AS: " ".join(fits)}), pa.array(values, pa.string())


def _unified(name: str, fields: list[pa.Field]) -> pa.Field:
    fields = [field for field in fields if not pa.types.is_null(field.type)]
    if not fields:
        return pa.field(name, pa.string())
    if any(_holds_json(field) for field in fields):
        return _json_field(name)
    marks = [field.metadata or {} for field in fields]
    if all(_READS_AS in mark for mark in marks):
        fits = set.intersection(*(set(mark[_READS_AS].decode().split()) for mark in marks))
        return pa.field(name, next((kind for reader, kind, _ in _READERS if reader in fits), pa.string()))
    try:
        plain = [pa.schema([field.remove_metadata()]) for field in fields]
        merged = pa.unify_schemas(plain, promote_options="permissive")
    except _UNFIT:
        return _json_field(name)
    kind = merged.field(0).type
    loses = pa.types.is_floating(kind) and any(mark.items() >= _WIDE.items() for mark in marks)
    return _json_field(name) if loses or _is_hollow(kind) else pa.field(name, kind)


def _is_hollow(kind: pa.DataType) -> bool:
    """Tell whether a nested type has a part without a type or without fields, which Parquet can't hold."""
    if pa.types.is_list(kind):
        return _is_hollow(kind.value_type)
    if pa.types.is_struct(kind):
        return not kind.num_fields or any(_is_hollow(kind.field(index).type) for index in range(kind.num_fields))
    return pa.types.is_null(kind)


def _json_field(name: str) -> pa.Field:
    return pa.field(name, pa.string(), metadata=JSON_TEXT)


def _holds_json(field: pa.Field) -> bool:
    return (field.metadata or {}).items() >= JSON_TEXT.items()


def _as_json(batch: pa.Table, name: str, *, is_own: bool) -> pa.Array:
    """A column as JSON text: one of the user's own as its row was written, another as it was read."""
    column = batch.column(name)
    if not is_own:
        return pa.array([_dumps(value) for value in column.to_pylist()], pa.string())
    filled = pc.is_valid(column).to_pylist()
    lines = batch.column("input_row").to_pylist()
    values = [json.loads(line)[name] if full else None for line, full in zip(lines, filled, strict=True)]
    return pa.array([_dumps(value) for value in values], pa.string())


def _dumps(value: Any) -> str | None:
    return None if value is None else json.dumps(value)
