"""preview: placed rows in, previews drawn and stored, one small row a preview out."""

import numpy as np
import pyarrow as pa

from layoutgen.core.gallery import files as gallery
from layoutgen.core.layout import Role
from layoutgen.core.metrics import table_rows
from layoutgen.imaging import drawing, framed, images
from layoutgen.imaging.image_faults import FileFault
from layoutgen.imaging.shrinking import shrink
from layoutgen.io.font_files import here
from layoutgen.io.storage import Storage, StorageError
from layoutgen.models.base import Saliency
from layoutgen.stages import drawable
from layoutgen.stages.row_scenes import RowScenes

_MAP_SIDE, _MEASURED_SIDE, _MEASURED_MAP_SIDE = 256, 320, 96
_TINT = (230, 57, 53)


class Preview:
    """Draws layouts at output size from the images' originals, and stores them into `folder` at `side` px of the longer
    side. With `layers`, the photo as it lies on the canvas and text and logos by themselves are stored too; with a
    `saliency`, what it finds."""

    def __init__(
        self,
        storage: Storage,
        folder: str,
        side: int,
        font_files: tuple[str, ...],
        *,
        layers: bool = False,
        saliency: Saliency | None = None,
    ) -> None:
        self._storage, self._folder, self._side = storage, folder, side
        self._font_files = here(font_files, storage)
        self._layers, self._saliency = layers, saliency
        self._scenes = RowScenes(storage, 2 * side)
        self._subject: tuple[str, np.ndarray] | None = None

    def __call__(self, table: pa.Table) -> pa.Table:
        """Return row_id and `fault` (null where the preview was drawn). An image or a font that is gone, or a layout
        that can't be drawn, is no reason to stop."""
        faults: list[str | None] = []
        for row in table.to_pylist():
            framing = table_rows.framing(row)
            unlike: list[str] = []
            elements = table_rows.elements(row["elements"], unlike)
            canvas = table_rows.canvas(row)
            fault = table_rows.fault(row) or (unlike[0] if unlike else table_rows.framing_fault(row))
            fault = fault or drawable.fault_of(elements, canvas, self._font_files)
            if fault or framing is None:
                faults.append(fault or "framing_not_usable")
                continue
            try:
                ground = self._scenes.ground(row, framing, canvas)
                logo = self._scenes.logo(row)
            except (StorageError, FileFault) as error:
                faults.append(str(error))
                continue
            drawn = drawing.draw(ground, elements, canvas, logo=logo, font_files=self._font_files)
            self._write(row, "", images.encode_jpeg(shrink(drawn, self._side), 88))
            if self._layers:
                self._write(row, "ground", images.encode_jpeg(shrink(ground, self._side), 80))
                ink = [element for element in elements if element.role is not Role.UNDERLAY]
                layer = drawing.layer(ink, canvas, logo=logo, font_files=self._font_files, side=self._side)
                self._write(row, "ink", images.encode_png(layer))
            subject = None
            if self._saliency is not None:
                first = self._find(row["image"], self._scenes.photo(row))
                tiles = self._scenes.tiles(framing, canvas)
                maps = self._saliency.saliency(list(tiles)) if tiles else []
                shown = framed.draw(first, framing, canvas, min(_MAP_SIDE, self._side), maps)
                self._write(row, "map", images.encode_png(_tinted(shown)))
                subject = images.encode_png(_tinted(shrink(shown, _MEASURED_MAP_SIDE)))
            if self._layers:
                measured = images.encode_jpeg(shrink(ground, _MEASURED_SIDE), 85)
                self._write(row, "pixels", gallery.pixels(str(row["row_id"]), measured, subject))
            faults.append(None)
        return pa.table({"row_id": table.column("row_id"), "fault": pa.array(faults, pa.string())})

    def _find(self, uri: str, photo: np.ndarray) -> np.ndarray:
        if self._subject is None or self._subject[0] != uri:
            assert self._saliency is not None
            self._subject = uri, self._saliency.saliency([photo])[0]
        return self._subject[1]

    def _write(self, row: dict[str, object], part: str, data: bytes) -> None:
        name = gallery.preview_name(str(row["row_id"]), part)
        self._storage.write(self._storage.join(self._folder, name), data)


def _tinted(values: np.ndarray) -> np.ndarray:
    """A map (h, w) in [0, 1] as a colour that is the more opaque, the more is protected (h, w, 4)."""
    out = np.empty((*values.shape, 4), np.uint8)
    out[..., :3] = _TINT
    out[..., 3] = np.rint(np.clip(values, 0, 1) * 255)
    return out
