"""Which file is at a path, by its bytes. A file is read again only where it changed: path, size, time, inode."""

import hashlib
from functools import lru_cache
from pathlib import Path


def file_digest(path: str | Path) -> str:
    """16 hex digits of a file's bytes (sha256). Raises OSError."""
    status = Path(path).stat()
    return _digest(str(path), status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


@lru_cache(maxsize=256)
def _digest(path: str, *_: int) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
