"""Disk that a run needs, looked at before it begins: the driver's temporary folder while it plans, and what Ray spills.

The driver writes the manifest's rows to its temporary folder as Arrow, and parts them by shard; on later nights it
sorts the URIs of their pictures there. On the nodes, tables wait between the pools in Ray's object store, and what that
does not hold is spilled. Both follow from the manifest's first rows and pictures as they are, and from the pools.
"""

import logging
import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.io.manifests import manifest
from layoutgen.io.storage import Storage
from layoutgen.runs.job import RunError
from layoutgen.streaming import Step

log = logging.getLogger("layoutgen")

LEAST_BYTES = 100_000_000
"""Besides, for logs and small files."""
_MARGIN = 1.3
"""Batches of which four at once are there in parts as well, columns that a batch lacks, and rows that differ."""
_LISTED = 3
"""Copies of a picture's URI: as planned, by stretch, and with its version."""
_VERSION_BYTES = 48
_HEAD_BYTES = 1 << 20
_WITHOUT_PICTURES = ("load", "fetch", "render", "write")
"""Stages to which no table with pictures of the others waits."""


@dataclass(frozen=True)
class Folder:
    """A folder, what is free in it, and what a run needs there, bytes; `because` says what for, `mend` what to do."""

    path: str
    free: int
    needed: int
    because: str
    mend: str

    def check(self) -> str:
        """What there is, in a sentence. Raises RunError where it does not suffice."""
        if self.free < self.needed:
            raise RunError(
                f"{self.path} has {_size(self.free)} free, and this run needs {_size(self.needed)} there "
                f"({self.because}); {self.mend}"
            )
        return f"{self.path} has {_size(self.free)} free, {_size(self.needed)} are needed: {self.because}"


def planning(path: str, rows: int, first: pa.Table, canvases: int, *, again: bool) -> Folder:
    """The driver's temporary folder at `path` for a plan of so many rows, of which `first` are the first. `again`: the
    table is published, so that the versions of pictures are looked up in listings."""
    row_bytes = first.nbytes / max(1, len(first)) + 8
    uri_bytes = _picture_bytes(first) if again else 0.0
    sorting = canvases * (row_bytes / 4 + uri_bytes) + _LISTED * uri_bytes + _VERSION_BYTES if again else 0.0
    needed = round(rows * _MARGIN * max(row_bytes, sorting)) + LEAST_BYTES
    because = f"about {rows:,} rows are parted there by shard"
    return Folder(path, shutil.disk_usage(path).free, needed, because, "make room, or set TMPDIR to another folder")


def rows_of(source: str, storage: Storage, first: pa.Table, limit: int | None) -> int:
    """About how many rows a manifest has: those that Parquet says, else lines by its bytes and the length of those in
    its first million. Of a folder of images nobody knows before it is listed: those that have been seen."""
    suffix = PurePosixPath(source).suffix.lower()
    if suffix not in manifest.SUFFIXES:
        rows = len(first)
    else:
        rows = storage.attempt(source, partial(_counted, source, storage, suffix))
    return rows if limit is None else min(rows, limit)


def _counted(source: str, storage: Storage, suffix: str) -> int:
    with storage.open(source) as file:
        if suffix == ".parquet":
            return int(pq.read_metadata(file).num_rows)
        head = file.read(_HEAD_BYTES)
        return math.ceil(file.seek(0, 2) / max(1, len(head)) * max(1, head.count(b"\n")))


def between_pools(steps: Sequence[Step], shards: int, shard_bytes: float) -> float:
    """Bytes of tables with pictures that can wait between the pools at once: those that the actors are at and that are
    theirs next, and what they have made. Stages that share an actor hand nothing over."""
    waiting = 0
    for step in steps:
        if step.name in _WITHOUT_PICTURES or step.parts[:1] == ("load",):
            continue
        waiting += step.pool.most * (2 if step.parts and not step.is_alone else 5)
    return min(waiting, shards) * shard_bytes


def spilling(path: str, free: int, waiting: float, store_bytes: float, share: float) -> Folder:
    """A node's spill folder, of `free` bytes: its share of what the object stores together don't hold."""
    needed = round(max(0.0, waiting - store_bytes) * share) + LEAST_BYTES
    because = f"{_size(waiting)} of tables wait between the pools, and object stores hold {_size(store_bytes)}"
    mend = "make room, give Ray another --object-spilling-directory, or lower run.rows_per_shard or the pools"
    return Folder(path, free, needed, because, mend)


def check_nodes(waiting: float) -> None:
    """Look whether the nodes' spill folders hold what waits between the pools, in bytes. Raises RunError."""
    from layoutgen.spill_folders import spill_folders

    folders = spill_folders()
    store_bytes = sum(folder.store_bytes for folder in folders)
    for folder in folders:
        share = folder.store_bytes / store_bytes
        path = f"{folder.path} of node {folder.node}"
        log.info("preflight: spill: %s", spilling(path, folder.free, waiting, store_bytes, share).check())


def _picture_bytes(first: pa.Table) -> float:
    names = [name for name in ("image", "images", "cover", "logo", "mask", "reference") if name in first.column_names]
    return sum(first.column(name).nbytes for name in names) / max(1, len(first))


def _size(count: float) -> str:
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"
