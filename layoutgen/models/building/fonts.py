"""Which fonts set a text, by the settings, the language of its row and its house style."""

from collections.abc import Callable
from functools import lru_cache, partial
from pathlib import Path

from layoutgen.config.stages import PlaceSettings
from layoutgen.core.layout import Role
from layoutgen.core.styles.style import Style, Type
from layoutgen.core.text.clusters import is_pictograph
from layoutgen.core.text.direction import base_direction
from layoutgen.core.text.price import PriceFace
from layoutgen.core.text.typography import Face, is_wide
from layoutgen.imaging import fonts
from layoutgen.imaging.faces import BOLD, REGULAR, FontFace
from layoutgen.imaging.shaping import EMOJI, PLAIN, Manner, Typeface, han_of, shaper

_HEAVY = 600  # from here on the user's bold file sets a text, below it the regular one


class FaceFor:
    """Which fonts set a text (`imaging.shaping` says which of them sets what): the user's file first, then that of the
    style's family, then Noto Sans SC for text with Chinese characters (TC, JP or KR where the language says so) and
    Noto Sans KR for other text (same Latin letters, but quotes and dots of Latin width), then the other embedded fonts,
    last the user's of the other weight. Without a style titles and prices are bold, all else is regular.

    Raises ValueError for a file that is no font, and for two that a row could not tell apart by name."""

    def __init__(self, settings: PlaceSettings) -> None:
        own = [(settings.bold_font, BOLD), (settings.regular_font, REGULAR)]
        bold, regular = (fonts.face(path, weight) if path else None for path, weight in own)
        if bold and regular and bold.name == regular.name and bold.path != regular.path:
            raise ValueError(
                f"place.bold_font {bold.path} and place.regular_font {regular.path} have the same name "
                f"{bold.name!r}, by which rows say their font; rename one file"
            )
        self._heavy, self._light = settings.bold_font, settings.regular_font
        self._words, self._emoji = settings.words, settings.emoji_font
        self._weights: dict[tuple[int, str], tuple[FontFace, ...]] = {}
        self.bold, self.regular = self._faces(BOLD), self._faces(REGULAR)

    def speaking(self, language: str | None, style: Style | None = None) -> Callable[[Role, str], Face]:
        """The same for a row whose copy is in a language (BCP 47; None where the row does not say), in a house style
        where it has one."""
        if style is None:
            return partial(self._face, language or "")
        return partial(self._styled, style, language or "")

    def __call__(self, role: Role, text: str) -> Face:
        """Return the face for a role and text."""
        return self._face("", role, text)

    def _face(self, language: str, role: Role, text: str) -> Face:
        faces = self.bold if role in (Role.TITLE, Role.PRICE) else self.regular
        return _typeface(faces, language, self._words, text)

    def _styled(self, style: Style, language: str, role: Role, text: str) -> Face:
        kind = style.type_of(role)
        faces = self._faces(kind.weight, style.fonts.get(kind.family, ""))
        face = _typeface(faces, language, self._words, text, kind.family, _manner(kind))
        return PriceFace(face, style.currency) if role is Role.PRICE and style.currency < 1 else face

    def _faces(self, weight: int, file: str = "") -> tuple[FontFace, ...]:
        """The fonts of a weight in order; `file` is a style's own, before all others."""
        if (weight, file) not in self._weights:
            mine, other = (self._heavy, self._light) if weight >= _HEAVY else (self._light, self._heavy)
            own = [fonts.face(path, weight) for path in (file, mine) if path]
            last = [fonts.face(other, REGULAR if weight >= _HEAVY else BOLD)] if other else []
            pictures = [fonts.face(self._emoji, weight, EMOJI)] if self._emoji else []
            names = {face.name for face in (*own, *last, *pictures)}  # a user's hides an embedded one of its name
            embedded = [face for face in fonts.faces("", weight) if face.name not in names]
            last = [fonts.face(str(face.path), face.weight, "") for face in last]
            self._weights[weight, file] = (*own, *pictures, *embedded, *last)
        return self._weights[weight, file]


@lru_cache(maxsize=64)
def _manner(kind: Type) -> Manner:
    return Manner(kind.tracking, kind.tabular)


@lru_cache(maxsize=4096)
def _typeface(
    faces: tuple[FontFace, ...], language: str, words: str, text: str, family: str = "sans", manner: Manner = PLAIN
) -> Typeface:
    first = (*fonts.FAMILIES[family], _first_of(language, text))
    chosen = shaper(_in_order(faces, first), language, base_direction(text, language), manner)
    return Typeface(chosen, chosen.main(text).name, words)


def _first_of(language: str, text: str) -> Path:
    """The file that sets what is not of a script with a font of its own."""
    if not any(is_wide(character) and not is_pictograph(character) for character in text):
        return fonts.KOREAN
    han = han_of(language, text)
    return {"Hant": fonts.TRADITIONAL, "Jpan": fonts.JAPANESE, "Kore": fonts.KOREAN}.get(han, fonts.SIMPLIFIED)


@lru_cache(maxsize=256)
def _in_order(faces: tuple[FontFace, ...], first: tuple[Path, ...]) -> tuple[FontFace, ...]:
    """Faces with those of some files before all others that are for any script; the users' are before them."""
    chosen = [face for path in first for face in faces if face.path == path]
    return (*chosen, *(face for face in faces if face not in chosen))
