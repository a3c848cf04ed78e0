"""Tables as the stages get them, and what the tests of stages compare."""

from typing import Any

import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.layout import Framing, Suggestion
from layoutgen.imaging import images

FAILURE = {"stage": "fetch", "kind": "not_found", "message": "nothing at a.jpg"}
FAILED = {"status": "failed", "error": FAILURE}


def planned(*changes: dict[str, Any]) -> pa.Table:
    """A planned table with a row for each dict of changes, and a column of the user's own."""
    rows_of = [
        {
            "row_id": f"p{i}@1080x1080",
            "product_id": f"p{i}",
            "canvas": "1080x1080",
            "canvas_width": 1080,
            "canvas_height": 1080,
            "images": [],
            "title": "静音破壁机",
            "selling_points": [],
            "brand": None,
            "logo": None,
            "application": "poster",
            "status": "ok",
            "error": None,
            "notes": [],
            "stock": i,
            **change,
        }
        for i, change in enumerate(changes)
    ]
    kinds = {field.name: field.type for field in schema.PLANNED}
    names = rows_of[0] if rows_of else ()
    return schema.complete(
        pa.table({name: pa.array([row[name] for row in rows_of], kinds.get(name)) for name in names}), schema.PLANNED
    )


def with_pixels(table: pa.Table, photos: list[Any], logos: list[Any] | None = None) -> pa.Table:
    """The table as fetch leaves it: row i shows photo i (None for none); a photo given twice is one value."""
    added = {}
    for name, pictures, encode in (
        ("pixels", photos, images.encode_jpeg),
        ("logo_pixels", logos or [None] * len(table), images.encode_png),
    ):
        known = {i: picture for i, picture in enumerate(pictures) if picture is not None}
        added[name] = rows.dictionary(
            {i: encode(picture) for i, picture in known.items()},
            {i: id(picture) for i, picture in known.items()},
            len(table),
        )
    return rows.add(table, added, schema.FETCHED)


def composed(table: pa.Table, suggestions: list[list[Suggestion] | None], framing: Framing | None = None) -> pa.Table:
    """The table as compose leaves it: row i has suggestions i (None for a row that failed before)."""
    framing = framing or Framing()
    is_there = [found is not None for found in suggestions]
    return rows.add(
        rows.add(table, {}, schema.ANNOTATED),
        {
            "crop": [framing.crop if there else None for there in is_there],
            "picture": [framing.picture if there else None for there in is_there],
            "backdrop": [framing.backdrop if there else None for there in is_there],
            "suggestion": [None if found is None else [*map(rows.suggestion_row, found)] for found in suggestions],
        },
        schema.COMPOSED,
    )


def assert_failed_rows_are_untouched(before: pa.Table, after: pa.Table) -> None:
    """Rows that had failed are as they were, and every column that the stage added is null."""
    names = before.column_names
    for was, row in zip(before.to_pylist(), after.to_pylist(), strict=True):
        if was["status"] == "failed":
            assert {name: row[name] for name in names} == was
            assert all(value is None for name, value in row.items() if name not in names)


def assert_neighbours_change_nothing(stage: Any, table: pa.Table) -> None:
    """Each row comes out of the stage alone as it does beside the others."""
    together = stage(table).to_pylist()
    assert len(together) == len(table)
    for i, row in enumerate(together):
        assert stage(table.slice(i, 1)).to_pylist() == [row]
