"""What rows are drawn from, read again from storage: their photos as large as a canvas needs, and their logos.

The canvases of a photo share it. It is decoded at the least size that is large enough for all of them, since a JPEG is
decoded at a half or a quarter in a fraction of the time.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from layoutgen.core.layout import Canvas, Framing
from layoutgen.imaging import images, video
from layoutgen.imaging.image_faults import FileFault
from layoutgen.io.objects.locations import StorageFault
from layoutgen.io.storage import Storage, StorageError

_SPARE = 1.02  # rounding of crops
_LARGEST_LOGO_PX = 2048
MAX_BYTES, MAX_PIXELS = 100_000_000, 200_000_000


@dataclass(frozen=True, eq=False)
class Photo:
    """An original, upright: `pixels` (h, w, 3) uint8 sRGB, and the sha256 of its bytes; "" of a clip's frame."""

    pixels: np.ndarray
    sha256: str


@dataclass(frozen=True, eq=False)
class Logo:
    """A logo: `pixels` (h, w, 4) uint8, and the sha256 of its bytes."""

    pixels: np.ndarray
    sha256: str


class OriginalFault(FileFault):
    """A photo or a logo that can't be read again; `kind` is the storage's or the decoder's."""


def scale_of(framing: Framing, canvas: Canvas, size: tuple[int, int]) -> float:
    """How large a photo of `size` (width, height) has to be for a canvas: as large as it is shown there, at most 1."""
    shown = [(framing.crop[k + 2] - framing.crop[k]) * size[k] for k in (0, 1)]
    sides = (canvas.width, canvas.height)
    wanted = [(framing.picture[k + 2] - framing.picture[k]) * sides[k] for k in (0, 1)]
    scales = [_SPARE * px / max(there, 1e-6) for px, there in zip(wanted, shown, strict=True)]
    return min(1.0, max(scales))


class Originals:
    """Reads photos and logos; objects beyond `max_bytes` and images beyond `max_pixels` are faults."""

    def __init__(self, storage: Storage, max_bytes: int = MAX_BYTES, max_pixels: int = MAX_PIXELS) -> None:
        self._storage, self._max_bytes, self._max_pixels = storage, max_bytes, max_pixels
        self.logo = lru_cache(maxsize=32)(self._logo)

    def read(self, uris: Sequence[str]) -> Sequence[tuple[bytes, str] | StorageFault]:
        """Objects' bytes and versions, or why there are none. Raises StorageError."""
        return self._storage.fetch(uris, self._max_bytes)

    def photo(self, data: bytes, scale: float) -> Photo:
        """An image of which so much of its size is needed. Raises ImageFault."""

        def enough(width: int, height: int, _: int) -> tuple[int, int]:
            return max(1, math.ceil(width * scale)), max(1, math.ceil(height * scale))

        decoded = images.decode(data, side=0, min_side=1, max_pixels=self._max_pixels, fit=enough, exactly=False)
        return Photo(decoded.pixels, hashlib.sha256(data).hexdigest())

    def tiles(self, framing: Framing, canvas: Canvas) -> tuple[np.ndarray, ...]:
        """The photos of a collage's tiles, as large as a canvas needs them. Raises FileFault for one that can't be read
        or is another one meanwhile, and StorageError where storage fails."""
        if not framing.tiles:
            return ()
        photos = []
        for tile, part, data in zip(
            framing.tiles, framing.parts[1:], self.read([tile.image for tile in framing.tiles]), strict=True
        ):
            try:
                if isinstance(data, StorageFault):
                    raise OriginalFault(data.kind, data.message)
                photo = self.photo(data[0], scale_of(part, canvas, (tile.width, tile.height)))
                check_same(tile.sha256, photo)
            except FileFault as fault:
                raise type(fault)(fault.kind, f"{tile.image}: {fault.message}") from None
            photos.append(photo.pixels)
        return tuple(photos)

    def frame(self, uri: str, time_s: float, side: int) -> Photo:
        """A clip's frame at a time, at most `side` px. Raises OriginalFault, or StorageError where storage fails."""

        def still() -> np.ndarray:
            with self._storage.open(uri) as file:
                return video.still_at(file, time_s, side=side).pixels

        try:
            return Photo(self._storage.attempt(uri, still), "")
        except StorageError as error:
            if error.fault is None:
                raise
            raise OriginalFault(error.fault.kind, error.fault.message) from None

    def _logo(self, uri: str, side: int) -> Logo:
        (data,) = self.read([uri])
        if isinstance(data, StorageFault):
            raise OriginalFault(data.kind, data.message)
        return Logo(images.decode_logo(data[0], side=side), hashlib.sha256(data[0]).hexdigest())


def check_same(sha256: str | None, photo: Photo) -> None:
    """Raise OriginalFault where a photo is another one than a layout was made for."""
    if sha256 not in (None, "", photo.sha256):
        raise OriginalFault(
            "image_changed",
            "the image is another one than the layout was made for; it was replaced meanwhile, and the next run of "
            "the table lays it out anew",
        )


def logo_side(elements: Sequence[Mapping[str, Any]], canvas: Canvas) -> int:
    """Px of the longer side that a row's logo image is needed at: few sizes, so that rows of a brand share it. 0 where
    the row shows none."""
    sides = [
        max((e["box"][2] - e["box"][0]) * canvas.width, (e["box"][3] - e["box"][1]) * canvas.height)
        for e in elements
        if e["role"] == "logo" and not e["lines"]
    ]
    if not sides:
        return 0
    side = images.LOGO_SIDE
    while side < min(max(sides), _LARGEST_LOGO_PX):
        side *= 2
    return side
