"""Which way a text runs: its base direction, by the rules of the Unicode bidirectional algorithm (UAX #9) and by the
language that it is in."""

import re
import unicodedata
from typing import Literal

Direction = Literal["ltr", "rtl"]

_INITIATORS = ("LRI", "RLI", "FSI")
_LEFTWARD = ("R", "AL")
_LANGUAGES = {
    "ar", "arc", "ary", "arz", "azb", "bal", "ckb", "dv", "fa", "glk", "he", "iw", "khw", "ks", "lrc", "mzn", "nqo",
    "pnb", "prs", "ps", "sd", "sdh", "skr", "syr", "ug", "ur", "yi",
}  # fmt: skip
_SCRIPTS = {"adlm", "arab", "aran", "hebr", "mand", "nkoo", "rohg", "samr", "syrc", "thaa"}
_SCRIPT = re.compile(r"[-_]([A-Za-z]{4})(?:[-_]|$)")


def base_direction(text: str, language: str | None = None) -> Direction:
    """The direction of a text's first strong character, what stands in isolates passed over (rules P2 and P3): "rtl"
    for Hebrew's or Arabic's kind of letter, else "ltr". Of several paragraphs, the first one that has such a character
    decides. Where the `language` (BCP 47) is written from right to left, one such letter anywhere is enough (HL1): a
    product's name in Latin letters may come first."""
    if text.isascii():
        return "ltr"
    if language and is_leftward(language) and any(unicodedata.bidirectional(char) in _LEFTWARD for char in text):
        return "rtl"
    depth = 0
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind == "B":
            depth = 0  # an isolate that is not closed ends with its paragraph
        elif kind in _INITIATORS:
            depth += 1
        elif kind == "PDI":
            depth = max(0, depth - 1)
        elif depth == 0 and kind in ("L", *_LEFTWARD):
            return "ltr" if kind == "L" else "rtl"
    return "ltr"


def is_leftward(language: str) -> bool:
    """Tell whether a language (BCP 47) is written from right to left; the script decides where the tag has one."""
    script = _SCRIPT.search(language)
    return script[1].lower() in _SCRIPTS if script else re.split("[-_]", language.lower())[0] in _LANGUAGES
