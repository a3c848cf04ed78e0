"""What a kind of storage can do with the objects at an address: each method one attempt, which `storage` repeats."""

from collections.abc import Callable, Iterable
from typing import Any, BinaryIO, Protocol, Self

import pyarrow.fs

from layoutgen.io.objects.locations import Entry, StorageFault

Admit = Callable[[int], None]
"""Waits until there is room for so many bytes."""


class Objects(Protocol):
    """The object at a URI, or all objects below it. Methods raise what the store's library raises (OSError, those of
    botocore), for `objects.retries` to read."""

    def read(self, max_bytes: int | None, admit: Admit | None = None) -> tuple[bytes, str] | StorageFault:
        """Bytes and version, read together; a fault where there are more than `max_bytes`. Where the store tells how
        many there are, `admit` is asked before they are read."""

    def write(self, data: bytes) -> None:
        """Write the object; readers see the old one or the new one whole."""

    def write_if(self, data: bytes, version: str | None) -> str:
        """Write where the version still is `version` (None: where there is none); return the new one. Raises
        ConflictError."""

    def copy_from(self, source: Self, version: str) -> str:
        """Write the bytes of an object of the same store, where its version still is `version`, without sending them;
        return the new version. Raises ConflictError, and NotImplementedError where the store can't."""

    def version(self) -> str | StorageFault:
        """What changes with the object, without reading it."""

    def exists(self) -> bool:
        """Whether there is an object."""

    def delete(self) -> None:
        """Delete the object; one that isn't there is no error."""

    def listed(self, attempt: Callable[[str, Callable[[], Any]], Any]) -> Iterable[Entry]:
        """URI, bytes, version and time of every object below, each request of several through `attempt`."""

    def open(self) -> BinaryIO:
        """The object, to read parts of it."""

    def filesystem(self) -> tuple[pyarrow.fs.FileSystem, str]:
        """The filesystem for readers and writers of Parquet, and the path in it."""

    def check(self) -> None:
        """Raise StorageError where the place of the object can't be used."""
