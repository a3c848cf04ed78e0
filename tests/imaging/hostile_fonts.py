"""Fonts that want a reader's memory or time, or lie about what they hold; and their trial in a process with limits:

python -m tests.imaging.hostile_fonts FOLDER    each file there, a JSON line each
"""

import json
import resource
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from fontTools.misc.psCharStrings import T2CharString
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from layoutgen.core.layout import Canvas, Element, Role
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.typography import set_lines
from layoutgen.imaging import drawing, fonts
from layoutgen.imaging.documents import font_subsets

MEMORY_BYTES, CPU_S = 1 << 30, 60
"""What a trial may take beyond what its process has at its beginning."""
_SUBR_BIAS = 107  # of fewer than 1240 subroutines
_TEXT = "Handmade abc 123"


def changed(data: bytes, tag: bytes, change: Callable[[bytearray], bytes | bytearray]) -> bytes:
    """A font file with a table changed, at the end of the file; checksums are left as they are."""
    whole = bytearray(data)
    (count,) = struct.unpack_from(">H", data, 4)
    for entry in range(12, 12 + 16 * count, 16):
        if data[entry : entry + 4] == tag:
            offset, length = struct.unpack_from(">II", data, entry + 8)
            table = bytes(change(bytearray(data[offset : offset + length])))
            struct.pack_into(">II", whole, entry + 8, len(whole), len(table))
            return bytes(whole) + table
    raise KeyError(tag)


def directory(data: bytes, tag: bytes, offset: int | None = None, length: int | None = None) -> bytes:
    """A font file whose directory says something else of where a table lies."""
    whole = bytearray(data)
    at = data.index(tag, 12)
    if offset is not None:
        struct.pack_into(">I", whole, at + 8, offset)
    if length is not None:
        struct.pack_into(">I", whole, at + 12, length)
    return bytes(whole)


def put(at: int, form: str, *values: int) -> Callable[[bytearray], bytearray]:
    """A change that writes numbers at a place of a table."""

    def change(table: bytearray) -> bytearray:
        struct.pack_into(form, table, at, *values)
        return table

    return change


def nested(path: Path, *, depth: int, itself: bool = False) -> bytes:
    """A font of which each letter is made of the next one twice; with `itself`, the last of the first again."""
    font = TTFont(path)
    names = font.getGlyphOrder()[1 : depth + 1]
    for name, part in zip(names, [*names[1:], names[0]] if itself else names[1:], strict=False):
        pen = TTGlyphPen({part: None})
        for shift in (0, 10):
            pen.addComponent(part, (1, 0, 0, 1, shift, 0))
        glyph = pen.glyph()
        glyph.xMin, glyph.yMin, glyph.xMax, glyph.yMax = 40, 0, 460, 700
        font["glyf"][name] = glyph
    out = path.with_name("nested.ttf")
    font.recalcBBoxes = False
    font.save(out)
    data = out.read_bytes()
    out.unlink()
    return data


def calling(path: Path, *, times: int, depth: int) -> bytes:
    """A CFF font whose letters call a subroutine, which calls the next one so many times, and so on."""
    font = TTFont(path, recalcBBoxes=False)
    cff = font["CFF "].cff
    for level in range(depth):
        last = level == depth - 1
        program = [1, 1, "rlineto"] if last else [level + 1 - _SUBR_BIAS, "callgsubr"] * times
        cff.GlobalSubrs.append(T2CharString(program=[*program, "return"], globalSubrs=cff.GlobalSubrs))
    letters = cff.topDictIndex[0].CharStrings
    for name in sorted(letters.keys()):
        letters[name].program = [0, 0, "rmoveto", -_SUBR_BIAS, "callgsubr", "endchar"]
    out = path.with_name("calling.otf")
    font.save(out)
    data = out.read_bytes()
    out.unlink()
    return data


def tried(path: Path) -> str:
    """Open a font, set, draw and subset a text in it: "used", or why it is refused."""
    try:
        face = fonts.typeface(fonts.face(str(path), fonts.BOLD).name, (str(path),))
    except ValueError as refusal:
        return str(refusal)
    setting = set_lines([_TEXT], face, 60)
    canvas = Canvas(600, 200)
    element = Element(Role.TITLE, (0.0, 0.0, 1.0, 0.9), _TEXT, setting.lines, face.name, 60, setting.line_height_px)
    drawing.draw(_ground(canvas), [with_runs(element, face, 600)], canvas, font_files=(str(path),))
    font_subsets.subset(fonts.by_name(face.name, (str(path),)), [_TEXT])
    return "used"


def _ground(canvas: Canvas) -> np.ndarray:
    return np.full((canvas.height, canvas.width, 3), 255, np.uint8)


def main() -> None:
    """Try the files of a folder within limits."""
    fonts.typeface("NotoSansSC-Bold")
    held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY_BYTES, held + MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    for path in sorted(Path(sys.argv[1]).iterdir()):
        print(json.dumps({"file": path.name, "outcome": tried(path)}), flush=True)


if __name__ == "__main__":
    main()
