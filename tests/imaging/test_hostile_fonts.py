"""Font files that ask for too much or lie: refused in a sentence, or used as far as they are right, within limits of
memory and time."""

import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.imaging.hostile_fonts import calling, changed, directory, nested, put
from tests.imaging.test_fonts import OPSZ, WGHT, font

MANY = 1 << 19


def _cmap(groups: int, *group: int, times: int = 1) -> Callable[[bytearray], bytes]:
    """A character map of format 12 that says it has so many groups."""
    head = struct.pack(">HHHHIHHIII", 0, 1, 3, 10, 12, 12, 0, 16 + 12 * times, 0, groups)
    return lambda _: head + struct.pack(">III", *group) * times


def _half(table: bytearray) -> bytearray:
    return table[: len(table) // 2]


def _cff_offsets(table: bytearray) -> bytes:
    return bytes(table[:4]) + b"\xff\xff\x04" + b"\xff" * 60 + bytes(table[67:])


def written(folder: Path) -> dict[str, bytes]:
    """Files by what is wrong with them."""
    source = folder / "source"
    source.mkdir()
    outlines, variable, cff = source / "g.ttf", source / "v.ttf", source / "c.otf"
    g, v, c = font(outlines).read_bytes(), font(variable, (OPSZ, WGHT)).read_bytes(), font(cff, cff=True).read_bytes()
    return {
        "more tables than the file": g[:4] + b"\xff\xff" + g[6:],
        "glyf of 4 GB": directory(g, b"glyf", length=0xFFFFFFF0),
        "glyf behind the end": directory(g, b"glyf", offset=0xFFFFFF00),
        "glyphs that are not there": changed(g, b"maxp", put(4, ">H", 65535)),
        "points without end": changed(g, b"maxp", put(6, ">HHHH", *[65535] * 4)),
        "outlines behind the end": changed(g, b"loca", lambda table: b"\xff\xf0" * (len(table) // 2)),
        "32767 contours": changed(g, b"glyf", put(0, ">h", 32767)),
        "65535 points": changed(g, b"glyf", put(10, ">H", 65534)),
        "an em of nothing": changed(g, b"head", put(18, ">H", 0)),
        "advances that are not there": changed(g, b"hhea", put(34, ">H", 65535)),
        "every character": changed(g, b"cmap", _cmap(1, 0, 0x10FFFF, 1)),
        "every character, often": changed(g, b"cmap", _cmap(MANY, 0, 0x10FFFF, 1, times=MANY)),
        "two billion groups": changed(g, b"cmap", _cmap(0x7FFFFFFF, 32, 126, 1)),
        "2 to the 40 parts": nested(outlines, depth=40),
        "part of itself": nested(outlines, depth=4, itself=True),
        "65535 axes": changed(v, b"fvar", put(8, ">H", 65535)),
        "axes cut short": changed(v, b"fvar", lambda table: table[:20]),
        "variations cut short": changed(v, b"gvar", _half),
        "variations of glyphs that are not there": changed(v, b"gvar", put(12, ">H", 65535)),
        "a variable font cut short": v[: len(v) * 2 // 3],
        "CFF cut short": changed(c, b"CFF ", _half),
        "CFF of 65535 outlines": changed(c, b"CFF ", _cff_offsets),
        "100 to the 8 calls": calling(cff, times=100, depth=9),
        "a WOFF that unpacks to 4 GB": b"wOFF"
        + struct.pack(">IIHHI", 0x10000, len(g), 1, 0, 0xFFFFFFFF)
        + bytes(24)
        + b"glyf"
        + struct.pack(">IIII", 64, 100, 0xFFFFFFFF, 0)
        + b"x" * 200,
    }


REFUSED = {
    "more tables than the file": "can't be read as a TrueType or OpenType font",
    "glyf of 4 GB": "is cut short",
    "glyf behind the end": "is cut short",
    "an em of nothing": "can't be read as a TrueType or OpenType font",
    "every character": "can't be read as a TrueType or OpenType font",
    "every character, often": "can't be read as a TrueType or OpenType font",
    "two billion groups": "can't be read as a TrueType or OpenType font",
    "2 to the 40 parts": "can't be read as a TrueType or OpenType font",
    "part of itself": "can't be read as a TrueType or OpenType font",
    "a variable font cut short": "is cut short",
    "CFF cut short": "can't be read as a TrueType or OpenType font",
    "CFF of 65535 outlines": "can't be read as a TrueType or OpenType font",
    "a WOFF that unpacks to 4 GB": "says of no Unicode character which glyph it has",
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What becomes of each file, in a process that may take 1 GiB and a minute of CPU time."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "fonts").mkdir()
    files = written(folder)
    for name, data in files.items():
        (folder / "fonts" / f"{name}.ttf").write_bytes(data)
    command = [sys.executable, "-m", "tests.imaging.hostile_fonts", str(folder / "fonts")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert {Path(line["file"]).stem for line in lines} == files.keys()
    return {Path(line["file"]).stem: line["outcome"] for line in lines}


def test_a_hostile_font_is_refused_in_a_sentence_with_its_path_or_used_and_takes_no_more_than_others(
    outcomes: dict[str, str],
) -> None:
    assert {name for name, outcome in outcomes.items() if outcome != "used"} == REFUSED.keys()
    for name, reason in REFUSED.items():
        assert f"{name}.ttf {reason}" in outcomes[name]
        assert "\n" not in outcomes[name] and "; " in outcomes[name]
