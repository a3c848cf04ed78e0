"""What a font's file says of the font: the names by which programs ask for it, its licence, and whether it may be
embedded."""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont

from layoutgen.imaging.faces import WEIGHTS, FontFace

_FAMILY, _STYLE, _POSTSCRIPT, _LICENCE, _LICENCE_URL = 1, 2, 6, 13, 14
_TYPOGRAPHIC_FAMILY, _VARIATIONS_PREFIX = 16, 25
_RESTRICTED, _NO_SUBSETTING, _BITMAPS_ONLY = 0x0002, 0x0100, 0x0200  # bits of OS/2 fsType
_SEMIBOLD = 600
_LONGEST_NAME = 63


@dataclass(frozen=True)
class FontRecord:
    """A face by its names. `family` and `weight` are CSS's; office programs know `office_family` and whether it is
    `bold`; Photoshop knows `postscript`. `embeddable` says that the licence lets a subset travel in a document."""

    family: str
    weight: int
    office_family: str
    bold: bool
    postscript: str
    licence: str
    licence_url: str
    embeddable: bool


def record(face: FontFace) -> FontRecord:
    """What the file of a face says of it."""
    return _record(face.path, face.weight, face.has_weights)


@lru_cache(maxsize=256)
def _record(path: Path, weight: int, has_weights: bool) -> FontRecord:
    with TTFont(path, lazy=True, fontNumber=0) as font:
        table = font.get("name")
        texts = {
            i: _plain((table.getDebugName(i) or "") if table is not None else "")
            for i in (_FAMILY, _STYLE, _POSTSCRIPT, _LICENCE, _LICENCE_URL, _TYPOGRAPHIC_FAMILY, _VARIATIONS_PREFIX)
        }
        flags = font["OS/2"].fsType if "OS/2" in font else 0
        own_weight = font["OS/2"].usWeightClass if "OS/2" in font else weight
    stem = path.stem
    family = texts[_TYPOGRAPHIC_FAMILY] or texts[_FAMILY] or stem
    postscript = texts[_POSTSCRIPT] or stem
    if has_weights:
        prefix = texts[_VARIATIONS_PREFIX] or postscript.split("-", maxsplit=1)[0]
        postscript = f"{prefix}-{WEIGHTS.get(weight, weight)}"
    return FontRecord(
        family=family[:_LONGEST_NAME],
        weight=weight if has_weights else own_weight,
        office_family=(family if has_weights else texts[_FAMILY] or family)[:_LONGEST_NAME],
        bold=weight >= _SEMIBOLD if has_weights else "bold" in texts[_STYLE].lower(),
        postscript=re.sub(r"[^!-~]|[][(){}<>/%]", "", postscript)[:_LONGEST_NAME],
        licence=texts[_LICENCE],
        licence_url=texts[_LICENCE_URL],
        embeddable=not flags & (_RESTRICTED | _NO_SUBSETTING | _BITMAPS_ONLY),
    )


def _plain(text: str) -> str:
    """A name without line breaks and control characters, which a font's author may have put there."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
