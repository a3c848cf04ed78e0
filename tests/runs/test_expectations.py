"""A night that breaks an expectation is refused and changes nothing for readers; somebody may publish it knowingly."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobs import maintain
from layoutgen import tables
from layoutgen.config.base import ConfigError, load
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.core.layout import Framing, Role, Suggestion
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.models.base import Brief, Composition, Fault
from tests.chaos.quick import SETTINGS, null_composer
from tests.drawn import encoded, photo
from tests.runs.test_run import Table


def expecting(run: dict[str, Any] | None = None, **values: Any) -> LayoutsConfig:
    more = {"run": SETTINGS.run.model_dump() | (run or {}), "expect": values}
    return LayoutsConfig.model_validate(SETTINGS.model_dump() | more)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    made = Table(tmp_path, 12)
    made.night(run_id="a")
    return made


def _manifest(table: Table, run_id: str) -> dict[str, Any]:
    return published_runs.manifest(Storage(), str(table.root), run_id)


def _refused(table: Table, name: str, said: str, **more: Any) -> None:
    """Tonight's run `b` is refused for this expectation alone, and readers have what they had."""
    before = tables.read(str(table.root))
    summary = table.night(run_id="b", **more)
    assert not summary["current"]
    assert [one["name"] for one in summary["expectations"] if one["why"]] == [name]
    assert said in (table.root / "snapshots" / "b" / "_REFUSED").read_text()
    assert _manifest(table, "b")["summary"]["expectations"] == summary["expectations"]
    assert tables.read(str(table.root)).equals(before)


def test_too_few_rows(table: Table) -> None:
    said = "11 rows would be published, fewer than expect.min_rows = 12"
    table.rows.pop()
    _refused(table, "rows", said, config=expecting(min_rows=12))


def test_too_many_deleted_rows(table: Table) -> None:
    table.rows = table.rows[:2]
    _refused(table, "deleted", "lacks 10 of the 12 published rows (83%)")


def test_too_many_dead_letters_of_a_kind(table: Table) -> None:
    for row in table.rows[:3]:
        (table.folder / row["image"]).write_bytes(b"no picture")
    table.photograph(11, seed=40)
    said = "3 of 12 rows are dead letters not_an_image, more than expect.max_dead_letters = 0.2 allows"
    letters = {"not_an_image": 0.2, "fetch/not_found": 0.0}
    _refused(table, "dead_letters not_an_image", said, config=expecting(max_dead_letters=letters))


def test_too_many_stale_rows(table: Table) -> None:
    (table.folder / "3.jpg").unlink()
    said = "1 of 12 rows are stale, more than expect.max_stale_fraction = 0.05 allows"
    _refused(table, "stale", said, config=expecting(max_stale_fraction=0.05))


class PriceComposer:
    """Sets a title as a selling point."""

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return a composition for each brief."""
        framing = Framing(picture=(0.2, 0.3, 0.8, 0.9), backdrop="#ffffff")
        return [
            Composition(framing, (Suggestion(Role.SELLING_POINT, (0.1, 0.05, 0.9, 0.2), brief.copy.title),))
            for brief in briefs
        ]


def test_roles_that_drift_and_an_honest_change_that_somebody_publishes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = Table(tmp_path, 32)
    config = expecting({"rows_per_shard": 16}, drift_confidence=0.999)
    assert table.night(run_id="a", config=config)["current"]
    for row in table.rows[:2]:
        row["title"] += " new"
    assert table.night(run_id="usual", config=config)["current"], "two of 32 rows are no drift"
    before = tables.read(str(table.root))

    def composer(*_: Any) -> Any:
        return PriceComposer(), null_composer()[1] | {"composer": "price-1"}

    for row in table.rows:
        row["title"] += " of glass"
    drifted = table.night(run_id="b", config=config, composer=composer)
    assert not drifted["current"]
    assert {one["name"] for one in drifted["expectations"] if one["why"]} >= {"drift of roles 320x320/title"}
    assert tables.read(str(table.root)).equals(before)
    assert maintain.main(["--output", str(table.root), "--publish", "b"]) == 2
    assert "say why" in capsys.readouterr().err
    assert maintain.main(["--output", str(table.root), "--publish", "b", "--because", "new house style"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["published"], printed["because"]) == ("b", "new house style")
    assert published_runs.current(Storage(), str(table.root)) == "b"
    assert _manifest(table, "b")["published_knowingly"]["refusals"] == printed["refusals"] != []
    assert not (table.root / "snapshots" / "b" / "_REFUSED").exists()
    assert len(tables.changes(str(table.root), since="usual")) == 32
    assert table.night(config=config, composer=composer)["computed"] == 0
    assert maintain.main(["--output", str(table.root), "--keep", "2"]) == 0
    assert "usual" in json.loads(capsys.readouterr().out)["kept"], "run b counts as published, and so do those before"


def test_a_refused_run_is_not_published_over_one_that_came_after_it(
    table: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    table.night(run_id="b", config=expecting(min_rows=100))
    table.photograph(0, seed=50)
    table.night(run_id="c")
    publish = ["--output", str(table.root), "--because", "all well", "--publish"]
    assert maintain.main([*publish, "b"]) == 2
    assert "c is published by now" in capsys.readouterr().err
    assert maintain.main([*publish, "c"]) == 2
    assert "no refused run c" in capsys.readouterr().err
    table.night(run_id="d", config=expecting(min_rows=100))
    (table.root / "snapshots" / "d" / "part-00000.parquet").write_bytes(encoded(photo(8, 8)))
    assert maintain.main([*publish, "d"]) == 2
    assert "does not hold what the run wrote" in capsys.readouterr().err
    assert published_runs.current(Storage(), str(table.root)) == "c"


def test_a_share_that_is_none_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "layouts.toml"
    path.write_text("[expect]\nmax_dead_letters = {not_found = 2.0}\n")
    with pytest.raises(ConfigError, match=r"not_found = 2: give a share from 0 to 1"):
        load(LayoutsConfig, path)
