"""Pictures of layouts as somebody edits them, drawn by what draws all pictures, from the same photo and in the same
fonts."""

import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import pyarrow as pa

from layoutgen.core.brands.kits import NO_KITS
from layoutgen.core.edited_elements import fault_of_elements
from layoutgen.core.gallery.edits import EditError, edited
from layoutgen.core.gallery.rows import outline
from layoutgen.core.layout import Element
from layoutgen.core.metrics import table_rows
from layoutgen.core.rows import element_row
from layoutgen.evaluation.restyling_of_table import TableStyles
from layoutgen.imaging import drawing, images
from layoutgen.imaging.image_faults import FileFault
from layoutgen.imaging.shrinking import shrink
from layoutgen.io.storage import Storage, StorageError
from layoutgen.stages import drawable
from layoutgen.stages.drawable import RowFault
from layoutgen.stages.edited_rows import edited_elements, face_of, layout_of
from layoutgen.stages.row_scenes import RowScenes

_LARGEST = 8192  # px of a picture's longer side


class EditedPictures:
    """Draws edits of the rows of a table. Threads may share it; one picture is drawn at a time."""

    def __init__(
        self, storage: Storage, table: pa.Table, font_files: Sequence[str], styles: TableStyles | None = None
    ) -> None:
        self._table, self._font_files = table, tuple(font_files)
        self._styles = styles or TableStyles({}, storage, NO_KITS)
        self.styled = lru_cache(maxsize=64)(self._styled)
        self._places = {row_id: i for i, row_id in enumerate(table.column("row_id").to_pylist())}
        self._scenes = RowScenes(storage, 2160)
        self._lock = threading.Lock()

    def __contains__(self, row_id: object) -> bool:
        return row_id in self._places

    def styles(self, row_id: str) -> dict[str, Any]:
        """The house styles that a row may have, `styles`, which one it has, `style`, and why it can't have another,
        `reason`. Raises EditError."""
        row = self.row(row_id)
        reason = self._styles.fault_of(row)
        return {"styles": self._styles.allowed(row), "style": row.get("style_used"), "reason": reason}

    def _styled(self, row_id: str, style: str) -> list[dict[str, Any]]:
        """A row's elements in another house style, as tables have them, with the outlines of underlays. Raises
        EditError."""
        row = self.row(row_id)
        try:
            with self._lock:
                elements = self._styles.elements(row, style)
        except RowFault as error:
            raise EditError(f"{row_id} can't be set in another style: {error}") from None
        dressed = map(element_row, elements)
        return [{**element, **outline(element, table_rows.canvas(row))} for element in dressed]

    def layout(self, row_id: str, elements: object, style: object = None, styled: object = None) -> list[Element]:
        """A row's elements as an edit has them, in the row's house style or in another, as `draw` draws them. Raises
        EditError."""
        row = self.row(row_id)
        if fault := fault_of_elements(elements):
            raise EditError(fault)
        wanted: Any = elements
        in_style: Any = styled if styled is not None else self.styled(row_id, str(style)) if style is not None else ()
        try:
            return edited_elements(row, list(wanted), in_style or (), self._font_files)
        except RowFault as error:
            raise EditError(str(error)) from None

    @property
    def font_files(self) -> tuple[str, ...]:
        """Fonts that rows may name."""
        return self._font_files

    def row(self, row_id: str) -> dict[str, Any]:
        """A row as it is published. Raises EditError for none of the page's."""
        if row_id not in self._places:
            raise EditError(f"row_id {row_id!r} is no layout of this page; give one of its rows")
        row: dict[str, Any] = self._table.slice(self._places[row_id], 1).to_pylist()[0]
        return row

    def columns(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """These columns of all rows of the page, None where the table has none."""
        there = self._table.select([name for name in names if name in self._table.column_names]).to_pylist()
        return [dict.fromkeys(names) | row for row in there]

    def draw(
        self, row_id: str, elements: object, side: int = _LARGEST, style: object = None, styled: object = None
    ) -> bytes:
        """A row with the elements of an edit (`core.gallery.edits.edited`) as PNG, in the canvas's size or at most
        `side` px; in another house style, whose elements are `styled` or those that the job makes. Raises EditError
        where it can't be drawn."""
        row = self.row(row_id)
        if isinstance(side, bool) or not isinstance(side, int) or not 1 <= side <= _LARGEST:
            raise EditError(f"side is {side!r}; give px, from 1 to {_LARGEST}, or leave it out")
        canvas, unlike = table_rows.canvas(row), list[str]()
        layout = table_rows.elements(row["elements"], unlike)
        framing = table_rows.framing(row)
        fault = table_rows.fault(row) or (unlike[0] if unlike else table_rows.framing_fault(row))
        if fault or framing is None or not row.get("image"):
            raise EditError(f"{row_id} can't be drawn: {fault or 'it has no image'}; lay it out anew")
        if style is not None:
            in_style: Any = self.styled(row_id, str(style)) if styled is None else styled
            if fault := fault_of_elements(in_style):
                raise EditError(fault.replace("elements", "styled", 1))
            try:
                layout = layout_of(row, in_style)
            except RowFault as error:
                raise EditError(str(error)) from None
        wanted = edited(
            layout, elements, canvas, lambda e: face_of(e, self._font_files), has_logo=bool(row.get("logo"))
        )
        return self.drawn(row, wanted, side)

    def drawn(self, row: Mapping[str, Any], wanted: Sequence[Element], side: int = _LARGEST) -> bytes:
        """A row of the page with other elements as PNG, of at most `side` px. Raises EditError where it can't be
        drawn."""
        row_id, canvas, framing = row["row_id"], table_rows.canvas(row), table_rows.framing(row)
        if fault := drawable.fault_of(wanted, canvas, self._font_files):
            raise EditError(f"{row_id} can't be drawn as edited: {fault}")
        if framing is None:
            raise EditError(f"{row_id} can't be drawn: it does not say how its photo lies; lay it out anew")
        with self._lock:
            try:
                ground, logo = (
                    self._scenes.ground(row, framing, canvas),
                    self._scenes.logo({**row, "elements": [*map(element_row, wanted)]}),
                )
            except (StorageError, FileFault) as error:
                raise EditError(f"{row_id} can't be drawn: {error}") from None
            drawn = drawing.draw(ground, [*wanted], canvas, logo=logo, font_files=self._font_files)
            return images.encode_png(shrink(drawn, side))
