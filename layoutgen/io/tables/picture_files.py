"""The pictures of a table's rows: where they lie, which of them a row names, and which are not there.

    OUTPUT/pictures/ab/cdef….webp    a finished picture, named by what it is made of, so that all runs share it
    OUTPUT/backgrounds/ab/cdef….png  what a poster's elements lie on, named by the sha256 of its bytes

A picture is written before the shard's file that names it, and never changed: whoever writes it again writes the same.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import pyarrow as pa

from layoutgen.core.schema import RESULTS
from layoutgen.io.storage import Storage

FOLDER, BACKGROUNDS = FOLDERS = "pictures", "backgrounds"
_COLUMNS = RESULTS["render"]
_NAME = re.compile(r"/([0-9a-f]{2})/([0-9a-f]{62})\.\w+$")


def uri_of(storage: Storage, root: str, name: str, ending: str) -> str:
    """Where a picture lies that is made of what `name` (64 hex digits) stands for."""
    return storage.join(root, f"{FOLDER}/{name[:2]}/{name[2:]}.{ending}")


def background_uri(storage: Storage, root: str, sha256: str) -> str:
    """Where a poster's background of this sha256 lies."""
    return storage.join(root, f"{BACKGROUNDS}/{sha256[:2]}/{sha256[2:]}.png")


def key_of(uri: str) -> int | None:
    """The first 64 bits of what a picture is named by; None where it is none of ours."""
    match = _NAME.search(uri)
    return int(match[1] + match[2][:14], 16) if match else None


def files_of(row: dict[str, Any]) -> list[dict[str, Any]]:
    """The files that a row names, each with format, uri, sha256 and bytes; [] for none."""
    first, further = (row.get(name) for name in _COLUMNS)
    return [file for file in (first, *(further or ())) if file and file["uri"]]


def of_table(table: pa.Table) -> list[list[dict[str, Any]]]:
    """The files that each row names; of a table of an earlier release, none."""
    names = [name for name in _COLUMNS if name in table.column_names]
    if not names:
        return [[] for _ in range(len(table))]
    return [files_of(row) for row in table.select(names).to_pylist()]


def lacking(
    storage: Storage,
    table: pa.Table,
    rows: Sequence[int],
    formats: Sequence[str] | None = None,
    confirmed: Collection[str] = (),
) -> set[int]:
    """Which of these rows have no file, another number of them than `formats` asks for or other ones, or one that is
    not there; the `confirmed` ones are. Raises StorageError."""
    files = of_table(table) if rows else []
    wrong = {i for i in rows if not files[i] or (formats and [file["format"] for file in files[i]] != list(formats))}
    uris = sorted({file["uri"] for i in rows for file in files[i]} - {*confirmed})
    gone = {uri for uri, version in zip(uris, storage.versions(uris), strict=True) if version is None}
    return wrong | {i for i in rows if any(file["uri"] in gone for file in files[i])}


def without_background(
    storage: Storage, table: pa.Table, rows: Sequence[int], confirmed: Collection[str] = ()
) -> set[int]:
    """Which of these rows of posters have a product that was cut out, and a background that is not there; the
    `confirmed` ones are. Raises StorageError."""
    if not rows or not {"cut_out", "background"} <= set(table.column_names):
        return set()
    sources, files = (table.column(name).to_pylist() for name in ("cut_out", "background"))
    uris = {i: files[i]["uri"] if files[i] else None for i in rows if sources[i] is not None}
    distinct = sorted({uri for uri in uris.values() if uri} - {*confirmed})
    gone = {uri for uri, version in zip(distinct, storage.versions(distinct), strict=True) if version is None}
    return {i for i, uri in uris.items() if uri is None or uri in gone}


def named(table: pa.Table) -> set[str]:
    """The URIs of all pictures and backgrounds that rows name."""
    backgrounds = table.column("background").to_pylist() if "background" in table.column_names else []
    return {file["uri"] for of_row in of_table(table) for file in of_row} | {
        file["uri"] for file in backgrounds if file
    }


def counted(files: Iterable[list[dict[str, Any]]]) -> dict[str, int]:
    """How many files rows name in all, their bytes, and how many rows name none."""
    totals = Counter(files=0, bytes=0, rows_without=0)
    for of_row in files:
        totals.update(files=len(of_row), bytes=sum(file["bytes"] for file in of_row), rows_without=not of_row)
    return dict(totals)
