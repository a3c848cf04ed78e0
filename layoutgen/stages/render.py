"""render: placed rows in, previews drawn and stored, one small row a preview out."""

import pyarrow as pa

from layoutgen.core import gallery, rows
from layoutgen.core.layout import Canvas
from layoutgen.io import drawing, images
from layoutgen.io.storage import Storage, StorageError
from layoutgen.models.frame import frame, shrink


class Render:
    """Draws layouts at `side` px of the longer side from the images' originals, into `folder`."""

    def __init__(self, storage: Storage, folder: str, side: int, font_files: tuple[str, ...]) -> None:
        self._storage, self._folder, self._side, self._font_files = storage, folder, side, font_files

    def __call__(self, table: pa.Table) -> pa.Table:
        """Return row_id and `fault` (null where the preview was drawn). An image that is gone is no reason to stop."""
        faults: list[str | None] = []
        for row in table.to_pylist():
            try:
                picture = images.decode(
                    self._storage.read(row["image"]), side=2 * self._side, min_side=1, max_pixels=200_000_000
                )
                logo = images.decode_logo(self._storage.read(row["logo"])) if _has_logo(row) else None
            except (StorageError, images.ImageFault) as error:
                faults.append(str(error))
                continue
            canvas = Canvas(row["canvas_width"], row["canvas_height"])
            ground = frame(picture.pixels, rows.read_framing(row), canvas, max(canvas.width, canvas.height))
            elements = [rows.read_element(element) for element in row["elements"]]
            drawn = shrink(drawing.draw(ground, elements, canvas, logo=logo, font_files=self._font_files), self._side)
            name = gallery.preview_name(row["row_id"])
            self._storage.write(self._storage.join(self._folder, name), images.encode_jpeg(drawn, 88))
            faults.append(None)
        return pa.table({"row_id": table.column("row_id"), "fault": pa.array(faults, pa.string())})


def _has_logo(row: dict[str, object]) -> bool:
    elements = row["elements"]
    return isinstance(elements, list) and any(e["role"] == "logo" and not e["lines"] for e in elements)
