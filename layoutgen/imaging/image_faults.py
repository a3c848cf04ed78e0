"""What can be wrong with an image: whatever a decoder raises becomes an `ImageFault`, the same in every run."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from layoutgen.imaging.image_files import OTHER_IMAGES, READABLE, is_cut_off, looks_like

_ADDRESS = re.compile(r"<[^<>]*\bat 0x[0-9a-fA-F]+>|0x[0-9a-fA-F]{6,}")


class FileFault(Exception):  # noqa: N818 a fault of the datum, not of the machine
    """A file that can't be used: `kind` is one word for it, `message` says what was found and the fix."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message

    def __str__(self) -> str:
        return f"{self.kind}: {self.message}"


class ImageFault(FileFault):
    """An image that can't be used. `kind` is one of truncated_image, damaged_image, not_an_image, too_many_pixels,
    too_small, unsupported_image and shows_nothing."""


@contextmanager
def faults(data: bytes) -> Iterator[None]:
    """Turn whatever a decoder raises on the file `data` into an ImageFault."""
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


def reason(error: Exception) -> str:
    """What an exception says, without addresses of objects: the same in every run, so that rows can be grouped."""
    if "cannot identify image file" in str(error):
        return "its header is broken"
    return " ".join(_ADDRESS.sub("an object", str(error)).split()) or type(error).__name__


def _explained(data: bytes, error: Exception) -> ImageFault:
    name = looks_like(data)
    if name in READABLE:
        if is_cut_off(data, name) or "truncated" in str(error).lower():
            return ImageFault("truncated_image", f"{name} that ends early, at {len(data):,} bytes; upload it again")
        return ImageFault("damaged_image", f"{name} that can't be decoded ({reason(error)}); save and upload it again")
    if name in OTHER_IMAGES:
        return ImageFault("unsupported_image", f"{name} image; save it as JPEG, PNG or WebP")
    mend = "give a JPEG, PNG or WebP image" + (", or the clip as the video of a cover" if name == "video" else "")
    return ImageFault("not_an_image", f"{name}, {len(data):,} bytes; {mend}")
