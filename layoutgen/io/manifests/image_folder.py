"""A folder or prefix of images (for covers, and clips) as a manifest: each becomes one product.

Files that systems leave beside photos (hidden ones, `__MACOSX`, folders of thumbnails) are no products.
"""

import logging
import re
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


def products(uri: str, storage: Storage, kind: JobKind, limit: int | None) -> pa.Table:
    """One row an image, at most `limit`: product_id is the path below the folder without its suffix, the title the
    file's name with `_` and `-` as spaces. Raises ManifestError where there is no folder, or one of tables alone."""
    if not uri.endswith("/") and storage.exists(uri):
        raise ManifestError(f"manifest {uri} is none of {', '.join(SUFFIXES)}; convert it, or name a folder of images")
    sizes = storage.sizes(uri)
    root = len(uri.rstrip("/")) + 1
    paths = {file[root:]: size for file, size in sizes.items()}  # texts: a key may have `//` in it
    folders = {str(folder) for path in paths for folder in PurePosixPath(path).parents}
    suffixes = (*IMAGE_SUFFIXES, *CLIP_SUFFIXES) if kind == "covers" else IMAGE_SUFFIXES
    kept = [path for path, size in paths.items() if not _is_left(path) and (size or path not in folders)]
    images = [path for path in kept if path.lower().endswith(suffixes)]
    if len(images) < len(paths):
        log.info(
            "%s: %d images, %d files passed over: %d hidden ones or thumbnails, %d of other kinds",
            uri, len(images), len(paths) - len(images), len(paths) - len(kept), len(kept) - len(images),
        )  # fmt: skip
    if not images:
        filesystem, path = storage.filesystem(uri)
        if not paths and filesystem.get_file_info(path).type != pyarrow.fs.FileType.Directory:
            raise ManifestError(f"no manifest and no folder at {uri}; {mend_of_missing(uri)}")
        if tables := [path for path in kept if path.lower().endswith(SUFFIXES)]:
            raise ManifestError(f"folder {uri} holds no images but {tables[0]}; name one such file as the manifest")
    return _table([*islice(images, limit)], kind)


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
