"""One Parquet file of a run: written, read back, and whether it still holds what was written."""

import hashlib
import io
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core import schema
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables.ledger import Written

ROW_GROUP_ROWS = 20_000


def parquet(table: pa.Table, compression: str) -> bytes:
    """A table as a file."""
    sink = io.BytesIO()
    pq.write_table(
        table.replace_schema_metadata({"layoutgen.schema_version": str(schema.VERSION)}),
        sink,
        compression=compression,
        row_group_size=ROW_GROUP_ROWS,
        write_statistics=True,
        use_dictionary=True,
    )
    return sink.getvalue()


def sha256(data: bytes) -> str:
    """The sha256 of bytes, as manifests write it."""
    return hashlib.sha256(data).hexdigest()


def columns(storage: Storage, uri: str) -> pa.Schema:
    """The columns of a file, of which its footer alone is read. Raises StorageError."""

    def read() -> pa.Schema:
        with storage.open(uri) as opened:
            return pq.read_schema(opened)

    return storage.attempt(uri, read)


def write(storage: Storage, uri: str, data: bytes, columns: list[str]) -> tuple[Written, pa.Table]:
    """Write a file and read it back: what it is, with the version that the store gave it, and these columns of it.
    Raises StorageError where its bytes are not those that were sent."""
    storage.write(uri, data)
    digest = sha256(data)
    written = Written(uri.rpartition("/")[2], pq.read_metadata(pa.BufferReader(data)).num_rows, len(data), digest)
    there = storage.read_version(uri)
    if there is None or sha256(there[0]) != digest:
        raise StorageError(f"{uri} does not hold what was written to it")
    return replace(written, version=there[1]), pq.read_table(pa.BufferReader(there[0]), columns=columns)


def copy(
    storage: Storage, source: str, version: str, uri: str, data: bytes, columns: list[str]
) -> tuple[Written, pa.Table]:
    """As `write`, of the bytes that were read from `source` at this version: the store copies them where it can, and
    vouches for them."""
    copied = storage.copy(source, uri, version)
    if copied is None:
        return write(storage, uri, data, columns)
    rows = pq.read_table(pa.BufferReader(data), columns=columns)
    return Written(uri.rpartition("/")[2], len(rows), len(data), sha256(data), copied), rows


def holds(storage: Storage, uri: str, written: Written) -> bool:
    """Tell whether a file, which a listing that may be old shows otherwise, has the bytes that were written."""
    there = storage.read_version(uri)
    return there is not None and sha256(there[0]) == written.sha256
