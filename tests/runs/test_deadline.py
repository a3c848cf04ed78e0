"""A run whose time is up: what it finished is published, the rest stays as it was or is named as not there, nothing is
lost or counted twice, and the next run begins with it."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobs import command
from layoutgen import tables
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.core.errors import Refusal
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from tests.chaos.quick import Crash, night
from tests.runs.test_run import Table, with_run

LATE = "2099-01-01T00:00Z"
ONE_ROW = with_run(rows_per_shard=1, max_failed_fraction=0.0)


class Clock:
    """Lets a night pass a point so many times; then its time is up."""

    def __init__(self, table: Table, passes: int, point: str = "marker_written") -> None:
        self._table, self._left, self._point = table, passes, point

    def night(self, **more: Any) -> dict[str, Any]:
        return self._table.night(self._passes, until=LATE, over=lambda: self._left <= 0, **more)

    def _passes(self, name: str) -> bool:
        self._left -= name == self._point
        return False


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return Table(tmp_path, 8)


def _adds_up(summary: dict[str, Any]) -> None:
    left = summary["postponed"]
    named = summary["computed"] + summary["unchanged"] + summary["stale"] + summary["dead_letters"]
    assert summary["rows_in"] == named + left["carried_over"]
    absent = sum(kinds.get("postponed", 0) for kinds in summary["failed"].values())
    assert absent == left["absent"]


def test_what_was_not_reached_stays_as_it_was_and_the_next_run_makes_it(table: Table) -> None:
    table.night(config=ONE_ROW, run_id="a")
    before = table.published()
    for row in table.rows:
        row["title"] += " new"
    part = Clock(table, 3).night(config=ONE_ROW, run_id="b")
    assert part["current"]
    assert part["computed"] > 0
    assert part["postponed"] == {"carried_over": 8 - part["computed"], "absent": 0}
    assert part["published"] == 8
    _adds_up(part)
    titles = {key: row["title"] for key, row in table.published().items()}
    assert sum(title.endswith(" new") for title in titles.values()) == part["computed"] == part["changes"]["update"]
    assert {key: row for key, row in table.published().items() if not row["title"].endswith(" new")}.items() <= (
        before.items()
    )
    rest = table.night(config=ONE_ROW, run_id="c")
    assert (rest["computed"], rest["unchanged"]) == (8 - part["computed"], part["computed"])
    assert "postponed" not in rest
    assert tables.changes(str(table.root), since="a").num_rows == 8


def test_a_row_that_is_not_there_yet_is_no_failure_and_says_so(table: Table) -> None:
    part = Clock(table, 3).night(config=ONE_ROW, run_id="a")
    assert part["current"], "absent rows are none that failed"
    absent = part["postponed"]["absent"]
    assert absent == 8 - part["computed"] == len(table.dead()) > 0
    _adds_up(part)
    (letter, *_) = tables.read(str(table.root), dead_letters=True).to_pylist()
    assert (letter["kind"], letter["retryable"]) == ("postponed", True)
    assert "the run's time was up at 2099-01-01 00:00 UTC" in letter["message"]
    kept = table.night(config=ONE_ROW, run_id="b", only=f"product_id = {next(iter(table.published()))!r}")
    assert kept["current"], "nor are they where another run takes their letters over"
    assert kept["dead_letters_kept"] == absent
    assert table.night(config=ONE_ROW, run_id="c")["computed"] == absent
    assert table.dead() == []


def test_the_next_run_begins_with_what_was_left_and_then_by_priority(table: Table) -> None:
    for number, row in enumerate(table.rows):
        row["sales"] = number
    config = with_run(rows_per_shard=1, priority="sales")
    Clock(table, 3).night(config=config, run_id="a")
    done = {*table.published()}
    left = {f"p{i}" for i in range(8)} - done
    assert "p7" in done, "the product that matters most is in the first shard"
    for row in table.rows:
        row["title"] += " new"
    Clock(table, 3).night(config=config, run_id="b")
    first = {key for key, row in table.published().items() if row["title"].endswith(" new")}
    assert first & left
    manifest = published_runs.manifest(Storage(), str(table.root), "b")
    assert manifest["postponed"]


def test_a_run_that_was_cut_off_after_its_time_is_published_by_the_same_command(table: Table) -> None:
    table.night(config=ONE_ROW)
    for row in table.rows:
        row["title"] += " new"
    passed: list[str] = []

    def third(name: str) -> bool:
        passed.append(name)
        return passed.count("marker_written") == 3

    with pytest.raises(Crash):
        table.night(third, config=ONE_ROW, until=LATE, over=lambda: False)
    again = table.night(config=ONE_ROW, until=LATE, over=lambda: True)
    assert again["current"]
    assert again["shards_resumed"] == 3
    assert again["computed"] + again["postponed"]["carried_over"] == 8
    _adds_up(again)


def test_deleted_products_go_and_stale_and_dead_ones_are_what_they_are(table: Table) -> None:
    table.night(config=ONE_ROW)
    table.rows = table.rows[:7]
    table.rows[0]["title"] = ""
    part = table.night(config=with_run(rows_per_shard=1), until=LATE, over=lambda: True)
    assert (part["deleted"], part["unchanged"], part["dead_letters"]) == (2, 6, 1)
    _adds_up(part)


@pytest.mark.parametrize("until", ["2020-01-01T00:00Z", "soon", "25:00"])
def test_a_deadline_that_can_not_be_kept_is_refused_before_anything_is_done(table: Table, until: str) -> None:
    with pytest.raises(Refusal, match="--until"):
        table.night(until=until)
    assert not (table.root / "snapshots").exists()


@pytest.mark.parametrize(("name", "said"), [("sales", "no such column"), ("title", "give a column of numbers")])
def test_a_priority_that_is_no_column_of_numbers_is_refused(table: Table, name: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        table.night(config=with_run(priority=name))


def test_the_command_says_by_its_exit_code_that_a_part_is_left(
    table: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = table.folder / "night.toml"
    settings.write_text("")
    table.night()

    def run(_: LayoutsConfig, source: str, output: str, options: Any) -> dict[str, Any]:
        return night(source, output, over=lambda: True, until=options.until)

    manifest = table.folder / "catalogue.jsonl"
    manifest.write_text("".join(json.dumps(row | {"title": f"{row['title']} new"}) + "\n" for row in table.rows))
    asked = ["--input", str(manifest), "--output", str(table.root), "--config", str(settings), "--until", LATE]
    assert command.main("layouts", "", LayoutsConfig, run, asked) == 4
    said = capsys.readouterr()
    assert json.loads(said.out)["postponed"] == {"carried_over": 8, "absent": 0}
    assert "8 rows are as they were before and 0 are not there yet" in said.err
