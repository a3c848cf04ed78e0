"""How often lines of real copy break inside a word of a dictionary.

    python -m benchmarks.breaks [--products FILE.jsonl] [--full] [--output results.jsonl]

Titles and selling points are set in columns of several widths, in the fewest lines, as layouts set them; a row is a
product in one width. The same lines are set with other breaks in the same process:

- anywhere: between any two letters, as `word-break: break-all` has it
- uax14: where ICU's line breaker lets a line end, which in Chinese and Japanese is nearly everywhere

A Chinese break is inside a word where jieba says so of words of two letters and more: jieba itself, where it is
installed (`pip install jieba`), else rjieba, whose dictionary is the same, though not its user's words. In other
scripts it is where letters stand on both sides that ICU's word breaker holds together, unless a hyphen is drawn.
`avoidable` counts rows in which words could have stayed whole in as many lines.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import rjieba
from icu4py.breakers import LineBreaker, WordBreaker

from benchmarks.benchmark import Benchmark
from layoutgen.config.stages import PlaceSettings
from layoutgen.core.layout import Role
from layoutgen.core.text.breaking import SOFT_HYPHEN, Break, break_lines
from layoutgen.core.text.typography import Face
from layoutgen.goods.wording import WORDING
from layoutgen.models.building.fonts import FaceFor

BENCHMARK = Benchmark(
    "breaks",
    "rows whose lines break inside a word",
    "breaks anywhere, and UAX #14 alone",
    seconds=10,
    full="ten widths instead of five, about 20 s",
    uses="one core",
)
PX = 60
Places = Callable[[str, str], Sequence[Break]]


@dataclass(frozen=True)
class OtherBreaks:
    """A face that says of its own where lines may break."""

    face: Face
    language: str
    places: Places

    def width(self, text: str, px: int) -> float:
        return self.face.width(text, px)

    def advances(self, text: str, px: int) -> Sequence[float]:
        return self.face.advances(text, px)

    def breaks(self, text: str) -> Sequence[Break]:
        return self.places(text, self.language)


def anywhere(text: str, _: str) -> tuple[Break, ...]:
    """A break between any two letters."""
    return tuple(Break(at, 0.0) for at in range(1, len(text)) if not text[at].isspace())


def uax14(text: str, language: str) -> tuple[Break, ...]:
    """The breaks of ICU's line breaker."""
    return tuple(Break(at, 0.0) for at in ends(LineBreaker(text, language or "en"), text))


def ends(breaker: LineBreaker | WordBreaker, text: str) -> list[int]:
    """A breaker's places inside a text, in characters; it counts in UTF-16."""
    widths = [0]
    for character in text:
        widths.append(widths[-1] + (2 if ord(character) > 0xFFFF else 1))
    at = {width: place for place, width in enumerate(widths)}
    return [at[end] for _, end in breaker.segments() if end in at and 0 < at[end] < len(text)]


def main() -> None:
    """A line for each way to break."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--products", type=Path, help="JSON lines with title, selling_points and language")
    parser.add_size("--ems", (5, 7, 9, 12, 16), (4, 5, 6, 7, 8, 9, 10, 12, 14, 16), "widths of columns", nargs="*")
    given = parser.parse_args()
    products = [*read(given.products)] if given.products else [*demo()]
    judge = "jieba" if _jieba() is not None else "rjieba"
    broken: dict[str, list[str]] = {}
    avoidable = rows = 0
    for name, places in (("ours", None), ("uax14", uax14), ("anywhere", anywhere)):
        outcomes = [row(texts, language, em * PX, places) for texts, language in products for em in given.ems]
        broken[name] = [lines[0] for lines, _ in outcomes if lines]
        if name == "ours":
            avoidable, rows = sum(spared for _, spared in outcomes), len(outcomes)
    ours = len(broken["ours"])
    for name in ("uax14", "anywhere"):
        other = len(broken[name])
        shares = {"rows": rows, "ours_share": round(ours / rows, 4), "other_share": round(other / rows, 4)}
        more = {"avoidable": avoidable, "judge": judge, "such_as": [*dict.fromkeys(broken["ours"])][:20]}
        BENCHMARK.line(name, ours=ours, other=other, ratio=round(other / ours, 1) if ours else None,
                       unit="rows broken inside a word", **shares, **more)  # fmt: skip


def demo() -> Iterator[tuple[list[str], str]]:
    """The copy of the demo's catalogue."""
    for wording in WORDING.values():
        yield [wording.title, *wording.selling_points], wording.language


def read(path: Path) -> Iterator[tuple[list[str], str]]:
    """The copy of a manifest."""
    for line in path.read_text(encoding="utf-8").splitlines():
        product = json.loads(line)
        texts = [product.get("title"), *(product.get("selling_points") or ())]
        yield [text for text in texts if text], product.get("language") or ""


def row(texts: Sequence[str], language: str, width: float, places: Places | None) -> tuple[list[str], bool]:
    """The texts of a product in a column that break inside a word, in lines, and whether one of them need not."""
    inside, avoidable = [], False
    for i, written in enumerate(texts):
        text = " ".join(written.split())
        face = _faces().speaking(language)(Role.TITLE if i == 0 else Role.SELLING_POINT, text)
        setter = face if places is None else OtherBreaks(face, language, places)
        lines = break_lines(text, width, setter, PX) or break_lines(text, width, setter, PX, split=True)
        if not lines or not within_words(text, lines, language):
            continue
        inside.append(" | ".join(lines))
        whole = break_lines(text, width, OtherBreaks(face, language, between_words), PX)
        avoidable |= whole is not None and len(whole) <= len(lines)
    return inside, avoidable


def within_words(text: str, lines: list[str], language: str) -> list[int]:
    """Where lines break inside a word without a hyphen."""
    at, places = 0, []
    for line in lines[:-1]:
        at = text.index(line.rstrip(SOFT_HYPHEN), at) + len(line.rstrip(SOFT_HYPHEN))
        behind = at + (len(text[at:]) - len(text[at:].lstrip()))
        if not line.endswith(SOFT_HYPHEN) and behind == at:
            places.append(at)
    held = inner(text, language)
    return [at for at in places if at in held]


def between_words(text: str, language: str) -> tuple[Break, ...]:
    """The breaks of ICU's line breaker that stand inside no word."""
    held = inner(text, language)
    return tuple(place for place in uax14(text, language) if place.at not in held)


@cache
def inner(text: str, language: str) -> frozenset[int]:
    """The places inside words: of Chinese as jieba has it, of others as ICU has it."""
    if any("\u4e00" <= letter <= "\u9fff" for letter in text) and language[:2] not in ("ja", "ko"):
        words = _jieba().lcut(text) if _jieba() else _rjieba().cut(text)
        at, places = 0, set()
        for word in words:
            if len(word) > 1 and all("\u4e00" <= letter <= "\u9fff" for letter in word):
                places |= {*range(at + 1, at + len(word))}
            at += len(word)
        return frozenset(places)
    bounds = {*ends(WordBreaker(text, language or "en"), text)}
    return frozenset(
        at for at in range(1, len(text)) if at not in bounds and text[at - 1].isalpha() and text[at].isalpha()
    )


@cache
def _jieba() -> Any:
    """The module jieba; None where it is not installed."""
    if find_spec("jieba") is None:
        return None
    module = import_module("jieba")
    module.setLogLevel(60)
    return module


@cache
def _rjieba() -> rjieba.Jieba:
    return rjieba.Jieba()


@cache
def _faces() -> FaceFor:
    return FaceFor(PlaceSettings())


if __name__ == "__main__":
    main()
