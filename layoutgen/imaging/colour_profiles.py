"""Colours as an image's ICC profile means them, or the numbers of ITU-T H.273 in its place, brought to sRGB."""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

from layoutgen.core.pictures import tone

UNREADABLE = "its colour profile can't be read: colours are taken as sRGB"


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, str | None]:
    """Return L, RGB, CMYK or RGBA as sRGB: RGB, or RGBA with its alpha kept; and a note where the profile is broken.
    `profile` is empty where there is none, and None where it could not be unpacked."""
    transform, note = _transform(profile, image.mode) if profile else (None, None if profile == b"" else UNREADABLE)
    if transform is None:
        return image if image.mode in ("RGB", "RGBA") else image.convert("RGB"), note
    if image.mode != "RGBA":
        return transform.apply(image), note
    coloured = transform.apply(image.convert("RGB"))
    coloured.putalpha(image.getchannel("A"))
    return coloured, note


def declared(data: bytes) -> tuple[int, int] | None:
    """Transfer and primaries (H.273) that an image file states: the cICP chunk of a PNG, the nclx box of an AVIF; None
    where it states none, or sRGB's."""
    pixels, mark, at = (b"IDAT", b"\0\0\0\4cICP", 8) if data[:4] == b"\x89PNG" else (b"mdat", b"colrnclx", 8)
    if data[:4] != b"\x89PNG" and data[4:8] != b"ftyp":
        return None
    head = data[: max(0, data.find(pixels))]
    start = head.find(mark)
    if start < 0 or start + at + 4 > len(head):
        return None
    stated = head[start + at : start + at + 4]
    primaries, transfer = (stated[0], stated[1]) if pixels == b"IDAT" else (stated[1], stated[3])
    return (transfer, primaries) if tone.is_foreign(transfer, primaries) else None


def from_stated(image: Image.Image, transfer: int, primaries: int) -> tuple[Image.Image, str | None]:
    """RGB or RGBA of a transfer and primaries (H.273) as sRGB, its alpha kept; and a note where it is HDR."""
    signal = np.asarray(image.convert("RGB")).astype(np.uint16) * 257
    coloured = Image.fromarray(tone.to_srgb(signal, transfer, primaries))
    if image.mode == "RGBA":
        coloured.putalpha(image.getchannel("A"))
    return coloured, tone.note("an HDR image", transfer)


@lru_cache(maxsize=32)
def _transform(profile: bytes, mode: str) -> tuple[ImageCms.ImageCmsTransform | None, str | None]:
    """Transform from an ICC profile to sRGB for an image mode; None where there is nothing (sensible) to do. Kept,
    because building one takes longer (1 to 30 ms) than using it, and a catalogue knows few profiles."""
    mode = "RGB" if mode == "RGBA" else mode
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = source.profile.xcolor_space.strip()
        if {"RGB": "RGB", "CMYK": "CMYK", "L": "GRAY"}[mode] != space:
            return None, None
        if "srgb" in (source.profile.profile_description or "").lower():
            return None, None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB"), None
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None, UNREADABLE
