"""TensorBoard's event files: scalars as the records that it reads, made of a log's lines, without its packages.

A file is records of length (uint64), its masked CRC-32C, data, and the data's masked CRC-32C (TFRecord); data is an
`Event` message: wall_time = 1 (double), step = 2 (int64), file_version = 3, summary = 5 of values = 1, each with
tag = 1 and simple_value = 2 (float).
"""

import struct
from collections.abc import Iterable, Mapping
from typing import Any

_POLYNOMIAL = 0x82F63B78
_TABLE: list[int] = []
for _byte in range(256):
    _crc = _byte
    for _ in range(8):
        _crc = _crc >> 1 ^ (_POLYNOMIAL if _crc & 1 else 0)
    _TABLE.append(_crc)


def events(lines: Iterable[Mapping[str, Any]]) -> bytes:
    """An event file of lines with `kind`, `step`, `at` (seconds) and numbers, which become the scalars KIND/NAME."""
    found = bytearray(_record(_event(0.0, 0) + _field(3, b"brain.Event:2")))
    for line in lines:
        values = {
            f"{line['kind']}/{name}": value
            for name, value in line.items()
            if isinstance(value, int | float) and name not in ("step", "at")
        }
        summary = b"".join(
            _field(1, _field(1, tag.encode()) + b"\x15" + struct.pack("<f", value)) for tag, value in values.items()
        )
        if summary:
            found += _record(_event(float(line.get("at", 0.0)), int(line["step"])) + _field(5, summary))
    return bytes(found)


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli) of data."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _event(at: float, step: int) -> bytes:
    return b"\x09" + struct.pack("<d", at) + b"\x10" + _varint(step)


def _field(number: int, data: bytes) -> bytes:
    """A field of bytes."""
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def _masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)
