"""Dead letters as a stream, whatever their number; which rows they are of, in 8 bytes each."""

import hashlib
from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.io.storage import Storage

BATCH_ROWS = 20_000


def stream(storage: Storage, root: str, run_id: str, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """Yield a run's dead letters, at most `BATCH_ROWS` at a time; none for a run without any. Raises StorageError."""
    for uri in storage.list(storage.join(root, f"dead_letters/{run_id}")):
        if uri.endswith(".parquet"):
            with pq.ParquetFile(pa.BufferReader(storage.read(uri))) as file:
                for batch in file.iter_batches(BATCH_ROWS, columns=columns):
                    yield pa.Table.from_batches([batch])


def keys(*columns: Iterable[str]) -> np.ndarray:
    """A 64-bit hash of each row of text columns, (n,) uint64: two rows of 10 million share one in 1 of 300,000 runs."""
    hashes = [
        hashlib.blake2b("\0".join(texts).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        for texts in zip(*columns, strict=True)
    ]
    return np.frombuffer(b"".join(hashes), np.uint64)


def joined(parts: Iterable[np.ndarray]) -> np.ndarray:
    """Keys of several tables as one array, each once."""
    return np.unique(np.concatenate([np.empty(0, np.uint64), *parts]))
