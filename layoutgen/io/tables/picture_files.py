"""The pictures of a table's rows: where they lie, which of them a row names, and which are not there.

    OUTPUT/pictures/ab/cdef….webp    a finished picture, named by what it is made of, so that all runs share it
    OUTPUT/backgrounds/ab/cdef….png  what a poster's elements lie on, named by the sha256 of its bytes

A picture is written before the shard's file that names it, and never changed: whoever writes it again writes the same.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from layoutgen.core.schema import RESULTS
from layoutgen.io.storage import Storage

FOLDER, BACKGROUNDS = FOLDERS = "pictures", "backgrounds"
_COLUMNS = RESULTS["render"]


def uri_of(storage: Storage, root: str, name: str, ending: str) -> str:
    """Where a picture lies that is made of what `name` (64 hex digits) stands for."""
    return storage.join(root, f"{FOLDER}/{name[:2]}/{name[2:]}.{ending}")


def background_uri(storage: Storage, root: str, sha256: str) -> str:
    """Where a poster's background of this sha256 lies."""
    return storage.join(root, f"{BACKGROUNDS}/{sha256[:2]}/{sha256[2:]}.png")


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


def lacking(storage: Storage, table: pa.Table, rows: Sequence[int], formats: Sequence[str] | None = None) -> set[int]:
    """Which of these rows have no file, another number of them than `formats` asks for or other ones, or one that is
    not there. Raises StorageError."""
    files = of_table(table) if rows else []
    wrong = {i for i in rows if not files[i] or (formats and [file["format"] for file in files[i]] != list(formats))}
    uris = sorted({file["uri"] for i in rows for file in files[i]})
    gone = {uri for uri, version in zip(uris, storage.versions(uris), strict=True) if version is None}
    return wrong | {i for i in rows if any(file["uri"] in gone for file in files[i])}


def without_background(storage: Storage, table: pa.Table, rows: Sequence[int]) -> set[int]:
    """Which of these rows of posters have a product that was cut out, and a background that is not there. Raises
    StorageError."""
    if not rows or not {"cut_out", "background"} <= set(table.column_names):
        return set()
    sources, files = (table.column(name).to_pylist() for name in ("cut_out", "background"))
    uris = {i: files[i]["uri"] if files[i] else None for i in rows if sources[i] is not None}
    distinct = sorted({uri for uri in uris.values() if uri})
    stored = dict(zip(distinct, storage.versions(distinct), strict=True))
    return {i for i, uri in uris.items() if uri is None or stored[uri] is None}


def counted(files: Iterable[list[dict[str, Any]]]) -> dict[str, int]:
    """How many files rows name in all, their bytes, and how many rows name none."""
    totals = Counter(files=0, bytes=0, rows_without=0)
    for of_row in files:
        totals.update(files=len(of_row), bytes=sum(file["bytes"] for file in of_row), rows_without=not of_row)
    return dict(totals)
