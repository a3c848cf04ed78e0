"""Two tables' finished pictures of the same rows side by side: posters, say, and their products' layouts on photos."""

from typing import Any

from layoutgen.core.errors import Refusal
from layoutgen.evaluation import finished_links
from layoutgen.io.storage import Storage
from layoutgen.io.tables import layout_tables
from layoutgen.pages import beside

PAGE = "beside.html"
_SHOWN = ("webp", "png", "jpeg", "svg")  # by browsers


def write(storage: Storage, layouts: str, other: str, output: str, *, limit: int) -> str:
    """Write the page into the folder `output` for at most `limit` rows; returns where it is. Raises Refusal where the
    tables have finished pictures of no row in common, TableError, StorageError."""
    tables = [_rows(storage, table) for table in (layouts, other)]
    common = [row_id for row_id in tables[0] if row_id in tables[1]][:limit]
    links = [finished_links.of_rows(storage, output, [rows[row_id] for row_id in common]) for rows in tables]
    pairs = []
    for row_id in common:
        hrefs = [next((f["href"] for f in files.get(row_id, ()) if f["format"] in _SHOWN), None) for files in links]
        if hrefs[0] and hrefs[1]:
            notes = tuple(tables[0][row_id].get("notes") or ())
            pairs.append(beside.Pair(row_id, (hrefs[0], hrefs[1]), notes))
    if not pairs:
        raise Refusal(
            f"{layouts} and {other} have finished pictures of no row in common; give tables of the same products and "
            "canvases, with render.formats"
        )
    where = storage.join(output, PAGE)
    storage.write(where, beside.page(layouts, other, pairs).encode())
    return where


def _rows(storage: Storage, layouts: str) -> dict[str, dict[str, Any]]:
    """A table's rows by key."""
    folder = layout_tables.folder_of(storage, layouts, None)
    rows = [row for uri in layout_tables.parts(storage, folder) for row in layout_tables.records(storage, uri)]
    return {str(row["row_id"]): row for row in rows if isinstance(row, dict) and row.get("row_id")}
