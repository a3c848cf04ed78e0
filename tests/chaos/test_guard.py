"""A row that kills its process: found after a bounded number of deaths, and its neighbours are laid out."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from layoutgen.core import schema
from layoutgen.io.storage import Storage
from layoutgen.io.tables.ledger import Ledger
from layoutgen.models.decoding.devices import BrokenDeviceError, DeviceError, is_broken
from layoutgen.stages.guard import MOST_CRASHES, MOST_LOSSES, MOST_NODES, MOST_ON_ONE, Guard
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


def test_a_card_that_loses_whatever_it_is_given_is_told_and_its_losses_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, told = "pod/0", []
    monkeypatch.setattr("layoutgen.models.decoding.devices.name", lambda: card)
    device = FakeDevice(set(), is_broken=lambda: card == "pod/0")
    for _ in range(MOST_LOSSES):
        try:
            found = Guard("compose", lambda: device, Ledger(Storage(), str(tmp_path), "night-1"))(_shard())
            break
        except RuntimeError as error:
            told.append(type(error))
            card = "pod/1" if is_broken(error) else card  # the first is given to nobody any more
    assert told == [RuntimeError] * (MOST_ON_ONE - 1) + [BrokenDeviceError]
    assert set(found.column("status").to_pylist()) == {"ok"}
    assert json.loads(found.column(schema.TIMES)[0].as_py())["compose"][2:] == [{"pod/0": MOST_ON_ONE}]


@pytest.mark.parametrize("deadly", range(ROWS))
def test_no_card_is_taken_for_broken_where_a_row_loses_it(tmp_path: Path, deadly: int) -> None:
    device = FakeDevice({f"r{deadly}"})
    for _ in range(100):
        try:
            found = Guard("compose", lambda: device, Ledger(Storage(), str(tmp_path), "night-1"))(_shard())
            break
        except RuntimeError as error:
            assert not is_broken(error)
    assert [row["row_id"] for row in found.to_pylist() if row["status"] == "failed"] == [f"r{deadly}"]


class FakeNodes:
    """A cluster whose nodes leave, each with the process on it, at every try before so many."""

    def __init__(self, last: int) -> None:
        self.last, self.at = last, 0

    def here(self) -> str:
        self.at += 1
        return f"node-{self.at}"

    def has(self, node: str) -> bool:
        return int(node.removeprefix("node-")) >= self.last


@pytest.mark.parametrize("leaving", [1, 2, MOST_NODES])
def test_nodes_that_leave_with_a_process_cost_no_row_and_not_the_pace(tmp_path: Path, leaving: int) -> None:
    nodes, stage = FakeNodes(leaving + 1), FakeStage(set())
    for attempt in range(leaving + 1):
        stage.deadly = {"r3"} if attempt < leaving else set()
        with suppress(Crash):
            found = Guard("fetch", lambda: stage, Ledger(Storage(), str(tmp_path), "night-1"), nodes=nodes)(_shard())
    assert set(found.column("status").to_pylist()) == {"ok"}
    assert stage.calls == leaving + 1, "the shard was taken whole each time"


def test_a_row_that_takes_its_node_along_is_found_all_the_same(tmp_path: Path) -> None:
    nodes, stage = FakeNodes(last=100), FakeStage({"r3"})
    for _ in range(2 * MOST_NODES + MOST_CRASHES):
        with suppress(Crash):
            found = Guard("fetch", lambda: stage, Ledger(Storage(), str(tmp_path), "night-1"), nodes=nodes)(_shard())
            break
    assert [row["row_id"] for row in found.to_pylist() if row["status"] == "failed"] == ["r3"]


def test_a_shard_that_nobody_crashes_on_is_one_call(tmp_path: Path) -> None:
    stage = FakeStage(set())
    _until_done(tmp_path, stage, _shard())
    assert stage.calls == 1


def test_a_shard_that_is_worked_on_again_and_again_for_others_deaths_loses_no_row(tmp_path: Path) -> None:
    for _ in range(3 * MOST_CRASHES):
        found, deaths = _until_done(tmp_path, FakeStage(set()), _shard())
        assert deaths == 0
        assert set(found.column("status").to_pylist()) == {"ok"}


@pytest.mark.parametrize("deadly", [{"r2"}, {"r0", "r6"}])
def test_a_stage_that_shares_its_process_with_one_that_dies_works_on_whole_shards(
    tmp_path: Path, deadly: set[str]
) -> None:
    ledger, first, second = Ledger(Storage(), str(tmp_path), "night-1"), FakeStage(set()), FakeStage(deadly)
    for deaths in range(100):  # noqa: B007 the count of them is what is looked at
        try:
            table = Guard("fetch", lambda: first, ledger, following="annotate")(_shard())
            done = Guard("annotate", lambda: second, ledger)(table)
            break
        except Crash:
            continue
    assert {row["row_id"] for row in done.to_pylist() if row["status"] == "failed"} == deadly
    assert deaths == 1 + MOST_CRASHES * len(deadly)
    assert first.calls == deaths + 1, "one call a process"


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
