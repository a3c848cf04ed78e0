"""Font files of brand kits on whichever machine needs them: by path where they lie on a disk, and in a bucket by the
address `s3://…/Name.ttf#DIGEST`, of which each machine fetches its own copy once.

A copy keeps the file's name, by which rows say their font, in a folder named by the digest of its bytes: other bytes
are another file.
"""

import hashlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from layoutgen.core.errors import Refusal, Stop
from layoutgen.io.storage import Storage

CACHE = Path("~/.cache/layoutgen")
LARGEST = 64_000_000  # bytes; the largest fonts of Chinese letters have 20 MB
_MARK = "#"


def address(uri: str, data: bytes) -> str:
    """What names a font, whose bytes are `data`, on all machines."""
    return f"{uri}{_MARK}{_digest(data)}" if uri.startswith("s3://") else uri.removeprefix("file://")


def file_name(font: str) -> str:
    """The file name of a font by its path or address."""
    return Path(font.partition(_MARK)[0] if font.startswith("s3://") else font).name


def lay(uri: str, data: bytes, cache: Path = CACHE) -> str:
    """The path on this machine of a font whose bytes are `data`, which are laid into the cache if it is of a bucket."""
    if not uri.startswith("s3://"):
        return uri.removeprefix("file://")
    path = _cached(address(uri, data), cache)
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.parent / f".{path.name}.{secrets.token_hex(4)}"
        part.write_bytes(data)
        os.replace(part, path)  # whole or not at all, whoever else does the same
    return str(path)


def here(fonts: Iterable[str], storage: Storage, cache: Path = CACHE) -> tuple[str, ...]:
    """The paths on this machine of fonts by their paths or addresses; what is not in its cache is fetched. Raises
    StorageError; Stop where a font is no longer the one that was named."""
    return tuple(_here(font, storage, cache) if font.startswith("s3://") else font for font in fonts)


def _here(font: str, storage: Storage, cache: Path) -> str:
    uri, _, digest = font.partition(_MARK)
    if not digest:
        raise Refusal(f"font {font} is in a bucket and no kit names it; copy it here and give its path")
    path = _cached(font, cache)
    if path.is_file():
        return str(path)
    data = storage.read(uri, LARGEST)
    if _digest(data) != digest:
        raise Stop(f"font {uri} was replaced since the run began; run the same command again")
    return lay(uri, data, cache)


def _cached(font: str, cache: Path) -> Path:
    return cache.expanduser() / "brands" / font.partition(_MARK)[2] / file_name(font)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]
