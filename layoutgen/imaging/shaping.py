"""Lines of text as they are drawn: in runs of one font, script and direction, in the order of the bidirectional
algorithm, shaped by HarfBuzz. What is measured is what is drawn: both ask `Shaper.line`.

Which font sets what: a stretch of one script is set in the first font that has all its letters, else each word in the
first that has all of it, else each letter with its marks. Signs that no word needs (arrows, stars, emoji) come from
whichever font has them. Before fonts for any script go those that are for the stretch's own.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from fontTools import unicodedata as scripts

from layoutgen.core.layout import Run
from layoutgen.core.text.bidi import levels, order
from layoutgen.core.text.breaking import Break, drawn
from layoutgen.core.text.clusters import clusters, is_emoji
from layoutgen.core.text.direction import Direction
from layoutgen.imaging import segmenting
from layoutgen.imaging.faces import OWN, FontFace, Shaped

EMOJI = "Zsye"
_HAN = frozenset(("Hani", "Hira", "Kana", "Bopo"))
_SHARED = ("Zyyy", "Zinh")
_SOLID = frozenset(("Hans", "Hant", "Jpan", "Kore", "Hang"))
_ANYWHERE = (*_SHARED, "Latn", EMOJI)
_APART = frozenset((*_SOLID, *_SHARED, "Latn", "Grek", "Cyrl", "Armn", "Geor", "Ethi", "Hebr"))
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_KEPT, _KEPT_SHORT = 4096, 200_000


class Stretch(NamedTuple):
    """What is shaped at once: characters `start` to `end` of a line."""

    start: int
    end: int
    face: FontFace
    script: str
    level: int


class Piece(NamedTuple):
    """A stretch as it stands in its line: `x` from the line's left end, em; its text begins with the line's character
    `start`."""

    start: int
    text: str
    face: FontFace
    script: str
    direction: Direction
    x: float
    shaped: Shaped
    size: float


class Manner(NamedTuple):
    """How text is set besides its font: `tracking` em between letters of scripts whose letters stand apart, and whether
    figures are of one width."""

    tracking: float = 0.0
    tabular: bool = False

    def features(self, script: str) -> tuple[str, ...]:
        """OpenType features beside the shaper's defaults: ligatures are off where letters are spaced."""
        spaced = ("-liga", "-clig") if self.spacing(script) else ()
        return (*features_of(script), *spaced, *(("tnum",) if self.tabular else ()))

    def spacing(self, script: str) -> float:
        """Em between the letters of a script."""
        return self.tracking if script in _APART else 0.0


PLAIN = Manner()


class Line(NamedTuple):
    """A line in pieces from left to right. Its width, em, is that of its advances, with room for ink that reaches
    beyond; `above` and `below` are how far ink reaches from the baseline."""

    pieces: tuple[Piece, ...]
    width: float
    above: float
    below: float


