"""Fonts with the letters of one document alone, in one weight, as TrueType or OpenType files."""

import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import uharfbuzz as hb

from layoutgen.imaging.fonts import FontFace

# Letters that shapers take apart although Unicode does not: vowels of Thai, Lao and Khmer.
_PARTS = {
    "\u0e33": "\u0e4d\u0e32",
    "\u0eb3": "\u0ecd\u0eb2",
    **dict.fromkeys("\u17be\u17bf\u17c0\u17c4\u17c5", "\u17c1"),
}


def subset(face: FontFace, texts: Sequence[str], features: Iterable[str] = ()) -> bytes:
    """A face's font with the characters of `texts` and what shapes them, its axes pinned at the face's weight, without
    hints; the same characters give the same bytes. `features` are OpenType features beyond the usual."""
    characters = set("".join(texts))
    for form in ("NFC", "NFD"):
        characters |= {part for text in texts for part in unicodedata.normalize(form, text)}
    characters |= {part for vowel in characters for part in _PARTS.get(vowel, "")}
    return _subset(face.path, face.weight, "".join(sorted(characters)), tuple(sorted(set(features))))


@lru_cache(maxsize=512)
def _subset(path: Path, weight: int, characters: str, features: tuple[str, ...]) -> bytes:
    face = _face(path)
    wanted = hb.SubsetInput()
    wanted.flags = hb.SubsetFlags.NO_HINTING
    wanted.unicode_set.update(map(ord, characters))
    wanted.layout_feature_tag_set.update(
        int.from_bytes(tag.encode("ascii"), "big") for tag in features if tag[0] != "-"
    )
    for axis in face.axis_infos:
        if axis.tag == "wght":
            wanted.pin_axis_location(face, "wght", min(max(weight, axis.min_value), axis.max_value))
        elif axis.tag != "opsz":  # the optical size follows the font size, as in CSS
            wanted.pin_axis_to_default(face, axis.tag)
    return bytes(hb.subset(face, wanted).blob.data)


@lru_cache(maxsize=64)
def _face(path: Path) -> hb.Face:
    """A font file, prepared once a process: it makes subsets of CJK fonts twice as fast."""
    return hb.subset_preprocess(hb.Face(hb.Blob.from_file_path(str(path))))
