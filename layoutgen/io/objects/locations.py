"""Where objects lie: what a URI means, and how paths join to URIs.

A URI is `s3://bucket/key`, `file:///path` or a plain local path. Keys are literal: a space, `+`, `%`, `#` or `?` in a
key stands for itself and nothing is ever URL-decoded. Not the place that talks to S3: see `storage`.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import unquote

from layoutgen.core.errors import JobError

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*)://")
_FROM_ELSEWHERE = "copy the object to storage and give its path there"
_OF_A_STORE = "is no address of S3; write s3://bucket/key, and set storage.endpoint_url to "
_INSTEAD = {
    **dict.fromkeys(("s3a", "s3n"), "is Hadoop's way to write it; write s3://bucket/key"),
    "oss": f"{_OF_A_STORE}that of OSS, such as https://oss-cn-hangzhou.aliyuncs.com",
    **dict.fromkeys(("cos", "cosn"), f"{_OF_A_STORE}that of COS, such as https://cos.ap-shanghai.myqcloud.com"),
    "tos": f"{_OF_A_STORE}that of TOS, such as https://tos-s3-cn-beijing.volces.com",
    "obs": f"{_OF_A_STORE}that of OBS, such as https://obs.cn-north-4.myhuaweicloud.com",
    **dict.fromkeys(("gs", "gcs"), f"{_OF_A_STORE}https://storage.googleapis.com"),
    "http": f"is a web address; {_FROM_ELSEWHERE}",
    "https": f"is a web address; {_FROM_ELSEWHERE}, or allow its prefix in input.allowed_prefixes",
}

Entry = tuple[str, int, str, float]
"""An object in a listing: URI, bytes, version, and when it was written (Unix time)."""
FaultKind = Literal[
    "not_found",
    "access_denied",
    "empty_object",
    "too_many_bytes",
    "archived",
    "address_refused",
    "too_many_redirects",
    "unreachable",
    "web_error",
]


class StorageError(JobError):
    """Storage can't be used. `fault` is set where a single object is to blame and the caller wanted just that one."""

    def __init__(self, message: str, fault: "StorageFault | None" = None) -> None:
        super().__init__(message)
        self.fault = fault


class ConflictError(StorageError):
    """A conditional write found another version than it was to replace."""


@dataclass(frozen=True)
class StorageFault:
    """Why one object could not be read; it becomes a row's error. `version` is the object's, where one is there."""

    kind: FaultKind
    message: str
    version: str | None = None


def locate(uri: str) -> Path | tuple[str, str]:
    """Return a local path, or bucket and key. Raises StorageError, with a fault, for what can't be either."""
    if not uri.startswith("s3://"):
        if not uri or "\0" in uri:
            raise _unusable(f"{uri!r} is neither s3://bucket/key nor a local path; correct it")
        if wrong := _of_another_kind(uri):
            raise _unusable(f"{uri!r} {wrong}")
        return Path(uri.removeprefix("file://"))
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not bucket:
        raise _unusable(f"{uri!r} names no bucket; write s3://bucket/key")
    if {".", ".."} & set(key.split("/")):  # HTTP clients shorten such paths, and the signature would be another key's
        raise _unusable(f"{uri!r} has a segment '.' or '..', which S3 can't be asked for; correct the path")
    return bucket, key


def _of_another_kind(uri: str) -> str | None:
    """Say what an address is that is neither s3:// nor a path, and what to write instead."""
    if uri.startswith("//"):
        return f"is an address without its scheme; {_FROM_ELSEWHERE}"
    if uri.startswith("file://") and not uri.startswith("file:///"):
        return "names a host; write file:///PATH"
    scheme = found[1] if (found := _SCHEME.match(uri)) else ""
    if scheme in ("", "s3", "file"):
        return None
    if scheme.lower() in ("s3", "file"):
        return f"has its scheme in capitals; write {scheme.lower()}://"
    return _INSTEAD.get(scheme.lower(), f"is neither s3://bucket/key nor a local path; {_FROM_ELSEWHERE}")


