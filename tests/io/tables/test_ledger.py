"""The ledger's count of drivers: one that slept does not begin work on a run that another works on."""

from pathlib import Path

import pytest

from layoutgen.io.objects.locations import ConflictError
from layoutgen.io.storage import Storage
from layoutgen.io.tables.lease import LeaseError
from layoutgen.io.tables.ledger import Base, Ledger, RunPlan, ShardPlan, ShardReport, Source, Written


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
