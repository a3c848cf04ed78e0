"""Images between bytes and arrays: the one file that knows Pillow. Not the place that fetches them: see `storage`.

A broken image is an `ImageFault`, whatever its decoder raised: the caller turns it into a failed row. Only the raster
formats of `FORMATS` are tried, so that no photo can start a PostScript interpreter. Pillow's global limits stay as
they are.

Speed: a JPEG is decoded at 1/2, 1/4 or 1/8 where that still leaves the wanted size (`draft`), and the rest of the way
is a bilinear resize after a box reduction (`reducing_gap`).
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

VERSION = "images-1"
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")  # an MPO opens as a JPEG
LOGO_SIDE = 512
LOGO_MAX_PIXELS = 40_000_000

_ORIENTATION = 0x0112
_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIXTEEN_TO_EIGHT = ((np.arange(65536) * 255 + 32767) // 65535).astype(np.uint8)


class ImageFault(Exception):  # noqa: N818 a fault of the datum, not of the machine
    """An image that can't be used. `kind` is one of truncated_image, damaged_image, not_an_image, too_many_pixels,
    too_small and unsupported_image; `message` says what was found and the mend."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


@dataclass(frozen=True, eq=False)
class Picture:
    """A decoded image: `pixels` (h, w, 3), uint8, upright sRGB; `width` and `height` in px of the upright original."""

    pixels: np.ndarray
    width: int
    height: int


def decode(data: bytes, *, side: int, min_side: int, max_pixels: int) -> Picture:
    """Decode an image to upright RGB of at most `side` px on the longer side, transparency on white, the first frame
    of an animation. Raises ImageFault; more than `max_pixels` are refused before they are decoded."""
    with _faults(data):
        image = _open(data, max_pixels)
        width, height = image.size
        if min(width, height) < min_side:
            raise ImageFault("too_small", f"{width}x{height} px, the least side is {min_side} px; give a larger image")
        small, orientation = _scaled(image, side)
        rgb = _on_white(small)
        if orientation in _TRANSPOSES:
            rgb = rgb.transpose(_TRANSPOSES[orientation])
        if orientation >= 5:
            width, height = height, width
        return Picture(np.array(rgb), width, height)


def decode_logo(data: bytes, *, side: int = LOGO_SIDE, max_pixels: int = LOGO_MAX_PIXELS) -> np.ndarray:
    """Decode a logo to upright (h, w, 4), uint8, RGBA of at most `side` px on the longer side. Raises ImageFault."""
    with _faults(data):
        image, orientation = _scaled(_open(data, max_pixels), side)
        rgba = image.convert("RGBA")
        if orientation in _TRANSPOSES:
            rgba = rgba.transpose(_TRANSPOSES[orientation])
        return np.array(rgba)


def encode_jpeg(pixels: np.ndarray, quality: int = 92) -> bytes:
    """Encode (h, w, 3) uint8 RGB as JPEG without chroma subsampling (4:4:4), which would smear coloured text."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def decode_jpeg(data: bytes) -> np.ndarray:
    """Decode what `encode_jpeg` made, at full size: (h, w, 3) uint8 RGB."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        return np.array(image)


def encode_png(pixels: np.ndarray) -> bytes:
    """Encode (h, w, 3) RGB or (h, w, 4) RGBA, uint8, as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def decode_png(data: bytes) -> np.ndarray:
    """Decode what `encode_png` made: (h, w, 3) or (h, w, 4) uint8."""
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        return np.array(image)


def _open(data: bytes, max_pixels: int) -> Image.Image:
    image = Image.open(io.BytesIO(data), formats=FORMATS)
    width, height = image.size
    if width * height > max_pixels:
        raise ImageFault(
            "too_many_pixels",
            f"{width}x{height} px are {width * height:,}, the limit is {max_pixels:,}; "
            f"give a smaller image or raise images.max_pixels",
        )
    return image


def _scaled(image: Image.Image, side: int) -> tuple[Image.Image, int]:
    """Decode and scale to at most `side`; return 8-bit RGB or RGBA, not yet turned, and the EXIF orientation."""
    width, height = image.size
    scale = min(1.0, side / max(width, height))
    target = (max(1, round(width * scale)), max(1, round(height * scale)))
    if scale < 1 and image.format in ("JPEG", "MPO"):
        image.draft(None, target)
    image.load()
    orientation = _orientation(image)
    profile = image.info.get("icc_profile")
    image = _plain_mode(image)
    if image.size != target:
        image = image.resize(target, Image.Resampling.BILINEAR, reducing_gap=2.0)
    return _srgb(image, profile), orientation


def _orientation(image: Image.Image) -> int:
    """EXIF orientation of a loaded image, 1 to 8; broken EXIF is none. (Pillow turns TIFF itself while loading.)"""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except (OSError, SyntaxError, ValueError, KeyError, IndexError, TypeError):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _plain_mode(image: Image.Image) -> Image.Image:
    """Return the image as one of L, RGB, CMYK or RGBA, 8 bits a channel."""
    mode = image.mode
    if mode.startswith("I;16"):
        # convert("L") would clip everything above 255 to white.
        return Image.fromarray(_SIXTEEN_TO_EIGHT[np.asarray(image).astype(np.uint16, copy=False)])
    if mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        return image if mode == "RGBA" else image.convert("RGBA")
    if mode in ("L", "RGB", "CMYK"):
        return image
    if mode == "1":
        return image.convert("L")
    if mode in ("P", "YCbCr", "RGBX"):
        return image.convert("RGB")
    raise ImageFault("unsupported_image", f"pixels of type {mode}, not 8 or 16 bits a channel; save it as 8-bit RGB")


def _srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return L, RGB, CMYK or RGBA as sRGB: RGB, or RGBA with its alpha kept."""
    transform = _to_srgb(profile, image.mode) if profile else None
    if transform is None:
        return image if image.mode in ("RGB", "RGBA") else image.convert("RGB")
    if image.mode != "RGBA":
        return transform.apply(image)
    coloured = transform.apply(image.convert("RGB"))
    coloured.putalpha(image.getchannel("A"))
    return coloured


