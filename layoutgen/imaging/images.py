"""Images between bytes and arrays: the one file that knows Pillow. Not the place that fetches them: see `storage`.

A broken image is an `ImageFault`, whatever its decoder raised: the caller turns it into a failed row. What stands
beside the pixels is no reason to lose them: a file that can't be decoded is tried once more without it (`bare_files`).
Only the raster formats of `FORMATS` are tried, so that no photo can start a PostScript interpreter. Pillow's global
limits stay as they are.

Speed: a JPEG is decoded at 1/2, 1/4 or 1/8 where that still leaves the wanted size (`draft`), and the rest of the way
is a bilinear resize after a box reduction (`reducing_gap`).
"""

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from PIL import Image

from layoutgen.core.covers import frame_choice as frames
from layoutgen.core.pictures import grounds
from layoutgen.imaging import animations, colour_profiles, decoded, logos
from layoutgen.imaging.bare_files import ImageFile, without_metadata
from layoutgen.imaging.image_faults import ImageFault, faults

VERSION = "images-2"
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")  # an MPO opens as a JPEG
LOGO_SIDE = 512
LOGO_MAX_PIXELS = 40_000_000

_GROUND_SIDE = 128
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
_Made = TypeVar("_Made")
_SIXTEEN_TO_EIGHT = ((np.arange(65536) * 255 + 32767) // 65535).astype(np.uint8)


@dataclass(frozen=True, eq=False)
class Decoded:
    """A decoded image: `pixels` (h, w, 3), uint8, upright sRGB; `width` and `height` in px of the upright original;
    `notes` say what was chosen or left out."""

    pixels: np.ndarray
    width: int
    height: int
    notes: tuple[str, ...] = ()


Fit = Callable[[int, int, int], tuple[int, int]]
"""Width, height and side in px to the size of what is decoded."""


def _within(width: int, height: int, side: int) -> tuple[int, int]:
    scale = min(1.0, side / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def decode(
    data: bytes, *, side: int, min_side: int, max_pixels: int, fit: Fit = _within, exactly: bool = True
) -> Decoded:
    """Decode an image to upright RGB of at most `side` px on the longer side, or of the size that `fit` tells; not
    `exactly`: of up to twice that size, as the decoder gives it, for who scales it once more. Of an
    animation the most telling frame, transparency on a ground that shows what it cuts out (`core.pictures.grounds`).
    Metadata that can't be read is skipped. Raises ImageFault; more than `max_pixels` are refused before they are
    decoded."""

    def picture(file: ImageFile) -> Decoded:
        image = _open(file, max_pixels)
        width, height = image.size
        if min(width, height) < min_side:
            raise ImageFault("too_small", f"{width}x{height} px, the least side is {min_side} px; give a larger image")
        notes = list(file.notes)
        image = _at_telling_frame(image, file, max_pixels, notes)
        small, orientation = _scaled(image, file, side, notes, fit=fit, exactly=exactly)
        rgb = np.array(_on_ground(small, notes))
        if orientation >= 5:
            width, height = height, width
        return Decoded(_turned(rgb, orientation), width, height, tuple(dict.fromkeys(notes)))

    return _tolerant(data, picture)


def check_shown(pixels: np.ndarray) -> None:
    """Raise ImageFault for a picture (h, w, 3) that shows nothing."""
    if frames.shows_nothing(pixels):
        red, green, blue = np.rint(pixels.mean(axis=(0, 1))).astype(int)
        raise ImageFault(
            "shows_nothing",
            f"one flat colour, #{red:02x}{green:02x}{blue:02x}, or nothing opaque; give an image of the product",
        )


def decode_rgba(data: bytes, *, side: int, max_pixels: int) -> np.ndarray:
    """Decode an image to upright (h, w, 4), uint8, RGBA of at most `side` px on the longer side. Raises ImageFault."""

    def pixels(file: ImageFile) -> np.ndarray:
        image, orientation = _scaled(_open(file, max_pixels), file, side, [])
        return _turned(np.array(image.convert("RGBA")), orientation)

    return _tolerant(data, pixels)


def decode_logo(data: bytes, *, side: int = LOGO_SIDE, max_pixels: int = LOGO_MAX_PIXELS) -> np.ndarray:
    """Decode a logo, from its first to its last visible pixel, to upright (h, w, 4), uint8, RGBA of at most `side` px
    on the longer side. Raises ImageFault, `shows_nothing` where no pixel is visible."""

    def pixels(file: ImageFile) -> np.ndarray:
        image = _at_telling_frame(_open(file, max_pixels), file, max_pixels, [])
        image, orientation = _scaled(image, file, side, [], trim=logos.trimmed)
        return _turned(np.array(image.convert("RGBA")), orientation)

    return _tolerant(data, pixels)


def encode_jpeg(pixels: np.ndarray, quality: int = 92) -> bytes:
    """Encode (h, w, 3) uint8 RGB as JPEG without chroma subsampling (4:4:4), which would smear coloured text."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=0)
    return buffer.getvalue()


def decode_jpeg(data: bytes) -> np.ndarray:
    """Decode what `encode_jpeg` made, at full size: (h, w, 3) uint8 RGB. In `decoded.caching` once, read-only."""
    return decoded.once("jpeg", data, _decode_jpeg)


def _decode_jpeg(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        return np.array(image)


def jpeg_size(data: bytes) -> tuple[int, int]:
    """Width and height in px of what `encode_jpeg` made, undecoded."""
    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        return image.size


def encode_png(pixels: np.ndarray) -> bytes:
    """Encode (h, w, 3) RGB or (h, w, 4) RGBA, uint8, as PNG."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


def decode_png(data: bytes) -> np.ndarray:
    """Decode what `encode_png` made: (h, w, 3) or (h, w, 4) uint8."""
    with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
        return np.array(image)


def orientation(data: bytes) -> int:
    """EXIF orientation of a file as it is stored, 1 to 8: what `decode` turns. Raises ImageFault."""
    return _tolerant(data, lambda file: _orientation(Image.open(io.BytesIO(file.data), formats=FORMATS)))


def _tolerant(data: bytes, work: Callable[[ImageFile], _Made]) -> _Made:
    """Decode a file as it is or, where that fails, without what stands beside its pixels."""
    try:
        with faults(data):
            return work(ImageFile(data))
    except ImageFault as fault:
        if fault.kind not in ("damaged_image", "truncated_image"):
            raise
    with faults(data):
        return work(without_metadata(data))


def _open(file: ImageFile, max_pixels: int) -> Image.Image:
    """An image that is not yet decoded."""
    image = Image.open(io.BytesIO(file.data), formats=FORMATS)
    width, height = image.size
    if width * height > max_pixels:
        raise ImageFault(
            "too_many_pixels",
            f"{width}x{height} px are {width * height:,}, the limit is {max_pixels:,}; "
            f"give a smaller image or raise images.max_pixels",
        )
    return image


def _scaled(
    image: Image.Image,
    file: ImageFile,
    side: int,
    notes: list[str],
    trim: Callable[[Image.Image], Image.Image] | None = None,
    fit: Fit = _within,
    exactly: bool = True,
) -> tuple[Image.Image, int]:
    """Decode, `trim`, and scale to at most `side`, or not `exactly` by whole numbers alone; return 8-bit RGB or
    RGBA, not yet turned, and EXIF's orientation."""
    target = fit(*image.size, side)
    if target != image.size and image.format in ("JPEG", "MPO") and not trim:
        image.draft(None, target)
    image.load()
    image_format = image.format
    orientation = _orientation(image)
    profile = file.profile or image.info.get("icc_profile", b"")
    image = _plain_mode(image, file)
    if trim:
        image = trim(image)
        target = fit(*image.size, side)
    if not exactly:
        shrunk = min(now // wanted for now, wanted in zip(image.size, target, strict=True))
        image = image.reduce(shrunk) if shrunk > 1 else image
    elif image.size != target:
        # Pillow weighs colours by their opacity here: what lies hidden under transparency does not bleed.
        image = image.resize(target, Image.Resampling.BILINEAR, reducing_gap=2.0)
    stated = colour_profiles.declared(file.data)
    # A PNG's numbers stand above its profile; of an AVIF the profile is the more exact.
    if stated and not (profile and image_format == "AVIF") and image.mode in ("RGB", "RGBA"):
        image, note = colour_profiles.from_stated(image, *stated)
    else:
        image, note = colour_profiles.to_srgb(image, profile)
    notes += filter(None, [note])
    return image, orientation


def _at_telling_frame(image: Image.Image, file: ImageFile, max_pixels: int, notes: list[str]) -> Image.Image:
    """Of an animation, the file opened anew at the frame to use; else the image."""
    count = animations.frame_count(image)
    if count == 1:
        return image
    chosen = animations.most_telling(image, count, lambda now: _looked_at(now, file))
    image = _open(file, max_pixels)
    image.seek(chosen)
    notes.append(f"frame {chosen + 1} of an animation")
    return image


def _looked_at(image: Image.Image, file: ImageFile) -> np.ndarray:
    """The present frame of an animation, small, as RGB."""
    return np.asarray(_on_ground(_scaled(image, file, animations.LOOK_SIDE, [])[0], []))


def _orientation(image: Image.Image) -> int:
    """EXIF orientation of a loaded image, 1 to 8; broken EXIF is none. (Pillow turns TIFF itself while loading.)"""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except (OSError, SyntaxError, ValueError, LookupError, TypeError, AttributeError, EOFError, struct.error):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    how = _TRANSPOSES.get(orientation)
    return pixels if how is None else np.array(Image.fromarray(pixels).transpose(how))


def _plain_mode(image: Image.Image, file: ImageFile) -> Image.Image:
    """Return the image as one of L, RGB, CMYK or RGBA, 8 bits a channel."""
    mode = image.mode
    if mode.startswith("I;16"):
        return _from_sixteen(image)
    if mode in ("RGBA", "RGBa", "LA", "La", "PA"):
        return image if mode == "RGBA" else image.convert("RGBA")
    if "transparency" in image.info:
        if image.format == "PNG" and mode in ("L", "RGB"):
            image.info["transparency"] = _in_eight_bits(image.info["transparency"], depth=file.data[24])
        return image.convert("RGBA")
    if mode in ("L", "RGB", "CMYK"):
        return image
    if mode in ("1", "P", "YCbCr", "RGBX"):
        return image.convert("L" if mode == "1" else "RGB")
    raise ImageFault("unsupported_image", f"pixels of type {mode}, not 8 or 16 bits a channel; save it as 8-bit RGB")


def _from_sixteen(image: Image.Image) -> Image.Image:
    """16-bit grey as L, or as RGBA where one value is transparent. `convert` would clip all above 255 to white."""
    values = np.asarray(image).astype(np.uint16, copy=False)
    grey, clear = _SIXTEEN_TO_EIGHT[values], image.info.get("transparency")
    if not isinstance(clear, int):
        return Image.fromarray(grey)
    return Image.fromarray(np.dstack([grey, grey, grey, np.where(values == clear, 0, 255).astype(np.uint8)]))


def _in_eight_bits(clear: Any, depth: int) -> Any:
    """A PNG's transparent value at the depth to which Pillow has brought its pixels."""
    if isinstance(clear, tuple):
        return tuple(value >> 8 for value in clear) if depth == 16 else clear
    return min(255, clear * 255 // (2**depth - 1)) if isinstance(clear, int) and depth in (2, 4) else clear


def _on_ground(image: Image.Image, notes: list[str]) -> Image.Image:
    """RGB, or RGBA laid on the ground that shows it, as RGB."""
    if image.mode != "RGBA":
        return image
    alpha = image.getchannel("A")
    small = image.copy()
    small.thumbnail((_GROUND_SIDE, _GROUND_SIDE), Image.Resampling.BOX)
    chosen = grounds.ground_for(np.asarray(small))
    notes += filter(None, [grounds.note(chosen)])
    ground = Image.new("RGB", image.size, chosen)
    ground.paste(image, mask=alpha)
    return ground
