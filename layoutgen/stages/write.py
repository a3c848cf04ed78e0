"""write: a shard's rows in; its files written and read back, its marker set, one row with the report out."""

import json
import time
from dataclasses import replace

import pyarrow as pa

from layoutgen.core import schema
from layoutgen.io.crash import crash_point
from layoutgen.io.tables.lease import LeaseError
from layoutgen.io.tables.ledger import Busy, Ledger
from layoutgen.io.tables.snapshot import Snapshots


class Write:
    """The write stage."""

    def __init__(self, snapshots: Snapshots, ledger: Ledger) -> None:
        self._snapshots, self._ledger = snapshots, ledger

    def __call__(self, table: pa.Table) -> pa.Table:
        """Write one shard, which `schema.SHARD` numbers, unless this attempt has; return its report as JSON."""
        began = time.monotonic()
        shard, attempt = table.column(schema.SHARD)[0].as_py(), table.column(schema.ATTEMPT)[0].as_py()
        crash_point("during_shard")
        if (newest := self._ledger.attempt()) != attempt:
            raise LeaseError(
                f"{self._ledger.root} was taken over by attempt {newest} of this run; nothing more is written"
            )
        done = self._ledger.marker(shard)
        if done is not None and done.attempt == attempt:  # by a worker before this one, whose answer was lost
            return pa.table({"report": [done.to_json()]})
        report = self._snapshots.write_shard(table, shard, attempt=attempt)
        times = json.loads(table.column(schema.TIMES)[0].as_py()) | {"write": [report.images, time.monotonic() - began]}
        report = replace(report, stages={name: Busy(*busy) for name, busy in times.items()})
        crash_point("data_written")
        self._ledger.write_marker(report)
        crash_point("marker_written")
        return pa.table({"report": [report.to_json()]})
