"""Image files without what stands beside their pixels: for files whose metadata a decoder can't take.

Texts, editing histories, thumbnails and second pictures are left out; what the pixels mean (transparency, orientation,
colour profile) is kept where it can be read. Pixels are copied as they stand: what is damaged or cut off stays so.
Nothing is unpacked beyond `MOST_PROFILE_BYTES`.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from layoutgen.imaging.colour_profiles import UNREADABLE

SKIPPED = "metadata that is broken or too large was skipped"
MOST_PROFILE_BYTES = 4 << 20
_MOST_EXIF_BYTES = 1 << 20


@dataclass(frozen=True)
class ImageFile:
    """An image file's bytes, the ICC profile that was taken out of them, if one was, and what a row says of that."""

    data: bytes
    profile: bytes | None = None
    notes: tuple[str, ...] = ()


def without_metadata(data: bytes) -> ImageFile:
    """The file without what its pixels don't need; as it is where of its format nothing can be left out."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return _png(data)
    if data.startswith(b"\xff\xd8"):
        return ImageFile(b"".join(_jpeg_parts(data)), notes=(SKIPPED,))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data[:4] in (b"II*\x00", b"MM\x00*"):
        return _tiff(data)
    return ImageFile(data)


_PNG_PIXELS = (b"IHDR", b"PLTE", b"IDAT", b"IEND")
_PNG_MOTION = (b"acTL", b"fcTL", b"fdAT")


def _png(data: bytes) -> ImageFile:
    chunks = list(_png_chunks(data))
    header = next((body for kind, body, _ in chunks if kind == b"IHDR"), b"")
    moves = _is_in_sequence([body for kind, body, _ in chunks if kind in (b"fcTL", b"fdAT")])
    kept, profile, notes = [data[:8]], None, [SKIPPED]
    for kind, body, whole in chunks:
        if kind in _PNG_PIXELS or (kind in _PNG_MOTION and moves):
            kept.append(whole)
        elif kind == b"iCCP":
            profile = _png_profile(body)
            notes += [] if profile else [UNREADABLE]
        elif _is_meaning(kind, body, header):
            kept.append(_png_chunk(kind, body))  # a wrong checksum is no reason to show what was hidden
    return ImageFile(b"".join(kept), profile, tuple(notes))


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Kind, body and all bytes of each chunk up to the end; bodies of pixels are left empty, to copy them once."""
    at = 8
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        body = b"" if kind == b"IDAT" else data[at + 8 : at + 8 + length]
        yield kind, body, data[at:end]
        if kind == b"IEND":
            return
        at = end


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png_profile(body: bytes) -> bytes | None:
    """The profile of an iCCP chunk; it is used where it unpacks whole, which its own checksum tells."""
    _, _, packed = body.partition(b"\0")
    unpacking = zlib.decompressobj()
    try:
        profile = unpacking.decompress(packed[1:], MOST_PROFILE_BYTES)
    except zlib.error:
        return None
    return profile if unpacking.eof else None


def _is_meaning(kind: bytes, body: bytes, header: bytes) -> bool:
    """Tell whether a chunk says what the pixels mean, and its length is right: transparency for the kind of pixels that
    the header names, orientation, colours."""
    colours = header[9] if len(header) >= 10 else -1
    clear = {0: len(body) >= 2, 2: len(body) >= 6, 3: 1 <= len(body) <= 256}.get(colours, False)
    return {b"tRNS": clear, b"eXIf": len(body) <= _MOST_EXIF_BYTES, b"cICP": len(body) == 4}.get(kind, False)


def _is_in_sequence(bodies: list[bytes]) -> bool:
    return all(body[:4] == struct.pack(">I", number) for number, body in enumerate(bodies))


_JPEG_APPS = {0xE0: b"JFIF\0", 0xE1: b"Exif\0\0", 0xE2: b"ICC_PROFILE\0", 0xEE: b"Adobe"}
"""Segments beside the pixels that tell what the pixels mean, and how each begins."""
_JPEG_LEAST = {0xE0: 14, 0xE1: 14, 0xE2: 15, 0xEE: 12}


def _jpeg_parts(data: bytes) -> Iterator[bytes]:
    yield data[:2]
    at = 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        marker = data[at + 1]
        if marker in (0x00, 0xFF) or marker == 0x01 or 0xD0 <= marker <= 0xD8:
            at += 1 if marker == 0xFF else 2
            continue
        if marker in (0xDA, 0xD9):  # from the first scan on, all is pixels
            yield data[at:]
            return
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        body = data[at + 4 : at + 2 + length]
        beside = 0xE0 <= marker <= 0xEF or marker == 0xFE
        if beside and (length < 2 or at + 2 + length > len(data) or data[at + 2 + length] != 0xFF):
            at += 2  # its length is wrong: the next marker is looked for
            continue
        wanted = _JPEG_APPS.get(marker)
        if not beside or (wanted is not None and body.startswith(wanted) and len(body) >= _JPEG_LEAST[marker]):
            yield data[at : at + 2 + length]
        at += 2 + max(2, length)


_WEBP_PIXELS = (b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L")
_WEBP_ICC, _WEBP_EXIF, _WEBP_XMP = 0x20, 0x08, 0x04


def _webp(data: bytes) -> ImageFile:
    parts, at = [], 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        whole = data[at : at + 8 + length + length % 2]
        if kind == b"VP8X" and len(whole) > 8:
            parts.append(whole[:8] + bytes([whole[8] & ~(_WEBP_EXIF | _WEBP_XMP)]) + whole[9:])
        elif kind in _WEBP_PIXELS:
            parts.append(whole)
        at += 8 + length + length % 2
    body = b"WEBP" + b"".join(parts)
    return ImageFile(b"RIFF" + struct.pack("<I", len(body)) + body, notes=(SKIPPED,))


_TIFF_PIXELS = (
    {254, 256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320}
    | {322, 323, 324, 325, 338, 339, 347, 512, 513, 514, 519, 520, 521, 529, 530, 531, 532, 34675}
)  # fmt: skip
"""Tags that say how pixels are stored; 274 is the orientation, 34675 the colour profile."""


def _tiff(data: bytes) -> ImageFile:
    """The file with a directory of the first page that names only what its pixels need."""
    order = "<" if data[:2] == b"II" else ">"
    at = struct.unpack_from(order + "I", data, 4)[0] if len(data) >= 8 else len(data)
    if at + 2 > len(data):
        return ImageFile(data)
    (count,) = struct.unpack_from(order + "H", data, at)
    entries = [data[at + 2 + 12 * k : at + 14 + 12 * k] for k in range(count)]
    kept = {
        tag: entry
        for entry in reversed(entries)  # of a tag that stands twice the first counts
        if len(entry) == 12 and (tag := struct.unpack_from(order + "H", entry)[0]) in _TIFF_PIXELS
    }
    directory = struct.pack(order + "H", len(kept)) + b"".join(kept[tag] for tag in sorted(kept)) + bytes(4)
    even = bytes(len(data) % 2)
    head = data[:4] + struct.pack(order + "I", len(data) + len(even))
    return ImageFile(head + data[8:] + even + directory, notes=(SKIPPED,))
