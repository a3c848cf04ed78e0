"""Night after night on one table: what did not change is carried over, what failed is replayed, what is old goes."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs import maintain, status
from layoutgen import pipelines, tables
from layoutgen.io.manifests.manifest import ManifestError
from layoutgen.runs.job import RunError, RunOptions
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo
from tests.pipeline.runs import dead, published, settings, write_manifest

pytestmark = pytest.mark.slow

# What is shown here lies in the ledger and the stages; that they run on Ray is shown by other tests.
run_layouts = partial(pipelines.run_layouts, stream=in_process)


class Shop:
    """A catalogue in a folder, changed between nights."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.output = folder, str(folder / "out")
        self.rows = [
            {"product_id": f"v{n}", "image": f"{n}.jpg", "title": f"Stoneware vase {n}", "stock": n} for n in range(8)
        ]
        for number in range(8):
            self.photograph(number, number)

    def photograph(self, number: int, seed: int) -> None:
        (self.folder / f"{number}.jpg").write_bytes(encoded(photo(120, 160, seed)))

    def night(self, run_id: str, **other: Any) -> dict[str, Any]:
        manifest = write_manifest(self.folder, self.rows)
        replay = other.pop("replay", None)
        config = settings(rows_per_shard=3, **other)
        return run_layouts(config, manifest, self.output, RunOptions(run_id=run_id, replay=replay))


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def _counts(summary: dict[str, Any]) -> tuple[int, int, int, int]:
    return tuple(summary[name] for name in ("computed", "unchanged", "dead_letters", "deleted"))  # type: ignore[return-value]


def test_a_night_without_changes_carries_every_file_over_byte_for_byte(shop: Shop) -> None:
    assert _counts(shop.night("one")) == (8, 0, 0, 0)
    assert _counts(shop.night("two")) == (0, 8, 0, 0)
    snapshots = Path(shop.output) / "snapshots"
    parts = sorted(path.name for path in (snapshots / "one").glob("*.parquet"))
    assert len(parts) > 1
    for part in parts:
        assert (snapshots / "one" / part).read_bytes() == (snapshots / "two" / part).read_bytes()


def test_only_changed_new_and_deleted_rows_are_worked_on(shop: Shop) -> None:
    shop.night("one")
    before = {row["row_id"]: row for row in tables.read(shop.output).to_pylist()}
    shop.photograph(1, 77)
    shop.rows[2]["title"] = "Another title"
    shop.rows[3]["stock"] = 99
    del shop.rows[4]
    shop.rows.append({"product_id": "new", "image": "0.jpg", "title": "New vase", "stock": 5})
    assert _counts(shop.night("two")) == (4, 4, 0, 1)
    after = {row["row_id"]: row for row in tables.read(shop.output).to_pylist()}
    changed = {row_id for row_id in after if after[row_id] != before.get(row_id)}
    assert changed == {"v1@540x540", "v2@540x540", "v3@540x540", "new@540x540"}
    assert before.keys() - after.keys() == {"v4@540x540"}
    assert after["v3@540x540"]["elements"] == before["v3@540x540"]["elements"]
    assert after["v3@540x540"]["stock"] == 99


def test_the_table_equals_one_made_from_scratch(shop: Shop, tmp_path: Path) -> None:
    shop.night("one")
    shop.photograph(1, 77)
    shop.rows[2]["title"] = "Another title"
    shop.rows[5]["image"] = "gone.jpg"
    shop.night("two", allowed=1.0)
    grown = published(shop.output)
    shop.output = str(tmp_path / "scratch")
    shop.night("one")
    assert published(shop.output) == grown


def test_new_limits_of_placement_keep_annotation_and_composition(shop: Shop) -> None:
    shop.night("one")
    before = {row["row_id"]: row["fingerprint"] for row in tables.read(shop.output).to_pylist()}
    config = settings(rows_per_shard=3).model_dump()
    config["place"]["min_contrast"] = 7.0
    from layoutgen.config.jobs import LayoutsConfig

    manifest = write_manifest(shop.folder, shop.rows)
    summary = run_layouts(LayoutsConfig.model_validate(config), manifest, shop.output, RunOptions(run_id="two"))
    assert summary["computed"] == 8
    for row in tables.read(shop.output).to_pylist():
        was, now = before[row["row_id"]], row["fingerprint"]
        assert (was["source"], was["annotate"], was["compose"]) == (now["source"], now["annotate"], now["compose"])
        assert was["place"] != now["place"]
        assert row["contrast"] >= 7.0


def test_replay_runs_the_failed_rows_again_and_keeps_all_others(shop: Shop) -> None:
    (shop.folder / "3.jpg").unlink()
    shop.rows.insert(2, {"product_id": "bad", "image": "1.jpg", "title": " "})
    assert _counts(shop.night("one")) == (7, 0, 2, 0)
    letters = {row["product_id"]: row for row in dead(shop.output, "one")}
    assert letters["v3"]["retryable"]
    assert not letters["bad"]["retryable"]
    before = {row["row_id"]: row for row in tables.read(shop.output).to_pylist()}
    shop.photograph(3, 3)
    summary = shop.night("two", replay="one")
    assert (summary["rows_in"], summary["computed"], summary["dead_letters"], summary["kept"]) == (2, 1, 1, 7)
    after = {row["row_id"]: row for row in tables.read(shop.output).to_pylist()}
    assert after.keys() - before.keys() == {"v3@540x540"}
    assert all(after[row_id] == row for row_id, row in before.items())


