"""What a night does without a cluster: the driver itself carries over shards of which no row is to be computed.

Actors take seconds to start, which a night without changes would spend on nothing. So of a table that one process can
compare in seconds the driver looks at the shards first, as the stages `load` and `write` would; at the first row that
is to be computed it stops, and what is left goes through the actors.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pyarrow as pa

from layoutgen.core import rows
from layoutgen.io.storage import Storage
from layoutgen.io.tables.lease import read_current
from layoutgen.io.tables.ledger import ShardPlan, ShardReport
from layoutgen.io.tables.published_runs import manifest
from layoutgen.streaming import Step, Stream

MOST_ROWS = 20_000
"""Published rows of a table that the driver looks at: some milliseconds each hundred, and requests for their images."""


def may_suffice(storage: Storage, root: str) -> bool:
    """Whether the driver looks at a table's shards: it has published rows, and no more than `MOST_ROWS`."""
    run_id = read_current(storage, root).run_id
    if run_id is None:
        return False
    return sum(file["rows"] for file in manifest(storage, root, run_id)["files"]) <= MOST_ROWS


def written(
    steps: list[Step], shards: list[ShardPlan], attempt: int, by_driver: bool, stream: Stream
) -> Iterator[ShardReport]:
    """Reports of the shards as they are written: those without anything to compute by the driver where it may, then
    the others by the actors."""
    done = set()
    if by_driver:
        for report in carry_over(steps[0].build, steps[-1].build, _addresses(shards, attempt)):
            done.add(report.shard)
            yield report
    if left := [shard for shard in shards if shard.shard not in done]:
        for row in stream(steps, _addresses(left, attempt)):
            yield ShardReport.from_json(row["report"])


def carry_over(
    build_load: Callable[[], Callable[[pa.Table], pa.Table]],
    build_write: Callable[[], Callable[[pa.Table], pa.Table]],
    addresses: Sequence[pa.Table],
    at_once: int = 8,
) -> Iterator[ShardReport]:
    """Write the shards at `addresses`, `at_once` side by side, that hold no row to compute, and yield their reports;
    after the first that holds one no other is begun."""
    load, write = build_load(), build_write()
    over = Event()

    def carried(address: pa.Table) -> ShardReport | None:
        if over.is_set():
            return None
        try:
            table = load(address)
            if rows.open_rows(table):
                over.set()
                return None
            (row,) = write(table).to_pylist()
        except BaseException:
            over.set()
            raise
        return ShardReport.from_json(row["report"])

    with ThreadPoolExecutor(at_once) as pool:
        try:
            yield from filter(None, pool.map(carried, addresses))
        finally:
            over.set()


def _addresses(shards: list[ShardPlan], attempt: int) -> list[pa.Table]:
    """Where each shard's planned rows lie, a table of one row each, cut from one: 300,000 take 1 s and not 30."""
    names = ("shard", "part", "group")
    columns = {name: [getattr(shard, name) for shard in shards] for name in names}
    whole = pa.table({**columns, "attempt": pa.array([attempt] * len(shards), pa.int64())})
    return [whole.slice(i, 1) for i in range(len(shards))]
