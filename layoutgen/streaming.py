"""How tables flow through stages: through actor pools, in the one place that calls `map_batches`, or in one process.

A table in is a table from end to end. Between pools it travels as one row that holds its Arrow stream, handed over with
`batch_size=1`: so Ray, which takes no whole blocks where a pool has GPUs and joins rows to fill other batches, can
neither split it nor join it with its neighbours, whatever its size. Packing copies a table once (15 ms for 105 MB that
take seconds to fetch); opening copies nothing.

Stages may share actors (`run.pools = "auto"`): neighbours that need no GPU and hold no large model are one pool, of as
many actors as there are CPUs, in which a table goes from stage to stage without being packed. Whatever the stages'
paces are, no CPU waits for another stage; each process starts once, and a photo is decoded once.
"""

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa

from layoutgen import console
from layoutgen.cluster import ClusterError, fit, is_alone, join, room
from layoutgen.config.base import Node, Pool
from layoutgen.imaging import decoded
from layoutgen.io.storage import StorageError
from layoutgen.io.tables.lease import LeaseError
from layoutgen.models.decoding.devices import ending_with_device

if TYPE_CHECKING:
    from layoutgen.held_devices import Card

_OF_THE_MACHINE = {"StorageError": StorageError, "LeaseError": LeaseError, "DeviceError": ClusterError}
log = logging.getLogger("layoutgen")

Stage = Callable[[pa.Table], pa.Table]


ACTOR_GB = 1.0
"""Memory that an actor of all stages without large models is given, GB; with the shipped settings it had 0.73."""


@dataclass(frozen=True)
class Step:
    """A stage to run: its name, how a worker builds it, and its pool. One that `is_large` holds a model that not each
    CPU can have its own of. `parts` are the stages that it consists of, where these share its actors."""

    name: str
    build: Callable[[], Stage]
    pool: Pool
    is_large: bool = False
    parts: tuple[str, ...] = ()

    @property
    def is_alone(self) -> bool:
        """Whether it shares its actors with no other stage."""
        return self.is_large or self.pool.num_gpus > 0


ActorSeconds = dict[str, tuple[float, float, float]]
"""By step, seconds since its start in which actors were there, were at work, and were waited for, all of a pool
together: two that worked for 3 s are 6. Sums lose nothing where samples of them are thinned out."""
ACTOR_SECONDS = ("alive", "busy", "waiting")
Arranged = Callable[[Sequence[Step]], None]
"""Is told the steps as they are run, before they are."""


def _unheard(_: Sequence[Step]) -> None:
    pass


class Stream(Protocol):
    """Sends tables through steps and yields the last step's rows: `stream` on a cluster, `in_process` here."""

    def __call__(
        self,
        steps: list[Step],
        tables: Iterable[pa.Table],
        *,
        address: str = "",
        autoscaling: bool = False,
        nodes: Sequence[Node] = (),
        auto: bool = False,
        arranged: Arranged = _unheard,
        actor_seconds: ActorSeconds | None = None,
    ) -> Iterator[dict[str, Any]]:
        """Yield the rows; the keywords say which cluster, and whether stages share actors; `arranged` hears how. What
        actors do is summed up in `actor_seconds` meanwhile; where there are none, nothing."""
        ...


class _Actor:
    """A stage as Ray Data builds it: the step travels, its models are born on the worker."""

    def __init__(self, build: Callable[[], Stage], card: "Card | None" = None) -> None:
        console.set_up()
        self._hold = card.hold if card else lambda: None
        if card:
            card.check()
        self._stage = build()

    def __call__(self, block: pa.Table) -> pa.Table:
        with ending_with_device(self._hold), decoded.caching():
            return packed(self._stage(opened(block)))


def idle(name: str, pool: Pool) -> Step:
    """A step of which the pool alone matters."""
    return Step(name, lambda: lambda table: table, pool)


def shared(steps: Sequence[Step], cpus: int, memory_gb: float) -> list[Step]:
    """The steps on a machine or cluster of so many CPUs and GB: neighbours that can share actors as one step each, of
    as many actors as CPUs and memory allow. All actors together reserve no more CPUs than there are: each the share
    that leaves room for all, since those of stages before and behind a GPU are seldom busy at once."""
    actors = max(1, min(cpus, int(memory_gb / ACTOR_GB)))
    runs = [[*run] for _, run in groupby(steps, key=lambda step: step.name if step.is_alone else "")]
    sizes = [run[0].pool if run[0].is_alone else Pool(size=actors) for run in runs]
    asked = sum(pool.place * min(pool.num_cpus, cpus) for pool in sizes)
    share = min(1.0, _RESERVED * cpus / asked) if asked else 1.0
    joined = []
    for run, pool in zip(runs, sizes, strict=True):
        pool = pool.model_copy(update={"num_cpus": share * min(pool.num_cpus, cpus)})  # noqa: PLW2901 as reserved
        parts = tuple(step.name for step in run)
        name = parts[0] if len(parts) == 1 else f"{parts[0]}_to_{parts[-1]}"
        build = run[0].build if len(run) == 1 else partial(_chain, tuple(step.build for step in run))
        joined.append(Step(name, build, pool, run[0].is_large, parts))
    return joined


_RESERVED = 0.99  # of the CPUs: Ray counts in ten thousandths, and rounds each actor's


def _chain(builds: Sequence[Callable[[], Stage]]) -> Stage:
    stages = [build() for build in builds]

    def through(table: pa.Table) -> pa.Table:
        for stage in stages:
            table = stage(table)
        return table

    return through


