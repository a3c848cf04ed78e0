"""What a table has of some products: which files change, and what is left of each. Nothing is changed here."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables import run_files
from layoutgen.io.tables.erased_products import Products, Rest, rest_of_json, rest_of_lines, rest_of_rows, touches

PARTS = ("partitioned", "snapshots", "dead_letters", "_runs")
AT_ONCE = 4  # files in memory


@dataclass(frozen=True)
class ChangedFile:
    """A Parquet file that changes: its sha256, and what is left of it, whose bytes are made again when they are
    written: `after` is None where nothing is left."""

    before: str
    after: str | None
    bytes: int
    rest: Rest


@dataclass(frozen=True)
class Traces:
    """What a table has of some products: the Parquet files that change, by their URIs; how many records of JSON files
    and lines go; and notes and half-written files, which go whole."""

    files: dict[str, ChangedFile]
    records: dict[str, int]
    notes: list[str]

    @property
    def rows(self) -> set[tuple[str, str]]:
        """The keys and products of all rows."""
        return {row for file in self.files.values() for row in file.rest.gone}

    @property
    def in_snapshots(self) -> set[tuple[str, str]]:
        """Those of the rows that a snapshot or its feed has: readers may have them."""
        places = (file for uri, file in self.files.items() if "/snapshots/" in uri)
        return {row for file in places for row in file.rest.gone}


def traces_of(storage: Storage, root: str, products: Products) -> Traces:
    """What there is of the products; nothing is changed yet."""
    listed = [uri for part in PARTS for uri in storage.list(f"{root}/{part}")]
    tables = [uri for uri in listed if uri.endswith(".parquet")]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        changed = zip(tables, pool.map(partial(_changed_file, storage, products), tables), strict=True)
        files = {uri: file for uri, file in changed if file}
    texts = [uri for uri in listed if uri.endswith((".json", ".jsonl")) and "/shards/" not in uri]
    notes, records = [uri for uri in listed if uri.endswith(".part")], {}
    for uri, data in zip(texts, storage.read_many(texts), strict=True):
        if not isinstance(data, bytes):
            raise StorageError(f"{data.message}; nothing is erased")
        if "/tries/" in uri and products.may_stand_in(data):
            notes.append(uri)
        elif count := rest_of_text(uri, data, products)[1]:
            records[uri] = count
    return Traces(files, records, notes)


def _changed_file(storage: Storage, products: Products, uri: str) -> ChangedFile | None:
    """A file that has something of the products; None for another."""

    def is_touched() -> bool:
        with storage.open(uri) as opened, pq.ParquetFile(opened) as file:
            return touches(file, products)

    try:
        if not storage.attempt(uri, is_touched):
            return None
        data = storage.read(uri)
        rest = rest_of_rows(data, products)
    except pa.ArrowInvalid as error:
        raise StorageError(f"{uri} is no Parquet file ({error}); restore or remove it. Nothing is erased") from None
    after = run_files.sha256(rest.data) if rest.data else None
    return ChangedFile(run_files.sha256(data), after, len(rest.data or b""), replace(rest, data=None))


def rest_of_text(uri: str, data: bytes, products: Products) -> tuple[bytes, int]:
    """A file of JSON, or of lines of it, without the products' records, and how many went. Raises StorageError."""
    try:
        return (rest_of_lines if uri.endswith(".jsonl") else rest_of_json)(data, products)
    except ValueError as error:
        raise StorageError(f"{uri} is not JSON ({error}); restore or remove it. Nothing is erased") from None