def test_a_manifest_cannot_read_outside_of_its_folder(shop: Shop, tmp_path: Path) -> None:
    elsewhere = tmp_path.parent / f"{tmp_path.name}-elsewhere"
    elsewhere.mkdir()
    (elsewhere / "x.jpg").write_bytes(encoded(photo()))
    for number, path in enumerate(
        ("/etc/passwd", "file:///etc/passwd", "http://169.254.169.254/x", str(elsewhere / "x.jpg"))
    ):
        shop.rows[number]["image"] = path
    summary = shop.night("one")
    assert summary["failed"] == {"plan": {"bad_path": 4}}
    from layoutgen.config.jobs import InputSettings

    allowed = InputSettings(canvases=("1:1",), short_side=540, allowed_prefixes=(f"{elsewhere}/",))
    assert shop.night("two", input=allowed)["failed"] == {"plan": {"bad_path": 3}}


def test_preflight_refuses_a_catalogue_of_which_no_image_can_be_read(shop: Shop) -> None:
    for row in shop.rows:
        row["image"] = "gone.jpg"
    with pytest.raises(RunError, match="none of the first 8 images"):
        shop.night("one")
    assert not (Path(shop.output) / "CURRENT").exists()


def test_a_table_of_another_kind_and_a_missing_manifest_are_refused(shop: Shop) -> None:
    (Path(shop.output)).mkdir()
    (Path(shop.output) / "_table.json").write_text('{"format": 1, "kind": "annotations", "shards": 2}')
    with pytest.raises(ValueError, match="is a table of annotations"):
        shop.night("one")
    with pytest.raises(ManifestError):
        run_layouts(settings(), str(shop.folder / "none.jsonl"), str(shop.folder / "another"))


def test_retention_removes_old_runs_and_nothing_that_is_needed(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    for run_id in ("a", "b", "c"):
        shop.night(run_id)
    assert maintain.main(["--output", shop.output, "--keep", "2", "--grace-hours", "0", "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["would_remove"] == ["a"]
    assert (Path(shop.output) / "snapshots" / "a").exists()
    assert maintain.main(["--output", shop.output, "--keep", "2", "--grace-hours", "0"]) == 0
    assert not (Path(shop.output) / "snapshots" / "a").exists()
    assert pq.read_table(tables.folder(shop.output)).num_rows == 8
    assert shop.night("d")["unchanged"] == 8


def test_status_tells_how_the_last_run_ended(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    shop.night("one")
    capsys.readouterr()
    assert status.main(["--output", shop.output]) == 0
    state = json.loads(capsys.readouterr().out)
    assert (state["state"], state["computed"], state["current"], state["holder"]) == ("published", 8, "one", None)
    assert status.main(["--output", str(shop.folder / "nothing")]) == 2


def test_the_circuit_breaker_stops_a_run_whose_rows_all_fail_and_keeps_what_is_done(shop: Shop) -> None:
    from layoutgen.config.jobs import RunSettings
    from layoutgen.runs.progress import BreakerError

    for row in shop.rows[1:]:
        row["image"] = "gone.jpg"
    strict = RunSettings(rows_per_shard=1, max_failed_fraction=1.0, breaker_rows=3, breaker_fraction=0.6)
    with pytest.raises(BreakerError, match="finished shards are kept"):
        shop.night("one", run=strict)
    assert list((Path(shop.output) / "_runs" / "one" / "shards").glob("*.json"))
    assert (
        not (Path(shop.output) / "CURRENT").read_text().split("\n")[0]
        if (Path(shop.output) / "CURRENT").exists()
        else True
    )


def test_a_table_takes_another_number_of_shards_and_the_next_night_carries_every_row_over(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.night("one")
    before = published(shop.output)
    assert maintain.main(["--output", shop.output, "--shards", "5"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["resharded_from"], said["published"]) == ("one", 8)
    assert published(shop.output) == before
    files = sorted(path.name for path in Path(tables.folder(shop.output)).glob("*.parquet"))
    assert 3 < len(files) <= 5, "8 rows of 3 a shard were 3 files"
    assert _counts(shop.night("two")) == (0, 8, 0, 0)
    assert sorted(path.name for path in Path(tables.folder(shop.output)).glob("*.parquet")) == files
    assert published(shop.output) == before
    assert maintain.main(["--output", shop.output, "--shards", "0"]) == 2
    assert maintain.main(["--output", str(shop.folder / "none"), "--shards", "3"]) == 2
    assert published(shop.output) == before


def test_a_file_of_an_older_version_gets_the_columns_it_lacks(shop: Shop) -> None:
    shop.night("one")
    (first, *_), schemas = sorted((Path(shop.output) / "snapshots" / "one").glob("*.parquet")), set()
    table = pq.ParquetFile(first).read()
    pq.write_table(table.drop_columns(["notes"]), first)
    shop.night("two")
    for path in Path(tables.folder(shop.output)).glob("*.parquet"):
        schemas.add(tuple(pq.read_schema(path).names))
    assert len(schemas) == 1
    assert "notes" in schemas.pop()


def test_a_reader_of_today_reads_a_snapshot_with_columns_of_tomorrow(shop: Shop) -> None:
    shop.night("one")
    names = tables.read(shop.output).column_names
    for path in sorted((Path(shop.output) / "snapshots" / "one").glob("*.parquet"))[:1]:
        table = pq.ParquetFile(path).read()
        pq.write_table(table.append_column("tomorrow", pa.array([1] * len(table))), path)
    pattern = f"{tables.folder(shop.output)}/*.parquet"
    assert tables.read(shop.output).select(names).num_rows == 8
    columns = ", ".join(f'"{name}"' for name in names)
    query = f"select {columns} from read_parquet('{pattern}', union_by_name=true)"
    assert duckdb.sql(query).arrow().read_all().num_rows == 8
    assert (
        polars.scan_parquet(pattern, missing_columns="insert", extra_columns="ignore").select(names).collect().height
        == 8
    )
