"""A manifest's columns: which must be there, under which names, and which types they have.

A text manifest is read a batch at a time, and no batch knows the others' values: each is typed by itself, `unify` finds
the types that hold for all, and `conform` brings a batch to them, and to what the table has had so far
(`core.manifest.column_types`). A column whose values are of several kinds becomes JSON text.
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

import pyarrow as pa

from layoutgen.core.errors import Refusal
from layoutgen.core.manifest.column_types import (
    carried,
    holds_json,
    joined,
    json_field,
    most,
    most_of,
    stored,
    with_most,
)
from layoutgen.core.manifest.column_values import UnparsedError, as_text, cell_as_json, convert, dumps, parsed, plain
from layoutgen.core.manifest.contracts import CONTRACTS, JobKind
from layoutgen.core.text.plain_text import is_unicode

_READS_AS = b"reads_as"  # which types every text of a CSV column can be read as
_NAME = b"name"  # the name that a column of JSON lines has in its lines
_WHOLE, _DECIMAL, _TRUTH = "whole", "decimal", "truth"
_READERS = {_WHOLE: pa.int64(), _DECIMAL: pa.float64(), _TRUTH: pa.bool_()}
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")  # 007 is an article number, not 7
_FRACTION = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?")
_EXACT_DIGITS = 15  # a float64 gives them all back
_UNFIT = (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError, UnicodeEncodeError)
_SHOWN, _CHARACTERS, _FAULTS = 40, 300, 3  # names that a message lists, of how many characters; faults of one kind


class ManifestError(Refusal):
    """The manifest can't be used; the message names it, what was found, and the mend."""


def check(names: Sequence[str], uri: str, kind: JobKind, rename: Mapping[str, str] | None = None) -> None:
    """Raise ManifestError with all that is wrong with a manifest's column `names`, once `rename` has renamed them: a
    needed one that lacks, one that stands twice, one with a result's name, two that differ by case alone, which some
    readers don't see."""
    rename = rename or {}
    given = {rename.get(name, name): name for name in names}
    names = [rename.get(name, name) for name in names]
    contract = CONTRACTS[kind]
    faults = _first_few([_twice(name, rename) for name, times in Counter(names).items() if times > 1])
    lacking = [
        f"{group[0]} (or {group[1]})" if group[1:] else group[0]
        for group in contract.required
        if not set(group) & set(names)
    ]
    if lacking:
        faults.append(f"lacks the columns {', '.join(lacking)}; found {_listed(names)}; add or rename them")
    known = {_folded(name): name for name in (*contract.columns, *contract.reserved)}
    first: dict[str, str] = {}
    mends: dict[str, str] = {}
    for name in dict.fromkeys(names):
        told = _name_fault(name, first.setdefault(_folded(name), name), known.get(_folded(name)), kind)
        if told is None:
            continue
        faults.append(told)
        if name.lower() not in ("canvas", "canvases"):
            mends[given[name]] = _free_name(known.get(_folded(name), name), names, kind)
    if mends:
        told = ", ".join(f"{json.dumps(old, ensure_ascii=False)} = {json.dumps(new)}" for old, new in mends.items())
        faults.append(f"rename {'it' if len(mends) == 1 else 'them'}, such as by input.rename = {{ {told} }}")
    if faults:
        raise ManifestError(f"manifest {uri} " + "; ".join(faults))


def _first_few(faults: list[str]) -> list[str]:
    """As many faults of one kind as a message holds; a file without line ends has as many columns as fields."""
    return [*faults[:_FAULTS], *([f"and {len(faults) - _FAULTS} more such"] if len(faults) > _FAULTS else [])]


def check_rename(names: Iterable[str], uri: str, rename: Mapping[str, str]) -> None:
    """Raise ManifestError where `rename` names columns that a manifest with all these `names` has not."""
    if gone := [name for name in rename if name not in set(names)]:
        raise ManifestError(
            f"manifest {uri} has no column {', '.join(map(repr, gone))}, which input.rename names; found "
            f"{_listed(list(names))}; correct input.rename"
        )


def check_types(schema: pa.Schema, uri: str) -> None:
    """Raise ManifestError where columns of a Parquet manifest have a type that can't be carried."""
    if wrong := [f"{field.name!r} ({field.type})" for field in schema if carried(field.type) is None]:
        raise ManifestError(
            f"manifest {uri} has columns of types that can't be carried: {', '.join(wrong)}; write them as text, or "
            "leave them out"
        )


