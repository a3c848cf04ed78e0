"""Checkpoints of a training in storage: whole or not there, few, and written while training goes on.

    ROOT/step-00000200/weights.safetensors …    rank 0's files
    ROOT/step-00000200/rank-1/…                 those of the other ranks, where they have any
    ROOT/step-00000200/_rank-0.json             written last by each rank: its files with sizes and sha256, how many
                                                ranks there are, and the attempt that wrote it

A checkpoint is complete when the markers of all ranks of one attempt are there; what is not is no checkpoint. Files are
copied from a folder on this machine by a thread of its own; a failure is raised by the next call.
"""

import hashlib
import json
import logging
import shutil
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layoutgen.core.errors import Stop
from layoutgen.io.crash import crash_point
from layoutgen.io.storage import Storage, StorageError

log = logging.getLogger("layoutgen")


class CheckpointError(Stop):
    """A checkpoint can't be written or read; the message says which, why, and which one is still good."""


@dataclass(frozen=True)
class Checkpoint:
    """A complete checkpoint: its step, how many ranks wrote it, what it says of itself, and its files by rank."""

    step: int
    ranks: int
    about: dict[str, Any]
    files: dict[str, dict[str, Any]]


class Checkpoints:
    """The checkpoints of a run, as one rank of `ranks` sees them. `keep` complete ones stay, besides the one under way;
    `attempt` tells this start of the training from earlier ones."""

    def __init__(
        self, storage: Storage, root: str, *, rank: int = 0, ranks: int = 1, keep: int = 2, attempt: str = ""
    ) -> None:
        self._storage, self._root = storage, root.rstrip("/")
        self._rank, self._ranks, self._keep, self._attempt = rank, ranks, keep, attempt
        self._pool = ThreadPoolExecutor(1, "checkpoint")
        self._under_way: Future[None] | None = None
        self._good: int | None = None

    def folder(self) -> Path:
        """A new folder on this machine to write a checkpoint's files into. Raises CheckpointError where there is no
        room for one."""
        try:
            return Path(tempfile.mkdtemp(prefix="layoutgen-checkpoint-"))
        except OSError as error:
            raise self._failure(f"a checkpoint can't be written: {error}; make room or set TMPDIR") from error

    def put(self, step: int, folder: Path, about: dict[str, Any]) -> None:
        """Copy a folder's files to storage in the background, and remove the folder; waits for the checkpoint before.
        Raises CheckpointError where that one failed."""
        self.wait()
        self._under_way = self._pool.submit(self._copy, step, folder, about)

    def wait(self) -> None:
        """Wait until all is written. Raises CheckpointError where it can't be."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.result()

    def all(self) -> list[Checkpoint]:
        """The complete checkpoints, the newest first."""
        sizes = self._storage.sizes(self._root)
        markers: dict[int, list[dict[str, Any]]] = {}
        for uri in sizes:
            folder, _, name = uri[len(self._root) + 1 :].partition("/")
            if name.startswith("_rank-") and folder.startswith("step-"):
                marker = self._read(uri)
                if marker:
                    markers.setdefault(int(folder[5:]), []).append(marker)
        complete = []
        for step, parts in sorted(markers.items(), reverse=True):
            first = next((part for part in parts if part["rank"] == 0), None)
            mine = [part for part in parts if first and part["attempt"] == first["attempt"]]
            if first and {part["rank"] for part in mine} >= set(range(first["ranks"])):
                files = {name: file for part in mine for name, file in part["files"].items()}
                if all(sizes.get(f"{self._of(step)}/{name}") == file["bytes"] for name, file in files.items()):
                    complete.append(Checkpoint(step, first["ranks"], first["about"], files))
                else:
                    log.warning("%s is damaged: a file is missing or has another size; it is left out", self._of(step))
        return complete

    def fetch(self, checkpoint: Checkpoint) -> Path:
        """Copy a checkpoint's files into a new folder on this machine, those of all ranks side by side; sha256s
        are compared. Raises CheckpointError."""
        folder = self.folder()
        for name, file in checkpoint.files.items():
            uri = f"{self._of(checkpoint.step)}/{name}"
            data = self._storage.read(uri)
            if hashlib.sha256(data).hexdigest() != file["sha256"]:
                raise CheckpointError(f"{uri} is damaged: its sha256 is not the one it was written with; remove it")
            path = folder / (name.partition("/")[2] if name.startswith("rank-") else name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return folder

    def _copy(self, step: int, folder: Path, about: dict[str, Any]) -> None:
        try:
            self._copy_files(step, folder, about)
        except (OSError, StorageError) as error:
            raise self._failure(f"{self._of(step)} can't be written: {error}; make room there") from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _copy_files(self, step: int, folder: Path, about: dict[str, Any]) -> None:
        marker = f"{self._of(step)}/_rank-{self._rank}.json"
        self._storage.delete(marker)  # an earlier attempt's
        prefix = f"rank-{self._rank}/" if self._rank else ""
        files = {}
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name, data = f"{prefix}{path.relative_to(folder).as_posix()}", path.read_bytes()
            self._storage.write(f"{self._of(step)}/{name}", data)
            files[name] = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        crash_point("checkpoint_unmarked")
        record = {"rank": self._rank, "ranks": self._ranks, "attempt": self._attempt, "files": files, "about": about}
        self._storage.write(marker, json.dumps(record, indent=1).encode())
        self._good = step
        if self._rank == 0:
            self._prune(step)

    def _prune(self, newest: int) -> None:
        """Remove what is older than the checkpoints that are kept, markers first."""
        older = [checkpoint.step for checkpoint in self.all() if checkpoint.step != newest][: self._keep]
        oldest = min(older, default=newest)
        gone = [
            uri
            for uri in self._storage.sizes(self._root)
            if (step := _step(uri[len(self._root) + 1 :])) is not None and step < oldest
        ]
        for uri in sorted(gone, key=lambda uri: "/_rank-" not in uri):
            self._storage.delete(uri)

    def _read(self, uri: str) -> dict[str, Any] | None:
        try:
            marker = json.loads(self._storage.read(uri))
        except (StorageError, ValueError):
            return None
        return (
            marker
            if isinstance(marker, dict) and {"rank", "ranks", "attempt", "files", "about"} <= set(marker)
            else None
        )

    def _of(self, step: int) -> str:
        return f"{self._root}/step-{step:08d}"

    def _failure(self, message: str) -> CheckpointError:
        good = f"the last good checkpoint is step {self._good}" if self._good is not None else "none was written here"
        return CheckpointError(f"{message} ({good})")


def _step(name: str) -> int | None:
    """The step of a file's checkpoint, by its name below the root."""
    folder = name.partition("/")[0]
    return int(folder[5:]) if folder.startswith("step-") and folder[5:].isdigit() else None
