"""Finds the row that crashes its process, so that one poisonous image can't keep a night from ending. And clocks it.

A stage that dies with its process (native crash, out of memory) is started again on the same block, for ever. So a
guarded stage writes down, before it works, that it tries a shard. On a second try it goes row by row and writes down
each row first; a row that was under way at `MOST_CRASHES` crashes becomes a dead letter (`process_crashed`) and the
others go on. Tries count within one driver: a run that was killed and goes on starts afresh. A try that came as far as
the stage behind this one is none that this one died of.

A device that is lost takes its process along as well, and is seldom a row's fault. So a loss counts against the row
under way only where the same device has worked on others just before, rows under suspicion coming last: a broken card
fails at the first it is given, whoever that is. Losses that are nobody's are counted for the shard: `MOST_ON_ONE` of
them on one device show that it is broken, and `MOST_LOSSES` end the run. Nor is a row at fault where the node has left
with its process: see `Nodes`.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Protocol

import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.io.crash import crash_point
from layoutgen.io.tables.ledger import Ledger
from layoutgen.models.decoding import devices
from layoutgen.models.decoding.devices import BrokenDeviceError, DeviceError, is_lost
from layoutgen.stages.postponing import NEVER, Deadline, postponed

MOST_CRASHES = 2
MOST_LOSSES = 5
MOST_ON_ONE = 4
"""Losses of the same device at a shard: twice at the whole, and at two rows, each the first that it was given."""
MOST_NODES = 3
"""Nodes that may leave with a process at the same shard before that is taken for a row's doing."""


class Nodes(Protocol):
    """The cluster, as far as a stage's process asks for it."""

    def here(self) -> str:
        """This node; empty where there is no cluster."""

    def has(self, node: str) -> bool:
        """Whether a node is there, and is to stay."""


class Guard:
    """A stage behind a write-ahead note of what it is at. `name` is the stage's; after the deadline it begins on
    nothing. As often as the stage `following` began on a shard, this one has passed it: where they share a process, or
    a node is lost, a shard comes again that this stage did not die of. `nodes` tell whether the process before left
    with its node."""

    def __init__(
        self,
        name: str,
        build: Callable[[], Callable[[pa.Table], pa.Table]],
        ledger: Ledger,
        deadline: Deadline = NEVER,
        following: str = "",
        nodes: Nodes | None = None,
    ) -> None:
        self._name, self._stage, self._ledger, self._deadline = name, build(), ledger, deadline
        self._following, self._nodes = following, nodes

    def __call__(self, table: pa.Table) -> pa.Table:
        """Run the stage on a shard, carefully where it has crashed on it before."""
        work = rows.open_rows(table)
        if work and self._deadline.is_over():
            table, work = postponed(table, self._name, self._deadline), []
        if not work:
            return self._stage(table)
        began = time.monotonic()
        shard, driver = table.column(schema.SHARD)[0].as_py(), table.column(schema.ATTEMPT)[0].as_py()
        note, tries = self._note(self._name, shard, driver)
        passed = self._note(self._following, shard, driver)[1]["count"] if tries["count"] and self._following else 0
        self._forgive(tries)
        tries["count"] += 1
        self._write(note, tries)
        crash_point(f"during_{self._name}")
        if tries["count"] - passed <= 1:
            with self._losses(note, tries):
                done = self._stage(table)
        else:
            done = self._carefully(table, set(work), note, tries)
        products = table.column("product_id").to_pylist()
        seconds = time.monotonic() - began
        return rows.clock(done, self._name, len({products[i] for i in work}), seconds, Counter(tries["lost"]))

    def _forgive(self, tries: dict[str, Any]) -> None:
        """Take back what was counted against the shard, or the row under way, where the node has left meanwhile."""
        if self._nodes is None:
            return
        if tries["node"] and tries["left"] < MOST_NODES and not self._nodes.has(tries["node"]):
            tries["left"] += 1
            tries["count"] -= 1
            if (row_id := tries.get("at")) in tries["crashes"]:
                tries["crashes"][row_id] -= 1
        tries["node"] = self._nodes.here()

    def _note(self, stage: str, shard: int, driver: int) -> tuple[str, dict[str, Any]]:
        """Where a stage's note on a shard is, and what it says of this driver's attempt."""
        note = self._ledger.uri(f"tries/{stage}-{shard:05d}.json")
        stored = self._ledger.storage.read_version(note)
        tries = json.loads(stored[0]) if stored else {}
        if tries.get("driver") != driver:
            tries = {"driver": driver, "count": 0, "lost": [], "crashes": {}, "suspects": [], "node": "", "left": 0}
        return note, tries

    def _carefully(self, table: pa.Table, work: set[int], note: str, tries: dict[str, Any]) -> pa.Table:
        row_ids = table.column("row_id").to_pylist()
        done: dict[int, pa.Table] = {}
        worked = False
        suspects = {*tries["suspects"], *tries["crashes"]}
        for i in sorted(range(len(row_ids)), key=lambda i: row_ids[i] in suspects):
            row, row_id = table.slice(i, 1), row_ids[i]
            if i in work:
                crashes = tries["crashes"].get(row_id, 0)
                if crashes >= MOST_CRASHES:
                    message = f"the {self._name} stage's process died {crashes} times while it was at this row"
                    row = rows.fail(row, self._name, {0: ("process_crashed", message)})
                else:
                    tries["crashes"][row_id], tries["at"] = crashes + 1, row_id
                    self._write(note, tries)
            with nullcontext() if worked else self._losses(note, tries, row_id):
                done[i] = self._stage(row)
            worked |= bool(rows.open_rows(row))
            if i in work and tries["crashes"].get(row_id, 0) < MOST_CRASHES:
                tries["crashes"].pop(row_id, None)
        self._write(note, tries)  # the last row has passed too
        return (
            pa.concat_tables([done[i] for i in range(len(row_ids))], promote_options="default")
            .unify_dictionaries()
            .combine_chunks()
        )

    @contextmanager
    def _losses(self, note: str, tries: dict[str, Any], row_id: str = "") -> Iterator[None]:
        """Count a device that is lost inside for the shard, and not for the row. Raises DeviceError at the last."""
        try:
            yield
        except RuntimeError as error:
            if not is_lost(error):
                raise
            device = devices.name()
            tries["lost"].append(device)
            if row_id:
                tries["crashes"][row_id] -= 1
                tries["at"] = ""
                tries["suspects"].append(row_id)
            elif len(tries["lost"]) == 1:
                tries["count"] -= 1  # once more in the pace of a whole shard, as if nothing had been
            self._write(note, tries)
            if len(tries["lost"]) >= MOST_LOSSES:
                raise DeviceError(
                    f"the {self._name} stage lost its device {MOST_LOSSES} times at the same shard, the last time "
                    f"{device} ({str(error).splitlines()[0]}); take that node out of the cluster"
                ) from None
            if tries["lost"].count(device) >= MOST_ON_ONE:
                raise BrokenDeviceError(str(error)) from error
            raise

    def _write(self, note: str, tries: dict[str, Any]) -> None:
        self._ledger.storage.write(note, json.dumps(tries).encode())
