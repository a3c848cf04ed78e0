"""Text and attributes as XML takes them, whatever the copy holds."""

import re
from xml.sax.saxutils import escape

# What XML 1.0 forbids: control characters but tab and line breaks, surrogates, and U+FFFE and U+FFFF.
_ILLEGAL = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def legal(text: str) -> str:
    """Text without the characters that XML forbids."""
    return _ILLEGAL.sub("", text)


def content(text: str) -> str:
    """Text between tags."""
    return escape(legal(text))


def attribute(value: str) -> str:
    """The value of an attribute in double quotes, with the quotes."""
    return f'"{escape(legal(value), {chr(34): "&quot;", chr(10): "&#10;", chr(13): "&#13;", chr(9): "&#9;"})}"'
