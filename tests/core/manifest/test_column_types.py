"""Own columns: one type for a whole snapshot, and no value changes on the way to it."""

import datetime
import io
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.manifest import column_types
from layoutgen.core.manifest.column_types import JSON_TEXT, carried, most, settle, settled, stored, with_most
from layoutgen.core.manifest.column_values import (
    UnparsedError,
    aligned,
    concat,
    convert,
    dumps,
    parsed,
    plain,
    same_rows,
    values,
)
from tests.budget import examples

JSON = pa.field("own", pa.string(), metadata=JSON_TEXT)


def field(kind: pa.DataType, largest: int = 0) -> pa.Field:
    return with_most(pa.field("own", kind), largest)


def kind_of(table: pa.Field, manifest: pa.Field) -> str:
    return column_types.named(stored(settled(table, manifest)))


@pytest.mark.parametrize(
    ("table", "manifest", "kind"),
    [
        (field(pa.int64()), field(pa.int64()), "int64"),
        (field(pa.null()), field(pa.int64()), "int64"),
        (field(pa.bool_()), field(pa.null()), "bool"),
        (field(pa.null()), field(pa.null()), "text"),
        (field(pa.int32()), field(pa.int64()), "int64"),
        (field(pa.uint32()), field(pa.int64()), "int64"),
        (field(pa.uint64()), field(pa.int8()), "decimal128(20, 0)"),
        (field(pa.int64(), 2**53), field(pa.float64()), "double"),
        (field(pa.int64(), 2**53 + 1), field(pa.float64()), "JSON text"),
        (field(pa.float32()), field(pa.int32(), 2**31), "double"),
        (field(pa.int64()), field(pa.decimal128(10, 2)), "decimal128(22, 2)"),
        (field(pa.decimal128(38, 0)), field(pa.decimal128(10, 9)), "decimal256(47, 9)"),
        (field(pa.decimal256(76, 0)), field(pa.decimal128(10, 9)), "JSON text"),
        (field(pa.decimal128(10, 2)), field(pa.float64()), "JSON text"),
        (field(pa.int64()), field(pa.string()), "text"),
        (field(pa.string()), field(pa.int64()), "text"),
        (field(pa.string()), JSON, "text"),
        (field(pa.int64()), JSON, "JSON text"),
        (JSON, field(pa.string()), "JSON text"),
        (field(pa.bool_()), field(pa.int64()), "JSON text"),
        (field(pa.int64()), field(pa.list_(pa.int64())), "JSON text"),
        (field(pa.list_(pa.null())), field(pa.list_(pa.int64())), "list<item: int64>"),
        (field(pa.list_(pa.null())), field(pa.null()), "JSON text"),
        (field(pa.list_(pa.int64()), 2**60), field(pa.list_(pa.float64())), "JSON text"),
        (field(pa.struct([("a", pa.int64())])), field(pa.struct([("A", pa.int64())])), "JSON text"),
        (field(pa.binary(4)), field(pa.binary()), "binary"),
        (field(pa.timestamp("us")), field(pa.timestamp("ns"), 1), "timestamp[ns]"),
        (field(pa.timestamp("us"), 2**62), field(pa.timestamp("ns")), "JSON text"),
        (field(pa.date32(), 20_000), field(pa.timestamp("us")), "timestamp[us]"),
        (field(pa.date32(), 2**31 - 1), field(pa.timestamp("us")), "JSON text"),
        (field(pa.timestamp("us", "UTC")), field(pa.timestamp("us", "Asia/Tokyo")), "timestamp[us, tz=UTC]"),
        (field(pa.timestamp("us", "UTC")), field(pa.timestamp("us")), "JSON text"),
        (field(pa.duration("s"), 1), field(pa.duration("ns")), "duration[ns]"),
        (field(pa.time32("s")), field(pa.time64("ns")), "time64[ns]"),
    ],
    ids=lambda value: None if isinstance(value, str) else str(value.type),
)
def test_the_rule(table: pa.Field, manifest: pa.Field, kind: str) -> None:
    assert kind_of(table, manifest) == kind
    assert kind_of(settled(table, manifest), manifest) == kind, "settled once is settled"


def test_an_exact_integer_stays_exact_over_nights() -> None:
    tonight = settled(field(pa.int64(), 5), field(pa.int64(), 2**60))
    assert kind_of(tonight, field(pa.float64())) == "JSON text"


