"""Nights on one table, in one process: nothing leaves unsaid, nothing is computed twice, no sleeper changes it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from layoutgen import tables
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.io.tables.lease import LeaseError
from layoutgen.io.tables.snapshot import Snapshots
from layoutgen.runs import resumption
from layoutgen.runs.accounting import LostRowsError
from tests.chaos.quick import SETTINGS, Crash, night
from tests.drawn import encoded, photo


class Table:
    """A catalogue in a folder and the table that nights make of it."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder, self.root = folder, folder / "out"
        self.rows = [{"product_id": f"p{i}", "image": f"{i}.jpg", "title": f"Vase {i}"} for i in range(count)]
        for i in range(count):
            self.photograph(i, seed=i)

    def photograph(self, number: int, seed: int) -> None:
        (self.folder / f"{number}.jpg").write_bytes(encoded(photo(48, 64, seed=seed)))

    def night(self, crash_at: Callable[[str], bool] | None = None, **more: Any) -> dict[str, Any]:
        manifest = self.folder / "catalogue.jsonl"
        text = "".join(json.dumps(row) + "\n" for row in self.rows)
        if not manifest.exists() or manifest.read_text() != text:
            manifest.write_text(text)
        return night(str(manifest), str(self.root), crash_at, **more)

    def cut_off(self, markers: int) -> None:
        """A night that ends when so many shards are written."""
        with pytest.raises(Crash):
            self.night(after("marker_written", markers))

    def published(self) -> dict[str, dict[str, Any]]:
        return {row["product_id"]: row for row in tables.read(str(self.root)).to_pylist()}

    def letters(self) -> list[str | None]:
        return [row["product_id"] for row in tables.read(str(self.root), dead_letters=True).to_pylist()]

    def dead(self) -> list[str]:
        return sorted(name for name in self.letters() if name)

    def files(self, run_id: str) -> list[Path]:
        return sorted((self.root / "snapshots" / run_id).glob("*.parquet"))


def after(point: str, times: int) -> Callable[[str], bool]:
    """Ends a night when a point is passed for the given time."""
    passed: list[str] = []

    def crash_at(name: str) -> bool:
        passed.append(name)
        return name == point and passed.count(point) == times

    return crash_at


def with_run(**values: Any) -> LayoutsConfig:
    return LayoutsConfig.model_validate(SETTINGS.model_dump() | {"run": SETTINGS.run.model_dump() | values})


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path, 8)


def test_a_limited_run_over_a_published_table_keeps_the_rows_beyond_the_limit(table: Table) -> None:
    table.night()
    table.rows[0]["title"] = "New"
    limited = table.night(limit=2)
    assert (limited["rows_in"], limited["computed"], limited["unchanged"]) == (2, 1, 1)
    assert (limited["kept"], limited["deleted"], limited["published"]) == (6, 0, 8)
    assert table.published()["p0"]["title"] == "New"
    assert len(table.published()) == 8


def test_a_limited_first_run_does_not_fix_the_number_of_shards(table: Table) -> None:
    trial = table.night(limit=3)
    assert trial["shards"] == 1
    whole = table.night(config=with_run(rows_per_shard=1))
    manifest = published_runs.manifest(Storage(), str(table.root), whole["run_id"])
    assert manifest["shard_count"] == 8
    assert (whole["computed"], whole["unchanged"]) == (5, 3)
    assert len(table.published()) == 8


def test_a_table_that_grows_into_more_shards_keeps_every_row_and_computes_none(table: Table) -> None:
    table.night(config=with_run(rows_per_shard=4))
    before = table.published()
    grown = table.night(config=with_run(rows_per_shard=1))
    assert (grown["computed"], grown["unchanged"], grown["deleted"]) == (0, 8, 0)
    assert len(table.files(grown["run_id"])) > 2
    assert table.published() == before
    table.rows = table.rows[:7]
    third = table.night(config=with_run(rows_per_shard=1))
    assert (third["unchanged"], third["deleted"]) == (7, 1)


