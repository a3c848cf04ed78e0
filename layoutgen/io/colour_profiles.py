"""Colours as an image's ICC profile means them, brought to sRGB."""

import io
from functools import lru_cache

from PIL import Image, ImageCms

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
