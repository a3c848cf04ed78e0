"""The formats that finished layouts are written in, by the names that settings say."""

from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import cast

from layoutgen.imaging.documents import needed, rasters
from layoutgen.imaging.documents.page import Page
from layoutgen.imaging.documents.rasters import AS_USUAL, Encoding, Raster


@dataclass(frozen=True)
class Format:
    """A format: its media type, the ending of its files, and the module here with `write(page)` and `VERSION`."""

    media_type: str
    ending: str
    module: str = "rasters"

    @property
    def is_raster(self) -> bool:
        """Whether it is pixels, which have a quality and may have a limit of bytes."""
        return self.module == "rasters"


FORMATS = {
    "webp": Format("image/webp", "webp"),
    "png": Format("image/png", "png"),
    "jpeg": Format("image/jpeg", "jpg"),
    "svg": Format("image/svg+xml", "svg", "svg"),
    "pptx": Format("application/vnd.openxmlformats-officedocument.presentationml.presentation", "pptx", "pptx"),
    "psd": Format("image/vnd.adobe.photoshop", "psd", "psd"),
}


def write(page: Page, name: str, encoding: Encoding = AS_USUAL) -> bytes:
    """A page as a file of a format. Raises PictureFault and ValueError as the format's own `write` does."""
    if FORMATS[name].is_raster:
        return rasters.write(page, cast(Raster, name), encoding)
    return bytes(_module(name).write(page))


def version(name: str) -> str:
    """The version of what writes a format. Raises ValueError for one that this release does not write, and Refusal for
    one whose package is not installed."""
    if name not in FORMATS:
        raise ValueError(f"format {name!r} is not written by this release; give some of {', '.join(FORMATS)}")
    needed.check(name)
    return str(_module(name).VERSION)


def _module(name: str) -> ModuleType:
    return import_module(f"layoutgen.imaging.documents.{FORMATS[name].module}")
