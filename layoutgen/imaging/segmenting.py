"""Where lines of a text may break, by its language: UAX #14 as ICU has it, and dictionaries where scripts need them.

| script | who parts words | what costs least |
| --- | --- | --- |
| Chinese | jieba, with the user's words; ICU for traditional letters | between words of two letters and more |
| Japanese | BudouX finds phrases, ICU words in them | between phrases |
| Thai, Lao, Khmer, Burmese | ICU's dictionaries | at spaces, then between words |
| all others, Korean too | spaces | at spaces; inside a long word where pyphen knows the language |

After punctuation a break costs least everywhere. What `core.text.wholes` names, words of the user with spaces or Latin
letters in them, and what kinsoku forbids is never parted.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

import budoux
from icu4py.breakers import LineBreaker, WordBreaker

from layoutgen.core.errors import Refusal
from layoutgen.core.layout import Element
from layoutgen.core.metrics.judge import split_words
from layoutgen.core.text import wholes
from layoutgen.core.text.breaking import AFFIX, HYPHEN, LOOSE, PAUSE, SPLIT, WORD, Break

VERSION = "breaks-1"

# No line starts with the first or ends with the second (GB/T 15834, JIS X 4051), beyond what ICU forbids.
_NOT_FIRST = frozenset("、。，．：；！？…—·・％%）」』】》〉’”〕］｝,.:;!?)]}°℃‰々〻ー～〜~゛゜ゝゞヽヾ")
_NOT_LAST = frozenset("（「『【《〈‘“〔［｛([{￥¥$€£₩฿₽₹₺₫₪#@№")
_PAUSES = frozenset("，。、；：！？,.;:!?—–…|｜・、،؛؟।។၊။")
_LONGEST_WORD, _OFTEN = 64, 1000
_SHORTEST_HYPHENATED, _KEPT_LETTERS = 10, 4
_SHORTEST_PARTED = 4
_HAN, _KANA = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〇]+"), re.compile("[\u3041-\u30ff]")
_JAPANESE = re.compile("[\u3005\u3041-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f]+")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7ff]")
_LETTERS = re.compile(r"[^\W\d_]+")
_DIGITS = ("Nd", "No")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_MIXED = re.compile(f"[0-9A-Za-z]*{_HAN.pattern}(?:[0-9A-Za-z]|{_HAN.pattern})*")
_OPENS = frozenset("cpdrm")  # parts of speech of which one letter may begin a line
_LATIN = ("eng", "m")
_MEND = "give a UTF-8 text file with a word a line"


@lru_cache(maxsize=20_000)
def breaks(text: str, language: str = "", words: str = "") -> tuple[Break, ...]:
    """Where lines of a text without doubled spaces may break, from left to right: in a language (BCP 47; "" where
    nobody says it: by its letters), and with the user's words of a file. Raises Refusal as `segmenter` does."""
    kind, own = _kind(text, language), _words(words)
    costs = {at: _plain(text, at) for at in _offsets(LineBreaker(text, _LOCALES.get(kind, "en-u-lb-strict")), text)}
    if kind in _PARTED:
        _PARTED[kind](text, own, costs)
    costs = {at: cost for at, cost in costs.items() if _may(text, at)}
    for start, end in [*wholes.spans(text), *own.spans(text)]:
        for at in range(start + 1, end):
            costs.pop(at, None)
    places = {at: Break(at, cost) for at, cost in costs.items()}
    for at in _hyphens(text, language, places):
        places[at] = Break(at, HYPHEN, hyphen=True)
    return tuple(places[at] for at in sorted(places))


def words_split(elements: Sequence[Element], language: str | None, words: str = "") -> int:
    """How many lines of a row's texts end in a word's middle: of a language, with the user's words of a file."""
    count = 0
    for element in elements:
        if len(element.lines) > 1:
            places = breaks(" ".join(element.text.split()), language or "", words)
            count += split_words(element, [each.at for each in places if each.cost < SPLIT])
    return count


