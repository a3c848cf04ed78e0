"""Fonts: which files, and their metrics as Pillow draws them, so that what is measured is what is drawn.

Of a variable font the weight is set, on whichever of its axes it stands; every other axis, the optical size too, keeps
its default, so that a text's shape is the same at every size. Of a collection the first font is used.
"""

import logging
import os
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import justmytype_intl_cjk
import justmytype_western_core
from fontTools.ttLib import TTFont
from PIL import ImageFont

from layoutgen.core.errors import Refusal

logger = logging.getLogger("layoutgen")

REGULAR, BOLD = 400, 700
VERSION = "faces-2"
_CJK = Path(justmytype_intl_cjk.__file__).parent / "fonts" / "ofl"
_WESTERN = Path(justmytype_western_core.__file__).parent / "fonts" / "ofl"
SIMPLIFIED = _CJK / "notosanssc" / "NotoSansSC[wght].ttf"
KOREAN = _CJK / "notosanskr" / "NotoSansKR[wght].ttf"
_OTHERS = (
    _CJK / "notosansjp" / "NotoSansJP[wght].ttf",
    _CJK / "notosanstc" / "NotoSansTC[wght].ttf",
    _WESTERN / "notosans" / "NotoSans[wdth,wght].ttf",
    _WESTERN / "inter" / "Inter[opsz,wght].ttf",
)
EMBEDDED = (SIMPLIFIED, KOREAN, *_OTHERS)
# What publishers append to the names of variable fonts' files.
_AXES = re.compile(r"\[[^]]*]$|[-_]VariableFont(_.*)?$|[-_]?VF$")
_MEND = "give a TrueType or OpenType file that has letters"


class FontFace:
    """A font file in one weight. Glyph runs are laid out by Pillow's basic engine, the same everywhere. `name` says
    the weight only where the font is drawn in it: a font without a weight axis has its file's name."""

    def __init__(self, path: Path, weight: int) -> None:
        self.path, self.weight = path, weight
        self._axes, self.has_weights = _axes(path, weight)
        style = ("-Bold" if weight >= BOLD else "-Regular") if self.has_weights else ""
        self.name = f"{_AXES.sub('', path.stem) or path.stem}{style}"
        self._width = lru_cache(maxsize=200_000)(self._measure)

    def __reduce__(self) -> tuple[type["FontFace"], tuple[Path, int]]:
        return FontFace, (self.path, self.weight)

    def at(self, px: int) -> ImageFont.FreeTypeFont:
        """The font at a size, ready to draw with."""
        return _open(self.path, self._axes, px)

    def width(self, text: str, px: int) -> float:
        """Advance width of `text` in px at font size `px`."""
        return self._width(text, px)

    def _measure(self, text: str, px: int) -> float:
        return self.at(px).getlength(text)

    def covers(self, character: str) -> bool:
        """Tell whether the font has a glyph for `character`."""
        return ord(character) in _characters(self.path)


@lru_cache(maxsize=512)
def _open(path: Path, axes: tuple[float, ...], px: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(path, px, layout_engine=ImageFont.Layout.BASIC)
    if axes:
        font.set_variation_by_axes(list(axes))
    return font


@lru_cache(maxsize=64)
def _characters(path: Path) -> frozenset[int]:
    with TTFont(path, lazy=True, fontNumber=0) as font:
        return frozenset(font.getBestCmap() or ())


def _axes(path: Path, weight: int) -> tuple[tuple[float, ...], bool]:
    """A value for each of a font's axes in the file's order, and whether one of them is the weight."""
    with TTFont(path, lazy=True, fontNumber=0) as font:
        axes = font["fvar"].axes if "fvar" in font else []
        tags = [axis.axisTag for axis in axes]
        values = [
            float(min(max(weight, axis.minValue), axis.maxValue) if axis.axisTag == "wght" else axis.defaultValue)
            for axis in axes
        ]
    return tuple(values), "wght" in tags


def _check(path: Path) -> None:
    """Raise ValueError where a file is not a whole font with letters that can be measured and drawn."""
    try:
        with TTFont(path, lazy=True, fontNumber=0) as font:
            tables = font.reader.tables.values()
            ends = [table.offset + table.length for table in tables] if font.flavor is None else []
            if max(ends, default=0) > os.path.getsize(path):
                raise Refusal(f"{path} is cut short: it is no whole font file; copy it again")
            if not font.getBestCmap():
                raise Refusal(f"{path} says of no Unicode character which glyph it has; {_MEND}")
        letters = "".join(map(chr, sorted(_characters(path))))
        _open(path, _axes(path, BOLD)[0], 32).getlength(letters)  # reads every outline
    except ValueError:
        raise
    except Exception as error:  # fontTools raises a zoo of its own
        reason = str(error).split("\n")[0] or type(error).__name__
        raise Refusal(f"{path} can't be read as a TrueType or OpenType font ({reason}); {_MEND}") from error


@lru_cache(maxsize=64)
def face(path: str, weight: int) -> FontFace:
    """Open a font file once a process. Raises ValueError where the file is missing or no font."""
    file = Path(path)
    if not file.is_file():
        raise Refusal(f"no font file at {path}; give another path, or none for the embedded fonts")
    if file not in EMBEDDED:
        _check(file)
    return FontFace(file, weight)


def faces(path: str, weight: int) -> list[FontFace]:
    """The faces of one weight in order of preference: the user's file (if any), then the embedded fonts, Noto Sans SC,
    KR, JP and TC, Noto Sans and Inter."""
    return [face(str(file), weight) for file in (*([path] if path else ()), *EMBEDDED)]


def by_name(name: str, extra: tuple[str, ...] = ()) -> FontFace:
    """The face that a row's `font` names, among the files in `extra` and the embedded ones. Raises ValueError where
    none has it."""
    for path in (*extra, *map(str, EMBEDDED)):
        for weight in (REGULAR, BOLD):
            if path and face(path, weight).name == name:
                return face(path, weight)
    raise Refusal(f"no font named {name!r} is here; give its file with --font, for an evaluation in score.fonts")


def named(settings: Mapping[str, Any], files: Sequence[str]) -> tuple[str, ...]:
    """Font files that layouts may name: those given, which have to be fonts (else ValueError), and those of the
    settings of the run that made the layouts, as far as they are here."""
    for path in files:
        face(path, BOLD)
    place, kept = settings.get("place"), list(files)
    for name in ("bold_font", "regular_font"):
        own = place.get(name) if isinstance(place, Mapping) else None
        if not isinstance(own, str) or not own or own in kept:
            continue
        try:
            face(own, BOLD)
            kept.append(own)
        except ValueError as error:
            logger.warning("a font of the run that made the layouts can't be had here: %s", error)
    return tuple(kept)