def test_a_change_is_told_and_a_column_that_was_empty_changes_nothing() -> None:
    table = pa.schema([("a", pa.int64()), ("b", pa.null()), ("gone", pa.bool_())])
    own, changes = settle(table, pa.schema([("b", pa.int64()), ("new", pa.string()), ("a", pa.string())]), keep=False)
    assert own.names == ["a", "b", "new"]
    assert changes == {"a": "int64 in the table, text in the manifest: text from now on"}
    assert settle(table, pa.schema([]), keep=True)[0] == table
    assert column_types.decode(column_types.encode(own)).equals(own, check_metadata=True)


PLAIN = [
    (pa.array(["a", None], pa.string_view()), pa.string()),
    (pa.array(["a", None], pa.large_string()), pa.string()),
    (pa.array(["a", None, "a"]).dictionary_encode(), pa.string()),
    (pa.RunEndEncodedArray.from_arrays([2, 3], ["a", "b"]), pa.string()),
    (pa.array([b"a", None], pa.binary_view()), pa.binary()),
    (pa.array([b"ab", None], pa.binary(2)), pa.binary(2)),
    (pa.array([1.5, None], pa.float16()), pa.float32()),
    (pa.array([["a"], None, ["b", "c"]], pa.list_(pa.string_view())), pa.list_(pa.string())),
    (pa.array([["a"], None, ["b", "c"]], pa.list_view(pa.string())), pa.list_(pa.string())),
    (pa.array([{"a": ["x"]}, None], pa.struct([("a", pa.large_list(pa.string_view()))])),
     pa.struct([("a", pa.list_(pa.string()))])),
    (pa.array([[("a", "b")], None], pa.map_(pa.string_view(), pa.large_string())), pa.map_(pa.string(), pa.string())),
    (pa.array([b"0" * 16, None], pa.uuid()), pa.string()),
    (pa.array(['{"a": 1}', None], pa.json_()), pa.string()),
    (pa.array([Decimal("1.50"), None], pa.decimal64(5, 2)), pa.decimal128(5, 2)),
    (pa.array([1, None], pa.timestamp("s")), pa.timestamp("ms")),
]  # fmt: skip


@pytest.mark.parametrize(("array", "kind"), PLAIN, ids=[str(array.type) for array, _ in PLAIN])
def test_views_dictionaries_large_types_and_extensions_become_plain(array: pa.Array, kind: pa.DataType) -> None:
    found = plain(pa.chunked_array([array]))
    assert found.type == kind
    assert [value if value is None else str(value) for value in array.to_pylist()] == [
        value if value is None else str(value) for value in found.to_pylist()
    ]
    assert plain(pa.chunked_array([], array.type)).type == kind
    pq.write_table(pa.table({"own": found}), io.BytesIO())


@pytest.mark.parametrize("kind", [pa.month_day_nano_interval(), pa.list_(pa.month_day_nano_interval())])
def test_a_type_that_parquet_has_not_is_not_carried(kind: pa.DataType) -> None:
    assert carried(kind) is None


LEAVES = {
    pa.bool_(): st.booleans(),
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.float64(): st.floats(),
    pa.float32(): st.floats(width=32),
    pa.string(): st.text(max_size=3),
    pa.binary(): st.binary(max_size=3),
    pa.decimal128(20, 3): st.decimals(-(10**9), 10**9, places=3),
    pa.timestamp("us"): st.integers(-(2**63), 2**63 - 1),
    pa.timestamp("ns", "Asia/Tokyo"): st.integers(-(2**63), 2**63 - 1),
    pa.date32(): st.integers(-(2**31), 2**31 - 1),
    pa.time64("ns"): st.integers(0, 86_400 * 10**9 - 1),
    pa.duration("ms"): st.integers(-(2**63), 2**63 - 1),
}


@st.composite
def arrays(draw: st.DrawFn, depth: int = 2) -> pa.Array:
    """An array of any carried type."""
    length = draw(st.integers(0, 5))
    kind = draw(
        st.sampled_from(sorted(LEAVES, key=str)) if depth == 0 else st.sampled_from(["leaf", "list", "struct", "map"])
    )
    holes = pa.array(draw(st.lists(st.booleans(), min_size=length, max_size=length)), pa.bool_())
    if kind == "list":
        inner = draw(arrays(depth - 1))
        ends = sorted(draw(st.lists(st.integers(0, len(inner)), min_size=length + 1, max_size=length + 1)))
        return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), inner, mask=holes)
    if kind in ("struct", "map"):
        parts = [draw(arrays(depth - 1)) for _ in "ab"]
        shortest = min(len(part) for part in parts)
        parts = [part.slice(0, shortest) for part in parts]
        if kind == "struct":
            mask = pa.array([False, *[True] * shortest][:shortest], pa.bool_())
            return pa.StructArray.from_arrays(parts, ["a", "b"], mask=mask)
        keys = pa.array([str(n) for n in range(shortest)])
        ends = sorted(draw(st.lists(st.integers(0, shortest), min_size=length + 1, max_size=length + 1)))
        return pa.MapArray.from_arrays(pa.array(ends, pa.int32()), keys, parts[1])
    if kind == "leaf":
        kind = draw(st.sampled_from(sorted(LEAVES, key=str)))
    cells = draw(st.lists(st.none() | LEAVES[kind], min_size=length, max_size=length))
    whole = pa.int32() if kind == pa.date32() else pa.int64() if pa.types.is_temporal(kind) else kind
    return pa.array(cells, whole).cast(kind)