def _kind(text: str, language: str) -> str:
    """`ko`, `ja`, `zh`, `zh-hant`, or the language itself: by what is said, else by the letters."""
    tag = language.lower().replace("_", "-")
    base = tag.split("-", maxsplit=1)[0]
    if _HANGUL.search(text):
        return "ko"
    if _KANA.search(text):
        return "ja"
    if not _HAN.search(text):
        return base
    if base == "ja":
        return "ja"
    if base == "zh" and ("hans" in tag or "hant" in tag or re.search(r"-(cn|sg|tw|hk|mo)\b", tag)):
        return "zh-hant" if re.search(r"-(hant|tw|hk|mo)\b", tag) and "hans" not in tag else "zh"
    han = "".join(_HAN.findall(text))  # letters that simplified writing has not: 機, and the Japanese 産
    others = () if _encodes(han, "gb2312") else (("big5", "zh-hant"), ("shift_jis", "ja"))
    return next((kind for encoding, kind in others if _encodes(han, encoding)), "zh")


def _encodes(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _offsets(breaker: LineBreaker | WordBreaker, text: str) -> list[int]:
    """A breaker's places, which it counts in UTF-16, in characters; neither the beginning nor the end."""
    ends = [end for _, end in breaker.segments()]
    if _ASTRAL.search(text):
        places, at = {}, 0
        for i, character in enumerate(text):
            places[at] = i
            at += 2 if ord(character) > 0xFFFF else 1
        ends = [places[end] for end in ends if end in places]
    return [end for end in ends if 0 < end < len(text)]


def _may(text: str, at: int) -> bool:
    """Tell whether kinsoku lets a line start here; a break stands behind spaces, never before them."""
    before = text[:at].rstrip()
    if text[at].isspace() or not before or text[at] in _NOT_FIRST or before[-1] in _NOT_LAST:
        return False
    if unicodedata.combining(text[at]):
        return False
    hyphen = before[-1] in "-‐/" and text[at - 1] == before[-1]
    return not hyphen or _parts(text, at)


def _parts(text: str, at: int) -> bool:
    """Tell whether a compound with a hyphen or slash is long enough to be parted behind it: Anti-Falten, not USB-C."""
    before, after = re.search(r"[^\W\d_]+$", text[: at - 1]), _LETTERS.match(text, at)
    return bool(before and after and min(len(before[0]), len(after[0])) >= _SHORTEST_PARTED)


def _plain(text: str, at: int) -> float:
    """What a break costs where no dictionary says more."""
    before, after = text[at - 1], text[at]
    last = text[:at].rstrip()[-1:]
    if last in _PAUSES and not (last in ".:,-" and after.isdigit()):
        return PAUSE
    if before != " ":
        sign = _is_sign(after) or (_is_sign(before) and text[at - 2 : at - 1] in ("", " "))
        return AFFIX if sign else LOOSE if before in "-‐/" else WORD
    word = text[: at - 1].rpartition(" ")[2]
    following = text[at:].partition(" ")[0]
    if _is_han(last) or _is_han(after):
        if _is_han(last) and _is_han(after):
            return PAUSE  # Chinese copy parts phrases with a space
        return AFFIX if 1 in (len(word), len(following)) else WORD  # 白 T, A 字裙
    if unicodedata.category(after) in _DIGITS or unicodedata.category(last) in _DIGITS:
        return LOOSE  # a number goes with its neighbours
    return WORD + 0.1 * (len(word) <= 3 and word.islower())


def _is_han(character: str) -> bool:
    return bool(_HAN.match(character))


def _is_sign(character: str) -> bool:
    """Tell whether a character is an emoji or another sign that is no letter."""
    return unicodedata.category(character) in ("So", "Sk") or character == "\ufe0f"


# Scripts whose words a dictionary parts.


def _chinese(text: str, own: "_Words", costs: dict[int, float]) -> None:
    for start, part in _runs(_MIXED, text):
        tokens = own.tokens(part)
        at, tied = start, False
        for i, (word, _) in enumerate(tokens):
            if i:
                cost, tied = _between(tokens, i, tied, own)
                if _is_han(text[at - 1]) or _is_han(text[at]):
                    costs[at] = cost
            for inner in range(at + 1, at + len(word)):
                if _is_han(text[inner - 1]) or _is_han(text[inner]):
                    costs[inner] = SPLIT
            at += len(word)


def _between(tokens: list[tuple[str, str]], i: int, tied: bool, own: "_Words") -> tuple[float, bool]:
    """What a break before word number `i` costs, and whether that word, of one letter, is tied to the one before, as
    the word before may be (`tied`) to its own."""
    (left, before), (right, kind) = tokens[i - 1 : i + 1]
    behind = tokens[i + 1][0] if i + 1 < len(tokens) else ""
    if before == "m" and (len(left) == 1 or kind[0] == "q"):
        return AFFIX, len(right) == 1  # 六|口袋, 3|代
    opens = kind[0] in _OPENS or kind == "eng" or (kind[0] in "va" and len(behind) > 1)
    if len(right) == 1 and not opens:
        return AFFIX, True  # 防晒|衣, 敏感|肌, 温和|的
    is_known = own.has(left) and own.has(right)
    if len(left) == 1 and before[0] != "u" and not (tied and is_known):
        return AFFIX, False  # 不|起球, 更|显瘦, 小|西装
    return (WORD if is_known or before in _LATIN or kind in _LATIN else LOOSE), False


def _traditional(text: str, own: "_Words", costs: dict[int, float]) -> None:
    words = {0, len(text), *_offsets(WordBreaker(text, "zh-Hant"), text)}
    for start, part in _runs(_HAN, text):
        for at in range(start + 1, start + len(part)):
            singles = at in words and (at - 1 in words or at + 1 in words)
            costs[at] = SPLIT if at not in words else AFFIX if singles else WORD


def _japanese(text: str, own: "_Words", costs: dict[int, float]) -> None:
    words = set(_offsets(WordBreaker(text, "ja"), text))
    for start, part in _runs(_JAPANESE, text):
        phrases, at = set(), start
        for phrase in _budoux().parse(part):
            at += len(phrase)
            phrases.add(at)
        for at in range(start + 1, start + len(part)):
            if at not in costs:  # kinsoku: ICU breaks before no small kana
                continue
            inflected = _HAN.match(text[at - 1]) and "\u3041" <= text[at] <= "\u309f"
            costs[at] = SPLIT if at not in words else WORD if at in phrases else SPLIT if inflected else AFFIX


def _korean(text: str, own: "_Words", costs: dict[int, float]) -> None:
    for at in costs:
        if text[at - 1] != " " and text[at - 1] not in _PAUSES:
            costs[at] = SPLIT


_PARTED: dict[str, Callable[[str, "_Words", dict[int, float]], None]] = {
    "zh": _chinese,
    "zh-hant": _traditional,
    "ja": _japanese,
    "ko": _korean,
}
_LOCALES = {"ja": "ja-u-lb-strict", "zh": "zh-u-lb-strict", "zh-hant": "zh-Hant-u-lb-strict", "ko": "ko-u-lb-strict"}


def _runs(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, str]]:
    return ((match.start(), match[0]) for match in pattern.finditer(text))


