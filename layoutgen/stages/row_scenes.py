"""What a row's elements are drawn over: its photo, or a clip's frame, as it lies on the canvas; and its logo.

Read for pages that show rows; what is delivered is `finishing`'s.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from layoutgen.core.layout import Canvas, Framing
from layoutgen.imaging import framed, images
from layoutgen.io.storage import Storage
from layoutgen.stages.originals import MAX_PIXELS, Originals


class RowScenes:
    """Reads photos at most `side` px large; the last one is kept, since the canvases of one photo stand together."""

    def __init__(self, storage: Storage, side: int) -> None:
        self._storage, self._side = storage, side
        self._originals = Originals(storage)
        self._photo: tuple[tuple[str, float | None], np.ndarray] | None = None

    def photo(self, row: Mapping[str, Any]) -> np.ndarray:
        """A row's photo; of a clip, the frame that was chosen. Raises StorageError or FileFault."""
        key = (row["image"], row.get("frame_s"))
        if self._photo is None or self._photo[0] != key:
            self._photo = key, self._read(*key)
        return self._photo[1]

    def ground(self, row: Mapping[str, Any], framing: Framing, canvas: Canvas) -> np.ndarray:
        """The canvas without any element, (h, w, 3), at output size. Raises StorageError or FileFault."""
        side = max(canvas.width, canvas.height)
        return framed.draw(self.photo(row), framing, canvas, side, self.tiles(framing, canvas))

    def tiles(self, framing: Framing, canvas: Canvas) -> tuple[np.ndarray, ...]:
        """The photos of a collage's tiles. Raises StorageError or FileFault."""
        return self._originals.tiles(framing, canvas)

    def logo(self, row: Mapping[str, Any]) -> np.ndarray | None:
        """The logo's pixels where the row shows it; else None. Raises StorageError or FileFault."""
        return images.decode_logo(self._storage.read(row["logo"])) if _has_logo(row) else None

    def _read(self, uri: str, frame_s: float | None) -> np.ndarray:
        if frame_s is not None:
            return self._originals.frame(uri, frame_s, self._side).pixels
        return images.decode(self._storage.read(uri), side=self._side, min_side=1, max_pixels=MAX_PIXELS).pixels


def _has_logo(row: Mapping[str, Any]) -> bool:
    elements = row["elements"] if row.get("logo") else None
    return isinstance(elements, list) and any(e["role"] == "logo" and not e["lines"] for e in elements)