class Shaper:
    """Shapes lines in the fonts `faces`, first ones first, for a language (BCP 47, "" for none) and a direction."""

    def __init__(
        self, faces: tuple[FontFace, ...], language: str = "", direction: Direction = "ltr", manner: Manner = PLAIN
    ) -> None:
        self.faces, self.direction, self.manner = faces, direction, manner
        self.language = language if _LANGUAGE.fullmatch(language) else ""
        self._ordered: dict[tuple[str, str], list[FontFace]] = {}
        self._stretches = lru_cache(_KEPT)(self._split)
        self._lines = lru_cache(_KEPT)(self._line)
        self._sizes = lru_cache(_KEPT_SHORT)(self._measure)
        self._advances = lru_cache(_KEPT)(self._advance)

    def line(self, text: str, px: float) -> Line:
        """One line of text at a font size."""
        return self._lines(text, self._size_for(text, px))

    def measure(self, text: str, px: float) -> tuple[float, float, float]:
        """A line's width, and how far its ink reaches above and below the baseline, px."""
        width, above, below, is_optical = self._sizes(text, 0.0)
        if is_optical:
            width, above, below, _ = self._sizes(text, px)
        return width * px, above * px, below * px

    def advances(self, text: str, px: float) -> list[float]:
        """What each character of a line adds to its advance, px."""
        return [advance * px for advance in self._advances(text, self._size_for(text, px))]

    def covers(self, cluster: str) -> bool:
        """Tell whether any of the fonts has a letter with all its marks."""
        return any(face.covers(cluster) for face in self.faces)

    def main(self, text: str) -> FontFace:
        """The font that sets most of a text; of equals, the one that sets its beginning."""
        counts: dict[FontFace, int] = {}
        for stretch in self._stretches(text):
            counts[stretch.face] = counts.get(stretch.face, 0) + stretch.end - stretch.start
        return max(counts, key=lambda face: counts[face]) if counts else self.faces[0]

    def _size_for(self, text: str, px: float) -> float:
        return px if any(stretch.face.optical for stretch in self._stretches(text)) else 0.0

    def _measure(self, text: str, px: float) -> tuple[float, float, float, bool]:
        is_optical = self._size_for(text, 1.0) > 0
        line = self._line(text, px)
        return line.width, line.above, line.below, is_optical

    def _advance(self, text: str, px: float) -> tuple[float, ...]:
        stretches = sorted(self._line(text, px).pieces, key=lambda piece: piece.start)
        return tuple(advance for piece in stretches for advance in piece.shaped.advances)

    def _line(self, text: str, px: float) -> Line:
        stretches = self._stretches(text)
        indices = order([stretch.level for stretch in stretches])
        x = left = right = 0.0
        above = below = -1e9
        placed = []
        for stretch in (stretches[i] for i in indices):
            part, size = text[stretch.start : stretch.end], stretch.face.size_of(px)
            direction: Direction = "rtl" if stretch.level % 2 else "ltr"
            how, spacing = self.manner.features(stretch.script), self.manner.spacing(stretch.script)
            shaped = stretch.face.shape(
                part, stretch.script, self.language, direction, size, features=how, spacing=spacing
            )
            placed.append((part, stretch, direction, x, shaped, size))
            if shaped.ink:
                left, right = min(left, x + shaped.ink[0]), max(right, x + shaped.ink[2])
                above, below = max(above, shaped.ink[1]), max(below, -shaped.ink[3])
            x += shaped.width
        over = max(-left, right - x)  # as much free on both sides, so that a line may be mirrored
        pieces = tuple(
            Piece(stretch.start, part, stretch.face, stretch.script, direction, at + over, shaped, size)
            for part, stretch, direction, at, shaped, size in placed
        )
        return Line(pieces, x + 2 * over, max(above, 0.0), max(below, 0.0))

    def _split(self, text: str) -> tuple[Stretch, ...]:
        """A line in stretches of one font, script and level, in logical order."""
        letters = clusters(text)
        if not letters:
            return ()
        embedding = levels(text, self.direction)
        named = _scripts(letters, han_of(self.language, text))
        faces = self._faces(letters, named)
        level = 1 if self.direction == "rtl" else 0
        stretches: list[Stretch] = []
        at = 0
        for letter, script, face in zip(letters, named, faces, strict=True):
            level = level if embedding[at] is None else embedding[at] or 0
            last = stretches[-1] if stretches else None
            end = at + len(letter)
            if last and (last.face, last.script, last.level) == (face, script, level):
                stretches[-1] = last._replace(end=end)
            else:
                stretches.append(Stretch(at, end, face, script, level))
            at = end
        return tuple(stretches)

    def _faces(self, letters: list[str], named: list[str]) -> list[FontFace]:
        counts = Counter(script for script in named if script not in _ANYWHERE)
        main = max(counts, key=lambda script: counts[script], default="")
        faces: list[FontFace] = []
        while len(faces) < len(letters):
            first = last = len(faces)
            while last < len(letters) and named[last] == named[first]:
                last += 1
            faces += self._of_script(letters[first:last], self._order(named[first], main))
        return faces

    @staticmethod
    def _of_script(letters: list[str], ordered: list[FontFace]) -> list[FontFace]:
        """The font of each letter of a stretch of one script, the first that will do of those in order."""
        needed = [letter for letter in dict.fromkeys(letters) if _is_needed(letter)]
        whole = _first(ordered, needed)
        if whole:
            return [whole if whole.covers(letter) else _first(ordered, [letter]) or whole for letter in letters]
        faces: list[FontFace] = []
        while len(faces) < len(letters):
            first = last = len(faces)
            while last < len(letters) and not letters[last].isspace():
                last += 1
            last = max(last, first + 1)
            word = letters[first:last]
            chosen = _first(ordered, word)
            before = faces[-1] if faces else ordered[0]
            for letter in word:
                face = chosen or (before if before.covers(letter) else _first(ordered, [letter])) or before
                faces.append(before if letter.isspace() else face)
                before = faces[-1]
        return faces

    def _order(self, script: str, main: str) -> list[FontFace]:
        """Fonts by what they are for: a user's, this script's, the main script's (whose Latin letters go with it), any,
        other scripts'."""
        if (script, main) not in self._ordered:
            ranks = {"": 3, main: 2, script: 1, OWN: 0} if script != EMOJI else {"": 3, OWN: 1, EMOJI: 0}
            self._ordered[script, main] = sorted(self.faces, key=lambda face: ranks.get(face.home, 4))
        return self._ordered[script, main]