def join(base: str, relative: str) -> str:
    """Return `relative` as a URI below the folder `base`; URIs and absolute paths stay as they are. Raises ValueError
    for what is empty, has an unknown scheme, or climbs out of `base` with `..`."""
    if not relative or "\0" in relative:
        raise ValueError(f"path {relative!r} names no object; give a path relative to {base}")
    if wrong := _of_another_kind(relative):
        raise ValueError(f"path {relative!r} {wrong}")
    if relative.startswith(("s3://", "file://", "/")):
        return relative
    inside = _resolved(relative) if relative.startswith(".") or "/." in relative else relative
    if not inside:
        raise ValueError(f"path {relative!r} climbs out of {base}; give a path below it, or a full URI")
    return f"{base.rstrip('/')}/{inside}"


def join_allowed(base: str, allowed: tuple[str, ...], path: str) -> str:
    """Return a manifest's `path` as a URI, as `join` does; where it is no path below `base`, it must lie below one of
    `allowed` or in the bucket of `base`. Raises ValueError, so that a manifest can't read /etc/passwd.

    Compared step by step: `s3://shop` is not `s3://shop-secrets`. Nothing is decoded, so `%2e%2e` is a name and not a
    step up. A link below an allowed folder is followed: who may make it there may also lay the file there.
    """
    if is_web(path, allowed):
        return path
    uri = join(base, path)
    if uri != path:
        return uri
    folders = [base, *filter(None, allowed)]
    if base.startswith("s3://"):
        folders.append(f"s3://{base.removeprefix('s3://').partition('/')[0]}")
    steps = uri.removeprefix("file://").split("/")
    if not {".", ".."} & set(steps) and any(_is_below(steps, folder) for folder in folders):
        return uri
    folder = f"{base.rstrip('/')}/"
    raise ValueError(
        f"path {path!r} is outside of {folder}; add its prefix to input.allowed_prefixes where it may be read"
    )


def is_web(uri: str, prefixes: tuple[str, ...]) -> bool:
    """Tell whether `uri` is an https address below one of the https `prefixes`, step by step. A step that says `..`,
    encoded or not, is none of these."""
    steps = uri.split("/")
    climbs = any({".", ".."} & set(unquote(step).replace("\\", "/").split("/")) for step in steps)
    inside = any(_is_below(steps, prefix) for prefix in prefixes if prefix.startswith("https://"))
    return uri.startswith("https://") and inside and not climbs


def mend_of_missing(uri: str) -> str:
    """What to do where nothing is at `uri`: perhaps it is an object's address without its scheme."""
    first, is_deeper, _ = uri.partition("/")
    is_bucket = is_deeper and first and ":" not in first and not Path(first).exists()
    return "correct the path, or write s3://BUCKET/KEY where it is in a bucket" if is_bucket else "correct the path"


def _is_below(steps: list[str], folder: str) -> bool:
    start = folder.removeprefix("file://").rstrip("/").split("/")
    return steps[: len(start)] == start


def too_many_bytes(uri: str, size: int, max_bytes: int | None, version: str) -> StorageFault | None:
    """Return the fault of an object that is larger than allowed, else None."""
    if max_bytes is None or size <= max_bytes:
        return None
    message = f"{uri} has {size:,} bytes, the limit is {max_bytes:,}; give a smaller file"
    return StorageFault("too_many_bytes", message, version)


def missing_folders(uri: str) -> list[Path]:
    """The folders that writing at a local `uri` would make, the innermost first; none for an object's."""
    where = locate(uri)
    return [folder for folder in (where, *where.parents) if not folder.exists()] if isinstance(where, Path) else []


def remove_empty_folders(folder: Path) -> None:
    """Remove those of a folder and the folders below it that hold nothing; one that isn't there is no error. Raises
    OSError."""
    for parent, _, _ in os.walk(folder, topdown=False):
        if not os.listdir(parent):
            os.rmdir(parent)


def _resolved(relative: str) -> str | None:
    """Take '.' and '..' out of a relative path, and leave all else as it is; None where it climbs above its start."""
    steps: list[str] = []
    for step in relative.split("/"):
        if step == ".." and not steps:
            return None
        if step == "..":
            steps.pop()
        elif step != ".":
            steps.append(step)
    return "/".join(steps)


def _unusable(message: str) -> StorageError:
    return StorageError(message, StorageFault("not_found", message))
