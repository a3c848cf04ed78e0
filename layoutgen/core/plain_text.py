"""Copy as it may be set: composed Unicode on one line, without characters that show nothing or do something."""

import re
import unicodedata

# Tabs and line breaks become spaces; other controls, embedded text directions and byte order marks go.
_CONTROLS: dict[int, str | None] = dict.fromkeys([*range(32), *range(127, 160), *range(0x202A, 0x202F), 0xFEFF])
_CONTROLS |= dict.fromkeys(range(0x2066, 0x206A)) | dict.fromkeys([*range(9, 14), 0x85, 0x2028, 0x2029], " ")
_INVISIBLE = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]*"
)


def clean(text: str) -> str | None:
    """Return text in NFC, on one line, without control characters; None where nothing of it would show."""
    if not text.isprintable():
        text = re.sub(" {2,}", " ", text.translate(_CONTROLS))
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    return None if _INVISIBLE.fullmatch(text) else text.strip()


def is_unicode(text: str) -> bool:
    """Tell whether text is whole characters; JSON's escapes can spell half of one (a lone surrogate)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
