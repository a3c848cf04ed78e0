"""Objects that are files of this machine, or of a folder that it mounts."""

import fcntl
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow.fs

from layoutgen.io.objects.locations import ConflictError, Entry, StorageError, StorageFault, too_many_bytes
from layoutgen.io.objects.protocol import Admit

LOCK_WAIT_S = 60.0
WRITING = threading.Lock()  # held by the thread of this process that has a folder locked


@dataclass(frozen=True)
class LocalObjects:
    """The file at `path`, or what lies below it; see `objects.protocol.Objects`. A version is the time of the last
    change, the size and the inode."""

    uri: str
    path: Path

    def read(self, max_bytes: int | None, admit: Admit | None = None) -> tuple[bytes, str] | StorageFault:
        """Bytes and version, read together."""
        with self.path.open("rb") as file:
            status = os.fstat(file.fileno())
            version = _version_of(status)
            fault = too_many_bytes(self.uri, status.st_size, max_bytes, version)
            if admit and not fault:
                admit(status.st_size)
            return fault or (file.read(), version)

    def write(self, data: bytes) -> None:
        """Write the file and its folders; readers see the old file or the new one whole."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(f".{secrets.token_hex(8)}.part")
        try:
            part.write_bytes(data)
            part.replace(self.path)
        finally:
            part.unlink(missing_ok=True)

    def copy_from(self, source: "LocalObjects", version: str) -> str:
        """Copy a file whose version still is `version`, in the kernel; return the copy's version."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_name(f".{secrets.token_hex(8)}.part")
        try:
            shutil.copyfile(source.path, part)
            if source.version() != version:
                raise ConflictError(f"{source.path} was changed")
            part.replace(self.path)
        except FileNotFoundError:
            raise ConflictError(f"{source.path} was removed") from None
        finally:
            part.unlink(missing_ok=True)
        return self.version()

    def write_if(self, data: bytes, version: str | None) -> str:
        """Write under a lock on the folder, where the version still is `version`. Raises StorageError where another
        process keeps the lock for `LOCK_WAIT_S`, as one does that was stopped while it wrote."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        folder, end = os.open(self.path.parent, os.O_RDONLY), time.monotonic() + LOCK_WAIT_S
        try:
            while time.monotonic() < end:
                with WRITING:
                    if _locks(folder):
                        return self._replace(data, version, folder)
                time.sleep(0.01)
        finally:
            os.close(folder)
        raise StorageError(
            f"{self.path} can't be written: another process has held the lock of {self.path.parent} for "
            f"{LOCK_WAIT_S:g} s; continue or end it, `lsof {self.path.parent}` names it"
        )

    def _replace(self, data: bytes, version: str | None, folder: int) -> str:
        """Write where the version still is `version`, and give the folder's lock back."""
        try:
            if (self.version() if self.path.exists() else None) != version:
                raise ConflictError(f"{self.path} was changed by another writer")
            self.write(data)
            return self.version()
        finally:
            fcntl.flock(folder, fcntl.LOCK_UN)

    def version(self) -> str:
        """The version alone."""
        return _version_of(self.path.stat())

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.is_file()

    def delete(self) -> None:
        """Delete the file; one that isn't there is no error."""
        self.path.unlink(missing_ok=True)

    def listed(self, attempt: Callable[[str, Callable[[], Any]], Any]) -> Iterable[Entry]:
        """URI, bytes, version and time of every file below the folder, sorted by URI."""
        for path in _files(self.path):
            try:
                status = path.stat()
            except FileNotFoundError:
                if not path.is_symlink():
                    continue  # removed or renamed meanwhile, as a file is that is being written
                status = None  # a link to nothing fails where it is read
            size, version, at = (status.st_size, _version_of(status), status.st_mtime) if status else (0, "", 0.0)
            yield f"{self.uri.rstrip('/')}/{path.relative_to(self.path).as_posix()}", size, version, at

    def open(self) -> BinaryIO:
        """The file, to read parts of it."""
        return self.path.open("rb")

    def filesystem(self) -> tuple[pyarrow.fs.FileSystem, str]:
        """The filesystem for Parquet, and the path in it."""
        return pyarrow.fs.LocalFileSystem(), str(self.path)

    def check(self) -> None:
        """Raise StorageError where this machine has no such root."""
        if self.path.anchor and not Path(self.path.anchor).exists():
            raise StorageError(f"no {self.path.anchor} on this machine, for {self.uri}; give another path")


def _files(folder: Path) -> Iterator[Path]:
    """The files below a folder, in the order of their paths; a link to a folder is none, and is not followed."""
    try:
        with os.scandir(folder) as entries:
            names = sorted((entry.name + "/" * entry.is_dir(), entry.is_symlink()) for entry in entries)
    except OSError:
        return  # no folder, or none that may be read
    for name, is_link in names:
        if not name.endswith("/"):
            yield folder / name
        elif not is_link:
            yield from _files(folder / name[:-1])


def _locks(folder: int) -> bool:
    """Lock a folder where nobody else holds its lock."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _version_of(status: os.stat_result) -> str:
    return f"{status.st_mtime_ns:x}-{status.st_size:x}-{status.st_ino:x}"