@settings(max_examples=examples(30, soak=200), deadline=None)
@given(arrays(), st.integers(0, 2))
def test_values_go_through_json_and_come_back(array: pa.Array, offset: int) -> None:
    array = array[offset:]
    found = values(array)
    text = [dumps(value) for value in found]
    read = parsed([None if line is None else json.loads(line) for line in text], array.type)
    read.validate(full=True)
    assert read.type == array.type
    assert values(read) == found, "NaN, instants beyond any calendar and bytes too"
    assert most(array) >= most(read)


@pytest.mark.parametrize(
    ("column", "was", "to", "read"),
    [
        (["a", "7", None], field(pa.string()), JSON, ['"a"', '"7"', None]),
        ([7, None], field(pa.int64()), field(pa.string()), ["7", None]),
        ([7.0, float("nan"), float("inf")], field(pa.float64()), field(pa.string()), ["7.0", "NaN", "Infinity"]),
        ([float("nan")], field(pa.float64()), JSON, ['"NaN"']),
        ([True], field(pa.bool_()), field(pa.string()), ["true"]),
        (["[1]", '"x"', None], JSON, field(pa.string()), ["[1]", "x", None]),
        (["[]", None], JSON, field(pa.list_(pa.int64())), [[], None]),
        ([{"a": 1}], field(pa.struct([("a", pa.int64())])), JSON, ['{"a": 1}']),
        ([datetime.date(2024, 2, 29)], field(pa.date32()), field(pa.string()), ["2024-02-29"]),
        ([Decimal("9.90")], field(pa.decimal128(5, 2)), field(pa.string()), ["9.90"]),
        ([b"\xff"], field(pa.binary()), JSON, ['"/w=="']),
        ([None], field(pa.null()), field(pa.struct([("a", pa.int64())])), [None]),
        ([0.1], field(pa.float32()), field(pa.string()), ["0.1"]),
    ],
)  # fmt: skip
def test_a_value_under_the_new_type(column: list[Any], was: pa.Field, to: pa.Field, read: list[Any]) -> None:
    assert convert(pa.chunked_array([pa.array(column, was.type)]), was, to).to_pylist() == read


NESTED = [pa.list_(pa.int64()), pa.struct([("a", pa.int64())]), pa.map_(pa.string(), pa.int64())]


@pytest.mark.parametrize("kind", [*LEAVES, *NESTED],
                         ids=str)  # fmt: skip
def test_a_column_that_was_empty_becomes_whatever_its_first_values_are(kind: pa.DataType) -> None:
    empty = stored(field(pa.null()))
    found = convert(pa.chunked_array([pa.nulls(2, empty.type)]), empty, stored(settled(field(pa.null()), field(kind))))
    assert (found.type, found.null_count) == (kind, 2)


def test_what_a_type_can_not_mean_is_an_error() -> None:
    for value, kind in (
        ("x", pa.int64()),
        (1.5, pa.int64()),
        (True, pa.int64()),
        ([1], pa.struct([("a", pa.int64())])),
    ):
        with pytest.raises(UnparsedError):
            parsed([value], kind)


def test_rows_are_the_same_under_one_type_only() -> None:
    own = pa.schema([("own", pa.float64())])
    was, now = (aligned(pa.table({"own": column}), column_types.NO_COLUMNS, own)
                for column in ([7, 8, None, 9], [7.0, 8.5, None, float("nan")]))  # fmt: skip
    assert same_rows(was, now) == [True, False, True, False]
    assert same_rows(now, now) == [True] * 4


def test_files_of_an_older_version_that_differ_are_still_read() -> None:
    tables = [pa.table({"row_id": ["a"], "own": pa.array([1])}), pa.table({"row_id": ["b"], "own": ["N/A"]}),
              pa.table({"row_id": ["c"]})]  # fmt: skip
    assert concat(tables).to_pylist() == [
        {"row_id": "a", "own": "1"}, {"row_id": "b", "own": "N/A"}, {"row_id": "c", "own": None},
    ]  # fmt: skip
