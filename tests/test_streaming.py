"""Streams without a cluster: stages in this process, and faults read from the text that Ray hands over."""

from typing import Any

import pyarrow as pa
import pytest

from layoutgen.cluster import ClusterError
from layoutgen.config.base import Pool
from layoutgen.io.storage import StorageError
from layoutgen.io.tables.lease import LeaseError
from layoutgen.streaming import Stage, Step, cause, in_process, raised

KINDS = {"StorageError": StorageError, "LeaseError": LeaseError, "DeviceError": ClusterError}
REMOTE = """ray::MapWorker(MapBatches(Fetch)).submit() (pid=17)
  File "stages/fetch.py", line 3, in __call__
OSError: [Errno 5] Input/output error

During handling of the above exception, another exception occurred:
layoutgen.io.objects.locations.StorageError: s3://shop/a: tried 3 times

The above exception was the direct cause of the following exception:
{last}
"""


def _add(number: int, built: list[int]) -> Stage:
    built.append(number)
    return lambda table: table.append_column(str(number), pa.array([number] * len(table)))


def test_tables_go_through_the_stages_in_order_and_stages_are_built_once_and_not_for_nothing() -> None:
    built: list[int] = []
    steps = [Step(str(number), lambda number=number: _add(number, built), Pool()) for number in (1, 2)]
    assert not list(in_process(steps, [], address="ray://nowhere:1"))
    assert not built
    rows = list(in_process(steps, [pa.table({"row": [7, 8]}), pa.table({"row": [9]})]))
    assert rows == [{"row": row, "1": 1, "2": 2} for row in (7, 8, 9)]
    assert built == [1, 2]


def test_what_a_stage_raises_here_is_raised_after_the_rows_before_it() -> None:
    def stage(table: pa.Table) -> pa.Table:
        if table["row"][0].as_py() == 2:
            raise StorageError("the store is down")
        return table

    rows: list[Any] = []
    with pytest.raises(StorageError, match="the store is down"):
        rows.extend(in_process([Step("fetch", lambda: stage, Pool())], [pa.table({"row": [1]})]))
        for row in in_process([Step("fetch", lambda: stage, Pool())], [pa.table({"row": [n]}) for n in (1, 2)]):
            rows.append(row)
    assert rows == [{"row": 1}, {"row": 1}]


@pytest.mark.parametrize(
    ("last", "kind", "message"),
    [
        ("ray.exceptions.UserCodeException: UDF failed", StorageError, "s3://shop/a: tried 3 times"),
        ("layoutgen.io.tables.lease.LeaseError: taken over", LeaseError, "taken over"),
        ("layoutgen.models.decoding.devices.DeviceError: lost 5 times", ClusterError, "lost 5 times"),
    ],
)
def test_the_last_fault_of_ours_is_the_one_that_ended_a_worker(last: str, kind: type[Exception], message: str) -> None:
    fault = cause(RuntimeError(REMOTE.format(last=last)), KINDS)
    assert type(fault) is kind
    assert str(fault) == message


def test_a_fault_that_is_none_of_ours_stays_what_it_is() -> None:
    error = RuntimeError("ray::MapWorker\n  File x\nValueError: 3 is no list")
    assert cause(error, KINDS) is None
    assert raised(error) == [("ValueError", "3 is no list")]
