"""The write stage: a shard that this attempt has written is not written again."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from layoutgen.core import schema
from layoutgen.io.storage import Storage
from layoutgen.io.tables.ledger import Ledger, ShardReport
from layoutgen.stages.write import Write


class FakeSnapshots:
    """Counts how often a shard is written."""

    def __init__(self) -> None:
        self.written = 0

    def write_shard(self, table: pa.Table, shard: int, *, attempt: int) -> ShardReport:
        self.written += 1
        return ShardReport(shard, None, None, len(table), 0, 0, 0, 0, "", attempt=attempt)


@pytest.mark.parametrize(("attempt", "times"), [(1, 1), (2, 2)])
def test_a_worker_that_comes_late_with_a_shard_that_is_done_leaves_it_alone(
    tmp_path: Path, attempt: int, times: int
) -> None:
    ledger = Ledger(Storage(), str(tmp_path), "night")
    ledger.begin_attempt(True, lambda: None)
    snapshots: Any = FakeSnapshots()
    first = Write(snapshots, ledger)(_shard(1))
    for _ in range(attempt - 1):
        ledger.begin_attempt(True, lambda: None)
    second = Write(snapshots, ledger)(_shard(attempt))
    assert snapshots.written == times
    assert (second.equals(first)) is (attempt == 1)


def _shard(attempt: int) -> pa.Table:
    return pa.table(
        {
            schema.SHARD: pa.array([3], pa.int32()),
            schema.ATTEMPT: pa.array([attempt], pa.int32()),
            schema.TIMES: ["{}"],
        }
    )
