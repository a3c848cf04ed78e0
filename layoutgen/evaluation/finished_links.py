"""Links from a gallery's page to the finished files of its rows: relative ones to where they lie, or copies beside it.

A page that is opened from a folder or served from a bucket reaches what lies in the same place by a relative address.
Files of another store or bucket are copied to it.
"""

import logging
import os
import posixpath
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

from layoutgen.io.objects.locations import locate
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables import picture_files

log = logging.getLogger("layoutgen")

COPIES = "pictures"


def of_rows(storage: Storage, output: str, rows: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Each row's finished files by row id, the picture first: format, bytes and href, of a page at `output`. A
    file that can't be copied is left out."""
    files = {str(row["row_id"]): picture_files.files_of(dict(row)) for row in rows}
    uris = dict.fromkeys(file["uri"] for of_row in files.values() for file in of_row)
    with ThreadPoolExecutor(storage.concurrency) as pool:
        hrefs = dict(zip(uris, pool.map(lambda uri: _href(storage, output, uri), uris), strict=True))
    return {
        row_id: [
            {"format": file["format"], "bytes": file["bytes"], "href": href}
            for file in of_row
            if (href := hrefs[file["uri"]])
        ]
        for row_id, of_row in files.items()
        if of_row
    }


def _href(storage: Storage, output: str, uri: str) -> str | None:
    if (path := relative(output, uri)) is not None:
        return quote(path)
    name = f"{COPIES}/{'-'.join(uri.split('/')[-2:])}"
    try:
        storage.write(storage.join(output, name), storage.read(uri))
    except StorageError as error:
        if error.fault is None:
            raise
        log.warning("a finished file is not shown: %s", error)
        return None
    return quote(name)


def relative(folder: str, uri: str) -> str | None:
    """The way from a folder to a file in the same bucket or on this machine; None where there is none."""
    here, there = locate(folder), locate(uri)
    if isinstance(here, Path) and isinstance(there, Path):
        return Path(os.path.relpath(there.absolute(), here.absolute())).as_posix()
    if isinstance(here, tuple) and isinstance(there, tuple) and here[0] == there[0]:
        return posixpath.relpath(there[1], here[1] or ".")
    return None
