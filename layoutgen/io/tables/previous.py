"""What a run builds on: a shard's rows in the published snapshot, and in runs that were never published.

The published snapshot may have fewer files than the run has shards, by a whole factor: a product's shard is a hash
modulo the number of shards, so all rows of shard s, of n·k shards, lie in file s modulo n.

Of a run that was cut off or refused, the shards with a marker count, and those only as their markers describe them: a
file that was changed since is none.
"""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from layoutgen.core.manifest.column_types import NO_COLUMNS, own_of
from layoutgen.core.manifest.column_values import aligned, is_aligned
from layoutgen.core.manifest.plan import shard_of
from layoutgen.io.storage import Storage
from layoutgen.io.tables.ledger import Base, Ledger, Source


class PublishedFile(NamedTuple):
    """A file of the published snapshot, as it was read."""

    uri: str
    data: bytes
    version: str


@dataclass(frozen=True, eq=False)
class Before:
    """A shard's rows before a run. `published` are those of the published snapshot, `known` the newest of each key in
    that snapshot and the unpublished runs; both have the contract's columns and the settled own ones. `file` is the
    published file where it holds this shard's rows, in these columns, and nothing else. `losing` are the keys of
    published rows with a value in a column that is settled to go."""

    published: pa.Table
    known: pa.Table
    file: PublishedFile | None = None
    losing: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Previous:
    """The rows that a run of `shards` shards builds on; `schema` is the published rows', `own` the user's own
    columns as the run settled them."""

    storage: Storage
    root: str
    schema: pa.Schema
    base: Base
    shards: int
    own: pa.Schema = NO_COLUMNS

    def before(self, shard: int) -> Before:
        """What is known of a shard's rows. Raises StorageError."""
        file = self._published_file(shard)
        table = _read(file.data if file else None)
        published = aligned(self.schema.empty_table(), self.schema, self.own)
        if table is None:
            file = None
        else:
            published = self._of_shard(aligned(table, self.schema, self.own), shard, self.base.published)
            if not is_aligned(table.schema, self.schema, self.own) or len(published) != len(table):
                file = None
        known = published
        for source in reversed(self.base.unpublished):
            newer = self._unpublished(source, shard)
            if newer is not None:
                known = _overlaid(known, newer)
        return Before(published, known, file, self._losing(table) if table is not None else frozenset())

    def _published_file(self, shard: int) -> PublishedFile | None:
        source = self.base.published
        if source is None:
            return None
        uri = self._part(source, shard)
        stored = self.storage.read_version(uri)
        return PublishedFile(uri, *stored) if stored else None

    def _unpublished(self, source: Source, shard: int) -> pa.Table | None:
        report = Ledger(self.storage, self.root, source.run_id).marker(shard % source.shards)
        if report is None or report.published is None:
            return None
        found = self.storage.read_version(self._part(source, shard))
        if found is None or hashlib.sha256(found[0]).hexdigest() != report.published.sha256:
            return None
        table = _read(found[0])
        if table is None:
            return None
        # An own column that this run has settled otherwise is as good as new.
        return self._of_shard(aligned(table, self.schema, self.own, as_is=True), shard, source)

    def _losing(self, table: pa.Table) -> frozenset[str]:
        contract, own = own_of(self.schema, self.own)
        going = [name for name in table.column_names if name not in (*contract.names, *own.names)]
        row_ids = table.column("row_id").to_pylist()
        filled = (pc.is_valid(table.column(name)).to_pylist() for name in going)
        return frozenset(row_id for column in filled for row_id, is_set in zip(row_ids, column, strict=True) if is_set)

    def _part(self, source: Source, shard: int) -> str:
        return self.storage.join(self.root, f"snapshots/{source.run_id}/{part(shard % source.shards)}")

    def _of_shard(self, table: pa.Table, shard: int, source: Source | None) -> pa.Table:
        """The rows of a file that are the shard's, which are all where the number of shards is the same."""
        if source is None or source.shards == self.shards:
            return table
        keys = table.column("product_id").to_pylist()
        return table.filter(pa.array([shard_of(key or "", self.shards) == shard for key in keys], pa.bool_()))


def _read(data: bytes | None) -> pa.Table | None:
    """A file's rows; a file that is no Parquet any more counts as lost, like one that is gone."""
    try:
        return None if data is None else pq.read_table(pa.BufferReader(data))
    except (pa.ArrowInvalid, OSError):
        return None


def part(shard: int) -> str:
    """The name of a shard's file."""
    return f"part-{shard:05d}.parquet"


def chosen(table: pa.Table, row_ids: set[str]) -> pa.Table:
    """The rows of these keys."""
    return table.filter(pa.array([key in row_ids for key in table.column("row_id").to_pylist()], pa.bool_()))


def _overlaid(older: pa.Table, newer: pa.Table) -> pa.Table:
    left = set(older.column("row_id").to_pylist()) - set(newer.column("row_id").to_pylist())
    return pa.concat_tables([newer, chosen(older, left)])
