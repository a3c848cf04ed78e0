"""How a run stands, as logs, run.json, metrics and `jobs.status` say it."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ray.util import metrics

from jobs import command, status
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables.ledger import Ledger
from layoutgen.runs import gauges, progress, standing
from layoutgen.runs.job import RunOptions
from layoutgen.stages import guard
from tests.chaos import quick
from tests.chaos.quick import Crash, night
from tests.drawn import encoded, photo
from tests.pipeline.runs import write_manifest
from tests.runs.test_maintenance import STRICT

Series = dict[tuple[str, ...], float]


@pytest.fixture
def series(monkeypatch: pytest.MonkeyPatch) -> Series:
    """What Prometheus would see: name and values of labels to the newest value."""
    seen: Series = {}

    class FakeGauge:
        def __init__(self, name: str, text: str, tag_keys: tuple[str, ...]) -> None:
            self.name, self.keys, self.default = name, tag_keys, dict[str, str]()
            assert text

        def set_default_tags(self, tags: dict[str, str]) -> None:
            self.default = tags

        def set(self, value: float, tags: dict[str, str] | None = None) -> None:
            labels = self.default | (tags or {})
            assert labels.keys() == set(self.keys)
            seen[(self.name.removeprefix("layoutgen_"), *(labels[key] for key in self.keys))] = value

    monkeypatch.setattr(metrics, "Gauge", FakeGauge)
    monkeypatch.setattr(gauges, "is_joined", lambda: True)
    return seen


def _manifest(folder: Path, bad: int) -> str:
    (folder / "vase.jpg").write_bytes(encoded(photo(48, 64)))
    rows: list[dict[str, Any]] = [
        {"product_id": f"v{number}", "image": "vase.jpg", "title": "Vase"} for number in range(20)
    ]
    for row in rows[:bad]:
        row["title"] = ""  # planning's dead letters
    return write_manifest(folder, rows)


@pytest.mark.parametrize(("bad", "state"), [(1, "published"), (5, "refused")])
def test_metrics_name_table_and_run_count_planning_and_end_with_the_run(
    tmp_path: Path, series: Series, bad: int, state: str
) -> None:
    root = str(tmp_path / "out")
    night(_manifest(tmp_path, bad), root, None, STRICT, run_id="a")
    rows = {key[3]: value for key, value in series.items() if key[:3] == ("rows", root, "a")}
    assert rows == {"planned": 20, "computed": 20 - bad, "unchanged": 0, "stale": 0, "postponed": 0, "failed": bad}
    assert {key[3]: value for key, value in series.items() if key[0] == "run_state"} == {
        name: float(name == state) for name in ("running", "published", "refused", "stopped")
    }
    assert series["eta_seconds", root, "a"] == 0
    assert series["shards", root, "a", "planned"] == series["shards", root, "a", "done"] > 0
    assert series["run_updated_timestamp_seconds", root, "a"] > 1e9


def test_a_run_that_stops_says_so(tmp_path: Path, series: Series) -> None:
    root = str(tmp_path / "out")
    with pytest.raises(Crash):
        night(_manifest(tmp_path, 0), root, lambda name: name == "marker_written", STRICT, run_id="a")
    assert series["run_state", root, "a", "stopped"] == 1
    assert series["run_state", root, "a", "running"] == 0


@pytest.mark.parametrize("fault", [ValueError("3 is no list"), StorageError("the store is down")])
def test_a_run_that_began_is_never_told_as_one_that_did_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fault: Exception
) -> None:
    def broken(_: Any, tables: Any, **__: Any) -> Iterator[dict[str, Any]]:
        for _table in tables:
            raise fault
        yield from ()

    monkeypatch.setattr(quick, "in_process", broken)
    monkeypatch.setattr(command, "settings", lambda *_: STRICT)
    arguments = ["--input", _manifest(tmp_path, 0), "--output", str(tmp_path / "out")]
    run = partial(night_as_the_job_runs_it, STRICT)
    assert command.main("layouts", "", LayoutsConfig, run, arguments) == 1
    assert f"{fault}; 0 of 5 shards are done and kept, and the same command goes on" in capsys.readouterr().err


def night_as_the_job_runs_it(
    config: LayoutsConfig, _: Any, source: str, output: str, options: RunOptions
) -> dict[str, Any]:
    """A quick night with a job's signature."""
    return night(source, output, None, config, **vars(options))


def test_rows_of_a_shard_that_is_not_done_are_seen_at_their_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, Any]] = []
    real = guard.Guard._write
    watched: list[Callable[[str], dict[str, Any]]] = []
    monkeypatch.setattr(progress.Progress, "shard", lambda self, report: self._reports.append(report))
    enter = progress.Progress.__enter__
    monkeypatch.setattr(progress.Progress, "__enter__", lambda self: watched.append(self._state) or enter(self))

    def write(self: guard.Guard, note: str, tries: dict[str, Any]) -> None:
        real(self, note, tries)
        seen.append(watched[0]("running")["at_work"])

    monkeypatch.setattr(guard.Guard, "_write", write)
    night(_manifest(tmp_path, 0), str(tmp_path / "out"), None, STRICT, run_id="a")
    assert [*seen[0]] == ["fetch"]
    assert {stage for at_work in seen for stage in at_work} == {"fetch", "annotate", "compose", "place"}
    assert all(0 < sum(at_work.values()) <= 20 for at_work in seen)
    assert Ledger(Storage(), str(tmp_path / "out"), "a").read_state()["at_work"] == {}  # type: ignore[index]


RUNNING = {"state": "running", "run_id": "a", "updated_at": "2026-01-01T00:00:00+00:00"}
AT = 1767225600.0
LEASE = {"run_id": "a", "holder": "node:1", "seconds": 60.0, "until": AT + 60}


@pytest.mark.parametrize(
    ("state", "lease", "after_s", "said"),
    [
        (RUNNING, LEASE, 12, "alive"),
        (RUNNING, LEASE, 40, "stale for 40 s"),
        (RUNNING, LEASE | {"until": AT + 60 + 35}, 40, "alive"),  # run.json can't be written, the lease can
        (RUNNING, LEASE | {"run_id": "b", "until": AT + 1000}, 500, "stale for 500 s"),
        (RUNNING, LEASE | {"holder": ""}, 40, "stale for 40 s"),
        (RUNNING, {}, 40, "stale for 40 s"),
        (RUNNING | {"state": "stopped"}, LEASE, 4000, "ended"),
        (RUNNING | {"state": "published"}, LEASE, 4000, "ended"),
    ],
)
def test_status_tells_a_dead_driver_from_a_living_one(
    state: dict[str, Any], lease: dict[str, Any], after_s: float, said: str
) -> None:
    assert standing.driver_of(state, lease, AT + after_s) == said


def test_status_of_a_run_that_was_killed_after_its_publication(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "out"
    night(_manifest(tmp_path, 0), str(root), None, STRICT, run_id="a")
    path = root / "_runs" / "a" / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"state": "running"}))
    capsys.readouterr()
    assert status.main(["--output", str(root)]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["state"], said["driver"]) == ("published", "ended")
