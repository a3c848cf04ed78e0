"""The ledger: what is planned and done is read as it was written, and one driver at a time begins work on a run."""

from pathlib import Path

import pyarrow as pa
import pytest

from layoutgen.io.objects.locations import ConflictError
from layoutgen.io.storage import Storage
from layoutgen.io.tables.lease import LeaseError
from layoutgen.io.tables.ledger import Base, Busy, Ledger, RunPlan, ShardPlan, ShardReport, Source, Written


def test_a_plan_is_read_as_it_was_written(tmp_path: Path) -> None:
    ledger = Ledger(Storage(), str(tmp_path), "night")
    base = Base(Source("before", 3), (Source("cut-off", 6),))
    failed = [ShardReport(-1, None, Written("plan-000.parquet", 1, 9, "ab"), 0, 0, 0, 0, 0, "0", {"plan/bad_row": 1})]
    shards = [ShardPlan(4, 0, 0, 2, "aa"), ShardPlan(5, 0, 1, 1, "bb")]
    for plan in (
        RunPlan("i", "2026-01-01T00:00:00+00:00", 6, base, True, 4, failed, shards, 2),
        RunPlan("i", "2026-01-01T00:00:00+00:00", 1, Base(), False, 0, [], []),
    ):
        ledger.write_plan(plan)
        assert ledger.read_plan() == plan


def test_a_driver_that_slept_before_its_first_word_does_not_stop_the_one_after_it(tmp_path: Path) -> None:
    ledger = Ledger(Storage(), str(tmp_path), "night")

    def sleeps() -> None:
        assert ledger.begin_attempt(True, lambda: None) == 1  # another one, meanwhile

    with pytest.raises(ConflictError):
        ledger.begin_attempt(True, sleeps)
    assert ledger.attempt() == 1


def test_a_driver_that_lost_the_table_begins_nothing(tmp_path: Path) -> None:
    ledger = Ledger(Storage(), str(tmp_path), "night")

    def lost() -> None:
        raise LeaseError("taken over")

    with pytest.raises(LeaseError):
        ledger.begin_attempt(False, lost)
    assert ledger.attempt() == 0


def _report(shard: int, attempt: int = 1) -> ShardReport:
    written = Written(f"part-{shard}.parquet", 3, 99, "ab", "v1")
    return ShardReport(
        shard, written, None, 2, 1, 0, 0, 4, "ids", {"fetch/not_found": 1}, attempt, {"fetch": Busy(4, 0.5)}, {"ok": 3}
    )


def test_a_shard_is_done_from_its_marker_on_until_it_is_forgotten(tmp_path: Path) -> None:
    ledger = Ledger(Storage(), str(tmp_path), "night")
    assert ledger.marker(2) is None
    for shard in (2, 0):
        ledger.write_marker(_report(shard))
    assert ledger.marker(2) == _report(2)
    assert ledger.markers() == [_report(0), _report(2)]
    assert ledger.marker(2).seconds == 0.5
    ledger.write_marker(_report(2, attempt=2))
    assert ledger.marker(2).attempt == 2
    ledger.forget(2)
    assert ledger.markers() == [_report(0)]


def test_each_planned_shard_is_a_row_group_that_is_read_alone(tmp_path: Path) -> None:
    ledger = Ledger(Storage(), str(tmp_path), "night")
    shards = [pa.table({"row_id": [f"{shard}-{row}" for row in range(shard + 1)]}) for shard in range(3)]
    ledger.write_part(0, iter(shards))
    footer = None
    for group in (2, 0, 1):
        planned, footer = ledger.read_shard(0, group, footer)
        assert planned.equals(shards[group])
