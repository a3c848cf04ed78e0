"""The change feed of a snapshot, shard by shard and over several nights; readers of Parquet read it."""

import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import polars
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen import tables
from layoutgen.core import schema
from layoutgen.io.storage import Storage
from layoutgen.io.tables import changes
from layoutgen.io.tables.published_runs import SnapshotError
from layoutgen.runs.resharding import reshard
from tests.runs.test_run import Table, with_run

ROWS = pa.schema(
    [
        ("row_id", pa.string()),
        ("product_id", pa.string()),
        ("fingerprint", schema.FINGERPRINT),
        ("run_id", pa.string()),
        ("stock", pa.float64()),
    ]
)
# A shard's rows on a night: of each product the version of its title and its stock; None: not there.
SHARD = st.lists(st.none() | st.tuples(st.integers(0, 1), st.sampled_from([1.0, float("nan"), None])), max_size=4)


def _shard(night: int, products: list[Any]) -> pa.Table:
    rows = [
        {
            "row_id": f"p{i}@1",
            "product_id": f"p{i}",
            "fingerprint": {"compose": f"{product[0]}", "place": f"{product[0]}"},
            "run_id": f"{product[0]}",
            "stock": product[1],
        }
        for i, product in enumerate(products)
        if product
    ]
    return pa.Table.from_pylist(rows, ROWS)


@given(st.lists(SHARD, min_size=2, max_size=4))
def test_feeds_of_several_nights_folded_are_the_feed_over_all_of_them(nights: list[Any]) -> None:
    shards = [_shard(night, products) for night, products in enumerate(nights)]
    folded, _ = changes.between(shards[0], shards[0])
    for before, after in pairwise(shards):
        feed, same = changes.between(before, after)
        ops = feed.column("op").to_pylist()
        assert ops.count("insert") + ops.count("update") + same == len(after)
        assert ops.count("delete") + ops.count("update") + same == len(before)
        folded = changes.fold(folded, feed)
    whole, _ = changes.between(shards[0], shards[-1])
    by_key = {row["row_id"]: row for row in folded.to_pylist()}
    for row in whole.to_pylist():
        assert by_key.pop(row["row_id"]) == row
    # What is left came back to what it was: an update that says so.
    assert {row["op"] for row in by_key.values()} <= {"update"}
    assert all(row["before"] == row["after"] and row["stages"] == [] for row in by_key.values())


@pytest.fixture
def table(tmp_path: Path) -> Table:
    made = Table(tmp_path, 6)
    made.night(run_id="a")
    made.rows[0]["title"] = "New"
    made.rows[1]["image"] = "gone.jpg"
    made.rows.pop()
    made.night(run_id="b")
    return made


def _feed(table: Table, **more: Any) -> dict[str, tuple[str, list[str]]]:
    rows = tables.changes(str(table.root), **more).to_pylist()
    return {row["product_id"]: (row["op"], row["stages"]) for row in rows}


def test_a_night_says_which_rows_changed_and_why(table: Table) -> None:
    expected = {"p0": ("update", ["compose", "place"]), "p1": ("delete", []), "p5": ("delete", [])}
    assert _feed(table, since="a") == expected
    every = ("insert", ["source", "annotate", "compose", "place"])
    table.rows.append({"product_id": "q", "image": "5.jpg", "title": "Vase"})
    table.rows[1]["image"] = "1.jpg"
    summary = table.night(run_id="c")
    assert summary["changes"] == {"insert": 2, "update": 0, "delete": 0, "unchanged": 4}
    assert _feed(table, since="b") == {"p1": every, "q": every}
    assert _feed(table, since="a") == {"p0": expected["p0"], "p1": ("update", []), "p5": expected["p5"], "q": every}
    assert _feed(table, since="a", run_id="b") == expected
    assert _feed(table, since="c") == {}


def test_plain_engines_read_the_feed_and_no_reader_takes_it_for_rows(table: Table) -> None:
    folder = tables.folder(str(table.root))
    read = duckdb.sql(f"select op, before.compose, after.compose from '{folder}/_changes/*.parquet'").fetchall()
    assert sorted(row[0] for row in read) == ["delete", "delete", "update"]
    assert len(polars.read_parquet(f"{folder}/_changes/*.parquet")) == 3
    assert len(tables.read(str(table.root))) == len(polars.read_parquet(f"{folder}/*.parquet")) == 4


def test_a_table_in_other_files_has_a_feed_of_nothing_and_the_nights_after_it_go_on(table: Table) -> None:
    resharded = reshard(Storage(), str(table.root), 3)["run_id"]
    assert _feed(table, since="b") == {}
    table.rows[2]["title"] = "Newer"
    table.night(config=with_run(rows_per_shard=1), run_id="c")
    assert _feed(table, since=resharded) == {"p2": ("update", ["compose", "place"])}
    assert set(_feed(table, since="a")) == {"p0", "p1", "p2", "p5"}


def test_where_the_history_is_gone_the_error_says_so(table: Table) -> None:
    table.night(run_id="c")
    with pytest.raises(SnapshotError, match="run z is not among the published runs that led to c"):
        _feed(table, since="z")
    shutil.rmtree(table.root / "snapshots" / "a")
    assert set(_feed(table, since="a")) == {"p0", "p1", "p5"}, "the rows before are not needed for it"
    shutil.rmtree(table.root / "snapshots" / "b")
    with pytest.raises(SnapshotError, match="run b after it is gone: retention removed it; read the whole table once"):
        _feed(table, since="a")
    manifest = table.root / "snapshots" / "c" / "_manifest.json"
    manifest.write_text(manifest.read_text().replace('"changes": [', '"other": ['))
    with pytest.raises(SnapshotError, match="wrote no change feed"):
        _feed(table, since="b")
