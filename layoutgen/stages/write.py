"""write: a shard's rows in, its files written, one row with the report out."""

import pyarrow as pa

from layoutgen.core import schema
from layoutgen.io.snapshot import Snapshots


class Write:
    """The write stage."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots

    def __call__(self, table: pa.Table) -> pa.Table:
        """Write one shard, which the column `schema.SHARD` numbers; return its report as JSON."""
        shard = table.column(schema.SHARD)[0].as_py()
        report = self._snapshots.write_shard(table.drop_columns([schema.SHARD]), shard)
        return pa.table({"report": [report.to_json()]})
