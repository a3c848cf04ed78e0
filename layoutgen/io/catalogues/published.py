"""A published snapshot as catalogues take it: its files, the columns of its rows, and the words of its commit."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from layoutgen.core.errors import Stop
from layoutgen.core.fingerprint import digest
from layoutgen.io.objects.locations import locate
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs, run_files

RUN, FILES = "layoutgen.run_id", "layoutgen.files"
"""Properties of a commit: the run that it is of, and a digest of its files' content."""


Commit = tuple[str, str]
"""A run's id, and a digest of its files."""


class CatalogueError(Stop):
    """A catalogue did not take a snapshot; the message says which, why, and what to do."""


@dataclass(frozen=True)
class File:
    """A Parquet file of a snapshot: its name below the table's root, rows, bytes, sha256, and the value of the column
    that it is partitioned by."""

    name: str
    rows: int
    bytes: int
    sha256: str
    value: str | None = None


@dataclass(frozen=True)
class Published:
    """A published snapshot of the table at `root`. `partition_by` is the column that the files are parted by, "" for
    none; `commit` says which commit is of it."""

    root: str
    commit: Commit
    schema: pa.Schema
    files: tuple[File, ...]
    counts: dict[str, int] = field(default_factory=dict)
    partition_by: str = ""

    @property
    def run_id(self) -> str:
        """The run that was published."""
        return self.commit[0]

    @property
    def properties(self) -> dict[str, str]:
        """What a commit of the snapshot says of it, as strings."""
        counts = {f"layoutgen.{name}": str(count) for name, count in self.counts.items()}
        return dict(zip((RUN, FILES), self.commit, strict=True)) | counts

    def uri(self, file: File) -> str:
        """A file's address with its scheme, as catalogues write it."""
        place = locate(f"{self.root}/{file.name}")
        return f"file://{place.absolute()}" if isinstance(place, Path) else f"{self.root}/{file.name}"


def commit_of(manifest: Mapping[str, Any], partition_by: str) -> Commit:
    """What a commit of a run's snapshot says: its run, and a digest of its files' content and how they are parted. The
    digest changes where files are written anew, as an erasure does."""
    files = sorted((file["name"], file["sha256"]) for file in manifest["files"])
    return manifest["run_id"], digest(json.dumps([partition_by, files]))


def published(storage: Storage, root: str, manifest: Mapping[str, Any], partition_by: str) -> Published:
    """A run's snapshot by its manifest, its files not yet parted. Raises StorageError."""
    run_id = manifest["run_id"]
    files = tuple(
        File(f"snapshots/{run_id}/{file['name']}", file["rows"], file["bytes"], file["sha256"])
        for file in manifest["files"]
    )
    summary = manifest.get("summary", {})
    counts = {name: summary[name] for name in ("published", "computed", "unchanged", "failed") if name in summary}
    counts |= {f"changes.{op}": count for op, count in summary.get("changes", {}).items()}
    schema = pa.schema([])
    if files:
        schema = run_files.columns(storage, storage.join(root, files[0].name)).remove_metadata()
    return Published(root, commit_of(manifest, partition_by), schema, files, counts)


def of_run(storage: Storage, root: str, run_id: str | None) -> dict[str, Any] | None:
    """A run's manifest, where it is published and still there; else None. Raises StorageError."""
    if run_id is None or not storage.exists(storage.join(root, f"snapshots/{run_id}/_SUCCESS")):
        return None
    return published_runs.manifest(storage, root, run_id)
