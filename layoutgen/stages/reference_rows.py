"""references: places of published rows in; for each a folder that text-to-image models of other teams take, one report
row out.

The product is cut out of the original as `imaging.products` does. A row without a usable cut-out gets no folder, and
the table says why: a model would paint over what nobody can tell from the ground.
"""

import io
import json
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core import rows
from layoutgen.core.fingerprint import digest
from layoutgen.core.framing import on_canvas
from layoutgen.core.layout import Box, Canvas, Framing
from layoutgen.imaging.documents.page import Page, Provenance
from layoutgen.imaging.image_faults import FileFault
from layoutgen.imaging.products import cutting, reading
from layoutgen.imaging.products.placing import placed, trimmed
from layoutgen.imaging.references import folder
from layoutgen.imaging.references.reference import Reference
from layoutgen.imaging.references.sizes import size_for
from layoutgen.imaging.shrinking import shrink
from layoutgen.io.font_files import here
from layoutgen.io.objects.locations import StorageFault
from layoutgen.io.storage import Storage
from layoutgen.io.tables import layout_tables
from layoutgen.models.base import Saliency
from layoutgen.stages import drawable, file_names
from layoutgen.stages.originals import OriginalFault, Originals, logo_side

WRITTEN = pa.schema([(name, pa.string()) for name in ("row_id", "product_id", "canvas", "folder", "kind", "message")])
"""A row a row: its folder, or why there is none."""
_FINDER_SIDE = 768


