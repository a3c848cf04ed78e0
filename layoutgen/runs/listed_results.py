"""Which finished pictures and backgrounds of the published snapshot are there, by listings before a run's shards are
worked on: 1,000 a request, where the load stage would ask for each.

    OUTPUT/_runs/<run_id>/listed/absent.json   the keys of those that rows name and no listing does

A listing only ever confirms: the load stage asks for those that it lacks, and for those of rows that no published
snapshot has. A file system is asked for each, which costs nothing there.
"""

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables import picture_files
from layoutgen.io.tables.ledger import Ledger
from layoutgen.io.tables.published_runs import manifest
from layoutgen.runs.picture_retention import FOLDERS, needed

log = logging.getLogger("layoutgen")

LEAST = 13
"""Pictures for which a listing is cheaper than a request for each: see `io.objects.listings.LEAST`."""
MANY = 100_000
"""From here on their 256 folders are listed side by side: one by one, the pages of 10 million take half an hour."""
MOST_ABSENT = 100_000


def list_results(storage: Storage, ledger: Ledger, published: str) -> None:
    """Write which pictures that the published run names are in no listing. Nothing is written where listings don't pay,
    are refused, or lack so many that something else is wrong. Raises StorageError."""
    if not ledger.root.startswith("s3://"):
        return
    folder = storage.join(ledger.root, f"snapshots/{published}")
    files = manifest(storage, ledger.root, published)["files"]
    keys = needed(storage, {f"{folder}/{file['name']}": file["sha256"] for file in files})
    if len(keys) < LEAST:
        return
    try:
        absent = np.setdiff1d(keys, _listed(storage, ledger.root, len(keys)), assume_unique=True)
    except StorageError as error:
        if error.fault is None:
            raise
        log.warning("finished pictures can't be listed, so each is asked for alone: %s", error)
        return
    if len(absent) > MOST_ABSENT:
        log.warning("listings lack %d of %d finished pictures, so each is asked for alone", len(absent), len(keys))
        return
    ledger.write_absent(absent.tolist())
    log.info(
        "listings name %d of %d finished pictures; the others are asked for alone", len(keys) - len(absent), len(keys)
    )


def _listed(storage: Storage, root: str, count: int) -> np.ndarray:
    """The keys of the pictures that are listed, each once."""
    folders = [f"{root}/{name}" for name in (FOLDERS if count >= MANY else picture_files.FOLDERS)]
    with ThreadPoolExecutor(storage.concurrency) as pool:
        return np.unique(np.concatenate([*pool.map(partial(_keys_below, storage), folders)]))


def _keys_below(storage: Storage, folder: str) -> np.ndarray:
    def keys() -> Iterator[int]:
        for uri, *_ in storage.entries(folder):
            if (key := picture_files.key_of(uri)) is not None:
                yield key

    return np.fromiter(keys(), np.uint64)
