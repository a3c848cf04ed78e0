"""A folder or prefix of images (for covers, and clips) as a manifest: each becomes one product.

Files that systems leave beside photos (hidden ones, `__MACOSX`, folders of thumbnails) are no products.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath

import pyarrow as pa
import pyarrow.fs

from layoutgen.core.manifest.contracts import JobKind
from layoutgen.io.manifests.columns import ManifestError
from layoutgen.io.objects.locations import mend_of_missing
from layoutgen.io.storage import Storage

log = logging.getLogger("layoutgen")

SUFFIXES = (".parquet", ".jsonl", ".csv")
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif")
CLIP_SUFFIXES = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".ts")
_LEFT_BY_SYSTEMS = {"__macosx", "@eadir", "#recycle", "$recycle.bin", "lost+found", "system volume information"}


def products(uri: str, storage: Storage, kind: JobKind, limit: int | None, size: int) -> Iterator[pa.Table]:
    """Yield one row an image, at most `limit`, in tables of at most `size`, as the folder is listed: product_id is the
    path below it without its suffix, the title the file's name with `_` and `-` as spaces. Raises ManifestError where
    there is no folder, or one of tables alone."""
    if not uri.endswith("/") and storage.exists(uri):
        raise ManifestError(f"manifest {uri} is none of {', '.join(SUFFIXES)}; convert it, or name a folder of images")
    contents = _Contents()
    images = islice(_images(uri, storage, kind, contents), limit)
    while batch := [*islice(images, size)]:
        yield _table(batch, kind)
    if contents.images:
        return
    filesystem, path = storage.filesystem(uri)
    if not contents.files and filesystem.get_file_info(path).type != pyarrow.fs.FileType.Directory:
        raise ManifestError(f"no manifest and no folder at {uri}; {mend_of_missing(uri)}")
    if contents.table:
        raise ManifestError(f"folder {uri} holds no images but {contents.table}; name one such file as the manifest")


@dataclass
class _Contents:
    """What a folder was found to hold."""

    files: int = 0
    left: int = 0
    images: int = 0
    table: str = ""


def _images(uri: str, storage: Storage, kind: JobKind, contents: _Contents) -> Iterator[str]:
    """The paths of the images below a folder."""
    root = len(uri.rstrip("/")) + 1
    suffixes = (*IMAGE_SUFFIXES, *CLIP_SUFFIXES) if kind == "covers" else IMAGE_SUFFIXES
    empty: set[str] = set()  # may be markers of folders, which stores list before what lies in them
    for file, size, *_ in storage.entries(uri):
        path = file[root:]
        contents.files += 1
        if empty:
            markers = empty & {str(folder) for folder in PurePosixPath(path).parents}
            empty -= markers
            contents.left += len(markers)
        if _is_left(path):
            contents.left += 1
        elif not path.lower().endswith(suffixes):
            contents.table = contents.table or (path if path.lower().endswith(SUFFIXES) else "")
        elif size:
            contents.images += 1
            yield path
        else:
            empty.add(path)
    contents.images += len(empty)
    yield from sorted(empty)
    passed_over = contents.files - contents.images
    if passed_over:
        log.info(
            "%s: %d images, %d files passed over: %d hidden ones or thumbnails, %d of other kinds",
            *(uri, contents.images, passed_over, contents.left, passed_over - contents.left),
        )


def _is_left(path: str) -> bool:
    """Tell whether a file is hidden, or in a folder that a system keeps for itself."""
    return any(step.startswith(".") or step.lower() in _LEFT_BY_SYSTEMS for step in path.split("/"))


def _table(images: list[str], kind: JobKind) -> pa.Table:
    columns: dict[str, list[str | None]] = {
        "product_id": [path.rpartition(".")[0] for path in images],
        "title": [re.sub("[_-]+", " ", PurePosixPath(path).stem) for path in images],
    }
    if kind == "covers":
        clips = [path.lower().endswith(CLIP_SUFFIXES) for path in images]
        columns["cover"] = [None if clip else path for path, clip in zip(images, clips, strict=True)]
        columns["video"] = [path if clip else None for path, clip in zip(images, clips, strict=True)]
    else:
        columns["image"] = [*images]
    return pa.table(columns, schema=pa.schema([(name, pa.string()) for name in columns]))
