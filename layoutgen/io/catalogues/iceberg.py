"""Published snapshots as commits of an Iceberg table, by PyIceberg: metadata alone is written, the files stay ours.

A commit replaces all files of the table by those of one snapshot, and has the run's id and counts as its properties, so
that time travel there shows what readers of that run saw. Files have no field ids; Iceberg's name mapping gives each
column its own. `gc.enabled` is off, so that no engine's clean-up deletes files that other snapshots, or readers of
plain Parquet, have: `jobs.maintain` does that, and commits whose files it removed are expired here. Commits hold
counts of each column, and least and greatest values of none but that of the partitions: rows lie in files by a hash, so
that no query could leave a file out by them, and they would keep keys and words of products that are erased.

The catalogue's address and credentials are PyIceberg's own configuration (`.pyiceberg.yaml` or `PYICEBERG_CATALOG__…`
of the environment). Source: https://iceberg.apache.org/spec/.
"""

from collections.abc import Collection, Sequence
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import NoSuchTableError, ValidationError
from pyiceberg.io.pyarrow import parquet_files_to_data_files
from pyiceberg.partitioning import UNPARTITIONED_PARTITION_SPEC
from pyiceberg.table import Table, TableProperties, Transaction
from pyiceberg.transforms import IdentityTransform
from pyiceberg.utils.config import Config

from layoutgen.io.catalogues.published import FILES, RUN, CatalogueError, Commit, Published
from layoutgen.io.storage import Storage


class IcebergCatalogue:
    """The table `table` (`namespace.name`) of PyIceberg's catalogue `catalog`; `storage` says where S3 is, unless the
    catalogue's own configuration does. Raises CatalogueError where it is not configured."""

    def __init__(self, storage: Storage, catalog: str, table: str) -> None:
        self._identifier = tuple(table.split("."))
        self._name = f"Iceberg table {table} of catalogue {catalog}"
        configured = Config().get_catalog_config(catalog)
        if configured is None:
            raise CatalogueError(
                f"{self._name}: PyIceberg has no catalogue of this name; give its address in .pyiceberg.yaml or in "
                f"PYICEBERG_CATALOG__{catalog.upper()}__URI"
            )
        url = storage.endpoint.url
        own = {"s3.endpoint": url} if url else {}
        properties: dict[str, Any] = {**own, **configured}
        self._catalog: Catalog = load_catalog(catalog, **properties)

    def commits(self) -> list[Commit]:
        """The run and the digest of files of each commit that has one, oldest first."""
        table = self._table()
        return [_of(snapshot) for snapshot in table.snapshots() if _of(snapshot)[0]] if table else []

    def current(self) -> Commit | None:
        """The run and the digest of files that readers of the newest commit see; None of a table without one."""
        table = self._table()
        snapshot = table.current_snapshot() if table else None
        return _of(snapshot) if snapshot else None

    def commit(self, published: Published) -> None:
        """Replace the table's files by a snapshot's, in one commit."""
        table = self._table() or self._create(published)
        with table.transaction() as transaction:
            _fit(transaction, table, published.schema)
            if published.partition_by != _partitioned_by(table):
                with transaction.update_spec() as spec:
                    if old := _partitioned_by(table):
                        spec.remove_field(old)
                    if published.partition_by:
                        spec.add_field(published.partition_by, IdentityTransform(), published.partition_by)
            metadata = transaction.table_metadata
            mapping = metadata.schema().name_mapping.model_dump_json()
            transaction.set_properties(
                {TableProperties.DEFAULT_NAME_MAPPING: mapping, **_bounds_of(published.partition_by)}
            )
            with transaction.update_snapshot(snapshot_properties=published.properties).overwrite() as files:
                for task in table.scan().plan_files():
                    files.delete_data_file(task.file)
                ours = iter([published.uri(file) for file in published.files])
                for data_file in parquet_files_to_data_files(table.io, transaction.table_metadata, ours):
                    files.append_data_file(data_file)

    def forget(self, readable: Collection[Commit]) -> int:
        """Expire the commits that are not `readable`, all but the newest; return how many. No file goes."""
        table = self._table()
        if table is None:
            return 0
        newest = table.metadata.current_snapshot_id
        gone = [s.snapshot_id for s in table.snapshots() if s.snapshot_id != newest and _of(s) not in readable]
        if gone:
            table.maintenance.expire_snapshots().by_ids(gone).commit()
        return len(gone)

    def _table(self) -> Table | None:
        try:
            return self._catalog.load_table(self._identifier)
        except NoSuchTableError:
            return None

    def _create(self, published: Published) -> Table:
        self._catalog.create_namespace_if_not_exists(self._identifier[:-1])
        return self._catalog.create_table(
            self._identifier,
            published.schema,
            partition_spec=UNPARTITIONED_PARTITION_SPEC,
            properties={"gc.enabled": "false", "format-version": "2"},
        )


def _fit(transaction: Transaction, table: Table, schema: pa.Schema) -> None:
    """Give the table a snapshot's columns. One that became of a type which Iceberg can't widen it to is a new one."""
    there = {field.name for field in table.schema().fields}
    _change(transaction, there - {*schema.names}, pa.schema([]))
    try:
        _change(transaction, (), schema)
    except ValidationError:
        for field in schema:
            try:
                _change(transaction, (), pa.schema([field]))
            except ValidationError:
                _change(transaction, [field.name], pa.schema([]))
                _change(transaction, (), pa.schema([field]))


def _change(transaction: Transaction, gone: Collection[str], schema: pa.Schema) -> None:
    with transaction.update_schema() as columns:
        for name in gone:
            columns.delete_column(name)
        columns.union_by_name(schema)


def _bounds_of(partition_by: str) -> dict[str, str]:
    """Which columns have least and greatest values in commits: the one alone whose partition PyIceberg reads off
    them."""
    own = {f"{TableProperties.METRICS_MODE_COLUMN_CONF_PREFIX}.{partition_by}": "full"} if partition_by else {}
    return {TableProperties.DEFAULT_WRITE_METRICS_MODE: "counts", **own}


def _of(snapshot: Any) -> Commit:
    properties = snapshot.summary.additional_properties if snapshot.summary else {}
    return properties.get(RUN, ""), properties.get(FILES, "")


def _partitioned_by(table: Table) -> str:
    names: Sequence[str] = [field.name for field in table.spec().fields]
    return names[0] if names else ""
