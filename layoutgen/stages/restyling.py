"""Published rows in another house style: the composer's proposal, on the framing that the row has, placed anew."""

from collections.abc import Callable, Mapping
from typing import Any

import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.layout import Canvas, Element, Framing
from layoutgen.core.metrics import table_rows
from layoutgen.imaging import images
from layoutgen.imaging.image_faults import FileFault
from layoutgen.io.storage import Storage, StorageError
from layoutgen.models.base import Saliency
from layoutgen.stages import further
from layoutgen.stages.drawable import RowFault
from layoutgen.stages.further import FurtherPhoto
from layoutgen.stages.row_scenes import RowScenes
from layoutgen.stages.travelling import map_as_png

_PLAIN: dict[str, Any] = {"status": "ok", "error": None, "notes": [], "fingerprint": None}


class Restyling:
    """Sets rows in other styles by a run's `place` stage, which is shown photos of at most `side` px, and the subjects
    that `saliency` finds there."""

    def __init__(self, storage: Storage, place: Callable[[pa.Table], pa.Table], saliency: Saliency, side: int) -> None:
        self._storage, self._place, self._saliency = storage, place, saliency
        self._scenes = RowScenes(storage, side)

    def elements(self, row: Mapping[str, Any], style: str) -> list[Element]:
        """A row's elements in a style. Raises RowFault where the row can't have it."""
        framing, canvas = table_rows.framing(row), table_rows.canvas(row)
        if fault := fault_of(row):
            raise RowFault("style_fixed", fault)
        if framing is None:
            raise RowFault("framing_not_usable", "the row can't be placed as it is; lay it out anew")
        try:
            table = self._table(row, style, framing, canvas)
        except (StorageError, FileFault) as error:
            raise RowFault("not_readable", str(error)) from None
        (placed,) = self._place(table).select(["status", "error", "elements"]).to_pylist()
        if placed["status"] != "ok":
            reason = placed["error"] or {}
            raise RowFault(reason.get("kind", "failed"), f"in the style {style!r}: {reason.get('message', '')}")
        return [rows.read_element(element) for element in placed["elements"]]

    def _table(self, row: Mapping[str, Any], style: str, framing: Framing, canvas: Canvas) -> pa.Table:
        """The row as the place stage takes it."""
        photo = self._scenes.photo(row)
        tiles = self._scenes.tiles(framing, canvas)
        subject, *of_tiles = map(map_as_png, self._saliency.saliency([photo, *tiles]))
        logo = images.decode_logo(self._storage.read(row["logo"])) if row.get("logo") else None
        travelling = {
            "pixels": _column(images.encode_jpeg(photo)),
            "subject_map": _column(subject),
            "logo_pixels": _column(None if logo is None else images.encode_png(logo)),
        }
        known = {name: row.get(name) for name in schema.LAYOUTS.names if name in row}
        table = pa.Table.from_pylist([{**known, **_PLAIN, "style_used": style}], schema.LAYOUTS)
        photos = [
            FurtherPhoto(tile.image, tile.sha256, tile.width, tile.height, images.encode_jpeg(pixels), png)
            for tile, pixels, png in zip(framing.tiles, tiles, of_tiles, strict=True)
        ]
        return further.added(rows.add(table, travelling, schema.COMPOSED), {0: photos} if photos else {})


def fault_of(row: Mapping[str, Any]) -> str | None:
    """Why a row's house style can't be changed; None where it can."""
    if row.get("application") == "video_cover" or row.get("accepted") is not None:
        return "a cover is in no house style"
    if row.get("background") or row.get("product_box"):
        return "a poster's ground was painted for its style; run its product again in another one"
    if not row.get("style_used"):
        return "the layout is in no house style; lay it out anew"
    return None if row.get("suggestion") else "the row does not say what its composer proposed; lay it out anew"


def _column(value: bytes | None) -> pa.DictionaryArray:
    return rows.dictionary({} if value is None else {0: value}, {0: 0}, 1)
