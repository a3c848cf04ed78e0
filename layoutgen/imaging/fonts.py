"""Which fonts there are: the embedded ones, each for its script, and the user's files, checked."""

import logging
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import justmytype_intl_cjk
import justmytype_intl_rtl
import justmytype_intl_sea
import justmytype_intl_south_asia
import justmytype_western_core
import manimgx_fonts
from fontTools.ttLib import TTFont
from PIL import ImageFont

from layoutgen.core.errors import Refusal
from layoutgen.core.text.direction import Direction
from layoutgen.imaging.faces import BOLD, OWN, REGULAR, WEIGHTS, FontFace, open_face, plain_name
from layoutgen.imaging.shaping import EMOJI, PLAIN, Manner, Typeface, shaper

logger = logging.getLogger("layoutgen")

VERSION = "faces-5"
_LARGEST_FILE = 1 << 28  # bytes; a collection of all Chinese, Japanese and Korean letters has half of it
_LARGEST_PICTURE = 2048  # px; Noto Color Emoji has 136, Apple's 160
_MEND = "give a TrueType or OpenType file that has letters"


def _pack(module: Any, **fonts: str) -> dict[Path, str]:
    """The files of a pack of fonts with the scripts that they are for: `NotoSansThai=Thai`, "" for any."""
    folder = Path(module.__file__).parent
    files = {path.stem.split("[")[0].replace("-Regular", ""): path for path in sorted(folder.rglob("*.ttf"))}
    return {files[name]: script for name, script in fonts.items()}


_CJK = _pack(justmytype_intl_cjk, NotoSansSC="", NotoSansKR="", NotoSansJP="", NotoSansTC="")
SIMPLIFIED, KOREAN, JAPANESE, TRADITIONAL = _CJK
_HOMES = {
    **_CJK,
    **_pack(justmytype_western_core, NotoSans="", Inter=""),
    **_pack(justmytype_intl_rtl, NotoSansArabic="Arab", NotoSansHebrew="Hebr"),
    **_pack(justmytype_intl_sea, NotoSansThai="Thai", NotoSansLao="Laoo", NotoSansKhmer="Khmr", NotoSansMyanmar="Mymr"),
    **_pack(
        justmytype_intl_south_asia,
        NotoSansDevanagari="Deva",
        NotoSansBengali="Beng",
        NotoSansTamil="Taml",
        NotoSansTelugu="Telu",
    ),
    **_pack(
        manimgx_fonts,
        NotoSansGujarati="Gujr",
        NotoSansGurmukhi="Guru",
        NotoSansKannada="Knda",
        NotoSansMalayalam="Mlym",
        NotoSansOriya="Orya",
        NotoSansSinhala="Sinh",
        NotoSansArmenian="Armn",
        NotoSansEthiopic="Ethi",
        NotoSansGeorgian="Geor",
        NotoEmoji=EMOJI,
        NotoSansSymbols="Zsym",
    ),
    **_pack(justmytype_western_core, NotoSansSymbols2="Zsym", SourceSerif4="", NotoSerif="", NotoSansMono=""),
}
EMBEDDED = tuple(_HOMES)
_STEMS = {plain_name(path): path for path in EMBEDDED}
FAMILIES = {
    "sans": (),
    "grotesque": (_STEMS["Inter"],),
    "serif": (_STEMS["SourceSerif4"], _STEMS["NotoSerif"]),
    "mono": (_STEMS["NotoSansMono"],),
}
"""The files of the families that styles name, for the letters that they have; of sans those of each language."""


def _check(path: Path) -> None:
    """Raise ValueError where a file is not a whole font with letters that can be measured and drawn."""
    if os.path.getsize(path) > _LARGEST_FILE:
        raise Refusal(f"{path} has {os.path.getsize(path)} bytes, more than any font; {_MEND}")
    try:
        with TTFont(path, lazy=True, fontNumber=0) as font:
            tables = font.reader.tables.values()
            ends = [table.offset + table.length for table in tables] if font.flavor is None else []
            if max(ends, default=0) > os.path.getsize(path):
                raise Refusal(f"{path} is cut short: it is no whole font file; copy it again")
            letters = "".join(map(chr, sorted(font.getBestCmap() or ())))
            if not letters:
                raise Refusal(f"{path} says of no Unicode character which glyph it has; {_MEND}")
            outlined = not {"glyf", "CFF ", "CFF2"}.isdisjoint(font.reader.tables)
        if outlined:  # every outline is read
            ImageFont.truetype(path, 32, layout_engine=ImageFont.Layout.BASIC).getlength(letters)
        else:
            _check_pictures(path, letters)
    except Refusal:
        raise
    except Exception as error:  # fontTools raises a zoo of its own, and Pillow a ValueError for too many letters
        reason = str(error).split("\n")[0] or type(error).__name__
        raise Refusal(f"{path} can't be read as a TrueType or OpenType font ({reason}); {_MEND}") from error


