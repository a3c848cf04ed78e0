"""render: placed rows in, previews drawn and stored, one small row a preview out."""

from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core.gallery import files as gallery
from layoutgen.core.layout import Box, Element, Role
from layoutgen.core.metrics import table_rows
from layoutgen.imaging import drawing, fonts, framed, images
from layoutgen.imaging.video import VideoFault
from layoutgen.io.storage import Storage, StorageError
from layoutgen.models.base import Saliency
from layoutgen.models.finders.clips import still_at

_MAP_SIDE = 256
_MOST_PIXELS = 1 << 27
_FARTHEST = 4.0
_TINT = (230, 57, 53)


class Render:
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
        self._storage, self._folder, self._side, self._font_files = storage, folder, side, font_files
        self._layers, self._saliency = layers, saliency
        self._photo: tuple[str, np.ndarray] | None = None  # the canvases of one photo stand together
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
            fault = table_rows.fault(row) or (unlike[0] if unlike else None) or self._without_font(elements)
            if canvas.width * canvas.height > _MOST_PIXELS:
                fault = f"a canvas of {canvas.name} px is not drawn; the most is {_MOST_PIXELS} px"
            elif any(not _can_be_drawn(element.box) for element in elements):
                fault = "element_box_without_area_or_far_outside"
            if fault or framing is None:
                faults.append(fault or "framing_not_usable")
                continue
            try:
                photo = self._read(row)
                logo = images.decode_logo(self._storage.read(row["logo"])) if _has_logo(row) else None
            except (StorageError, images.ImageFault, VideoFault) as error:
                faults.append(str(error))
                continue
            ground = framed.draw(photo, framing, canvas, max(canvas.width, canvas.height))
            drawn = drawing.draw(ground, elements, canvas, logo=logo, font_files=self._font_files)
            self._write(row, "", images.encode_jpeg(framed.shrink(drawn, self._side), 88))
            if self._layers:
                self._write(row, "ground", images.encode_jpeg(framed.shrink(ground, self._side), 80))
                ink = [element for element in elements if element.role is not Role.UNDERLAY]
                over = [
                    framed.shrink(drawing.draw(plain, ink, canvas, logo=logo, font_files=self._font_files), self._side)
                    for plain in (np.zeros_like(ground), np.full_like(ground, 255))
                ]
                self._write(row, "ink", images.encode_png(_lifted(*over)))
            if self._saliency is not None:
                shown = framed.draw(self._find(row["image"], photo), framing, canvas, min(_MAP_SIDE, self._side))
                self._write(row, "map", images.encode_png(_tinted(shown)))
            faults.append(None)
        return pa.table({"row_id": table.column("row_id"), "fault": pa.array(faults, pa.string())})

    def _without_font(self, elements: list[Element]) -> str | None:
        """Why the elements' fonts can't be had here; None where they can."""
        if any(element.lines and element.font_px <= 0 for element in elements):
            return "element_font_px_not_positive"
        for name in sorted({element.font for element in elements if element.lines}):
            try:
                fonts.by_name(name, self._font_files)
            except ValueError as error:
                return str(error)
        return None

    def _read(self, row: dict[str, Any]) -> np.ndarray:
        """A row's photo; of a clip, the frame that was chosen."""
        uri, side = row["image"], 2 * self._side
        if self._photo is None or self._photo[0] != uri:
            if row.get("frame_s") is None:
                data = self._storage.read(uri)
                self._photo = uri, images.decode(data, side=side, min_side=1, max_pixels=200_000_000).pixels
            else:
                self._photo = uri, self._storage.attempt(uri, lambda: self._still(uri, row["frame_s"], side))
        return self._photo[1]

    def _still(self, uri: str, time_s: float, side: int) -> np.ndarray:
        with self._storage.open(uri) as file:
            return still_at(file, time_s, side)

    def _find(self, uri: str, photo: np.ndarray) -> np.ndarray:
        if self._subject is None or self._subject[0] != uri:
            assert self._saliency is not None
            self._subject = uri, self._saliency.saliency([photo])[0]
        return self._subject[1]

    def _write(self, row: dict[str, object], part: str, data: bytes) -> None:
        name = gallery.preview_name(str(row["row_id"]), part)
        self._storage.write(self._storage.join(self._folder, name), data)


def _can_be_drawn(box: Box) -> bool:
    """Tell whether a box has an area, and lies no further from the canvas than a few of its sides."""
    return box[0] < box[2] and box[1] < box[3] and min(box) > -_FARTHEST and max(box) < _FARTHEST


def _lifted(on_black: np.ndarray, on_white: np.ndarray) -> np.ndarray:
    """What was drawn on black and on white (h, w, 3), by itself (h, w, 4): opaque where the ground is hidden."""
    black, white = on_black.astype(np.float32), on_white.astype(np.float32)
    opacity = np.clip(1 - (white - black).mean(-1, keepdims=True) / 255, 0, 1)
    colour = np.divide(black, opacity, out=np.zeros_like(black), where=opacity > 0)
    return np.asarray(np.rint(np.concatenate([np.clip(colour, 0, 255), 255 * opacity], -1)), np.uint8)


def _tinted(values: np.ndarray) -> np.ndarray:
    """A map (h, w) in [0, 1] as a colour that is the more opaque, the more is protected (h, w, 4)."""
    out = np.empty((*values.shape, 4), np.uint8)
    out[..., :3] = _TINT
    out[..., 3] = np.rint(np.clip(values, 0, 1) * 255)
    return out


def _has_logo(row: dict[str, object]) -> bool:
    elements = row["elements"] if row.get("logo") else None
    return isinstance(elements, list) and any(e["role"] == "logo" and not e["lines"] for e in elements)
