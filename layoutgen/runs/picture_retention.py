"""Pictures that no run needs any more, finished ones and posters' backgrounds: those that no row names in a snapshot
that stays.

A picture is written before the shard's file that names it, so one that nobody names yet may be a run's that is at work:
none goes that was written less than `LEAST_GRACE` before the snapshots were listed. A night takes over what rows of the
snapshot that it builds on name, which stays, and draws all else anew.

Rows are read once a file, in two columns, and files of the same bytes once for all snapshots; of a name 64 bits are
kept, so that 100 million pictures take 1 GB. Two names that share them both stay.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.schema import RESULTS
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables import picture_files

LEAST_GRACE = timedelta(hours=1)
_HALF_WRITTEN = re.compile(r"/\.[0-9a-f]{16}\.part$")  # what a writer leaves on a disk that is killed while it writes
FOLDERS = [f"{folder}/{number:02x}" for folder in picture_files.FOLDERS for number in range(256)]


def needed(storage: Storage, files: Mapping[str, str]) -> np.ndarray:
    """The keys of the pictures that the rows of Parquet files name, sorted; `files` are URIs and what stands for their
    content. Raises StorageError."""
    distinct = {content or uri: uri for uri, content in files.items()}
    with ThreadPoolExecutor(storage.concurrency) as pool:
        keys = list(pool.map(partial(_keys, storage), distinct.values()))
    return np.unique(np.concatenate([np.zeros(0, np.uint64), *keys]))


def _keys(storage: Storage, uri: str) -> np.ndarray:
    def read() -> pa.Table | None:
        with storage.open(uri) as opened, pq.ParquetFile(opened) as file:
            columns = [name for name in (*RESULTS["render"], "background") if name in file.schema_arrow.names]
            return file.read(columns=columns) if columns else None

    try:
        table = storage.attempt(uri, read)
    except pa.ArrowInvalid as error:
        raise StorageError(f"{uri} is no Parquet file ({error}); no picture is removed. Restore it") from None
    if table is None:
        return np.zeros(0, np.uint64)
    keys = [key for uri in picture_files.named(table) if (key := picture_files.key_of(uri)) is not None]
    return np.array(keys, np.uint64)


def unneeded(storage: Storage, root: str, keys: np.ndarray, since: datetime) -> Iterator[dict[str, int]]:
    """The pictures of a table that none of the sorted `keys` stands for and that were written before `since`, folder by
    folder: URI to bytes; and what killed writers left there. Other files are left out. Raises StorageError."""
    with ThreadPoolExecutor(storage.concurrency) as pool:
        for listed in pool.map(storage.written_below, [f"{root}/{name}" for name in FOLDERS]):
            ours = {uri: key for uri in listed if (key := picture_files.key_of(uri)) is not None}
            asked = np.array([*ours.values()], np.uint64)
            are_needed = np.isin(asked, keys)
            going = [uri for uri, is_needed in zip(ours, are_needed, strict=True) if not is_needed]
            going += filter(_HALF_WRITTEN.search, listed)
            yield {uri: listed[uri][0] for uri in going if listed[uri][1] < since.timestamp()}


def remove(storage: Storage, uris: Iterable[str]) -> None:
    """Delete pictures, several at once. Raises StorageError."""
    with ThreadPoolExecutor(storage.concurrency) as pool:
        for _ in pool.map(storage.delete, uris):
            pass
