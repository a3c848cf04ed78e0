"""A text as a brand writes it: its case and its punctuation. No word is changed, none added or left out."""

import re

from layoutgen.core.brands.brand import Tone
from layoutgen.core.layout import Role

_LOUD = re.compile("[!！]+")
_END = re.compile(r"[.。,，、;；:：!！]+\s*$")
_DOTTED = ("tr", "az")  # languages whose i keeps its dot in capitals


def written(text: str, role: Role, tone: Tone, language: str | None = None) -> str:
    """A text of a role as the tone has it. `language` is its BCP 47 tag: Turkish and Azerbaijani have a dotted and a
    dotless i. Ellipses, question marks and what stands within a text are kept; nothing is made empty."""
    changed = text
    if tone.exclamation == "none":
        changed = _LOUD.sub(_calm, changed)
    if tone.end_punctuation == "none":
        changed = _END.sub(lambda end: end[0] if end[0].startswith("..") else "", changed)
    changed = _cased(changed, tone.cases.get(role, "as_is"), language)
    return changed if changed.strip() else text


def _calm(loud: re.Match[str]) -> str:
    """What stands instead of exclamation marks: a stop before more words, nothing before other signs or at the end."""
    after = loud.string[loud.end() :].lstrip()
    if not after or not after[0].isalnum():
        return ""
    return "。" if "！" in loud[0] else "."


def _cased(text: str, case: str, language: str | None) -> str:
    is_dotted = (language or "").split("-")[0].lower() in _DOTTED
    if case == "upper":
        return (text.replace("i", "İ").replace("ı", "I") if is_dotted else text).upper()
    if case == "lower":
        return (text.replace("I", "ı").replace("İ", "i") if is_dotted else text).lower()
    return text
