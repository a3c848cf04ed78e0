"""A row that kills its process: found after a bounded number of deaths, and its neighbours are laid out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from layoutgen.core import schema
from layoutgen.io.storage import Storage
from layoutgen.io.tables.ledger import Ledger
from layoutgen.models.decoding.devices import DeviceError
from layoutgen.stages.guard import MOST_CRASHES, MOST_LOSSES, Guard
from tests.chaos.nights import Night, tables
from tests.chaos.quick import Crash

pytestmark = pytest.mark.slow

ROWS = 7


class FakeStage:
    """A stage that dies of some rows as long as they are open."""

    def __init__(self, deadly: set[str]) -> None:
        self.deadly, self.calls = deadly, 0

    def __call__(self, table: pa.Table) -> pa.Table:
        self.calls += 1
        for row in table.to_pylist():
            if row["status"] == "ok" and row["row_id"] in self.deadly:
                raise Crash(row["row_id"])
        return table


def _shard(attempt: int = 1) -> pa.Table:
    rows = [{"row_id": f"r{i}", "product_id": f"p{i}", "status": "ok", schema.TIMES: "{}"} for i in range(ROWS)]
    kinds = {"row_id": pa.string(), "product_id": pa.string(), "status": pa.string(), "error": schema.ERROR}
    table = pa.Table.from_pylist(rows, pa.schema([*kinds.items(), (schema.TIMES, pa.string())]))
    table = table.append_column(schema.SHARD, pa.array([3] * ROWS, pa.int32()))
    return table.append_column(schema.ATTEMPT, pa.array([attempt] * ROWS, pa.int32()))


def _until_done(folder: Path, stage: Any, table: pa.Table) -> tuple[pa.Table, int]:
    """Start the stage's process again after each death, as Ray does; return its table and the deaths."""
    for deaths in range(100):
        try:
            return Guard("fetch", lambda: stage, Ledger(Storage(), str(folder), "night-1"))(table), deaths
        except Crash:
            continue
    raise AssertionError("it dies for ever")


@pytest.mark.parametrize("deadly", [set(), {"r0"}, {"r6"}, {"r2", "r3"}, {f"r{i}" for i in range(ROWS)}])
def test_rows_that_kill_become_dead_letters_after_a_bounded_number_of_deaths(tmp_path: Path, deadly: set[str]) -> None:
    found, deaths = _until_done(tmp_path, FakeStage(deadly), _shard())
    assert found.column("row_id").to_pylist() == [f"r{i}" for i in range(ROWS)]
    failed = {row["row_id"] for row in found.to_pylist() if row["status"] == "failed"}
    assert failed == deadly
    assert {row["error"]["kind"] for row in found.to_pylist() if row["error"]} <= {"process_crashed"}
    assert deaths == (1 + MOST_CRASHES * len(deadly) if deadly else 0)


class FakeDevice:
    """A stage on a device that is lost at some rows, or at everything where it is broken."""

    def __init__(self, deadly: set[str], is_broken: Callable[[], bool] = lambda: False) -> None:
        self.deadly, self.is_broken, self.rows = deadly, is_broken, 0

    def __call__(self, table: pa.Table) -> pa.Table:
        open_rows = [row["row_id"] for row in table.to_pylist() if row["status"] == "ok"]
        self.rows += len(open_rows)
        if self.deadly & set(open_rows) or (open_rows and self.is_broken()):
            raise RuntimeError("CUDA error: an illegal memory access was encountered")
        return table


def _until_done_or_over(folder: Path, stage: Any, table: pa.Table) -> tuple[pa.Table, int]:
    """As `_until_done`, where what dies is the process that lost its device."""
    for losses in range(100):
        try:
            return Guard("compose", lambda: stage, Ledger(Storage(), str(folder), "night-1"))(table), losses
        except RuntimeError:
            continue
    raise AssertionError("it is lost for ever")


