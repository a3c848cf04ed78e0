"""Spark reads a snapshot, its change feed and its parted copy as they are: `make test-spark` (an environment of its
own, and Java)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from layoutgen import tables
from layoutgen.config.jobs import LayoutsConfig
from tests.chaos.quick import SETTINGS
from tests.runs.test_run import Table

sql = pytest.importorskip("pyspark.sql")


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    builder = sql.SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
    yield session
    session.stop()


@pytest.fixture
def table(tmp_path: Path) -> Table:
    made = Table(tmp_path, 6)
    for row, category in zip(made.rows, ["Dress", "Shoes/男", "Bags", "Dress", "007", "Dress"], strict=True):
        row["category"] = category
    settings = SETTINGS.model_dump() | {"publish": {"partition_by": "category"}}
    made.night(config=LayoutsConfig.model_validate(settings), run_id="a")
    return made


def read(frame: Any) -> list[dict[str, Any]]:
    rows = [row.asDict(recursive=True) for row in frame.orderBy("row_id").collect()]
    return [{name: value for name, value in row.items() if name != "created_at"} for row in rows]


def test_a_snapshot_has_the_same_rows_types_and_nested_fields_in_spark(spark: Any, table: Table) -> None:
    frame = spark.read.parquet(str(table.root / "snapshots" / "a"))
    wanted = tables.read(str(table.root)).sort_by("row_id").drop_columns(["created_at"])
    assert read(frame) == wanted.to_pylist()
    boxes = frame.selectExpr("inline(elements)").select("box").collect()
    assert all(len(row.box) == 4 for row in boxes)
    feed = spark.read.parquet(str(table.root / "snapshots" / "a" / "_changes"))
    assert feed.where("op = 'insert'").count() == 6


def test_a_parted_copy_is_read_by_path(spark: Any, table: Table) -> None:
    frame = spark.read.parquet(str(table.root / "partitioned" / "a"))
    assert frame.count() == 6
    assert frame.where("category = 'Dress'").count() == 3
    assert frame.where("category = 'Shoes/男'").count() == 1
    assert frame.where("category = '007'").count() == 1
    plan = frame.where("category = 'Dress'")._jdf.queryExecution().toString()
    assert "PartitionFilters: [isnotnull(category" in plan