@cache
def _budoux() -> budoux.Parser:
    return budoux.load_default_japanese_parser()


def _hyphens(text: str, language: str, taken: dict[int, Break]) -> Iterator[int]:
    """Where long words may be parted with a hyphen, in a language that pyphen knows, where it is installed."""
    for word in _LETTERS.finditer(text):
        if len(word[0]) < _SHORTEST_HYPHENATED or word[0].isupper() or not word[0][-1].islower():
            continue
        parted = _hyphenator(language)
        if parted is None:
            return
        places = [0, *parted(word[0]), len(word[0])]
        for before, place, after in zip(places, places[1:], places[2:], strict=False):
            # A syllable of one letter is where patterns of compounds differ: Hau-t-un-rein.
            if min(place - before, after - place) < 2 or min(place, len(word[0]) - place) < _KEPT_LETTERS:
                continue
            if word.start() + place not in taken:
                yield word.start() + place


@cache
def _hyphenator(language: str) -> Callable[[str], list[int]] | None:
    """What tells where words of a language may be parted by a hyphen alone, no letter changed."""
    if not language:
        return None
    try:
        import pyphen
    except ImportError:
        return None
    if not pyphen.language_fallback(language):
        return None
    by_patterns = pyphen.Pyphen(lang=language)
    return lambda word: [int(place) for place in by_patterns.positions(word) if not place.data]