def _name_fault(name: str, first: str, known: str | None, kind: JobKind) -> str | None:
    """What is wrong with a column's name; None where nothing is. `first` is the first column of the same letters,
    `known` the contract's."""
    contract = CONTRACTS[kind]
    if name in contract.columns:
        return None
    if not name or not is_unicode(name):
        return f"has a column {name!a}, " + ("whose name is no Unicode" if name else "as input.rename leaves it")
    if known in contract.reserved:
        if name in ("canvas", "canvases"):
            mend = f"; list the sizes in {contract.sizes or 'canvases'!r}"
            return f"has a column {name!r}, which is the name of a result's column{mend}"
        alike = "" if known == name else f" {known!r} to readers that don't tell case"
        return f"has a column {name!r}, which is the name of a result's column{alike}"
    if other := known or (first if first != name else None):
        return f"has a column {name!r}, which readers that don't tell case take for {other!r}"
    return None


def _twice(name: str, rename: Mapping[str, str]) -> str:
    if name in rename.values():
        return f"has the column {name!r} twice, once by input.rename; choose another name there"
    return f"has the column {name!r} twice; rename one"


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).lower()


def _free_name(name: str, names: Sequence[str], kind: JobKind) -> str:
    """A name for a column that can't keep `name`: the contract's where that is what is meant, else one of its own."""
    if name in CONTRACTS[kind].columns and name not in names:
        return name
    base = f"shop_{name.lower().strip('_')}"
    taken = set(map(_folded, names))
    return next(free for free in (base, *(f"{base}_{n}" for n in range(2, 99))) if _folded(free) not in taken)


def _listed(names: Sequence[str]) -> str:
    shown, characters = 0, 0
    while shown < min(_SHOWN, len(names)) and (characters := characters + len(names[shown])) <= _CHARACTERS:
        shown += 1
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return (", ".join(names[:shown]) or f"{names[0][:80]}…" if names else "none") + more