def test_rows_deleted_while_a_table_grows_are_counted_in_shards_with_no_row_left(table: Table) -> None:
    table.night(config=with_run(rows_per_shard=8))
    table.rows = [{"product_id": f"q{i}", "image": f"{i}.jpg", "title": f"Vase {i}"} for i in range(8)]
    grown = table.night(config=with_run(rows_per_shard=1))
    assert (grown["computed"], grown["deleted"], grown["published"]) == (8, 8, 8)


def test_a_published_row_whose_image_is_gone_tonight_stays_and_says_so(table: Table) -> None:
    table.night()
    before = table.published()
    gone = table.folder / "3.jpg"
    gone.rename(table.folder / "uploading")
    for _ in range(2):
        summary = table.night()
        assert (summary["rows_in"], summary["unchanged"], summary["stale"], summary["dead_letters"]) == (8, 7, 1, 0)
        assert (summary["published"], summary["deleted"]) == (8, 0)
    stale = table.published()["p3"]
    assert stale["status"] == "ok"
    assert stale["stale_reason"].startswith("fetch/not_found: ")
    first_night = min(
        datetime.fromisoformat(json.loads(file.read_text())["created_at"]) for file in _manifests(table)[1:]
    )
    assert stale["stale_since"] == first_night
    assert {**stale, "stale_since": None, "stale_reason": None} == before["p3"]
    (table.folder / "uploading").rename(gone)
    summary = table.night()
    assert (summary["computed"], summary["unchanged"], summary["stale"]) == (0, 8, 0)
    assert table.published() == before


def _manifests(table: Table) -> list[Path]:
    """The manifests of all runs, oldest first."""
    found = (table.root / "snapshots").glob("*/_manifest.json")
    return sorted(found, key=lambda file: str(json.loads(file.read_text())["created_at"]))


