"""A font file in one weight, opened once a process: which letters it has, and text shaped by HarfBuzz.

Nothing is hinted or rounded, so a shaped text grows evenly with its size, and all measures here are in em. Of a
variable font the weight is set, on whichever of its axes it stands, and the optical size follows the font size in px,
as CSS has it; every other axis keeps its default. Of a collection the first font is used.
"""

import io
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import uharfbuzz as hb
from fontTools import unicodedata as scripts
from PIL import Image

REGULAR, BOLD = 400, 700
WEIGHTS = {
    100: "Thin", 200: "ExtraLight", 300: "Light", 400: "Regular", 500: "Medium", 600: "SemiBold", 700: "Bold",
    800: "ExtraBold", 900: "Black",
}  # fmt: skip
"""The names of weights in names of faces; a weight between them is its number."""
OWN = "own"
_THINNEST = 0.055
"""How thick a line that strikes out is at least, em: of light fonts that of a regular weight."""
# What publishers append to the names of variable fonts' files.
_AXES = re.compile(r"\[[^]]*]$|[-_]VariableFont(_.*)?$|[-_]?VF$")


class Glyph(NamedTuple):
    """A glyph of a shaped text: its number in the font, and its origin from the text's left end on the baseline, em."""

    number: int
    x: float
    y: float


class Shaped(NamedTuple):
    """A text as a font shapes it, em: its glyphs, its advance, its ink's (left, top, right, bottom) from the left end
    of the baseline, y upwards (None where it has no ink), and what each character adds to the advance: a letter's whole
    advance is its first one's."""

    glyphs: tuple[Glyph, ...]
    width: float
    ink: tuple[float, float, float, float] | None
    advances: tuple[float, ...]