def _check_pictures(path: Path, letters: str) -> None:
    """Raise ValueError where a font without outlines has no pictures (CBDT, sbix), or one that is none or huge."""
    opened = open_face(path, REGULAR, EMOJI)
    sizes = [size for letter in letters if (size := opened.picture_size(letter))]
    if not sizes:
        raise Refusal(f"{path} has neither outlines nor pictures of its letters; {_MEND}")
    if max(map(max, sizes)) > _LARGEST_PICTURE:
        raise Refusal(f"{path} has a picture of {max(map(max, sizes))} px, more than {_LARGEST_PICTURE}; {_MEND}")


@lru_cache(maxsize=256)
def face(path: str, weight: int, home: str = OWN) -> FontFace:
    """Open a font file once a process; a user's is for any script, or for `EMOJI` alone. Raises ValueError where it is
    missing or no font."""
    file = Path(path)
    if not file.is_file():
        raise Refusal(f"no font file at {path}; give another path, or none for the embedded fonts")
    if file not in _HOMES:
        _check(file)
    return open_face(file, weight, _HOMES.get(file, home))


def faces(path: str, weight: int) -> list[FontFace]:
    """The faces of one weight in order of preference: the user's file (if any), then the embedded fonts: Noto Sans SC,
    KR, JP and TC, Noto Sans and Inter, one for each other script, and serif and monospaced ones."""
    return [face(str(file), weight) for file in (*([path] if path else ()), *EMBEDDED)]


@lru_cache(maxsize=512)
def by_name(name: str, extra: tuple[str, ...] = ()) -> FontFace:
    """The face that a row's `font` names, among the files in `extra` and the embedded ones. Raises ValueError where
    none has it."""
    for path in filter(None, (*extra, *map(str, EMBEDDED))):
        stem = plain_name(Path(path))
        if name == stem or name.startswith(f"{stem}-"):
            for weight in (REGULAR, BOLD, *_weight(name.removeprefix(f"{stem}-"))):
                if face(path, weight).name == name:
                    return face(path, weight)
    raise Refusal(f"no font named {name!r} is here; give its file with --font, for an evaluation in score.fonts")


def _weight(suffix: str) -> list[int]:
    """The weight that the end of a face's name says, if any."""
    return [weight for weight, word in WEIGHTS.items() if word == suffix] or (
        [int(suffix)] if suffix.isdecimal() and len(suffix) == 3 else []
    )


@lru_cache(maxsize=256)
def typeface(
    name: str,
    extra: tuple[str, ...] = (),
    language: str = "",
    direction: Direction = "ltr",
    manner: Manner = PLAIN,
) -> Typeface:
    """The face that a row's `font` names, and the embedded ones for letters that it has not. Raises ValueError where
    there is none of that name."""
    chosen = by_name(name, extra)
    others = [face(str(path), chosen.weight) for path in EMBEDDED if path != chosen.path]
    return Typeface(shaper((chosen, *others), language, direction, manner), name)


def named(settings: Mapping[str, Any], files: Sequence[str]) -> tuple[str, ...]:
    """Font files that layouts may name: those given, which have to be fonts (else ValueError), and those of the
    settings of the run that made the layouts, as far as they are here."""
    for path in files:
        face(path, BOLD)
    place, kept = settings.get("place"), list(files)
    for name in ("bold_font", "regular_font", "emoji_font"):
        own = place.get(name) if isinstance(place, Mapping) else None
        if not isinstance(own, str) or not own or own in kept:
            continue
        try:
            face(own, BOLD)
            kept.append(own)
        except ValueError as error:
            logger.warning("a font of the run that made the layouts can't be had here: %s", error)
    return tuple(kept)