@pytest.mark.parametrize("deadly", [{"r0"}, {"r6"}, {"r2", "r3"}])
def test_rows_that_lose_a_working_device_become_dead_letters(tmp_path: Path, deadly: set[str]) -> None:
    found, _ = _until_done_or_over(tmp_path, FakeDevice(deadly), _shard())
    assert found.column("row_id").to_pylist() == [f"r{i}" for i in range(ROWS)]
    assert {row["row_id"] for row in found.to_pylist() if row["status"] == "failed"} == deadly


@pytest.mark.parametrize("broken_times", range(1, MOST_LOSSES))
def test_a_broken_card_makes_no_dead_letter_of_a_row_that_it_was_given(tmp_path: Path, broken_times: int) -> None:
    left = iter(range(broken_times))
    device = FakeDevice(set(), is_broken=lambda: next(left, None) is not None)
    found, losses = _until_done_or_over(tmp_path, device, _shard())
    assert set(found.column("status").to_pylist()) == {"ok"}
    assert losses == broken_times
    if broken_times == 1:
        assert device.rows == 2 * ROWS, "the shard went on at its pace"


def test_a_card_that_stays_broken_ends_the_run_and_is_named(tmp_path: Path) -> None:
    device = FakeDevice(set(), is_broken=lambda: True)
    with pytest.raises(DeviceError, match=r"^the compose stage lost its device 5 times .*take that node out of the cl"):
        _until_done_or_over(tmp_path, device, _shard())
    found, _ = _until_done_or_over(tmp_path, FakeDevice(set()), _shard(attempt=2))
    assert set(found.column("status").to_pylist()) == {"ok"}


def test_a_shard_that_nobody_crashes_on_is_one_call(tmp_path: Path) -> None:
    stage = FakeStage(set())
    _until_done(tmp_path, stage, _shard())
    assert stage.calls == 1


def test_a_shard_that_is_worked_on_again_and_again_for_others_deaths_loses_no_row(tmp_path: Path) -> None:
    for _ in range(3 * MOST_CRASHES):
        found, deaths = _until_done(tmp_path, FakeStage(set()), _shard())
        assert deaths == 0
        assert set(found.column("status").to_pylist()) == {"ok"}


def test_another_attempt_gives_every_row_its_chances_again(tmp_path: Path) -> None:
    found, _ = _until_done(tmp_path, FakeStage({"r1"}), _shard(attempt=1))
    assert found.column("status").to_pylist().count("failed") == 1
    found, deaths = _until_done(tmp_path, FakeStage(set()), _shard(attempt=2))
    assert (found.column("status").to_pylist().count("failed"), deaths) == (0, 0)


def test_an_image_that_kills_its_process_is_a_dead_letter_and_the_night_goes_on(
    night: Night, undisturbed: dict[str, pa.Table]
) -> None:
    deaths = night.folder / "deaths"
    night.program = "tests.chaos.poison"
    night.environment = {"POISON": "vase-3", "DEATHS": str(deaths)}
    summary = night.finish()
    assert len(deaths.read_text().splitlines()) == 1 + MOST_CRASHES
    assert summary["failed"]["fetch"]["process_crashed"] == 1
    found = tables(night.root, summary["run_id"])
    dead = pa.concat_tables(table for name, table in found.items() if name.startswith("dead"))
    (row,) = [row for row in dead.to_pylist() if row["kind"] == "process_crashed"]
    assert (row["product_id"], row["stage"], row["retryable"]) == ("vase-3", "fetch", True)
    whole = pa.concat_tables(t for name, t in undisturbed.items() if name.startswith("snap")).to_pylist()
    there = pa.concat_tables(t for name, t in found.items() if name.startswith("snap")).to_pylist()
    assert there == [row for row in whole if row["product_id"] != "vase-3"]
    night.program = "jobs.layouts"
    replayed = night.finish("--replay", summary["run_id"])
    assert replayed["computed"] == 1
    assert replayed["shards_resumed"] == 0
    files = sorted((night.root / "snapshots" / replayed["run_id"]).glob("*.parquet"))
    assert sum(pq.read_metadata(file).num_rows for file in files) == len(whole)