@lru_cache(maxsize=32)
def _to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Transform from an ICC profile to sRGB for an image mode; None where there is nothing (sensible) to do. Kept,
    because building one takes longer (1 to 30 ms) than using it, and a catalogue knows few profiles."""
    mode = "RGB" if mode == "RGBA" else mode
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        if {"RGB": "RGB", "CMYK": "CMYK", "L": "GRAY"}[mode] != space:
            return None
        if "srgb" in (source.profile.profile_description or "").lower():
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode != "RGBA":
        return image
    white = Image.new("RGB", image.size, (255, 255, 255))
    white.paste(image, mask=image.getchannel("A"))
    return white


@contextmanager
def _faults(data: bytes) -> Iterator[None]:
    """Turn whatever a decoder raises into an ImageFault."""
    try:
        yield
    except (ImageFault, MemoryError):
        raise
    except Image.DecompressionBombError:
        message = f"more than the {2 * (Image.MAX_IMAGE_PIXELS or 0):,} px that Pillow opens at all"
        raise ImageFault("too_many_pixels", f"{message}; give a smaller image") from None
    # The zoo: OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, IndexError, AttributeError, …
    except Exception as error:
        raise _explained(data, error) from error


def _explained(data: bytes, error: Exception) -> ImageFault:
    name = looks_like(data)
    if name in _READABLE:
        if _cut_off(data, name) or "truncated" in str(error).lower():
            return ImageFault("truncated_image", f"{name} that ends early, at {len(data):,} bytes; upload it again")
        return ImageFault("damaged_image", f"{name} that can't be decoded ({error}); save and upload it again")
    if name in _OTHER_IMAGES:
        return ImageFault("unsupported_image", f"{name} image; save it as JPEG, PNG or WebP")
    return ImageFault("not_an_image", f"{name}, {len(data):,} bytes; give a JPEG, PNG or WebP image")


_READABLE = ("JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF")
_OTHER_IMAGES = ("HEIC", "SVG", "Photoshop", "JPEG XL", "JPEG 2000", "icon")
_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"8BPS", "Photoshop"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000"),
    (b"\x00\x00\x01\x00", "icon"),
    (b"%PDF", "PDF"),
    (b"PK\x03\x04", "ZIP archive"),
    (b"\x1f\x8b", "gzip"),
)
_BRANDS = {b"avif": "AVIF", b"avis": "AVIF", b"heic": "HEIC", b"heix": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC"}


def looks_like(data: bytes) -> str:
    """Name what bytes look like: an image format, HTML, JSON, XML, text, empty, … or unknown bytes."""
    if not data:
        return "empty file"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WebP"
    if data[4:8] == b"ftyp":
        return _BRANDS.get(data[8:12], "video")
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    return _text_like(data[:4096])


def _text_like(head: bytes) -> str:
    text = head.decode("utf-8-sig", errors="ignore").lstrip()
    lower = text[:2048].lower()
    if lower.startswith("<") and "<svg" in lower:
        return "SVG"
    if lower.startswith(("<!doctype html", "<html", "<head", "<body")):
        return "HTML"
    if lower.startswith("<"):
        return "XML"
    if lower.startswith(("{", "[")):
        return "JSON"
    if len(text) >= len(head) // 4 and all(char.isprintable() or char in "\r\n\t\u3000" for char in text[:512]):
        return "text"
    return f"unknown bytes ({head[:8].hex(' ')})"


def _cut_off(data: bytes, name: str) -> bool:
    """Tell whether a file ends before its format says it does."""
    tail = data[-64:]
    ends = {
        "JPEG": b"\xff\xd9" in tail,
        "PNG": b"IEND" in tail,
        "GIF": tail.rstrip(b"\x00").endswith(b";"),
        "WebP": len(data) >= 8 + int.from_bytes(data[4:8], "little"),
        "BMP": len(data) >= int.from_bytes(data[2:6], "little"),
        "AVIF": not _last_box_is_short(data),
    }
    return not ends.get(name, True)


def _last_box_is_short(data: bytes) -> bool:
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8:  # 0: to the end of the file; 1: a 64-bit size, which no product photo has
            return False
        at += size
    return at != len(data)
