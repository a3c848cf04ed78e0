"""How tables flow through actor pools: the one place that calls `map_batches`.

A table in is a table from end to end. Between pools it travels as one row that holds its Arrow stream, handed over with
`batch_size=1`: so Ray, which takes no whole blocks where a pool has GPUs and joins rows to fill other batches, can
neither split it nor join it with its neighbours, whatever its size. Packing copies a table once (15 ms for 105 MB that
take seconds to fetch); opening copies nothing.
"""

import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import ray
import ray.data
from ray.exceptions import RayTaskError

from layoutgen.config import Pool
from layoutgen.io.lease import LeaseError
from layoutgen.io.storage import StorageError

log = logging.getLogger("layoutgen")

# What a socket's path may have, less Ray's own part of it.
MOST_FOLDER_BYTES = 107 - len("/ray/session_2026-11-28_21-00-00_123456_1234567/sockets/plasma_store")
Stage = Callable[[pa.Table], pa.Table]


class PoolError(RuntimeError):
    """The pools don't fit the cluster; the message says by how much."""


@dataclass(frozen=True)
class Step:
    """A stage to run: its name, how a worker builds it, and its pool."""

    name: str
    build: Callable[[], Stage]
    pool: Pool


def start(address: str) -> None:
    """Join the cluster at `address` or RAY_ADDRESS (`ray job submit` sets it), else start one here, never one that
    happens to run on this machine, unless that has been done; progress bars go to terminals only."""
    if not ray.is_initialized():
        where = address or os.environ.get("RAY_ADDRESS") or "local"
        if where == "local":
            _check_temporary_folder()
        ray.init(address=where, include_dashboard=False, logging_level=logging.WARNING)
    ray.data.DataContext.get_current().enable_progress_bars = sys.stderr.isatty()


def _check_temporary_folder() -> None:
    """Ray lays its sockets below its temporary folder, and a socket's path has 107 bytes at most. Raises PoolError."""
    name = next((name for name in ("RAY_TMPDIR", "TMPDIR") if os.environ.get(name)), None)
    folder = os.environ[name] if name else "/tmp"
    if len(os.fsencode(folder)) > MOST_FOLDER_BYTES:
        raise PoolError(
            f"{name} = {folder!r} is too long for the sockets that Ray lays there; set RAY_TMPDIR to a folder of "
            f"{MOST_FOLDER_BYTES} bytes at most, such as /tmp"
        )


@contextmanager
def own_output() -> Iterator[None]:
    """Keep standard output for what the caller says afterwards: Ray's news of workers and nodes, which it prints there
    at any moment, go to standard error, and the cluster or connection that was made inside ends with it."""
    ours = not ray.is_initialized()
    with redirect_stdout(sys.stderr):
        try:
            yield
        finally:
            if ours:
                ray.shutdown()


class _Actor:
    """A stage as Ray Data builds it: the step travels, its models are born on the worker."""

    def __init__(self, build: Callable[[], Stage]) -> None:
        self._stage = build()

    def __call__(self, block: pa.Table) -> pa.Table:
        return packed(self._stage(opened(block)))


def stream(
    steps: list[Step], tables: Iterable[pa.Table], *, address: str = "", autoscaling: bool = False
) -> Iterator[dict[str, Any]]:
    """Send tables through the stages, each on its own actor pool, and yield the last stage's rows as they come.

    Raises PoolError where the cluster can't hold the pools and, by `autoscaling`, will not grow: they would wait for
    ever; StorageError or LeaseError where a worker did.
    """
    tables = list(tables)
    if not tables:
        return
    start(address)
    if not autoscaling:
        _feasible(steps)
    dataset = ray.data.from_blocks([packed(table) for table in tables])  # from_arrow: a task for each, 5 ms a shard
    for step in steps:
        named = type(step.name.capitalize(), (_Actor,), {})
        pool = step.pool
        dataset = dataset.map_batches(
            named,
            fn_constructor_args=(step.build,),
            batch_size=1,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=min(pool.size, len(tables)), max_tasks_in_flight_per_actor=4),
            num_cpus=pool.num_cpus,
            num_gpus=pool.num_gpus or None,
            memory=pool.memory_gb * 1e9 or None,
        )
    try:
        for block in dataset.iter_batches(batch_size=1, batch_format="pyarrow"):
            yield from opened(block).to_pylist()
    except RayTaskError as error:
        fault = _fault(error)
        if fault is None:
            raise
        raise fault from None


def packed(table: pa.Table) -> pa.Table:
    """A table as one row: a column `table` with its Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    data = sink.getvalue()
    offsets = pa.array([0, data.size], pa.int64()).buffers()[1]
    return pa.table({"table": pa.LargeBinaryArray.from_buffers(pa.large_binary(), 1, [None, offsets, data])})


def opened(block: pa.Table) -> pa.Table:
    """The table that `packed` made one row of, in the same memory. Raises ValueError of several in one."""
    if len(block) != 1:
        raise ValueError(f"a block holds {len(block)} tables where one is handed over; report this, with Ray's version")
    (cell,) = (chunk for chunk in block.column("table").chunks if len(chunk))
    _, offsets, data = cell.buffers()  # a scalar or combined chunks would be a copy
    first, last = (int(end) for end in np.frombuffer(offsets, np.int64, 2, 8 * cell.offset))
    return pa.ipc.open_stream(data.slice(first, last - first)).read_all()


def _fault(error: RayTaskError) -> StorageError | LeaseError | None:
    """The fault of the machine that ended a worker's task, of which Ray hands over the text alone; None for a bug."""
    found = re.findall(r"^layoutgen\.\S+\.(StorageError|LeaseError): (.+)$", str(error), re.MULTILINE)
    if not found:
        return None
    name, message = found[-1]
    return StorageError(message) if name == "StorageError" else LeaseError(message)


def _feasible(steps: list[Step]) -> None:
    have = ray.cluster_resources()
    for resource, want in (
        ("CPU", sum(step.pool.size * step.pool.num_cpus for step in steps)),
        ("GPU", sum(step.pool.size * step.pool.num_gpus for step in steps)),
    ):
        if want > have.get(resource, 0.0) + 1e-9:
            asked = ", ".join(f"{step.name} {step.pool.size}" for step in steps)
            raise PoolError(
                f"the pools ask for {want:g} {resource} ({asked} actors) and the cluster has "
                f"{have.get(resource, 0.0):g}; lower the pools' size or num_cpus in the config, add nodes, or set "
                "run.autoscaling where the cluster adds them itself"
            )
