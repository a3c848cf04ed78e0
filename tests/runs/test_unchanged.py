"""A night on which nothing, or little, is to be computed: the driver carries over what it can, and starts nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from layoutgen import tables
from layoutgen.config.base import load
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.objects.s3 import S3Objects
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.pipelines import run_layouts
from layoutgen.runs import unchanged
from layoutgen.streaming import in_process
from tests.chaos import quick
from tests.drawn import encoded, photo
from tests.limits import PATIENCE_S
from tests.pipeline.runs import write_manifest
from tests.runs.test_run import Table, table, with_run

__all__ = ["table"]

SHIPPED = Path(__file__).resolve().parents[2] / "jobs" / "layouts.toml"
HEAVY = ("ray", "torch", "transformers", "onnxruntime", "onnx", "rapidocr", "scipy", "av")
NIGHT = f"""
import sys
from jobs.layouts import LayoutsConfig, main, run_layouts
code = main("layouts", "", LayoutsConfig, run_layouts)
print([name for name in {HEAVY} if name in sys.modules])
sys.exit(code)
"""


def test_a_night_without_changes_imports_neither_ray_nor_what_only_models_need(tmp_path: Path) -> None:
    (tmp_path / "vase.jpg").write_bytes(encoded(photo(seed=1)))
    row = {"product_id": "p", "image": "vase.jpg", "title": "Blue vase", "canvases": ["640x640"]}
    path, output = write_manifest(tmp_path, [row]), str(tmp_path / "out")
    first = run_layouts(load(LayoutsConfig, SHIPPED), path, output, stream=in_process)
    assert first["computed"] == 1
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"}
    command = [sys.executable, "-c", NIGHT, "--input", path, "--output", output, "--config", str(SHIPPED)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    summary, imported = done.stdout.strip().splitlines()
    assert imported == "[]"
    second = json.loads(summary)
    assert (second["unchanged"], second["computed"], second["published"]) == (1, 0, 1)
    for file in (tmp_path / "out" / "snapshots" / first["run_id"]).glob("*.parquet"):
        assert file.read_bytes() == (tmp_path / "out" / "snapshots" / second["run_id"] / file.name).read_bytes()


@pytest.fixture
def streamed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The shards that went through the actors' stream, of all nights."""
    shards: list[int] = []

    def noting(steps: Any, tables: list[pa.Table], **more: Any) -> Iterator[dict[str, Any]]:
        shards.extend(table.column("shard")[0].as_py() for table in tables)
        return in_process(steps, tables, **more)

    monkeypatch.setattr(quick, "in_process", noting)
    return shards


def test_shards_of_a_night_without_changes_never_reach_the_actors(table: Table, streamed: list[int]) -> None:
    first = table.night(config=with_run(rows_per_shard=1))
    assert len(streamed) == first["shards"]
    before = table.published()
    streamed.clear()
    again = table.night(config=with_run(rows_per_shard=1))
    assert (again["unchanged"], again["shards_resumed"], streamed) == (8, 0, [])
    assert table.published() == before
    state = json.loads((table.root / "_runs" / again["run_id"] / "run.json").read_text())
    assert (state["state"], state["shards_done"], state["unchanged"]) == ("published", again["shards"], 8)


def test_what_is_to_be_computed_goes_through_the_actors_and_every_row_is_there_once(
    table: Table, streamed: list[int]
) -> None:
    first = table.night(config=with_run(rows_per_shard=1))
    table.rows[5]["title"] = "Another"
    streamed.clear()
    changed = table.night(config=with_run(rows_per_shard=1))
    assert (changed["computed"], changed["unchanged"], changed["published"]) == (1, 7, 8)
    assert 1 <= len(streamed) == len({*streamed}) <= first["shards"]
    assert table.published()["p5"]["title"] == "Another"


def test_rows_that_failed_last_night_are_tried_again(table: Table, streamed: list[int]) -> None:
    (table.folder / "3.jpg").unlink()
    assert table.night()["dead_letters"] == 1
    table.photograph(3, seed=3)
    streamed.clear()
    assert table.night()["computed"] == 1
    assert streamed


def test_a_table_too_large_for_the_driver_goes_through_the_actors_as_a_whole(
    table: Table, streamed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = table.night()
    streamed.clear()
    monkeypatch.setattr(unchanged, "MOST_ROWS", 7)
    again = table.night()
    assert (again["unchanged"], len(streamed)) == (8, first["shards"])


@pytest.mark.parametrize("point", ["data_written", "marker_written", "before_publish", "before_swap", "after_swap"])
def test_a_driver_that_dies_while_it_carries_rows_over_goes_on_by_the_same_command(
    table: Table, streamed: list[int], point: str
) -> None:
    table.night(config=with_run(rows_per_shard=1))
    before = table.published()
    streamed.clear()
    with pytest.raises(quick.Crash):
        table.night(lambda name: name == point, config=with_run(rows_per_shard=1))
    assert table.night(config=with_run(rows_per_shard=1))["unchanged"] == 8
    assert table.published() == before
    assert not streamed


def test_files_without_a_change_are_copied_by_the_store(
    tmp_path: Path, s3: LocalS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three shards one changes: its file alone is sent, and no other is read back."""
    table = Table(tmp_path, 12)
    monkeypatch.setattr(table, "root", "s3://shop/copied")
    table.night(run_id="a")
    before = {row["row_id"]: row for row in tables.read("s3://shop/copied").to_pylist()}
    table.rows[0]["title"] = "New"
    sent: list[str] = []
    write = S3Objects.write

    def noted(objects: S3Objects, data: bytes) -> None:
        sent.append(objects.uri)
        write(objects, data)

    monkeypatch.setattr(S3Objects, "write", noted)
    summary = table.night(run_id="b")
    parts = [uri for uri in sent if "/snapshots/b/part-" in uri]
    files = published_runs.manifest(Storage(), "s3://shop/copied", "b")["files"]
    assert (summary["computed"], summary["unchanged"], len(parts)) == (1, 11, 1)
    assert len(files) > 1
    after = {row["row_id"]: row for row in tables.read("s3://shop/copied").to_pylist()}
    assert [row_id for row_id in before if after[row_id] != before[row_id]] == [
        row_id for row_id in before if before[row_id]["product_id"] == "p0"
    ]