def features_of(script: str) -> tuple[str, ...]:
    """OpenType features beside the shaper's defaults. Chinese, Japanese and Korean letters stand an em apart and are
    not kerned, so that a line is as wide as its parts."""
    return ("-kern",) if script in _SOLID else ()


def han_of(language: str, text: str = "") -> str:
    """Hans, Hant, Jpan or Kore: in whose letters a language writes Chinese characters. Where nothing is said, kana tell
    Japanese; else they are simplified Chinese."""
    tag = language.lower()
    if tag.startswith("ja") or (not tag and any(0x3040 <= ord(c) < 0x3100 for c in text)):
        return "Jpan"
    if tag.startswith("ko"):
        return "Kore"
    if tag.startswith("zh") and re.search(r"-(hant|tw|hk|mo)\b", tag) and "-hans" not in tag:
        return "Hant"
    return "Hans"


def _scripts(letters: list[str], han: str) -> list[str]:
    """Each letter's script; what all scripts share takes the script before it, at the beginning the one behind it."""
    named: list[str] = []
    for letter in letters:
        script = EMOJI if is_emoji(letter) else _script(letter[0])
        named.append(han if script in _HAN else script)
    before = next((script for script in named if script not in (*_SHARED, EMOJI)), "Zyyy")
    for i, script in enumerate(named):
        if script in _SHARED:
            named[i] = before
        elif script != EMOJI:
            before = script
    return named


@lru_cache(maxsize=20_000)
def _script(character: str) -> str:
    return str(scripts.script(character))


def _is_needed(letter: str) -> bool:
    """Tell whether a word needs a letter in its own font: all but spaces and signs without a meaning in words."""
    return not letter.isspace() and unicodedata.category(letter[0]) not in ("So", "Sk", "Sm", "Cf")


def _first(faces: Sequence[FontFace], letters: Sequence[str]) -> FontFace | None:
    return next((face for face in faces if all(face.covers(letter) or letter.isspace() for letter in letters)), None)


@dataclass(frozen=True)
class Typeface:
    """A font with those that stand in for it, as typography needs it; `name` is the font's that sets most, and `words`
    the path of the user's words that no line parts."""

    shaper: Shaper
    name: str
    words: str = ""

    @property
    def direction(self) -> Direction:
        """The base direction of its lines."""
        return self.shaper.direction

    def width(self, text: str, px: float) -> float:
        """Width of a line in px at font size `px`: of its advances, or of its ink where that reaches beyond."""
        return self.shaper.measure(drawn(text), px)[0]

    def breaks(self, text: str) -> Sequence[Break]:
        """Where lines of a text without doubled spaces may break, from left to right."""
        return segmenting.breaks(text, self.shaper.language, self.words)

    def advances(self, text: str, px: float) -> list[float]:
        """What each character of a line adds to its advance, px; where a line may break, they add up."""
        return self.shaper.advances(text, px)

    def heights(self, text: str, px: float) -> tuple[float, float]:
        """How far the ink of one line of text reaches above and below its baseline, px."""
        _, above, below = self.shaper.measure(drawn(text), px)
        return above, below

    def covers(self, cluster: str) -> bool:
        """Tell whether any of its fonts has a letter with all its marks."""
        return self.shaper.covers(cluster)

    def runs(self, text: str, px: float) -> tuple[Run, ...]:
        """One line of text in runs from left to right; `x_px` is from the line's left end, `baseline_px` 0."""
        return tuple(
            Run(
                line=0,
                text=piece.text,
                font=piece.face.name,
                file=piece.face.path.name,
                weight=piece.face.weight,
                script=piece.script,
                language=self.shaper.language,
                direction=piece.direction,
                features=self.shaper.manner.features(piece.script),
                x_px=piece.x * px,
                baseline_px=0.0,
                width_px=piece.shaped.width * px,
                letter_spacing_px=self.shaper.manner.spacing(piece.script) * px,
            )
            for piece in self.shaper.line(drawn(text), px).pieces
        )


@lru_cache(maxsize=512)
def shaper(
    faces: tuple[FontFace, ...], language: str = "", direction: Direction = "ltr", manner: Manner = PLAIN
) -> Shaper:
    """A shaper, one a process, so that what it has measured is kept."""
    return Shaper(faces, language, direction, manner)
