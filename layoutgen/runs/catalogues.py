"""Published snapshots registered where the settings of their run say: parted copies, Iceberg, Delta.

It follows publication, never undoes it, and what failed is done by the next run, or by `jobs.maintain`: a catalogue is
compared with `CURRENT`, so that nothing has to be remembered.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from typing import Any, Protocol

from layoutgen.config.jobs import IcebergSettings, PublishSettings
from layoutgen.io.catalogues.partitions import parted
from layoutgen.io.catalogues.published import CatalogueError, Commit, Published, commit_of, of_run, published
from layoutgen.io.crash import crash_point
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.io.tables.lease import HeldError, Lease, read_current

log = logging.getLogger("layoutgen")


class Catalogue(Protocol):
    """What snapshots are committed to."""

    def commits(self) -> list[Commit]:
        """The commits that can be read there, oldest first."""
        ...

    def current(self) -> Commit | None:
        """What its readers see."""
        ...

    def commit(self, published: Published) -> None:
        """Make a snapshot what its readers see."""
        ...

    def forget(self, readable: Collection[Commit]) -> int:
        """Expire commits that are not readable any more; return how many."""
        ...


def register(storage: Storage, root: str) -> dict[str, str]:
    """Register the newest snapshot wherever its run's settings say, and older ones that were missed; return what came
    of it, by the catalogue's name. A failure is a sentence in there. Raises StorageError where the table can't be
    read."""
    root = root.rstrip("/")
    run_id = published_runs.current(storage, root)
    manifest = published_runs.manifest(storage, root, run_id)
    settings = _settings(manifest)
    compression = (manifest.get("settings") or {}).get("write", {}).get("compression", "zstd")
    outcomes = {}
    for name, make in _asked(storage, root, manifest, settings, compression):
        try:
            outcomes[name] = make()
        except Exception as error:  # noqa: BLE001 what is published stays published, whatever a catalogue's client raises
            outcomes[name] = f"failed: {type(error).__name__}: {error}; `jobs.maintain --output {root}` tries again"
            log.error("%s: %s", name, outcomes[name])
        else:
            log.info("%s: %s", name, outcomes[name])
    return outcomes


def register_again(storage: Storage, root: str, *, lease_seconds: float = 60.0) -> dict[str, str]:
    """`register`, for a table that no run is at work on: a run that is does it itself. {} where nothing is asked for or
    published. Raises CatalogueError where a catalogue failed, StorageError."""
    run_id = read_current(storage, root).run_id
    if run_id is None or not any(_settings(published_runs.manifest(storage, root, run_id)).model_dump().values()):
        return {}
    try:
        with Lease(storage, root, lease_seconds, storage.conditional(root)):
            outcomes = register(storage, root)
    except HeldError as held:
        return {"later": str(held)}
    if failed := [f"{name} {words}" for name, words in outcomes.items() if words.startswith("failed")]:
        raise CatalogueError("; ".join(failed))
    return outcomes


def _settings(manifest: dict[str, Any]) -> PublishSettings:
    return PublishSettings.model_validate((manifest.get("settings") or {}).get("publish") or {})


Make = Callable[[], str]


def _asked(
    storage: Storage, root: str, manifest: dict[str, Any], settings: PublishSettings, compression: str
) -> Iterator[tuple[str, Make]]:
    def snapshot(of: dict[str, Any]) -> Published:
        found = published(storage, root, of, settings.partition_by)
        return parted(storage, found, settings.partition_by, compression) if settings.partition_by else found

    by = settings.partition_by
    if by:
        yield "partitions", lambda: f"{len(snapshot(manifest).files)} files by {settings.partition_by}"
    if (iceberg := settings.iceberg) is not None:
        yield "iceberg", lambda: _commit(storage, root, manifest, by, snapshot, _iceberg(storage, iceberg))
    if settings.delta:
        yield "delta", lambda: _commit(storage, root, manifest, by, snapshot, _delta(storage, root))


def _iceberg(storage: Storage, settings: IcebergSettings) -> Catalogue:
    from layoutgen.io.catalogues.iceberg import IcebergCatalogue  # an extra of its own, and 1 s

    return IcebergCatalogue(storage, settings.catalog, settings.table)


def _delta(storage: Storage, root: str) -> Catalogue:
    from layoutgen.io.catalogues.delta import DeltaCatalogue  # an extra of its own

    return DeltaCatalogue(storage, root)


def _commit(
    storage: Storage,
    root: str,
    manifest: dict[str, Any],
    by: str,
    snapshot: Callable[[dict[str, Any]], Published],
    catalogue: Catalogue,
) -> str:
    """Commit what a catalogue lacks, parted `by` a column, and expire what is no more; return what was done."""
    has = catalogue.current()
    done = []
    for run in _missed(storage, root, manifest, has, by):
        crash_point("before_commit")
        catalogue.commit(snapshot(run))
        crash_point("after_commit")
        done.append(run["run_id"])
    there = {run_id: of_run(storage, root, run_id) for run_id, _ in catalogue.commits()}
    expired = catalogue.forget({commit_of(run, by) for run in there.values() if run})
    words = f"committed {', '.join(done)}" if done else f"has {manifest['run_id']}"
    return f"{words}; {expired} older ones expired" if expired else words


def _missed(storage: Storage, root: str, newest: dict[str, Any], has: Commit | None, by: str) -> list[dict[str, Any]]:
    """The manifests of the runs after a catalogue's newest commit, oldest first; the newest alone where the catalogue
    has none of those that led to it, or that one's files are others now."""
    if has == commit_of(newest, by):
        return []
    runs = [newest]
    while has and (before := of_run(storage, root, runs[-1]["previous"])):
        if commit_of(before, by) == has:
            return runs[::-1]
        runs.append(before)
    return [newest]
