"""Retention and clean-up of a table's runs: what nobody needs any more goes, what anybody may need stays.

What stays, whole: the run that CURRENT names and the `keep` newest published ones, by the time of publication;
published runs that CURRENT named until less than `grace_hours` ago, whose readers may be at them yet; refused runs that
no publication has followed, `keep` at most, for their dead letters; and the last run where it is not published (it may
go on, or the next one takes over what it made), with the runs it builds on. Everything of other runs goes: snapshot,
dead letters, ledger, and the folders that are empty then; then the finished pictures that no snapshot names which is
left (`runs.picture_retention`). Of the table's shadows the same stays and goes. Files and folders that no run made stay
where they are.

No lease is taken, so that no night is refused because of a clean-up. It is safe all the same: runs are listed first,
and whose they are is read afterwards. A run that begins later is not in the list, one that began before is named.
"""

import json
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from layoutgen.core.errors import Refusal, Stop
from layoutgen.io.objects.locations import locate, remove_empty_folders
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables import picture_files
from layoutgen.io.tables.lease import read_current
from layoutgen.io.tables.ledger import Ledger, table_kind
from layoutgen.runs import picture_retention, shadows

PARTS = (
    "partitioned",
    "snapshots",
    "dead_letters",
    "_runs",
)  # in this order they go: without a ledger nobody knows whose files are
_WRITTEN = re.compile(
    r"_\w+(\.json)?|_changes/changes-\d+\.parquet|(\w+=[^/]+/)?(part|plan|kept)-\d+\.parquet|\.\w+\.part"
)
_WITHOUT_LEDGER = re.compile(r".*-reshard-\d+|.*-erase")


class CleanUpError(Stop):
    """Storage failed in the middle of a clean-up; the message says how far it came."""


@dataclass(frozen=True)
class CleanUp:
    """What a clean-up found: runs that stay, runs that go, the files and bytes of the latter, what lies among the runs
    and is of none of them, how many pictures go and their bytes, and the same of the table's shadows by name."""

    kept: list[str]
    removed: list[str]
    files: int
    bytes: int
    foreign: list[str] = field(default_factory=list)
    pictures: int = 0
    picture_bytes: int = 0
    shadows: dict[str, "CleanUp"] = field(default_factory=dict)


@dataclass(frozen=True)
class _Run:
    """A run in storage: its files and bytes, its manifest, and how it stands (`run.json`); both may be missing."""

    name: str
    files: dict[str, int]
    manifest: dict[str, Any]
    state: str | None

    def has(self, mark: str) -> bool:
        return any(uri.endswith(f"snapshots/{self.name}/{mark}") for uri in self.files)

    @property
    def is_refused(self) -> bool:
        return self.has("_REFUSED") or self.state == "refused"

    @property
    def finished_at(self) -> datetime:
        """When it was published or refused, within seconds; earlier versions wrote how long it took."""
        if at := self.manifest.get("finished_at"):
            return datetime.fromisoformat(at)
        seconds = self.manifest.get("summary", {}).get("seconds", 0)
        return datetime.fromisoformat(self.manifest["created_at"]) + timedelta(seconds=seconds)


def clean_up(
    storage: Storage, root: str, *, keep: int, dry_run: bool, grace_hours: float = 0.0, now: datetime | None = None
) -> CleanUp:
    """Remove what nobody needs any more; with `dry_run` only find it. Raises ValueError where `root` is no table or
    `keep` or `grace_hours` are no such numbers, StorageError where nothing, CleanUpError where not all was removed."""
    if keep < 1:
        raise Refusal(f"keep is {keep}; keep at least 1 run")
    if not 0 <= grace_hours < 1e6:
        raise Refusal(f"grace hours are {grace_hours:g}; give a number of hours from 0")
    root = root.rstrip("/")
    table_kind(storage, root)
    now, grace = now or datetime.now(UTC), timedelta(hours=grace_hours)
    runs, foreign = _runs(storage, root)
    hollow = _hollow(root, runs)
    needed = _needed(storage, root, runs, keep, now - grace)
    named = picture_retention.needed(storage, _tables(root, [runs[name] for name in runs if name in needed], foreign))
    going = [run for name, run in sorted(runs.items()) if name not in needed]
    files = {uri: size for run in going for uri, size in run.files.items()}
    if not dry_run:
        _remove(storage, [uri for run in going for uri in _in_order(root, run)])
        for name in sorted({run.name for run in going} | hollow - needed):
            for part in PARTS:
                if isinstance(where := locate(f"{root}/{part}/{name}"), Path):
                    remove_empty_folders(where)
    since = now - max(grace, picture_retention.LEAST_GRACE)
    pictures, picture_bytes = _clean_pictures(storage, root, named, since, dry_run=dry_run)
    kept = sorted(runs.keys() & needed)
    going_names = [run.name for run in going]
    of_shadows = {
        name: clean_up(
            storage, shadows.root_of(root, name), keep=keep, dry_run=dry_run, grace_hours=grace_hours, now=now
        )
        for name in shadows.names(storage, root)
    }
    return CleanUp(kept, going_names, len(files), sum(files.values()), foreign, pictures, picture_bytes, of_shadows)


def _tables(root: str, staying: Iterable[_Run], foreign: Iterable[str]) -> dict[str, str]:
    """The files of rows that are left, those that somebody else put there too: URI to sha256, "" where nobody said."""
    parts = {uri: "" for uri in foreign if uri.startswith(f"{root}/snapshots/") and uri.endswith(".parquet")}
    for run in staying:
        folder = f"{root}/snapshots/{run.name}"
        shas = {f"{folder}/{file['name']}": file["sha256"] for file in run.manifest.get("files", ())}
        rows = [uri for uri in run.files if uri.rpartition("/")[0] == folder and uri.endswith(".parquet")]
        parts |= {uri: shas.get(uri, "") for uri in rows}
    return parts