class FontFace:
    """A font file in one weight, or drawn in the nearest of its `weights` (least, most). `name` says the weight only
    where the font has several: a font without a weight axis has its file's name. `home` is the script (ISO 15924) that
    a font is for, "" for any; a user's font, which is for any and goes first, is at home in `OWN`."""

    def __init__(self, path: Path, weight: int, home: str = "") -> None:
        self.path, self.weight, self.home = path, weight, home
        self._face, self._letters = _face(path)
        axes = {axis.tag: axis for axis in self._face.axis_infos} if self._face.has_var_data else {}
        self.has_weights, self.upem = "wght" in axes, self._face.upem
        self.weights = (axes["wght"].min_value, axes["wght"].max_value) if self.has_weights else (weight, weight)
        self.name = f"{plain_name(path)}-{WEIGHTS.get(weight, weight)}" if self.has_weights else plain_name(path)
        self.optical = (axes["opsz"].min_value, axes["opsz"].max_value) if "opsz" in axes else None
        self._has_colours = self._face.has_color_paint or self._face.has_color_layers or self._face.has_color_png
        self._coloured: dict[int, bool] = {}
        self._fonts: dict[float, hb.Font] = {}
        self._held: dict[str, bool] = {}
        self._extents: dict[tuple[int, float], hb.GlyphExtents | None] = {}

    def __reduce__(self) -> tuple[Callable[[Path, int, str], "FontFace"], tuple[Path, int, str]]:
        return open_face, (self.path, self.weight, self.home)

    def size_of(self, px: float) -> float:
        """The optical size that a font size has; 0 for a font that looks alike at every size."""
        return min(max(px, self.optical[0]), self.optical[1]) if self.optical else 0.0

    def font(self, size: float) -> hb.Font:
        """The font at an optical size (`size_of`), in font units."""
        if size not in self._fonts:
            font = hb.Font(self._face)
            variations = {"wght": float(self.weight)} if self.has_weights else {}
            if self.optical:
                variations["opsz"] = size
            if variations:
                font.set_variations(variations)
            if len(self._fonts) >= _MOST_SIZES:
                self._fonts.clear()
                self._extents.clear()
            self._fonts[size] = font
        return self._fonts[size]

    def strike(self, size: float) -> tuple[float, float]:
        """Where a line that strikes a text out runs at an optical size: its middle above the baseline, and its
        thickness, em."""
        font, tags = self.font(size), hb.OTMetricsTag
        top = font.get_metric_position_with_fallback(tags.STRIKEOUT_OFFSET)
        thick = max(_THINNEST * self.upem, font.get_metric_position_with_fallback(tags.STRIKEOUT_SIZE))
        return (top - thick / 2) / self.upem, thick / self.upem

    def is_coloured(self, glyph: int) -> bool:
        """Tell whether a glyph has colours of its own: layers, paint or a picture."""
        if not self._has_colours:
            return False
        if glyph not in self._coloured:
            face = self._face
            painted = face.has_color_paint and face.glyph_has_color_paint(glyph)
            layered = face.has_color_layers and bool(face.get_glyph_color_layers(glyph))
            pictured = face.has_color_png and bool(self.picture(glyph))
            self._coloured[glyph] = painted or layered or pictured
        return self._coloured[glyph]

    def picture(self, glyph: int) -> bytes:
        """A glyph's picture (CBDT, sbix) as a PNG file's bytes; b"" where it has none."""
        return bytes(self.font(self.size_of(0.0)).get_glyph_color_png(glyph).data or b"")

    def picture_size(self, letter: str) -> tuple[int, int] | None:
        """Width and height of a letter's picture, px, as its header says; None for none. Raises OSError for what is no
        picture."""
        data = self.picture(self.font(self.size_of(0.0)).get_nominal_glyph(ord(letter)) or 0)
        if not data:
            return None
        with Image.open(io.BytesIO(data), formats=["PNG"]) as opened:
            return opened.size

    def covers(self, cluster: str) -> bool:
        """Tell whether the font has a letter with all its marks, as it is written or composed otherwise. Characters
        that only choose a form or join need no glyph."""
        if len(cluster) == 1:
            is_private = unicodedata.category(cluster) == "Co"  # each font has signs of its own there
            return ord(cluster) in self._letters and (self.home == OWN or not is_private)
        if not (self._has(cluster) or self._has(unicodedata.normalize("NFD", cluster))):
            return False
        return not _MARKED.match(cluster) or self._holds(cluster)

    def _holds(self, cluster: str) -> bool:
        """Tell whether marks stand over and under their letter: a font may have a mark and no place for it, as those of
        Chinese have none for Latin letters beyond the usual ones."""
        if cluster not in self._held:
            if len(self._held) >= _MOST_CLUSTERS:
                self._held.clear()
            shaped = self.shape(cluster, scripts.script(cluster[0]), "", "ltr")
            left, _, right, _ = shaped.ink or (0.0, 0.0, 0.0, 0.0)
            self._held[cluster] = left >= -_BESIDE and right <= shaped.width + _BESIDE
        return self._held[cluster]

    def _has(self, cluster: str) -> bool:
        return all(
            ord(character) in self._letters or (at > 0 and _is_silent(character))
            for at, character in enumerate(cluster)
        )

    def shape(
        self,
        text: str,
        script: str,
        language: str,
        direction: str,
        size: float = 0.0,
        *,
        features: Sequence[str] = (),
        spacing: float = 0.0,
    ) -> Shaped:
        """Shape a text of one script and direction at an optical size, with OpenType features switched on (`tnum`) and
        off (`-kern`), and `spacing` em behind each cluster. Characters without a glyph are left out."""
        buffer = hb.Buffer()
        buffer.add_str(text)
        buffer.direction, buffer.script = direction, _SHAPED_AS.get(script, script)
        if language:
            buffer.language = language
        font = self.font(size)
        hb.shape(font, buffer, {tag.lstrip("-"): tag[0] != "-" for tag in features} or None)
        x, em, cluster = 0.0, self.upem, None
        glyphs, advances = [], [0.0] * len(text)
        left, top, right, bottom = _NO_INK
        for info, position in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            if not info.codepoint:
                continue
            if info.cluster != cluster:
                advances[info.cluster] += spacing
                x += spacing * em * (cluster is not None)
            cluster = info.cluster
            at, up = x + position.x_offset, position.y_offset
            x += position.x_advance
            advances[info.cluster] += position.x_advance / em
            extents = self._extent(info.codepoint, size)
            if extents is None:
                continue
            glyphs.append(Glyph(info.codepoint, at / em, up / em))
            left, top = min(left, at + extents.x_bearing), max(top, up + extents.y_bearing)
            right = max(right, at + extents.x_bearing + extents.width)
            bottom = min(bottom, up + extents.y_bearing + extents.height)
        ink = (left / em, top / em, right / em, bottom / em) if glyphs else None
        return Shaped(tuple(glyphs), x / em + (spacing if cluster is not None else 0.0), ink, tuple(advances))

    def _extent(self, glyph: int, size: float) -> hb.GlyphExtents | None:
        """What a glyph covers in font units; None for one without ink."""
        key = (glyph, size)
        if key not in self._extents:
            extents = self.font(size).get_glyph_extents(glyph)
            self._extents[key] = extents if extents and extents.width and extents.height else None
        return self._extents[key]


# Chinese characters are shaped alike in all languages that write them; emoji are of no script.
_SHAPED_AS = {"Hans": "Hani", "Hant": "Hani", "Jpan": "Hani", "Kore": "Hani", "Zsye": "Zyyy"}
_MOST_SIZES, _MOST_CLUSTERS = 64, 4096
# A letter of an alphabet with a mark of no script of its own, and how far beside the letter that may reach, em.
_MARKED = re.compile("[A-Za-z\u00c0-\u052f\u1e00-\u1fff].*[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff]", re.DOTALL)
_BESIDE = 0.2
_PACKAGES = Path(hb.__file__).parents[1]
_NO_INK = (10**9, -(10**9), -(10**9), 10**9)


def _is_silent(character: str) -> bool:
    return unicodedata.category(character) == "Cf" or 0xFE00 <= ord(character) < 0xFE10 or ord(character) >= 0xE0000


def plain_name(path: Path) -> str:
    """A font file's name without what says which axes it has: what its faces' names begin with."""
    return _AXES.sub("", path.stem) or path.stem


@lru_cache(maxsize=512)
def open_face(path: Path, weight: int, home: str) -> FontFace:
    """A font file in one weight, one object a process."""
    return FontFace(path, weight, home)


@lru_cache(maxsize=256)
def _face(path: Path) -> tuple[hb.Face, Collection[int]]:
    """A file's font, mapped into memory where it came with a package, else read, since it may be written anew; and its
    letters."""
    mapped = path.is_relative_to(_PACKAGES)
    face = hb.Face(hb.Blob.from_file_path(str(path)) if mapped else hb.Blob(path.read_bytes()))
    return face, face.unicodes
