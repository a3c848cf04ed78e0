"""Finds the row that crashes its process, so that one poisonous image can't keep a night from ending. And clocks it.

A stage that dies with its process (native crash, out of memory) is started again on the same block, for ever. So a
guarded stage writes down, before it works, that it tries a shard. On a second try it goes row by row and writes down
each row first; a row that was under way at `MOST_CRASHES` crashes becomes a dead letter (`process_crashed`) and the
others go on. Tries count within one driver: a run that was killed and goes on starts afresh.
"""

import json
import time
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.io.crash import crash_point
from layoutgen.io.ledger import Ledger

MOST_CRASHES = 2


class Guard:
    """A stage behind a write-ahead note of what it is at. `name` is the stage's."""

    def __init__(self, name: str, build: Callable[[], Callable[[pa.Table], pa.Table]], ledger: Ledger) -> None:
        self._name, self._stage, self._ledger = name, build(), ledger

    def __call__(self, table: pa.Table) -> pa.Table:
        """Run the stage on a shard, carefully where it has crashed on it before."""
        work = rows.open_rows(table)
        if not work:
            return self._stage(table)
        began = time.monotonic()
        shard, driver = table.column(schema.SHARD)[0].as_py(), table.column(schema.ATTEMPT)[0].as_py()
        note = self._ledger.uri(f"tries/{self._name}-{shard:05d}.json")
        found = self._ledger.storage.read_version(note)
        tries = json.loads(found[0]) if found else {}
        if tries.get("driver") != driver:
            tries = {"driver": driver, "count": 0, "crashes": {}}
        tries["count"] += 1
        self._write(note, tries)
        crash_point(f"during_{self._name}")
        done = self._stage(table) if tries["count"] == 1 else self._carefully(table, set(work), note, tries)
        products = table.column("product_id").to_pylist()
        return rows.clock(done, self._name, len({products[i] for i in work}), time.monotonic() - began)

    def _carefully(self, table: pa.Table, work: set[int], note: str, tries: dict[str, Any]) -> pa.Table:
        row_ids = table.column("row_id").to_pylist()
        done = []
        for i, row_id in enumerate(row_ids):
            row = table.slice(i, 1)
            if i in work:
                crashes = tries["crashes"].get(row_id, 0)
                if crashes >= MOST_CRASHES:
                    message = f"the {self._name} stage's process died {crashes} times while it was at this row"
                    row = rows.fail(row, self._name, {0: ("process_crashed", message)})
                else:
                    tries["crashes"][row_id] = crashes + 1
                    self._write(note, tries)
            done.append(self._stage(row))
            if i in work and tries["crashes"].get(row_id, 0) < MOST_CRASHES:
                tries["crashes"].pop(row_id, None)
        self._write(note, tries)  # the last row has passed too
        return pa.concat_tables(done).unify_dictionaries().combine_chunks()

    def _write(self, note: str, tries: dict[str, Any]) -> None:
        self._ledger.storage.write(note, json.dumps(tries).encode())
