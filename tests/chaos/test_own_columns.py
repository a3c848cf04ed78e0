"""Own columns over whole nights: whatever becomes of their types and names, each snapshot has one type a column, and
what did not change stays unchanged."""

import contextlib
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layoutgen.config.jobs import LayoutsConfig
from layoutgen.core.manifest.column_values import as_text
from layoutgen.io.manifests.manifest import ManifestError
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.runs.resharding import reshard
from tests.budget import examples
from tests.chaos.nights import DRIVER_POINTS, SHARD_POINTS
from tests.chaos.quick import SETTINGS, Crash, night
from tests.drawn import encoded, photo

pytestmark = pytest.mark.slow

PHOTO = encoded(photo(48, 64))
MISSING = object()


def lay_out(folder: Path, values: Sequence[Any], name: str = "m.jsonl", **more: Sequence[Any]) -> str:
    """A manifest of products whose own column `own` has these values, in the form that its name says."""
    if not (folder / "a.jpg").exists():
        (folder / "a.jpg").write_bytes(PHOTO)
    rows = [{"product_id": f"p{i}", "image": "a.jpg", "title": f"Vase {i}"} for i in range(len(values))]
    for column, cells in {"own": values, **more}.items():
        for row, cell in zip(rows, cells, strict=True):
            row.update({} if cell is MISSING else {column: cell})
    path = folder / name
    if name.endswith(".parquet"):
        pq.write_table(
            pa.table(
                {name: pa.array([row.get(name) for row in rows]) for name in dict.fromkeys(k for r in rows for k in r)}
            ),
            path,
        )
    elif name.endswith(".csv"):
        names = list(dict.fromkeys(k for row in rows for k in row))
        lines = [",".join("" if row.get(k) is None else str(row[k]) for k in names) for row in rows]
        path.write_text("\n".join([",".join(names), *lines]) + "\n", encoding="utf-8")
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def published(output: str) -> dict[str, Any]:
    table = published_runs.read(Storage(), output)
    column = table["own"].to_pylist() if "own" in table.column_names else [None] * len(table)
    return dict(zip(table["product_id"].to_pylist(), column, strict=True))


def types(output: str) -> set[str]:
    run = published_runs.current(Storage(), output)
    files = sorted(Path(output, "snapshots", run).glob("*.parquet"))
    return {str(sorted((field.name, str(field.type)) for field in pq.read_schema(file))) for file in files}


def own_type(output: str) -> str:
    run = published_runs.current(Storage(), output)
    return json.loads(Path(output, "snapshots", run, "_manifest.json").read_text())["own_columns"]["own"]