class ReferenceRows:
    """Writes the folders of rows of published tables into `output`, for a class of models. `build` makes the subject
    finder, at the first row; limits of the originals are as the fetch stage has them."""

    def __init__(
        self,
        storage: Storage,
        output: str,
        model: str,
        build: Callable[[], Saliency],
        font_files: tuple[str, ...],
        max_bytes: int,
        max_pixels: int,
    ) -> None:
        self._storage, self._output, self._model, self._build = storage, output, model, build
        self._fonts, self._max_pixels = here(font_files, storage), max_pixels
        self._originals = Originals(storage, max_bytes, max_pixels)

    @cached_property
    def _finder(self) -> Saliency:
        return self._build()

    def __call__(self, table: pa.Table) -> pa.Table:
        """Write the folders of chosen rows of one file; `table` is one row with shard, uri, version and rows."""
        (address,) = table.to_pylist()
        recipe = digest(address["uri"], address["version"], address["rows"], folder.VERSION, self._model)
        part = self._storage.join(self._output, f"table/part-{address['shard']:06d}-{recipe}.parquet")
        stored = self._storage.read_version(part)
        written = pq.read_table(io.BytesIO(stored[0])) if stored else self._write(address, part)
        kinds = Counter(kind for kind in written.column("kind").to_pylist() if kind)
        report = {"part": part, "rows": len(written), "failed": kinds, "resumed": stored is not None}
        return pa.table({"report": [json.dumps(report)]})

    def _write(self, address: Mapping[str, Any], part: str) -> pa.Table:
        lines = []
        published = layout_tables.published(self._storage, address["uri"], address["rows"])
        for row, as_published in zip(rows.shown(published).to_pylist(), published.to_pylist(), strict=True):
            line = {name: row.get(name) for name in ("row_id", "product_id", "canvas")}
            try:
                line["folder"] = self._folder(drawable.whole(row, self._fonts), as_published)
            except FileFault as fault:
                line |= {"kind": fault.kind, "message": fault.message}
            lines.append(line)
        written = pa.Table.from_pylist(lines, schema=WRITTEN)
        sink = io.BytesIO()
        pq.write_table(written, sink, compression="zstd")
        self._storage.write(part, sink.getvalue())
        return written

    def _folder(self, row: dict[str, Any], as_published: Mapping[str, Any]) -> str:
        """Write the folder of a row, which is shown with the picture that its layout lies on; `as_published` names the
        product's photo. Raises FileFault where there can be none."""
        files = folder.files(self._reference(row, as_published))
        where = self._storage.join(self._output, f"rows/{file_names.of_row(row)}")
        for name in sorted(files, key=lambda name: name == "layout.json"):  # written last: a folder with it is whole
            self._storage.write(self._storage.join(where, name), files[name])
        return where

    def _reference(self, row: dict[str, Any], as_published: Mapping[str, Any]) -> Reference:
        if row.get("frame_s") is not None:
            raise drawable.RowFault("clip", "the row is the cover of a clip; references are made of photos")
        canvas, framing = Canvas(row["canvas_width"], row["canvas_height"]), rows.read_framing(row)
        try:
            size = size_for(canvas, self._model)
        except ValueError as error:
            raise drawable.RowFault("canvas", str(error)) from None
        photo = self._original(row["image"])
        if row.get("product_box"):  # a poster: its photo is a background, which has the product in it
            left, top, right, bottom = row["product_box"]
            product, box = self._cut(as_published).pixels, (left, top, right, bottom)
        else:
            product, box = self._product(self._cut(as_published, photo), framing)
        side = logo_side(row["elements"], canvas) if row.get("logo") else 0
        page = Page(
            canvas,
            framing,
            np.ascontiguousarray(photo[..., :3]),
            tuple(map(rows.read_element, row["elements"])),
            Provenance(
                row["row_id"], row.get("run_id"), row.get("composer"), row.get("adapter"), row.get("created_at")
            ),
            self._originals.logo(row["logo"], side).pixels if side else None,
            self._fonts,
            row.get("language"),
            self._originals.tiles(framing, canvas),
        )
        seed = int(digest("reference", row["row_id"]), 16) % (1 << 31)
        return Reference(page, placed(product, canvas, box), size, row.get("category"), seed)

    def _original(self, uri: str) -> np.ndarray:
        return reading.original(self._stored(uri), max_pixels=self._max_pixels)

    def _stored(self, uri: str) -> bytes:
        (stored,) = self._originals.read([uri])
        if isinstance(stored, StorageFault):
            raise OriginalFault(stored.kind, f"{uri}: {stored.message}")
        return stored[0]

    def _cut(self, row: Mapping[str, Any], photo: np.ndarray | None = None) -> cutting.CutOut:
        """A published row's product cut out of its photo. Raises FileFault."""
        photo = self._original(row["image"]) if photo is None else photo
        mask = reading.mask(self._stored(row["mask"]), max_pixels=self._max_pixels) if row.get("mask") else None
        small = shrink(np.ascontiguousarray(photo[..., :3]), _FINDER_SIDE)
        return cutting.cut_out(photo, mask, self._finder.saliency([small])[0])

    @staticmethod
    def _product(cut: cutting.CutOut, framing: Framing) -> tuple[np.ndarray, Box]:
        """The part of a product that the canvas shows, (h, w, 4), and its box on the canvas. Raises RowFault."""
        shown = _shown(cut.box, framing.crop)
        height, width = cut.pixels.shape[:2]
        across, down = cut.box[2] - cut.box[0], cut.box[3] - cut.box[1]
        rows_px = [round((shown[k] - cut.box[1]) / down * height) for k in (1, 3)]
        columns_px = [round((shown[k] - cut.box[0]) / across * width) for k in (0, 2)]
        part = cut.pixels[rows_px[0] : rows_px[1], columns_px[0] : columns_px[1]]
        if not part.size or not (part[..., 3] == 255).any():
            raise drawable.RowFault(
                "product_not_shown", "the canvas shows nothing of the product; lay the row out anew"
            )
        return trimmed(part), on_canvas(shown, framing)


def _shown(box: Box, crop: Box) -> Box:
    return (max(box[0], crop[0]), max(box[1], crop[1]), min(box[2], crop[2]), min(box[3], crop[3]))
