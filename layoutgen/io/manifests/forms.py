"""What the first bytes of a manifest say that it is: a file of another form is refused before a row of it is read.

`refuse` knows packed files, tables of other formats, other encodings, and JSON or CSV under each other's name;
`encoding_of` guesses at the encoding of text that is not UTF-8, for a message. Neither reads or converts anything.
"""

import codecs
import json
import re

from layoutgen.core.manifest.fields import NOT_DECODED
from layoutgen.io.manifests.columns import ManifestError

HEAD_BYTES = 1 << 16

_PACKED = (
    (b"\x1f\x8b", "packed with gzip", "unpack it"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd", "unpack it"),
    (b"BZh", "packed with bzip2", "unpack it"),
    (b"\xfd7zXZ\0", "packed with xz", "unpack it"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it"),
    (b"Rar!", "a RAR archive", "unpack it"),
    (b"\xd0\xcf\x11\xe0", "an Excel workbook (.xls)", "save the sheet as CSV UTF-8"),
    (b"PARE", "an encrypted Parquet file", "write it without encryption"),
    (b"ARROW1", "an Arrow (Feather) file", "write it as Parquet"),
    (b"ORC", "an ORC file", "write it as Parquet"),
    (b"Obj\x01", "an Avro file", "write it as Parquet"),
    (b"SQLite format 3\0", "an SQLite database", "export the table as CSV"),
    (b"%PDF", "a PDF", "give the table that it was made of"),
    (b"\x89PNG", "an image", "name its folder as the manifest"),
    (b"\xff\xd8\xff", "an image", "name its folder as the manifest"),
)
_MARKS = (  # the longer first: UTF-32's mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_DELIMITERS = {";": "';'", "\t": "tabs", "|": "'|'", ",": "','", "\x01": "'\\x01'", "^": "'^'", "，": "'，'"}


def refuse(head: bytes, uri: str, suffix: str, encoding: str) -> None:
    """Raise ManifestError where a file that begins with `head` is of another form than `suffix` and `encoding` say."""
    for magic, what, mend in _PACKED:
        if head.startswith(magic):
            raise ManifestError(f"manifest {uri} is {what}; {mend}")
    if head.startswith(b"PK\x03\x04"):
        is_book = b"xl/" in head or b"[Content_Types].xml" in head
        what = "an Excel workbook (.xlsx); save the sheet as CSV UTF-8" if is_book else "a zip archive; unpack it"
        raise ManifestError(f"manifest {uri} is {what}")
    if suffix == ".parquet":
        return
    if head.startswith(b"PAR1"):
        raise ManifestError(f"manifest {uri} is Parquet; name it .parquet")
    _refuse_encoding(head, uri, encoding)
    text = head.decode(encoding, "ignore").lstrip("\ufeff \t\r\n")
    if text.startswith("<"):
        is_page = re.match(r"<(!doctype html|html|head|body)\b", text, re.IGNORECASE)
        what = "an HTML page, as of an error; fetch the file again" if is_page else "XML; convert it to JSON lines"
        raise ManifestError(f"manifest {uri} is {what}")
    if suffix == ".csv":
        _refuse_json(text, uri)
    else:
        _refuse_other_json(text, uri, is_whole=len(head) < HEAD_BYTES)


def _refuse_encoding(head: bytes, uri: str, encoding: str) -> None:
    """Refuse text whose byte order mark, NUL bytes or UTF-8 sequences contradict the encoding."""
    family = re.sub("-(sig|le|be)$", "", codecs.lookup(encoding).name.replace("_", "-"))
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    actual = marked or _wide_encoding(head[:4096])
    if actual is None and head[:4096].count(0) * 50 > len(head[:4096]) and not family.startswith(("utf-16", "utf-32")):
        raise ManifestError(f"manifest {uri} holds NUL bytes: it is no text, or was damaged; write it again")
    if actual is None and not family.startswith("utf-") and _is_utf8(head):
        actual = "utf-8"
    if actual and not actual.startswith(family):
        name = actual[:6].upper()
        raise ManifestError(
            f"manifest {uri} is {name} text, not {encoding}; save it as UTF-8, or set input.encoding = {actual!r}"
        )


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 or UTF-32 without a mark, told by where the zero bytes of ASCII's characters stand."""
    zeros = [head[first::4].count(0) for first in range(4)]
    enough = len(head) // 20
    if min(zeros[1:]) > enough and zeros[0] * 10 < zeros[1]:
        return "utf-32-le"
    if min(zeros[:3]) > enough and zeros[3] * 10 < zeros[0]:
        return "utf-32-be"
    even, odd = zeros[0] + zeros[2], zeros[1] + zeros[3]
    if odd > enough and even * 10 <= odd:
        return "utf-16-le"
    return "utf-16-be" if even > enough and odd * 10 <= even else None


def _is_utf8(head: bytes) -> bool:
    """Tell whether bytes are surely UTF-8: whole sequences, several of them; by chance other encodings hardly are."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return sum(character > "\x7f" for character in text) >= 4


def _refuse_json(text: str, uri: str) -> None:
    if re.match(r'[\[{]\s*["{\[]', text):
        raise ManifestError(f"manifest {uri} is JSON; write one object a line and name it .jsonl")


def _refuse_other_json(text: str, uri: str, *, is_whole: bool) -> None:
    """Refuse what is JSON, but not one object a line, and what is CSV."""
    if re.match(r"\[\s*(\{|\[\s*[\[\"0-9]|\]\s*$|$)|\[\s*[\r\n]", text):
        raise ManifestError(f"manifest {uri} is one JSON array; write one object a line")
    first, rest = (*re.split("\r\n|\n|\r", text, maxsplit=1), "")[:2]
    if text.startswith("{") and rest and not _is_json(first):
        try:
            spans = json.JSONDecoder().raw_decode(text)[1] > len(first)
        except (ValueError, RecursionError) as error:
            # What ends with the head may go on after it; another fault is that of a bad first line.
            spans = not is_whole and getattr(error, "pos", 0) >= len(text) - 8 and not rest.lstrip().startswith("{")
        if spans:
            raise ManifestError(f"manifest {uri} has JSON objects over several lines; write one object a line")
    if not text.startswith(("{", "[", '"')) and parted_by(first):
        raise ManifestError(f"manifest {uri} is CSV (its first line is {first[:80]!r}); name it .csv")


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def parted_by(line: str) -> str | None:
    """Return the character that parts a CSV's header into columns of a manifest's names, if one does."""
    return next((delimiter for delimiter in _DELIMITERS if len(_known(line.split(delimiter))) > 1), None)


def other_delimiter(line: str, names: list[str], delimiter: str) -> str | None:
    """Return the character that parts a CSV's first line, where it is another than the one that gave `names`."""
    if line.startswith("sep=") and line[4:5] != delimiter:  # Excel's own way to say so
        return line[4:5] or None
    other = None if len(_known(names)) > 1 else parted_by(line)
    if other is None and len(names) == 1:
        most = max(_DELIMITERS, key=line.count)
        other = most if most in line and most != delimiter else None
    return other


def _known(names: list[str]) -> set[str]:
    return {name.strip().strip('"').strip() for name in names} & {
        *("product_id", "image", "images", "title", "cover", "video", "subtitle")
    }


def in_words(delimiter: str) -> str:
    """A delimiter as a message shows it."""
    return _DELIMITERS.get(delimiter, repr(delimiter))


def encoding_of(data: bytes) -> str | None:
    """Guess the encoding of text that is not UTF-8: the one in which most characters are common ones; None where no
    encoding gives a clear majority."""
    sample = b"\n".join(line for line in data.splitlines()[:200] if not line.isascii())[:HEAD_BYTES]
    scores = {name: _common_share(sample, name) for name in (*_COMMON, *_COMMON_BYTES, *_COMMON_LETTERS)}
    best = max(scores, key=lambda name: scores[name])
    return best if scores[best] > 0.6 else None


def encoding_of_line(text: str) -> str | None:
    """Guess the encoding of a line whose undecodable bytes were escaped, as `json_rows` does."""
    parts = NOT_DECODED.split(text)  # text, two hex digits, text …
    data = [bytes.fromhex(part) if place % 2 else part.encode() for place, part in enumerate(parts)]
    return encoding_of(b"".join(data)) if len(parts) > 1 else None


# The characters that an encoding's texts are mostly made of: kana and Hangul, the first bytes of GB2312's first level
# and of Big5's frequent characters, letters beside letters, accents among ASCII. Of two that fit alike the first is it.
_COMMON = {
    "shift_jis": re.compile("[\u3040-\u30ff]"),
    "euc_jp": re.compile("[\u3040-\u30ff]"),
    "euc_kr": re.compile("[\uac00-\ud7a3]"),
}
_COMMON_BYTES = {
    "gb18030": re.compile(rb"[\xb0-\xd7][\xa1-\xfe]|[\xa1-\xa3][\xa1-\xfe]"),
    "big5": re.compile(rb"[\xa4-\xc6][\x40-\x7e\xa1-\xfe]|[\xa1-\xa2][\x40-\x7e\xa1-\xfe]"),
}
_COMMON_LETTERS = {
    "windows-1251": re.compile("[\u0430-\u044f](?=[\u0430-\u044f])|(?<=[\u0430-\u044f])[\u0430-\u044f]"),
    "windows-1252": re.compile("(?<![\xa0-\xff])[\xc0-\xff](?![\xa0-\xff])|[\xa3\xa9\xae\xb0\u2018-\u201d\u20ac]"),
}


def _common_share(sample: bytes, encoding: str) -> float:
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 4:  # else the sample ends within a character
            return 0.0
        text = sample[: error.start].decode(encoding)
    foreign = max(1, sum(character > "\x7f" for character in text))
    if encoding in _COMMON_BYTES:
        return len(_COMMON_BYTES[encoding].findall(sample)) / foreign
    share = len((_COMMON | _COMMON_LETTERS)[encoding].findall(text)) / foreign
    # Half of Japanese text is kana, so that these count double.
    return min(1.0, 2 * share) if encoding in ("shift_jis", "euc_jp") else share
