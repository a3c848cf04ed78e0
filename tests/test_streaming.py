"""Streams without a cluster: stages in this process, and faults read from the text that Ray hands over."""

from functools import partial
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.cluster import ClusterError
from layoutgen.config.base import Pool
from layoutgen.io.storage import StorageError
from layoutgen.io.tables.lease import LeaseError
from layoutgen.streaming import ACTOR_GB, Stage, Step, cause, in_process, raised, shared

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


def _small(name: str, **more: Any) -> Step:
    return Step(name, partial(_add, len(name), []), Pool(**more.pop("pool", {})), **more)


def test_stages_without_gpus_or_large_models_share_an_actor_a_cpu() -> None:
    (one,) = shared([_small("load"), _small("fetch"), _small("write")], 2, 20.0)
    assert (one.name, one.parts) == ("load_to_write", ("load", "fetch", "write"))
    assert (one.pool.size, one.is_alone) == (2, False)
    table = one.build()(pa.table({"row": [1]}))
    assert table.column_names == ["row", "4", "5", "5"], "they are run in their order"


def test_large_models_and_gpus_keep_pools_of_their_own_between_those_that_share() -> None:
    steps = [
        *(_small("load"), _small("fetch")),
        _small("ground", is_large=True, pool={"num_cpus": 4.0}),
        _small("compose", pool={"size": 2, "num_gpus": 1.0}),
        _small("place"),
    ]
    joined = shared(steps, 2, 20.0)
    assert [step.name for step in joined] == ["load_to_fetch", "ground", "compose", "place"]
    assert [step.pool.size for step in joined] == [2, 1, 2, 2]
    assert [step.pool.num_gpus for step in joined] == [0, 0, 1, 0]


@given(
    st.lists(st.tuples(st.sampled_from(["", "large", "gpu"]), st.integers(1, 5), st.floats(0, 8)), min_size=1),
    st.integers(1, 64),
    st.floats(0, 256),
)
def test_actors_never_reserve_more_cpus_than_there_are_and_no_stage_is_lost(
    kinds: list[tuple[str, int, float]], cpus: int, memory_gb: float
) -> None:
    steps = [
        Step(
            f"s{i}",
            partial(_add, i, []),
            Pool(size=size, num_cpus=cpus_of_one, num_gpus=float(kind == "gpu")),
            kind == "large",
        )
        for i, (kind, size, cpus_of_one) in enumerate(kinds)
    ]
    joined = shared(steps, cpus, memory_gb)
    assert [part for step in joined for part in step.parts] == [step.name for step in steps]
    assert sum(step.pool.size * step.pool.num_cpus for step in joined) <= cpus
    for step in joined:
        assert step.is_alone == (len(step.parts) == 1 and steps[int(step.parts[0][1:])].is_alone)
        if not step.is_alone:
            assert 1 <= step.pool.size <= max(1, min(cpus, memory_gb / ACTOR_GB))
