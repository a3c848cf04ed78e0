"""The photos of published rows as the place stage has them, with the subjects that a finder sees there: read anew,
since tables hold no pixels."""

from collections.abc import Mapping
from typing import Any

from layoutgen.core import rows
from layoutgen.core.metrics import table_rows
from layoutgen.io.storage import Storage
from layoutgen.models.base import Saliency, Still
from layoutgen.stages.drawable import RowFault
from layoutgen.stages.further import Photos
from layoutgen.stages.row_scenes import RowScenes


class RowPhotos:
    """Reads photos of rows, at most `side` px large; those of neighbours with one photo are looked at once."""

    def __init__(self, storage: Storage, saliency: Saliency, side: int) -> None:
        self._scenes, self._saliency = RowScenes(storage, side), saliency
        self._last: tuple[object, Any] | None = None

    def photos(self, row: Mapping[str, Any]) -> Photos:
        """A row's photos on its canvas. Raises RowFault for a row without a framing, StorageError or FileFault."""
        framing = table_rows.framing(row)
        if framing is None or not row.get("image"):
            raise RowFault("framing_not_usable", "the row does not say how its photo lies; lay it out anew")
        photo = self._scenes.photo(row)
        if self._last is None or self._last[0] is not photo:
            (subject,) = self._saliency.saliency([photo])
            self._last = photo, subject
        tiles = self._scenes.tiles(framing, table_rows.canvas(row))
        maps = self._saliency.saliency([*tiles]) if tiles else []
        stills = [
            Still(pixels, subject, tile.image, tile.sha256, tile.width, tile.height)
            for tile, pixels, subject in zip(framing.tiles, tiles, maps, strict=True)
        ]
        return Photos(rows.read_framing(dict(row)), photo, self._last[1], tuple(stills))