def table(
    rows: list[dict[str, Any]],
    lines: list[str],
    kind: JobKind,
    *,
    from_text: bool,
    rename: Mapping[str, str] | None = None,
    given: pa.Schema | None = None,
) -> pa.Table:
    """A batch of rows, typed by itself, with each row as it was written in `input_row`. With `from_text` the values of
    the user's own columns are texts. `rename` gives columns other names; own columns that are `given` are read as
    these say, as far as their values can be."""
    rename = rename or {}
    kinds = {} if given is None else {field.name: stored(field) for field in given}
    fields, columns = [pa.field("input_row", pa.string())], [pa.array(lines, pa.string())]
    for written in dict.fromkeys(name for row in rows for name in row):
        name = rename.get(written, written)
        cells = [row.get(written) for row in rows]
        is_own = name not in CONTRACTS[kind].columns
        made = _given(cells, kinds[name], from_text=from_text) if is_own and name in kinds else None
        if made is None:
            made = _texts(name, cells) if is_own and from_text else _typed(name, written, cells, kind)
        fields.append(made[0])
        columns.append(made[1])
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def typed(batch: pa.Table, rename: Mapping[str, str]) -> pa.Table:
    """A batch of a Parquet manifest with its columns renamed and in plain types."""
    columns = [plain(column) for column in batch.columns]
    fields = [
        with_most(pa.field(rename.get(name, name), column.type), most(column))
        for name, column in zip(batch.column_names, columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def unify(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """The columns of a whole manifest in the form that files have, of which `schemas` are the batches'."""
    return pa.schema([stored(field) for field in whole(schemas)])


def whole(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """The columns of a whole manifest, logical (see `core.manifest.column_types`), of which `schemas` are the
    batches'."""
    parts: dict[str, list[pa.Field]] = {}
    for schema in schemas:
        for field in schema:
            parts.setdefault(field.name, []).append(field)
    return pa.schema([_whole(fields) for fields in parts.values()])


def conform(batch: pa.Table, schema: pa.Schema, kind: JobKind) -> pa.Table:
    """Bring a batch to the schema of all (see `unify`); further columns, which are not the manifest's, stay."""
    place = {name: index for index, name in enumerate(batch.column_names)}
    lines: list[dict[str, Any]] = []  # each row as it was written, read when it is needed first

    def conformed(field: pa.Field, was: pa.Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
        mark = was.metadata or {}
        if _READS_AS in mark:
            return _cells(column, field)
        if _NAME in mark and pa.types.is_string(field.type) and (holds_json(field), field.type) != _form(was):
            if not lines:
                lines.extend(_read(line) for line in batch.column("input_row").to_pylist())
            name, write = mark[_NAME].decode(), dumps if holds_json(field) else as_text
            return pa.chunked_array([pa.array([write(row.get(name)) for row in lines], pa.string())])
        return convert(column, was, field)

    arrays = [
        conformed(field, batch.schema.field(index), batch.column(index))
        if (index := place.get(field.name)) is not None
        else pa.chunked_array([pa.nulls(len(batch), field.type)])
        for field in schema
    ]
    known = set(schema.names)
    more = [index for name, index in place.items() if name not in known]
    fields = [*schema, *(batch.schema.field(index) for index in more)]
    return pa.Table.from_arrays([*arrays, *map(batch.column, more)], schema=pa.schema(fields))


def _form(field: pa.Field) -> tuple[bool, pa.DataType]:
    return holds_json(field), field.type


def _read(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _typed(name: str, written: str, cells: list[Any], kind: JobKind) -> tuple[pa.Field, pa.Array]:
    contract = CONTRACTS[kind]
    type_ = pa.list_(pa.string()) if name in contract.lists else pa.string() if name in contract.columns else None
    mark = {} if name in contract.columns else {_NAME: written.encode()}
    try:
        if name in contract.lists and any(isinstance(cell, str) for cell in cells):
            raise pa.ArrowTypeError("Arrow would take a text for the list of its characters")
        array = pa.array(cells, type_)
        return with_most(pa.field(name, array.type, metadata=mark), most(array)), array
    except _UNFIT:
        field = json_field(name)
        write = dumps if mark else json_as_read
        return field.with_metadata({**field.metadata, **mark}), pa.array(map(write, cells), pa.string())


def json_as_read(value: Any) -> str | None:
    """A value of a contract column as JSON, with what Python reads beyond JSON, so that the plan sees it as it was."""
    return None if value is None else json.dumps(value)


def _texts(name: str, cells: list[str | None]) -> tuple[pa.Field, pa.Array]:
    filled = [text for text in cells if text is not None]
    if not filled:
        return pa.field(name, pa.null()), pa.nulls(len(cells))
    fits = [
        *([_WHOLE] if all(map(_INTEGER.fullmatch, filled)) else []),
        *([_DECIMAL] if all(map(_is_decimal, filled)) else []),
        *([_TRUTH] if all(text in ("true", "false") for text in filled) else []),
    ]
    field = pa.field(name, pa.string(), metadata={_READS_AS: " ".join(fits)})
    largest = max(abs(int(text)) for text in filled) if _WHOLE in fits else 0
    return with_most(field, largest), pa.array(cells, pa.string())


def _is_decimal(text: str) -> bool:
    """Tell whether a text is a number that float64 gives back as it is."""
    return bool(_FRACTION.fullmatch(text)) and len(text.lstrip("-0.").replace(".", "")) <= _EXACT_DIGITS


def _cells(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    """A CSV file's texts in the type that was found for all of them."""
    if holds_json(field):
        return pa.chunked_array([pa.array(map(cell_as_json, column.to_pylist()), pa.string())])
    return column.cast(field.type)


def _given(cells: list[Any], field: pa.Field, *, from_text: bool) -> tuple[pa.Field, pa.Array] | None:
    """A column read as its field says; None where a value can't be."""
    if holds_json(field):
        return field, pa.array(map(cell_as_json if from_text else dumps, cells), pa.string())
    try:
        array = parsed(cells, field.type)
    except UnparsedError:
        return None
    return with_most(field, most(array)), array


def _whole(fields: list[pa.Field]) -> pa.Field:
    """A column of which the batches have these fields."""
    name, filled = fields[0].name, [field for field in fields if not pa.types.is_null(field.type)]
    marks = [field.metadata or {} for field in filled]
    if filled and all(_READS_AS in mark for mark in marks):
        fits = set.intersection(*(set(mark[_READS_AS].decode().split()) for mark in marks))
        kind = next((kind for reader, kind in _READERS.items() if reader in fits), pa.string())
        filled = [with_most(pa.field(name, kind), most_of(field)) for field in filled]
    return reduce(joined, filled, pa.field(name, pa.null()))
