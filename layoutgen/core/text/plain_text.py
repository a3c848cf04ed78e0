"""Copy as it may be set: composed Unicode on one line, free of what exports leave in it and of characters that show
nothing or do something. What was taken out is told, so that a row can note it.

Not a reader of HTML: tags are known by name, so that `3 < 5`, `a<b` and `R&D` stay as they are.
"""

import html
import re
import unicodedata

ENTITIES, MARKUP, HIDDEN = "entities were read", "markup was taken out", "characters that show nothing were taken out"
LOST = "holds \ufffd, where a character was lost before; mend it at its source"
MISREAD = "looks like UTF-8 that was read as Windows-1252; mend it at its source"

_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
_BLOCKS = (
    "address|article|aside|blockquote|body|br|caption|center|dd|div|dl|dt|fieldset|figcaption|figure|footer|form|"
    "h[1-6]|head|header|hr|html|li|main|nav|ol|option|p|pre|section|table|tbody|td|tfoot|th|thead|title|tr|ul"
)
_INLINE = (
    "abbr|acronym|b|bdi|bdo|big|button|cite|code|data|del|dfn|em|font|i|iframe|img|input|ins|kbd|label|link|mark|meta|"
    "nobr|o:p|picture|rp|rt|ruby|samp|select|small|source|span|strike|strong|sub|sup|svg|time|tt|var|video|wbr"
)
_ATTRIBUTE = r"""\s+[a-zA-Z_:@][\w:.\-]*\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>=]+)"""
_UNSEEN = re.compile(
    r"<!--(?:(?!<!--).)*?-->|<(script|style)\b[^<>]*>(?:(?!<\1).)*?</\1\s*>", re.IGNORECASE | re.DOTALL
)
_CDATA = re.compile(r"<!\[CDATA\[((?:(?!<!\[CDATA).)*?)\]\]>", re.DOTALL)
_BREAK = re.compile(rf"</?(?:{_BLOCKS})(?:{_ATTRIBUTE})*\s*/?>", re.IGNORECASE)
_TAG = re.compile(rf"</?(?:{_INLINE})(?:{_ATTRIBUTE})*\s*/?>|<!doctype [^<>]*>", re.IGNORECASE)
# `<S>` alone may be a size: these are tags where they have an attribute or are closed.
_LETTER = re.compile(rf"<(/?)([aqsu])((?:{_ATTRIBUTE})*)\s*/?>", re.IGNORECASE)

_SPACES = dict.fromkeys([*range(9, 14), 0x85, 0x2028, 0x2029, 0x3164, 0xFFA0], " ")  # the last two: Hangul fillers
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_MARKS = "\u061c\u200e\u200f"  # directions: of use beside right-to-left letters only
# Joiners shape what follows Indic and Arabic letters and marks, and bind emoji; tags after a black flag are a region's.
_JOINED = (
    "\u0590-\u1cff\u2190-\u2bff\u3030\u303d\u3297\u3299\ua800-\uabff\ufe0f\U00010a00-\U00011fff\U0001f000-\U0001ffff"
)
_FORMAT = re.compile(
    f"(\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f|(?<=[{_JOINED}])[\u200c\u200d](?=\\S))|"
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u17b4\u17b5\u180e\u200b-\u200f\u061c\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]"
)
_INVISIBLE = re.compile(
    r"[\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff]*"
)
_MISREAD = re.compile("[\u00c2-\u00c3\u00e2][\u0080-\u00bf\u0152-\u0178\u02c6\u02dc\u2013-\u203a\u20ac\u2122]")


def clean(text: str) -> tuple[str | None, tuple[str, ...]]:
    """Return text in NFC, on one line, without markup, controls and format characters, None where nothing of it would
    show; and what was done to it beyond spaces and composition, in words."""
    notes: list[str] = []
    if "&" in text or "<" in text:
        text, notes = _without_markup(text)
    if not text.isprintable():
        text = text.translate(_SPACES)
        kept = _without_format(text)
        if kept != text:
            notes.append(HIDDEN)
        text = re.sub(" {2,}", " ", kept)
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        notes += _doubts(text)
    return None if _INVISIBLE.fullmatch(text) else text.strip(), tuple(notes)


def _without_markup(text: str) -> tuple[str, list[str]]:
    """Read entities, also those of text that was escaped twice, and take out tags; a break is a space."""
    read = text
    for _ in range(2):
        read = _ENTITY.sub(lambda entity: html.unescape(entity[0]), read)
    plain = _without_tags(read) if "<" in read else read
    notes = [note for note, is_so in ((ENTITIES, read != text), (MARKUP, plain != read)) if is_so]
    return (re.sub(r"[ \t\r\n]{2,}", " ", plain) if notes else text), notes


def _without_tags(text: str) -> str:
    text = _TAG.sub("", _BREAK.sub(" ", _CDATA.sub(r"\1", _UNSEEN.sub(" ", text))))
    closed = {tag[2].lower() for tag in _LETTER.finditer(text) if tag[1]}
    return _LETTER.sub(lambda tag: "" if tag[1] or tag[3] or tag[2].lower() in closed else tag[0], text)


def _without_format(text: str) -> str:
    marks = _MARKS if _RIGHT_TO_LEFT.search(text) else ""
    return _FORMAT.sub(lambda found: found[0] if found[1] or found[0] in marks else "", text)


def _doubts(text: str) -> list[str]:
    """What looks wrong with a text and can't be mended here."""
    doubts = [LOST] if "\ufffd" in text else []
    if _MISREAD.search(text):
        try:
            text.encode("cp1252").decode()
            doubts.append(MISREAD)
        except UnicodeError:
            pass
    return doubts


def is_unicode(text: str) -> bool:
    """Tell whether text is whole characters; JSON's escapes can spell half of one (a lone surrogate)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