def _clean_pictures(
    storage: Storage, root: str, named: np.ndarray, since: datetime, *, dry_run: bool
) -> tuple[int, int]:
    """Remove the pictures whose keys are not among those that are `named`; return how many there are, and their
    bytes."""
    count, size = 0, 0
    try:
        for going in picture_retention.unneeded(storage, root, named, since):
            if not dry_run:
                picture_retention.remove(storage, going)
            count, size = count + len(going), size + sum(going.values())
    except StorageError as error:
        if dry_run:
            raise
        raise CleanUpError(f"{error}; the runs and {count} pictures are removed, the same command goes on") from None
    for folder in picture_files.FOLDERS if not dry_run else ():
        if isinstance(where := locate(f"{root}/{folder}"), Path):
            remove_empty_folders(where)
    return count, size


def _runs(storage: Storage, root: str) -> tuple[dict[str, _Run], list[str]]:
    """The runs of a table by name, and what lies among them and is of no run. A run has a ledger, or a manifest with
    its own name: not so a copy that somebody made of a snapshot."""
    files: dict[str, dict[str, int]] = {}
    foreign = []
    for part in PARTS:
        start = len(f"{root}/{part}/")
        for uri, size in storage.sizes(f"{root}/{part}").items():
            name, _, rest = uri[start:].partition("/")
            if rest and (part == "_runs" or _WRITTEN.fullmatch(rest)):
                files.setdefault(name, {})[uri] = size
            else:
                foreign.append(uri)
    runs = {}
    for name, of_run in files.items():
        manifest = _json(storage, f"{root}/snapshots/{name}/_manifest.json", of_run)
        has_ledger = any(uri.startswith(f"{root}/_runs/{name}/") for uri in of_run)
        if has_ledger or manifest.get("run_id") == name or (_WITHOUT_LEDGER.fullmatch(name) and not manifest):
            state = _json(storage, f"{root}/_runs/{name}/run.json", of_run).get("state")
            runs[name] = _Run(name, of_run, manifest, state)
        else:
            foreign.extend(of_run)
    return runs, sorted(foreign)


def _json(storage: Storage, uri: str, there: Iterable[str]) -> dict[str, Any]:
    """An object's content; {} where it is not there, or went meanwhile."""
    found = storage.read_version(uri) if uri in there else None
    try:
        return dict(json.loads(found[0])) if found else {}
    except ValueError:
        raise StorageError(f"{uri} is not JSON; nothing is removed. Restore it, or remove its run by hand") from None


def _needed(storage: Storage, root: str, runs: dict[str, _Run], keep: int, since: datetime) -> set[str]:
    """The runs that stay; `since` is when the grace time of readers began."""
    current = read_current(storage, root).run_id
    chain: set[str] = set()
    before = current
    while before in runs and before not in chain:
        chain.add(before)
        before = runs[before].manifest.get("previous")
    published = sorted(
        (
            run
            for name, run in runs.items()
            # Earlier versions gave every run its _SUCCESS: those are told apart by how they stand.
            if run.manifest
            and (name == current or (run.has("_SUCCESS") and not run.is_refused))
            and (name in chain or run.state in ("published", None))
        ),
        key=lambda run: (run.finished_at, run.name == current),
    )
    needed = {current, *(run.name for run in published[-keep:])} - {None}
    for run, after in pairwise(published):
        if after.finished_at > since:
            needed.add(run.name)
    refused = sorted((run for run in runs.values() if run.is_refused and run.manifest), key=lambda run: run.finished_at)
    last = published[-1].finished_at if published else datetime.min.replace(tzinfo=UTC)
    needed |= {run.name for run in refused[-keep:] if run.finished_at > last and run.name != current}
    lease = storage.read_version(f"{root}/_lease.json")
    holder = json.loads(lease[0])["run_id"] if lease else ""
    if holder not in ("", current) and (holder not in runs or runs[holder].state != "published"):
        base = Ledger(storage, root, holder).read_base()
        needed |= {holder, *(source.run_id for source in (base.published, *base.unpublished) if source)}
    return {name for name in needed if name}


def _in_order(root: str, run: _Run) -> list[str]:
    """A run's files as they go: its marks first, because a snapshot that is half gone must not look whole, its ledger
    last, because by it the rest is known."""
    marks = [f"{root}/snapshots/{run.name}/{mark}" for mark in ("_SUCCESS", "_manifest.json")]
    return sorted(run.files, key=lambda uri: (uri not in marks, uri.startswith(f"{root}/_runs/"), uri))


def _remove(storage: Storage, uris: list[str]) -> None:
    for done, uri in enumerate(uris):
        try:
            storage.delete(uri)
        except StorageError as error:
            raise CleanUpError(f"{error}; {done} of {len(uris)} files are removed, the same command goes on") from None


def _hollow(root: str, runs: dict[str, _Run]) -> set[str]:
    """Names of local run folders that hold no file; object stores have no such thing."""
    found = set()
    for part in PARTS:
        folder = locate(f"{root}/{part}")
        if isinstance(folder, Path) and folder.is_dir():
            names = {path.name for path in folder.iterdir() if path.is_dir() and path.name not in runs}
            found |= {name for name in names if not any(names for _, _, names in os.walk(folder / name))}
    return found
