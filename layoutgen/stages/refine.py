"""refine: published rows with orders in; the rows with their changes out, those that can't be changed as they are."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.metrics import table_rows
from layoutgen.core.refining import orders
from layoutgen.core.refining.orders import Order
from layoutgen.imaging.image_faults import FileFault
from layoutgen.io.storage import StorageError
from layoutgen.stages.drawable import RowFault
from layoutgen.stages.further import Photos
from layoutgen.stages.refining import REFINED
from layoutgen.stages.row_photos import RowPhotos

SET = (
    *("elements", "style_used", "logo", "contrast", "subject_covered", "notes", "refinement"),
    *("objections", "objected_to", "accepted", "reasons"),
)
"""The columns that are set of a refined row."""


class RefinesRows(Protocol):
    """What changes rows."""

    def refined(self, row: Mapping[str, Any], photos: Photos, orders: Sequence[Order]) -> dict[str, Any]:
        """A row's columns with orders."""
        ...


class Refine:
    """The refine stage."""

    def __init__(self, refining: RefinesRows, photos: RowPhotos) -> None:
        self._refining, self._photos = refining, photos

    def __call__(self, table: pa.Table) -> pa.Table:
        """Change the rows by the orders in `schema.ORDERS`."""
        values = {name: table.column(name).to_pylist() for name in SET}
        shown = rows.shown(table)
        wanted = table.column(schema.ORDERS).to_pylist()
        for i in rows.open_rows(table):
            (row,) = shown.slice(i, 1).to_pylist()
            try:
                if fault := table_rows.fault(row):
                    raise RowFault("row_not_usable", fault)
                changed = self._refining.refined(row, self._photos.photos(row), orders.read(wanted[i]))
            except (FileFault, StorageError) as error:
                if isinstance(error, StorageError) and error.fault is None:
                    raise
                changed = {"notes": list(dict.fromkeys((*(row["notes"] or ()), f"{REFINED} not: {error}")))}
            for name, value in changed.items():
                values[name][i] = value
        arrays = {name: pa.array(column, table.schema.field(name).type) for name, column in values.items()}
        return rows.replace(table, **arrays).drop_columns([schema.ORDERS])
