"""Fonts: which files, and their metrics as Pillow draws them, so that what is measured is what is drawn."""

from functools import lru_cache
from pathlib import Path

import justmytype_intl_cjk
from fontTools.ttLib import TTFont
from PIL import ImageFont

REGULAR, BOLD = 400, 700
_NOTO = Path(justmytype_intl_cjk.__file__).parent / "fonts" / "ofl"
_DEFAULT = (_NOTO / "notosanssc" / "NotoSansSC[wght].ttf", _NOTO / "notosanskr" / "NotoSansKR[wght].ttf")


class FontFace:
    """A font file in one weight. Glyph runs are laid out by Pillow's basic engine, the same everywhere."""

    def __init__(self, path: Path, weight: int) -> None:
        self.path, self.weight = path, weight
        try:
            with TTFont(path, lazy=True, fontNumber=0) as font:
                self._characters = frozenset(font.getBestCmap() or ())
                self._variable = "fvar" in font
        except Exception as error:  # fontTools raises a zoo of its own
            raise ValueError(f"{path} can't be read as a TrueType or OpenType font: {error}") from error
        self.name = f"{path.stem.split('[')[0]}-{'Bold' if weight >= BOLD else 'Regular'}"
        self._width = lru_cache(maxsize=200_000)(self._measure)

    def __reduce__(self) -> tuple[type["FontFace"], tuple[Path, int]]:
        return FontFace, (self.path, self.weight)

    def at(self, px: int) -> ImageFont.FreeTypeFont:
        """The font at a size, ready to draw with."""
        return _open(self.path, self.weight if self._variable else 0, px)

    def width(self, text: str, px: int) -> float:
        """Advance width of `text` in px at font size `px`."""
        return self._width(text, px)

    def _measure(self, text: str, px: int) -> float:
        return self.at(px).getlength(text)

    def covers(self, character: str) -> bool:
        """Tell whether the font has a glyph for `character`."""
        return ord(character) in self._characters


@lru_cache(maxsize=512)
def _open(path: Path, weight: int, px: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(path, px, layout_engine=ImageFont.Layout.BASIC)
    if weight:
        font.set_variation_by_axes([weight])
    return font


@lru_cache(maxsize=32)
def face(path: str, weight: int) -> FontFace:
    """Open a font file once a process. Raises ValueError where the file is missing or no font."""
    file = Path(path)
    if not file.is_file():
        raise ValueError(f"no font file at {path}; give another path, or none for Noto Sans SC")
    return FontFace(file, weight)


def faces(path: str, weight: int) -> list[FontFace]:
    """The faces of one weight in order of preference: the user's file (if any), Noto Sans SC, Noto Sans KR."""
    return [face(str(file), weight) for file in ([path] if path else []) + [str(default) for default in _DEFAULT]]


def by_name(name: str, extra: tuple[str, ...] = ()) -> FontFace:
    """The face that a row's `font` names, among the embedded ones and the files in `extra`."""
    for path in (*extra, *map(str, _DEFAULT)):
        for weight in (REGULAR, BOLD):
            if path and face(path, weight).name == name:
                return face(path, weight)
    raise ValueError(f"no font named {name!r}; give its file")
