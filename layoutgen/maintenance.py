"""Retention and clean-up of a table's runs: what nobody needs any more goes, what anybody may need stays.

What CURRENT names, the `keep` newest published runs, and a run that is not finished while the lease names it (it may
go on) are never touched. Everything of other runs goes: snapshot, dead letters and ledger.
"""

import json
from dataclasses import dataclass

from layoutgen.io.lease import read_current
from layoutgen.io.storage import Storage


@dataclass(frozen=True)
class CleanUp:
    """What a clean-up found: runs that stay, runs that go, and the files and bytes of the latter."""

    kept: list[str]
    removed: list[str]
    files: int
    bytes: int


def clean_up(storage: Storage, root: str, *, keep: int, dry_run: bool) -> CleanUp:
    """Remove all but the newest `keep` published runs and what is still needed; with `dry_run` only tell."""
    if keep < 1:
        raise ValueError(f"keep is {keep}; keep at least 1 run")
    root = root.rstrip("/")
    sizes: dict[str, dict[str, int]] = {}
    for part in ("snapshots", "dead_letters", "_runs"):
        start = len(f"{root}/{part}/")
        for uri, size in storage.sizes(f"{root}/{part}").items():
            sizes.setdefault(uri[start:].partition("/")[0], {})[uri] = size
    published = sorted(run for run, files in sizes.items() if f"{root}/snapshots/{run}/_SUCCESS" in files)
    needed = set(published[-keep:]) | {read_current(storage, root).run_id}
    lease = storage.read_version(f"{root}/_lease.json")
    if lease is not None:
        needed.add(json.loads(lease[0])["run_id"])
    removed = sorted(run for run in sizes if run not in needed)
    files = [(uri, size) for run in removed for uri, size in sizes[run].items()]
    if not dry_run:
        # _SUCCESS first: a snapshot that is half gone must not look whole.
        for uri, _ in sorted(files, key=lambda file: not file[0].endswith("_SUCCESS")):
            storage.delete(uri)
    kept = sorted(run for run in sizes if run in needed)
    return CleanUp(kept, removed, len(files), sum(size for _, size in files))
