"""Published snapshots as versions of a Delta table, by delta-rs: `OUTPUT` is the table, and its log names our files.

    OUTPUT/_delta_log/00000000000000000012.json   which files the version has

Each version replaces all files by those of one snapshot. No data is copied. The log asks for files to be kept for a
hundred years, so that VACUUM deletes none: `jobs.maintain` does that, and versions whose files it removed can be listed
and no longer read. Source: https://github.com/delta-io/delta/blob/master/PROTOCOL.md.
"""

import json
import time
from collections.abc import Collection

from deltalake import CommitProperties, DeltaTable, Schema
from deltalake.exceptions import TableNotFoundError
from deltalake.transaction import AddAction, create_table_with_add_actions

from layoutgen.io.catalogues.published import FILES, RUN, Commit, Published
from layoutgen.io.storage import Storage

_RETENTION = {"delta.deletedFileRetentionDuration": "interval 36500 days"}


class DeltaCatalogue:
    """The Delta log of a table's root."""

    def __init__(self, storage: Storage, root: str) -> None:
        self._root = root
        url = storage.endpoint.url if root.startswith("s3://") else ""
        self._options = {"AWS_ENDPOINT_URL": url, "AWS_ALLOW_HTTP": str(url.startswith("http://"))} if url else {}

    def commits(self) -> list[Commit]:
        """The run and the digest of files of each version that the log still has, oldest first."""
        table = self._table()
        entries = table.history()[::-1] if table else []
        return [(entry[RUN], entry.get(FILES, "")) for entry in entries if entry.get(RUN)]

    def current(self) -> Commit | None:
        """The run and the digest of files of the newest version."""
        commits = self.commits()
        return commits[-1] if commits else None

    def commit(self, published: Published) -> None:
        """Replace the table's files by a snapshot's, in one version."""
        now = time.time_ns() // 1_000_000
        schema = Schema.from_arrow(published.schema)
        parted = [published.partition_by] if published.partition_by else []
        adds = [
            AddAction(
                path=file.name,  # delta-rs escapes it in the log
                size=file.bytes,
                partition_values=dict.fromkeys(parted, file.value),
                modification_time=now,
                data_change=True,
                stats=json.dumps({"numRecords": file.rows}),
            )
            for file in published.files
        ]
        properties = CommitProperties(custom_metadata=published.properties)
        table = self._table()
        if table and table.schema() == schema and table.metadata().partition_columns == parted:
            table.create_write_transaction(
                [*adds], mode="overwrite", schema=schema, partition_by=parted, commit_properties=properties
            )
            return
        create_table_with_add_actions(
            self._root,
            schema,
            adds,
            mode="overwrite",
            partition_by=parted,
            configuration=_RETENTION,
            storage_options=self._options or None,
            commit_properties=properties,
        )

    def forget(self, readable: Collection[Commit]) -> int:
        """Versions can't be taken out of a log; those that are not `readable` stay in the list."""
        return 0

    def _table(self) -> DeltaTable | None:
        try:
            return DeltaTable(self._root, storage_options=self._options or None)
        except TableNotFoundError:
            return None
