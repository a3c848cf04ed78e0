"""What of a published row breaks its brand's kit, from the row and its finished picture; `core.metrics.brands` has the
checks."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from layoutgen.core.brands.kits import BrandKit, BrandKits
from layoutgen.core.layout import Framing, Role
from layoutgen.core.metrics import brands, table_rows
from layoutgen.imaging import fonts, images
from layoutgen.io.storage import Storage, StorageError

READ = ("brand", "logo", "category", "locale", "language", "style_used", "picture_file")
"""The columns that are read of a row, as far as there are any, besides framing, canvas and elements."""
_SIDE = 1600  # px of a picture's longer side that is looked at
_RASTERS = ("webp", "png", "jpeg", "jpg")


class BrandChecks:
    """Holds rows against the kits of their brands, whose fonts are on this machine."""

    def __init__(self, storage: Storage, kits: BrandKits) -> None:
        self._storage, self._kits = storage, kits

    def of(self, row: Mapping[str, Any]) -> tuple[list[str], int, bool] | None:
        """The constraints that a row breaks, how many its kit asks for, and whether its picture was looked at: it has
        to be there, and no file of layers. None of a row without a kit, or whose layout can't be read."""
        kit = self._kits.named(row.get("brand"))
        if kit is None or table_rows.fault(row) or table_rows.framing_fault(row):
            return None
        layout = self._layout(row)
        broken, count = brands.violations(kit.brand, layout, means_of(kit))
        return broken, count, layout.picture is not None

    def _layout(self, row: Mapping[str, Any]) -> brands.Layout:
        file = row.get("picture_file")
        picture = None
        if file and file["format"] in _RASTERS:
            try:
                data = self._storage.read(file["uri"])
                picture = images.decode(data, side=_SIDE, min_side=1, max_pixels=200_000_000).pixels
            except (StorageError, images.ImageFault):  # of another night, and gone
                picture = None
        return brands.Layout(
            canvas=table_rows.canvas(row),
            framing=table_rows.framing(row) or Framing(),
            elements=table_rows.elements(row["elements"], []),
            logo=row.get("logo"),
            style=row.get("style_used") or "plain",
            category=row.get("category"),
            locale=row.get("locale"),
            language=row.get("language"),
            picture=picture,
        )


def means_of(kit: BrandKit) -> brands.Means:
    """What is known of the files of a kit whose fonts are on this machine."""
    return brands.Means(kit.inks, partial(_covers, kit), _names(kit))


def _covers(kit: BrandKit, _: Role, text: str) -> bool:
    """Tell whether each of a brand's fonts has all letters of a text."""
    faces = [fonts.face(path, fonts.REGULAR) for path in kit.font_files]
    return bool(faces) and all(face.covers(letter) for face in faces for letter in text if not letter.isspace())


def _names(kit: BrandKit) -> tuple[str, ...]:
    return tuple(Path(path).name for path in kit.font_files)