# The user's words.


class _Words:
    """jieba's dictionary with the user's words in it."""

    def __init__(self, own: tuple[str, ...]) -> None:
        self._chinese = [word for word in own if _HAN.fullmatch(word)]
        self._mixed = {*own} - {*self._chinese}
        self._longest = max(map(len, self._mixed), default=0)

    @cached_property
    def _jieba(self) -> Any:
        import rjieba  # a fifth of a second, and every stage reads this module

        jieba = rjieba.Jieba()
        for word in self._chinese:
            jieba.add_word(word, max(_OFTEN, jieba.suggest_freq(word)), "n")
        return jieba

    def tokens(self, text: str) -> list[tuple[str, str]]:
        """Chinese letters as words with their parts of speech."""
        return list(self._jieba.tag(text))

    def has(self, word: str) -> bool:
        """Tell whether a word is in a dictionary."""
        return bool(self._jieba.has_word(word))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the user's words stand that have other letters than Chinese ones, the longest from each place."""
        stretches, at = [], 0
        while self._mixed and at < len(text):
            most = min(self._longest, len(text) - at)
            size = next((n for n in range(most, 0, -1) if text[at : at + n] in self._mixed and _stands(text, at, n)), 0)
            if size:
                stretches.append((at, at + size))
            at += size or 1
        return stretches


def _stands(text: str, at: int, size: int) -> bool:
    """Tell whether a stretch is no part of a longer word of letters that have cases: NORTH in NORTHERN."""
    sides = (text[max(at - 1, 0) : at + 1], text[at + size - 1 : at + size + 1])
    return not any(len(side) == 2 and side.isalnum() and not any(map(_is_han, side)) for side in sides)


@lru_cache(maxsize=8)
def _words(path: str) -> _Words:
    return _Words(user_words(path))


def user_words(path: str) -> tuple[str, ...]:
    """The words of a user's file, one a line, in their order, and none without a file. Empty lines and lines that begin
    with `#` are none, and what stands behind a tab counts for nothing. Raises Refusal for a file that can't be read, is
    not UTF-8, or has a line that is no word."""
    if not path:
        return ()
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise Refusal(f"the words of place.words, {path}, can't be read ({error.strerror}); {_MEND}") from None
    except UnicodeDecodeError as error:
        bad = error.object[: error.start].count(b"\n") + 1
        raise Refusal(f"the words of place.words, {path}, are not UTF-8 in line {bad}; {_MEND}") from None
    words: dict[str, None] = {}
    for number, line in enumerate(text.split("\n"), 1):
        word = " ".join(line.split("\t")[0].split())
        if not word or word.startswith("#"):
            continue
        if len(word) > _LONGEST_WORD:
            raise Refusal(
                f"line {number} of the words of place.words, {path}, has {len(word)} characters, {word[:20]!r}…, and a "
                f"word has {_LONGEST_WORD} at most; {_MEND}"
            )
        words[word] = None
    return tuple(words)
