"""Pictures of layouts as somebody edits them, drawn by what draws all pictures, from the same photo and in the same
fonts."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from layoutgen.core import rows
from layoutgen.core.gallery.edits import EditError, edited
from layoutgen.core.metrics import table_rows
from layoutgen.imaging import drawing, images
from layoutgen.imaging.image_faults import FileFault
from layoutgen.imaging.shrinking import shrink
from layoutgen.io.storage import Storage, StorageError
from layoutgen.stages import drawable
from layoutgen.stages.edited_rows import face_of
from layoutgen.stages.row_scenes import RowScenes

_LARGEST = 8192  # px of a picture's longer side


class EditedPictures:
    """Draws edits of the rows of a table. Threads may share it; one picture is drawn at a time."""

    def __init__(self, storage: Storage, table: pa.Table, font_files: Sequence[str]) -> None:
        self._table, self._font_files = table, tuple(font_files)
        self._places = {row_id: i for i, row_id in enumerate(table.column("row_id").to_pylist())}
        self._scenes = RowScenes(storage, 2160)
        self._lock = threading.Lock()

    def __contains__(self, row_id: object) -> bool:
        return row_id in self._places

    def draw(self, row_id: str, elements: object, side: int = _LARGEST) -> bytes:
        """A row with the elements of an edit (`core.gallery.edits.edited`) as PNG, in the canvas's size or at most
        `side` px. Raises EditError where it can't be drawn."""
        if row_id not in self._places:
            raise EditError(f"row_id {row_id!r} is no layout of this page; give one of its rows")
        if isinstance(side, bool) or not isinstance(side, int) or not 1 <= side <= _LARGEST:
            raise EditError(f"side is {side!r}; give px, from 1 to {_LARGEST}, or leave it out")
        row: Mapping[str, Any] = self._table.slice(self._places[row_id], 1).to_pylist()[0]
        canvas, unlike = table_rows.canvas(row), list[str]()
        layout = table_rows.elements(row["elements"], unlike)
        framing = table_rows.framing(row)
        fault = table_rows.fault(row) or (unlike[0] if unlike else table_rows.framing_fault(row))
        if fault or framing is None or not row.get("image"):
            raise EditError(f"{row_id} can't be drawn: {fault or 'it has no image'}; lay it out anew")
        wanted = edited(
            layout, elements, canvas, lambda e: face_of(e, self._font_files), has_logo=bool(row.get("logo"))
        )
        if fault := drawable.fault_of(wanted, canvas, self._font_files):
            raise EditError(f"{row_id} can't be drawn as edited: {fault}")
        with self._lock:
            try:
                ground, logo = (
                    self._scenes.ground(row, framing, canvas),
                    self._scenes.logo({**row, "elements": [*map(rows.element_row, wanted)]}),
                )
            except (StorageError, FileFault) as error:
                raise EditError(f"{row_id} can't be drawn: {error}") from None
            drawn = drawing.draw(ground, wanted, canvas, logo=logo, font_files=self._font_files)
            return images.encode_png(shrink(drawn, side))