DRIFTS = [
    ([1, 2, None, 4, None, 6], [1, 2, None, "N/A", None, 6], "m.jsonl", "JSON text", 1),
    ([1, 2, 3, 4, 5, 6], ["1", "2", "3", "N/A", "5", "6"], "m.jsonl", "text", 1),
    ([None] * 6, [1, None, None, None, None, None], "m.jsonl", "int64", 1),
    ([[]] * 6, [[], [], [], [], [], [7]], "m.jsonl", "list<item: int64>", 1),
    ([1, 2, 3, 4, 5, 6], [1.0, 2.0, 3.5, 4.0, 5.0, 6.0], "m.jsonl", "double", 1),
    ([2**53 + 1, 2, 3, 4, 5, 6], [2**53 + 1, 2, 3, 4, 5, 0.5], "m.jsonl", "JSON text", 1),
    (["a", "b", "7", "d", "e", "f"], ["a", "b", 7, "d", "e", 8], "m.jsonl", "text", 1),
    ([True, None, None, None, None, None], [True, 1, None, None, None, None], "m.jsonl", "JSON text", 1),
    ([{"a": 1}] * 6, [{"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}, {"a": 1, "b": [2]}], "m.jsonl",
     "struct<a: int64, b: list<item: int64>>", 1),
    ([float("nan"), 1.0, 1.0, 1.0, 1.0, 1.0], [float("nan"), 1.0, 1.0, 1.0, 1.0, float("inf")], "m.jsonl", "double", 1),
    ([float("nan"), 1.0, 1.0, 1.0, 1.0, 1.0], [float("nan"), 1.0, 1.0, 1.0, 1.0, "x"], "m.jsonl", "JSON text", 1),
    (["10", None, "20", None, None, None], ["10%", None, "20", None, None, None], "m.csv", "text", 1),
    (["1", "2", "3", "4", "5", "6"], ["1", "2", "3", "4", "5", "6.5"], "m.csv", "double", 1),
    (["x"] * 6, [MISSING] * 6, "m.jsonl", None, 0),
    ([MISSING] * 6, ["x", None, None, None, None, None], "m.jsonl", "text", 1),
]  # fmt: skip


@pytest.mark.parametrize(("first", "second", "name", "kind", "changed"), DRIFTS, ids=range(len(DRIFTS)))
def test_a_type_that_drifts_hurts_no_night(
    tmp_path: Path, first: list[Any], second: list[Any], name: str, kind: str | None, changed: int
) -> None:
    output = str(tmp_path / "layouts")
    config = LayoutsConfig.model_validate(
        SETTINGS.model_dump() | {"run": SETTINGS.run.model_dump() | {"rows_per_shard": 2}}
    )
    night(lay_out(tmp_path, first, name), output, config=config)
    assert len(types(output)) == 1
    manifest = lay_out(tmp_path, second, name)
    found = night(manifest, output, config=config)
    assert (found["computed"], found["unchanged"]) == (changed, 6 - changed)
    assert len(types(output)) == 1
    assert kind is None or own_type(output) == kind
    assert night(manifest, output, config=config)["computed"] == 0


def test_a_snapshot_after_drifts_is_read_by_every_engine_and_resharded(tmp_path: Path) -> None:
    output = str(tmp_path / "layouts")
    night(lay_out(tmp_path, [1, *[None] * 11]), output)
    found = night(lay_out(tmp_path, ["10%", *[None] * 11]), output)
    assert found["own_columns"] == {"own": "int64 in the table, text in the manifest: text from now on"}
    folder = f"{output}/snapshots/{published_runs.current(Storage(), output)}"
    assert pq.read_table(folder).num_rows == 12
    assert pl.read_parquet(f"{folder}/*.parquet").height == 12
    assert duckdb.sql(f"select count(own) from '{folder}/*.parquet'").fetchall() == [(1,)]
    assert reshard(Storage(), output, 2)["published"] == 12
    assert len(types(output)) == 1
    assert own_type(output) == "text"
    assert night(lay_out(tmp_path, ["10%", *[None] * 11]), output)["unchanged"] == 12


def test_files_of_an_older_version_that_differ_are_converted_once(tmp_path: Path) -> None:
    """Such a table says nothing of its own columns, and its files had the types that each night happened to find."""
    output = str(tmp_path / "layouts")
    night(lay_out(tmp_path, [1, 2, 3, 4, 5, 6, 7, 8]), output)
    folder = Path(output, "snapshots", published_runs.current(Storage(), output))
    about = json.loads((folder / "_manifest.json").read_text())
    del about["own_columns"], about["own_schema"]
    files = sorted(folder.glob("*.parquet"))
    table = pq.ParquetFile(files[0]).read()
    texts = table["own"].cast(pa.string())
    pq.write_table(table.set_column(table.column_names.index("own"), "own", texts), files[0])
    (folder / "_manifest.json").write_text(json.dumps(about))
    assert set(published(output).values()) == set("12345678")
    assert night(lay_out(tmp_path, [1, 2, 3, 4, 5, 6, 7, 8]), output)["unchanged"] == 8
    assert (len(types(output)), own_type(output)) == (1, "text")


def test_replayed_rows_come_back_in_the_tables_types(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(PHOTO)
    price, tags = pa.decimal128(10, 2), pa.map_(pa.string(), pa.float32())
    columns = {
        "product_id": ["a", "b"],
        "image": ["a.jpg", "b.jpg"],
        "title": ["x", "y"],
        "when": pa.array([2**62, 1], pa.timestamp("us", "UTC")),
        "price": pa.array(["9.90", "1.00"]).cast(price),
        "blob": pa.array([b"\xff", b"\x00\x01"]),
        "tags": pa.array([[("k", 1.5)], [("k", float("nan"))]], tags),
        "day": pa.array([1, 2**31 - 1], pa.date32()),
        "n": pa.array([2**60, 2**60 + 1]),
        "took": pa.array([1, 2], pa.duration("ns")),
    }
    manifest = tmp_path / "m.parquet"
    pq.write_table(pa.table(columns), manifest)
    output = str(tmp_path / "layouts")
    config = LayoutsConfig.model_validate(
        SETTINGS.model_dump() | {"run": SETTINGS.run.model_dump() | {"stale_days": 0}}
    )
    first = night(str(manifest), output, config=config)
    assert first["dead_letters"] == 1
    (tmp_path / "b.jpg").write_bytes(PHOTO)
    again = night(str(manifest), output, config=config, replay=first["run_id"])
    assert (again["computed"], again["kept"], again.get("own_columns")) == (1, 1, None)
    table = published_runs.read(Storage(), output).sort_by("product_id")
    names = list(columns)[3:]
    assert str(table.select(names).cast(pa.table(columns).select(names).schema)) == str(pa.table(columns).select(names))
    assert night(str(manifest), output, config=config)["unchanged"] == 2


def test_a_refused_name_leaves_the_table_as_it_is_and_the_rename_mends_it(tmp_path: Path) -> None:
    output = str(tmp_path / "layouts")
    with pytest.raises(ManifestError, match="'Status'"):
        night(lay_out(tmp_path, [1], Status=["new"]), output)
    assert not Path(output, "_runs").exists()
    renaming = {"input": SETTINGS.input.model_dump() | {"rename": {"Status": "shop_status"}}}
    config = LayoutsConfig.model_validate(SETTINGS.model_dump() | renaming)
    night(lay_out(tmp_path, [1], Status=["new"]), output, config=config)
    assert published_runs.read(Storage(), output)["shop_status"].to_pylist() == ["new"]


KINDS = [
    st.integers(-3, 3), st.integers(2**53, 2**53 + 2), st.floats(), st.booleans(), st.text("aé 7", max_size=2),
    st.lists(st.integers(0, 2), max_size=2), st.lists(st.just("x"), max_size=1),
    st.dictionaries(st.sampled_from("aAb"), st.integers(0, 1) | st.text("x", max_size=1), max_size=2),
]  # fmt: skip
NAMES = ("own", "other", "数量")


@st.composite
def catalogues(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Products, each with some own columns, whose values are of one kind in most of them and of any in some."""
    usual = {name: draw(st.sampled_from(KINDS)) for name in draw(st.sets(st.sampled_from(NAMES)))}
    rows = []
    for number in range(6):
        if draw(st.integers(0, 5)):
            own = {name: draw(st.none() | kind if draw(st.integers(0, 7)) else st.one_of(KINDS))
                   for name, kind in usual.items() if draw(st.integers(0, 3))}  # fmt: skip
            row = {"product_id": f"p{number}", "image": "a.jpg", "title": f"Vase {draw(st.integers(0, 1))}"}
            rows.append({**row, **own})
    return [*rows, {"product_id": "always", "image": "a.jpg", "title": "Always"}]


CUTS = st.lists(st.tuples(st.sampled_from([*DRIVER_POINTS, *SHARD_POINTS]), st.integers(0, 2)), max_size=1)
NIGHTS = st.lists(st.tuples(catalogues(), CUTS, st.sampled_from(["", "", "refused", "replayed", "resharded"])),
                  min_size=2, max_size=4)  # fmt: skip


def as_it_is_in(table: pa.Table, name: str, value: Any) -> Any:
    """A manifest's value as a table's column has it, worked out apart from the code under test."""
    about = table.schema.field(name)
    if value is None or not pa.types.is_string(about.type):
        return value
    return json.loads(json.dumps(value)) if (about.metadata or {}).get(b"holds") == b"json" else as_text(value)


def without_nulls(value: Any) -> Any:
    """A struct has every key of its column; NaN is NaN, which JSON says in words."""
    if isinstance(value, dict):
        return {key: without_nulls(part) for key, part in value.items() if part is not None}
    if isinstance(value, list):
        return [without_nulls(part) for part in value]
    words = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    return words.get(str(value), value) if isinstance(value, float) else value


def check(output: str, catalogue: list[dict[str, Any]]) -> None:
    """The table has each product of the catalogue once, with its values, and one type a column in all its files."""
    table = published_runs.read(Storage(), output)
    assert len(types(output)) == 1
    rows = {row["product_id"]: row for row in table.to_pylist()}
    assert len(rows) == len(table) and rows.keys() == {row["product_id"] for row in catalogue}
    for wanted in catalogue:
        found = rows[wanted["product_id"]]
        assert found["title"] == wanted["title"]
        for name in {*NAMES} & {*table.column_names, *wanted}:
            about, value = table.schema.field(name), found[name]
            if value is not None and (about.metadata or {}).get(b"holds") == b"json":
                value = json.loads(value)
            assert without_nulls(value) == without_nulls(as_it_is_in(table, name, wanted.get(name))), (name, about)


@settings(max_examples=examples(2, soak=20), deadline=None,
          suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])  # fmt: skip
@given(NIGHTS)
def test_whatever_own_columns_become_each_night_has_the_manifests_values_in_one_type(nights: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, output = Path(name), str(Path(name, "layouts"))
        (folder / "a.jpg").write_bytes(PHOTO)
        for catalogue, cuts, event in nights:
            late = [{**row, "image": "b.jpg"} if event == "replayed" and row["product_id"] == "p0" else row
                    for row in catalogue]  # fmt: skip
            (folder / "b.jpg").unlink(missing_ok=True)
            manifest = folder / "m.jsonl"
            text = "".join(json.dumps(row) + "\n" for row in late)
            if event == "refused":
                manifest.write_text(text + json.dumps({**late[0], "Status": 1}) + "\n")
                with pytest.raises(ManifestError):
                    night(str(manifest), output)
            manifest.write_text(text)
            for point, passes in cuts:
                left = [passes]

                def is_now(reached: str, point: str = point, left: list[int] = left) -> bool:
                    left[0] -= reached == point
                    return left[0] < 0

                with contextlib.suppress(Crash):
                    night(str(manifest), output, is_now, config=FEW_DAYS)
            found = night(str(manifest), output, config=FEW_DAYS)
            if found["dead_letters"]:
                (folder / "b.jpg").write_bytes(PHOTO)
                night(str(manifest), output, config=FEW_DAYS, replay=found["run_id"])
            check(output, late)
            if event == "resharded":
                reshard(Storage(), output, 2)
                check(output, late)
            assert night(str(manifest), output, config=FEW_DAYS)["computed"] == 0


FEW_DAYS = LayoutsConfig.model_validate(SETTINGS.model_dump() | {"run": SETTINGS.run.model_dump() | {"stale_days": 0}})
