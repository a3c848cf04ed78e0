"""Finished pictures as WebP, PNG and JPEG: sRGB, and tagged as such, in the same way whatever the original was; where
they come from stands in their XMP.

WebP of `method` 2: half the time of Pillow's default of 4, for a few per cent more bytes at the same quality.
"""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from layoutgen.imaging.documents import provenance
from layoutgen.imaging.documents.page import Page
from layoutgen.imaging.image_faults import FileFault

VERSION = "rasters-1"
Raster = Literal["webp", "png", "jpeg"]
_OPTIONS: dict[str, dict[str, object]] = {
    "webp": {"method": 2},
    "jpeg": {"subsampling": 0, "optimize": True},  # 4:4:4: half the chroma would smear coloured text
    "png": {"compress_level": 6},
}
_MADE_AT = bytes((0x07, 0xE8, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))  # in a profile's header: 2024-01-01, not now


class PictureFault(FileFault):
    """A file that can't be made as it was asked for. `kind` is picture_too_large, or no_such_slide."""


@dataclass(frozen=True)
class Encoding:
    """How lossy pictures are encoded: at `quality`, or below it, down to `least_quality`, where a file would have more
    than `most_bytes` (0 sets no limit)."""

    quality: int = 85
    least_quality: int = 50
    most_bytes: int = 0


AS_USUAL = Encoding()


def write(page: Page, name: Raster, encoding: Encoding = AS_USUAL) -> bytes:
    """A page's finished picture. Raises PictureFault where it can't be as small as it has to be, ValueError for a font
    that is not here."""
    pixels, origin = page.picture, provenance.packet(page)
    data = encode(pixels, name, encoding.quality, origin)
    if not encoding.most_bytes or len(data) <= encoding.most_bytes:
        return data
    least = encoding.least_quality if name != "png" else encoding.quality
    smallest = encode(pixels, name, least, origin) if least < encoding.quality else data
    if len(smallest) > encoding.most_bytes:
        how = f"at quality {least}" if name != "png" else "as PNG, which loses nothing"
        raise PictureFault(
            "picture_too_large",
            f"{page.canvas.name} px as {name} has {len(smallest):,} bytes {how}, the limit is "
            f"{encoding.most_bytes:,}; raise render.max_kb, or lower render.least_quality",
        )
    return _largest(lambda quality: encode(pixels, name, quality, origin), encoding, smallest)


def _largest(encoded: Callable[[int], bytes], encoding: Encoding, smallest: bytes) -> bytes:
    """The file of the highest quality that is small enough; that of the least quality is."""
    fits, too_good = encoding.least_quality, encoding.quality
    best = smallest
    while too_good - fits > 1:
        quality = (fits + too_good) // 2
        data = encoded(quality)
        if len(data) <= encoding.most_bytes:
            fits, best = quality, data
        else:
            too_good = quality
    return best


def encode(pixels: np.ndarray, name: Raster, quality: int, xmp: bytes = b"") -> bytes:
    """Encode (h, w, 3) uint8 sRGB; `quality` is that of lossy formats, 1 to 100, `xmp` a packet of metadata."""
    buffer = io.BytesIO()
    more: dict[str, object] = {"quality": quality, "xmp": xmp}
    if name == "png":
        text = PngImagePlugin.PngInfo()
        if xmp:
            text.add_itxt("XML:com.adobe.xmp", xmp.decode("utf-8"))
        more = {"pnginfo": text}
    Image.fromarray(pixels).save(buffer, name, icc_profile=srgb_profile(), **_OPTIONS[name], **more)
    return buffer.getvalue()


@cache
def srgb_profile() -> bytes:
    """A small ICC profile of sRGB, the same bytes whenever it is made."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile[:24] + _MADE_AT + profile[36:]
