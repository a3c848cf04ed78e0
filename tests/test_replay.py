"""Replays: old input never covers newer rows, no dead letter becomes unreachable, the whole table is judged."""

from pathlib import Path
from typing import Any

import pytest

from layoutgen.io.storage import Storage
from layoutgen.io.tables import replay as module
from layoutgen.io.tables.published_runs import SnapshotError
from layoutgen.runs.maintenance import clean_up
from layoutgen.runs.resharding import reshard
from tests.runs.test_run import Table, with_run

pytestmark = pytest.mark.slow


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path, 20)


def _lose(table: Table, *numbers: int) -> None:
    for number in numbers:
        (table.folder / f"{number}.jpg").unlink()


def test_a_replay_is_judged_by_the_whole_table_and_can_be_replayed_again(table: Table) -> None:
    strict = with_run(max_failed_fraction=0.3, breaker_rows=1, rows_per_shard=1)
    _lose(table, 1, 2, 3, 4, 5)
    first = table.night(config=with_run(max_failed_fraction=0.3, rows_per_shard=1))
    assert (first["dead_letters"], first["current"]) == (5, True)
    table.photograph(1, 1)
    second = table.night(replay=first["run_id"], config=strict)
    assert (second["rows_in"], second["computed"], second["dead_letters"], second["current"]) == (5, 1, 4, True)
    table.photograph(2, 2)
    third = table.night(replay=second["run_id"], config=strict)
    assert (third["rows_in"], third["computed"], third["dead_letters"], third["published"]) == (4, 1, 3, 17)
    assert table.dead() == ["p3", "p4", "p5"]


def test_dead_letters_that_a_run_does_not_try_again_stay_reachable(table: Table) -> None:
    table.rows.append(table.rows[0] | {"title": "twice"})
    table.rows.append({"product_id": "", "image": "0.jpg", "title": "nameless"})
    _lose(table, 1, 2, 3, 4)
    first = table.night()
    assert sorted(table.letters(), key=str) == sorted([None, "p0", "p1", "p2", "p3", "p4"], key=str)
    table.photograph(1, 1)
    table.photograph(2, 2)
    part = table.night(replay=first["run_id"], limit=2)
    assert part["rows_in"] == 2
    assert part["dead_letters"] + part["dead_letters_kept"] + part["computed"] == 6
    rest = table.night(replay=part["run_id"])
    assert rest["computed"] + part["computed"] == 2
    assert sorted(table.letters(), key=str) == sorted([None, "p0", "p3", "p4"], key=str)


def test_a_limited_run_and_another_number_of_shards_keep_the_dead_letters(table: Table) -> None:
    _lose(table, 1, 15)
    table.night()
    table.photograph(1, 1)
    limited = table.night(limit=5)
    assert (limited["computed"], limited["dead_letters_kept"]) == (1, 1)
    assert table.dead() == ["p15"]
    assert clean_up(Storage(), str(table.root), keep=1, dry_run=True).foreign == []
    reshard(Storage(), str(table.root), 3)
    assert table.dead() == ["p15"]
    table.photograph(15, 15)
    assert table.night(replay=limited["run_id"])["published"] == 20
    assert table.dead() == []


def test_a_replay_of_an_old_run_leaves_out_what_newer_runs_know_better(table: Table) -> None:
    _lose(table, 1, 2, 3, 4)
    first = table.night()
    table.photograph(1, 1)
    table.photograph(4, 4)
    table.rows[1]["title"] = "Newer"  # published since
    table.rows[2]["title"] = "Newer"  # still dead, with another input
    del table.rows[4]  # in no manifest any more
    table.night()  # and row 3 is as it was
    table.photograph(2, 2)
    table.photograph(3, 3)
    replayed = table.night(replay=first["run_id"])
    assert (replayed["rows_in"], replayed["computed"], replayed["left_out"]) == (1, 1, 3)
    rows = table.published()
    assert rows["p1"]["title"] == "Newer"
    assert rows.keys() & {"p2", "p3", "p4"} == {"p3"}
    assert table.dead() == ["p2"]
    with pytest.raises(SnapshotError, match="the table knows newer input of all 4"):
        table.night(replay=first["run_id"])


def test_a_refused_night_newer_than_the_table_is_replayed_over_it(table: Table) -> None:
    table.night()
    for number in range(3):
        table.rows[number]["title"] = "Newer"
        (table.folder / f"{number}.jpg").write_bytes(b"no picture")
    refused = table.night(config=with_run(max_failed_fraction=0.0))
    assert not refused["current"]
    for number in range(3):
        table.photograph(number, number)
    replayed = table.night(replay=refused["run_id"])
    assert (replayed["computed"], replayed["left_out"], replayed["published"]) == (3, 0, 20)
    assert table.published()["p1"]["title"] == "Newer"


def test_letters_are_replayed_in_parts_and_each_product_once(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUCKET_BYTES", 1000)
    for row in table.rows:
        row["canvases"] = ["1:1", "nonsense", "3:4"]  # type: ignore[assignment]
    _lose(table, *range(10, 20))
    first = table.night()
    assert first["dead_letters"] == 40
    for number in range(10, 20):
        table.photograph(number, number)
    replayed: dict[str, Any] = table.night(replay=first["run_id"])
    assert (replayed["rows_in"], replayed["computed"], replayed["dead_letters"]) == (40, 20, 20)
    assert replayed["published"] == 40
    assert "duplicate_id" not in str(replayed["failed"])


def test_a_run_that_never_was_can_not_be_replayed(table: Table) -> None:
    table.night()
    with pytest.raises(SnapshotError, match="has no run never"):
        table.night(replay="never")
