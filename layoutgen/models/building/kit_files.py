"""The fonts of brand kits on this machine: a local file where it is, one in a bucket under its digest in the cache."""

import hashlib
import os
import secrets
from pathlib import Path


def font_file(uri: str, data: bytes, cache: Path) -> Path:
    """The path of a kit's font on this machine, whose bytes are `data`: it keeps its name, by which rows say it."""
    if not uri.startswith("s3://"):
        return Path(uri.removeprefix("file://"))
    folder = cache / "brands" / hashlib.sha256(data).hexdigest()[:16]
    path = folder / uri.rsplit("/", 1)[-1]
    if not path.is_file() or path.stat().st_size != len(data):
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f".{path.name}.{secrets.token_hex(4)}"
        part.write_bytes(data)
        os.replace(part, path)
    return path