def stream(
    steps: list[Step],
    tables: Iterable[pa.Table],
    *,
    address: str = "",
    autoscaling: bool = False,
    nodes: Sequence[Node] = (),
    auto: bool = False,
    arranged: Arranged = _unheard,
    actor_seconds: ActorSeconds | None = None,
) -> Iterator[dict[str, Any]]:
    """Send tables through the stages, each on its own actor pool or (`auto`) on actors that they share, and yield the
    last stage's rows as they come. Without any table it looks for the cluster and whether the pools fit, and builds
    nothing.

    Raises ClusterError and PoolError as `cluster.join` and `cluster.fit` do, and ClusterError where nothing moves for
    half an hour or a device is lost again and again; StorageError or LeaseError where a worker did.
    """
    join(address)
    import ray.data
    from ray.data.exceptions import ExecutionTimeoutError
    from ray.exceptions import RayTaskError

    if auto:
        steps = shared(steps, *room())
    arranged(steps)
    share = fit([(step.name, step.pool) for step in steps], autoscaling=autoscaling, nodes=nodes, alone=is_alone())
    tables = list(tables)
    if not tables:
        return
    if share < 1:
        log.info("all pools together ask for more CPUs than this machine has: an actor reserves %.0f %%", 100 * share)
    cards = _cards(steps, autoscaling)
    dataset = ray.data.from_blocks([packed(table) for table in tables])  # from_arrow: a task for each, 5 ms a shard
    for step in steps:
        named = type(step.name.capitalize(), (_Actor,), {})
        pool = step.pool
        dataset = dataset.map_batches(
            named,
            fn_constructor_args=(step.build, cards.get(step.name)),
            batch_size=1,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(
                min_size=min(pool.place, len(tables)),
                max_size=min(pool.most, len(tables)),
                initial_size=min(max(1, pool.size), len(tables)),
                # An actor of all stages has no wait for its next table to hide, and takes none that another could.
                max_tasks_in_flight_per_actor=1 if step.parts and not step.is_alone else 4,
            ),
            num_cpus=pool.num_cpus * share,
            num_gpus=pool.num_gpus or None,
            memory=pool.memory_gb * 1e9 or None,
        )
    dataset.context.custom_execution_callback_classes = _callbacks(steps, actor_seconds)
    try:
        for block in dataset.iter_batches(batch_size=1, batch_format="pyarrow"):
            yield from opened(block).to_pylist()
    except ExecutionTimeoutError as error:
        waited = re.findall(r"^  - (.+)$", str(error), re.MULTILINE)
        raise ClusterError(
            f"nothing moved for {dataset.context.execution_no_progress_timeout_s:g} s ({'; '.join(waited)}): actors of "
            "nodes that are gone wait until others come; see that the cluster has what the pools ask for"
        ) from None
    except RayTaskError as error:
        fault = cause(error, _OF_THE_MACHINE)
        if fault is None:
            raise
        raise fault from None
    finally:
        for card in [*cards.values()][:1]:  # all have one holder
            card.release()


def _callbacks(steps: list[Step], actor_seconds: ActorSeconds | None) -> list[Any]:
    """What Ray Data's executor calls: what lets pools rest, and what sums up what their actors do."""
    callbacks = []
    if resting := {step.name.capitalize(): step.pool.rest_after_s for step in steps if not step.pool.least}:
        from layoutgen import resting as resting_pools

        callbacks.append(resting_pools.callback(resting))
    if actor_seconds is not None:
        from layoutgen import watching

        stage_of = {f"MapBatches({step.name.capitalize()})": step.name for step in steps}
        callbacks.append(watching.callback(stage_of, actor_seconds))
    return callbacks


def _cards(steps: list[Step], may_grow: bool) -> "dict[str, Card]":
    """What actors that have GPUs say of broken ones, by their step's name; of no such step nothing is started."""
    if not any(step.pool.num_gpus for step in steps):
        return {}
    from layoutgen.held_devices import Card, start_holder

    holder = start_holder(sum(step.pool.place * step.pool.num_gpus for step in steps), may_grow)
    return {step.name: Card(holder, step.pool.num_gpus) for step in steps if step.pool.num_gpus}


def in_process(
    steps: list[Step],
    tables: Iterable[pa.Table],
    *,
    address: str = "",
    autoscaling: bool = False,
    nodes: Sequence[Node] = (),
    auto: bool = False,
    arranged: Arranged = _unheard,
    actor_seconds: ActorSeconds | None = None,
) -> Iterator[dict[str, Any]]:
    """Send tables through the stages one after the other, in this process: no cluster is looked for, stages are built
    at the first table, and what a stage raises is raised here."""
    through: Stage | None = None
    for table in tables:
        through = through or _chain([step.build for step in steps])
        with decoded.caching():
            done = through(table)
        yield from done.to_pylist()


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


def cause(error: Exception, kinds: Mapping[str, type[Exception]]) -> Exception | None:
    """The exception that ended a worker, of which Ray hands over the text alone: the last of those of our own that
    `kinds` names, as the class given there; None where it was another."""
    named = [(name, message) for name, message in raised(error) if name in kinds]
    return kinds[named[-1][0]](named[-1][1]) if named else None


def raised(error: Exception) -> list[tuple[str, str]]:
    """The exceptions that the text of Ray's error tells of, ours without their module: name and message."""
    pattern = r"^(?:layoutgen\.\S+\.)?(\w+(?:Error|Exception)): (.+)$"
    return [(name, message) for name, message in re.findall(pattern, str(error), re.MULTILINE)]
