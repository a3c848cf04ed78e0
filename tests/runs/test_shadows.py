"""A shadow is published beside its table: readers of the table don't see it, it is compared with it, and cleaned up."""

import json
from pathlib import Path
from typing import Any

import pytest

from jobs import command, evaluate, maintain
from layoutgen import tables
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.io.storage import Storage
from layoutgen.runs import shadows
from layoutgen.streaming import in_process
from tests.chaos.quick import SETTINGS, night
from tests.runs.test_run import Table

OTHER = SETTINGS.model_copy(update={"place": SETTINGS.place.model_copy(update={"margin": 0.09})})


@pytest.fixture
def table(tmp_path: Path) -> Table:
    made = Table(tmp_path, 4)
    made.night(run_id="a")
    return made


def _run(_: LayoutsConfig, source: str, output: str, options: Any) -> dict[str, Any]:
    return night(source, output, config=OTHER, run_id=options.run_id)


def _shadow(table: Table, name: str, *more: str) -> int:
    settings = table.folder / "night.toml"
    settings.write_text("")
    manifest = str(table.folder / "catalogue.jsonl")
    asked = ["--input", manifest, "--output", str(table.root), "--config", str(settings), f"--shadow={name}", *more]
    return command.main("layouts", "", LayoutsConfig, _run, asked)


def test_a_shadow_is_a_table_of_its_own_that_is_compared_with_the_first(
    table: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in table.root.rglob("*") if path.is_file()}
    assert _shadow(table, "wide", "--run-id", "s") == 0
    assert json.loads(capsys.readouterr().out)["computed"] == 4
    assert {path: path.read_bytes() for path in before} == before, "nothing of the table was touched"
    assert set(tables.read(str(table.root)).column("run_id").to_pylist()) == {"a"}
    root = shadows.root_of(str(table.root), "wide")
    assert set(tables.read(root).column("run_id").to_pylist()) == {"s"}
    assert table.night(run_id="b")["unchanged"] == 4, "the table's own nights know nothing of it"
    capsys.readouterr()
    assert _shadow(table, "wide") == 0
    again = json.loads(capsys.readouterr().out)
    assert (again["computed"], again["unchanged"]) == (0, 4), "its nights take over what its own last one made"
    settings = table.folder / "evaluate.toml"
    settings.write_text("[score]\ncontent = false\n[report]\nresamples = 100\nworst = 0\n")
    output = str(table.folder / "evaluation")
    asked = ["--layouts", root, "--baseline", str(table.root), "--output", output, "--config", str(settings)]
    capsys.readouterr()
    assert evaluate.main(asked, in_process) == 0
    assert json.loads(capsys.readouterr().out)["baseline"]["pairs"] == 4


def test_retention_includes_shadows(table: Table, capsys: pytest.CaptureFixture[str]) -> None:
    for run_id in ("s", "t", "u"):
        _shadow(table, "wide", "--run-id", run_id)
    _shadow(table, "tall", "--run-id", "v")
    capsys.readouterr()
    asked = ["--output", str(table.root), "--keep", "1", "--grace-hours", "0"]
    assert maintain.main([*asked, "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["shadows"]["wide"]["removed"] == ["s", "t"]
    assert maintain.main(asked) == 0
    said = capsys.readouterr()
    cleaned = json.loads(said.out)
    assert cleaned["removed"] == []
    assert (cleaned["shadows"]["wide"]["kept"], cleaned["shadows"]["tall"]["kept"]) == (["u"], ["v"])
    assert "removed of shadow wide 2 runs" in said.err
    root = shadows.root_of(str(table.root), "wide")
    assert [path.name for path in sorted((Path(root) / "snapshots").iterdir())] == ["u"]
    assert len(tables.read(str(table.root))) == len(tables.read(root)) == 4
    assert shadows.names(Storage(), str(table.root)) == ["tall", "wide"]


@pytest.mark.parametrize("name", ["", "..", "a/b", "-x", ".hidden", "x" * 65])
def test_a_name_that_is_no_folder_is_refused(table: Table, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert _shadow(table, name) == 2
    assert "can't be a folder's name" in capsys.readouterr().err