def test_a_row_that_stays_stale_is_a_dead_letter_after_the_days_allowed(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.night()
    (table.folder / "3.jpg").unlink()
    today = datetime.now(resumption.UTC)

    class Days(datetime):
        days = 0

        @classmethod
        def now(cls, zone: Any = None) -> datetime:
            return today + timedelta(days=cls.days)

    monkeypatch.setattr(resumption, "datetime", Days)
    for Days.days in range(1, 4):
        assert table.night(config=with_run(stale_days=3))["stale"] == 1
    Days.days = 4
    summary = table.night(config=with_run(stale_days=3))
    assert (summary["stale"], summary["dead_letters"], summary["published"]) == (0, 1, 7)
    assert "p3" not in table.published()
    assert table.dead() == ["p3"]


@pytest.mark.parametrize("length", [0, 500], ids=["empty", "cut-off"])
def test_a_row_whose_image_is_being_uploaded_anew_stays_too(table: Table, length: int) -> None:
    table.night()
    (table.folder / "3.jpg").write_bytes(encoded(photo(48, 64, seed=9))[:length])
    summary = table.night()
    assert (summary["stale"], summary["published"], summary["dead_letters"]) == (1, 8, 0)
    table.photograph(3, seed=9)
    summary = table.night()
    assert (summary["stale"], summary["computed"], summary["unchanged"]) == (0, 1, 7)


def test_a_row_that_names_another_image_is_not_shown_with_the_old_one(table: Table) -> None:
    table.night()
    table.rows[3]["image"] = "gone.jpg"
    summary = table.night()
    assert (summary["stale"], summary["dead_letters"], summary["published"]) == (0, 1, 7)


def test_a_broken_image_is_no_passing_fault(table: Table) -> None:
    table.night()
    (table.folder / "3.jpg").write_bytes(b"no picture")
    assert table.night()["stale"] == 0
    assert table.dead() == ["p3"]


def test_stale_rows_count_as_failed_where_it_is_decided_whether_to_publish(table: Table) -> None:
    table.night()
    for number in (1, 2, 3):
        (table.folder / f"{number}.jpg").unlink()
    summary = table.night(config=with_run(max_failed_fraction=0.3))
    assert (summary["stale"], summary["current"]) == (3, False)


def test_a_night_that_was_cut_off_gives_its_rows_to_the_next_whose_manifest_is_another(table: Table) -> None:
    per_row = with_run(rows_per_shard=1)
    with pytest.raises(Crash):
        table.night(after("marker_written", 4), config=per_row)
    written = sum(_rows(json.loads(file.read_text())) for file in table.root.glob("_runs/*/shards/*.json"))
    table.rows.append({"product_id": "new", "image": "0.jpg", "title": "New"})
    second = table.night(config=per_row)
    assert (second["computed"], second["unchanged"]) == (9 - written, written)
    fresh = night(str(table.folder / "catalogue.jsonl"), str(table.folder / "fresh"), config=per_row)
    assert _content(str(table.root), second["run_id"]) == _content(str(table.folder / "fresh"), fresh["run_id"])


def _rows(marker: dict[str, Any]) -> int:
    return int(marker["computed"] + marker["unchanged"])


def _content(root: str, run_id: str) -> list[dict[str, Any]]:
    rows = tables.read(root, run_id=run_id).drop_columns(["run_id", "created_at"]).to_pylist()
    return sorted(rows, key=lambda row: str(row["row_id"]))


def test_each_cut_off_night_goes_on_where_the_nights_before_it_ended(table: Table) -> None:
    per_row = with_run(rows_per_shard=1)
    computed = 0
    for number in range(3):
        table.rows[7]["title"] = f"title {number}"  # the manifest is exported anew
        with pytest.raises(Crash):
            table.night(after("marker_written", 2 + number), config=per_row)
    with pytest.raises(Crash):
        table.night(lambda point: point == "after_plan", config=per_row, run_id="no-further-than-its-plan")
    table.rows[7]["title"] = "the last"
    last = table.night(config=per_row)
    computed = last["computed"]
    assert last["unchanged"] >= 3
    assert computed + last["unchanged"] == 8


def test_what_a_refused_night_made_is_taken_over(table: Table) -> None:
    (table.folder / "3.jpg").unlink()
    refused = table.night(config=with_run(max_failed_fraction=0.0))
    assert not refused["current"]
    table.photograph(3, 3)
    second = table.night(config=with_run(max_failed_fraction=0.0))
    assert (second["computed"], second["unchanged"], second["current"]) == (1, 7, True)


def test_a_file_of_a_cut_off_night_that_its_marker_does_not_describe_is_not_taken_over(table: Table) -> None:
    with pytest.raises(Crash):
        table.night(after("before_publish", 1))
    for file in table.root.glob("snapshots/*/part-*.parquet"):
        rows = pq.ParquetFile(file).read()
        pq.write_table(rows.set_column(rows.column_names.index("title"), "title", [["x"] * len(rows)]), file)
    table.rows.append({"product_id": "new", "image": "0.jpg", "title": "New"})
    assert table.night()["computed"] == 9


def test_a_run_whose_base_was_deleted_under_it_mends_itself_by_the_same_command(table: Table) -> None:
    first = table.night()
    table.rows[0]["title"] = "New"

    def lose(point: str) -> bool:
        if point == "during_shard":
            for file in table.files(first["run_id"]):
                file.unlink()
        return False

    with pytest.raises(LostRowsError, match="the same command computes them again"):
        table.night(lose)
    summary = table.night()
    assert (summary["computed"], summary["published"], summary["current"]) == (8, 8, True)


def test_a_driver_that_was_taken_over_forgets_no_shard_of_the_one_after_it(table: Table) -> None:
    first = table.night()
    table.rows[0]["title"] = "New"

    def lose(point: str) -> bool:
        if point == "during_shard":
            for file in table.files(first["run_id"]):
                file.unlink()
            held = json.loads((table.root / "_lease.json").read_text())
            (table.root / "_lease.json").write_text(json.dumps(held | {"nonce": "another's"}))
        return False

    with pytest.raises(LeaseError, match="was taken over"):
        table.night(lose)
    (ours,) = (folder for folder in (table.root / "_runs").iterdir() if folder.name != first["run_id"])
    assert list(ours.glob("shards/*.json"))


@pytest.mark.parametrize("length", [0, 5, -40])
def test_a_file_of_the_base_that_is_broken_is_computed_again(
    table: Table, length: int, caplog: pytest.LogCaptureFixture
) -> None:
    first = table.night()
    broken = table.files(first["run_id"])[0]
    rows = pq.read_metadata(broken).num_rows
    broken.write_bytes(broken.read_bytes()[:length])
    summary = table.night()
    assert (summary["computed"], summary["published"], summary["deleted"]) == (rows, 8, 0)
    assert "the snapshot before lacked rows" in caplog.text


def test_a_replay_over_a_snapshot_that_lost_a_file_publishes_nothing_until_it_is_back(table: Table) -> None:
    (table.folder / "3.jpg").unlink()
    first = table.night()
    table.photograph(3, 3)
    victim = next(file for file in table.files(first["run_id"]))
    saved = victim.read_bytes()
    victim.unlink()
    with pytest.raises(LostRowsError, match="lacks rows of shards"):
        table.night(replay=first["run_id"])
    victim.write_bytes(saved)
    assert table.night(replay=first["run_id"])["published"] == 8


@pytest.mark.parametrize("point", ["before_publish", "before_swap"])
def test_a_worker_that_wakes_up_late_and_changes_a_file_stops_the_publication(table: Table, point: str) -> None:
    """A file of the same size, changed before it is settled or between that and the swap."""

    def change(name: str) -> bool:
        if name == point:
            victim = next(iter(sorted(table.root.glob("snapshots/*/part-*.parquet"))))
            victim.write_bytes(victim.read_bytes()[:-1] + b"!")
        return False

    with pytest.raises(LostRowsError, match="were changed"):
        table.night(change)
    assert not (table.root / "CURRENT").read_text().split("\n")[0] if (table.root / "CURRENT").exists() else True
    summary = table.night()
    assert (summary["published"], summary["current"]) == (8, True)


def test_a_file_that_was_written_again_as_it_is_stops_nothing(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    settled: list[list[int]] = []
    settle = Snapshots.settle

    def touched(self: Snapshots, reports: Any) -> list[int]:
        for file in table.root.glob("snapshots/*/part-*.parquet"):
            file.write_bytes(file.read_bytes())
        settled.append(settle(self, reports))
        return settled[-1]

    monkeypatch.setattr(Snapshots, "settle", touched)
    assert table.night()["current"]
    assert settled == [[], []]


def test_a_manifest_that_was_cut_short_is_refused_and_names_the_share(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    table = Table(tmp_path, 16)
    first = table.night()
    whole, table.rows = table.rows, table.rows[:3]
    refused = table.night()
    assert (refused["deleted"], refused["current"]) == (13, False)
    assert (
        "catalogue.jsonl lacks 13 of the 16 published rows (81%), more than run.max_deleted_fraction = 0.2"
        in caplog.text
    )
    assert published_runs.current(Storage(), str(table.root)) == first["run_id"]
    allowed = table.night(allow_deletions=True)
    assert (allowed["computed"], allowed["published"], allowed["current"]) == (0, 3, True)
    table.rows = whole
    assert table.night()["published"] == 16


def test_a_few_rows_may_go_from_a_small_table_without_a_question(table: Table) -> None:
    table.night()
    table.rows = table.rows[:1]
    assert (table.night()["deleted"], len(table.published())) == (7, 1)


def test_a_shard_holds_no_more_rows_than_its_pictures_have_room_for() -> None:
    def rows(**sections: dict[str, Any]) -> int:
        return resumption.rows_per_shard(LayoutsConfig.model_validate(sections))

    assert rows(images={"side": 768}) == 512
    assert rows(images={"side": 4096}) == 30, "8.4 MB of JPEG a row"
    shown = {"engine": "qwen_vl", "model": "embedded", "image_side": 1344}
    assert rows(images={"side": 768}, compose=shown) == 44, "5.4 MB of pixels a row besides"
    assert rows(images={"side": 768}, compose=shown, run={"shard_mb": 1}) == 1
    assert rows(run={"rows_per_shard": 7}) == 7
