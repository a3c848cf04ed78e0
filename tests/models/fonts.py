"""A small font of one's own."""

import string
from pathlib import Path

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

LETTERS = string.ascii_letters + string.digits + " .,-"


def block_font(path: Path, width: int = 600, letters: str = LETTERS) -> Path:
    """Write a font whose letters are blocks of one advance width, in thousandths of an em; return the path."""
    pen = TTGlyphPen(None)
    for move, point in (("moveTo", (50, 0)), ("lineTo", (50, 700)), ("lineTo", (500, 700)), ("lineTo", (500, 0))):
        getattr(pen, move)(point)
    pen.closePath()
    block = pen.glyph()
    glyphs = {letter: f"u{ord(letter):04X}" for letter in letters}
    names = [".notdef", *glyphs.values()]
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(letter): name for letter, name in glyphs.items()})
    font.setupGlyf(dict.fromkeys(names, block))
    font.setupHorizontalMetrics(dict.fromkeys(names, (width, 50)))
    font.setupHorizontalHeader(ascent=880, descent=-120)
    font.setupNameTable({"familyName": "Blocks", "styleName": "Regular"})
    font.setupOS2(sTypoAscender=880, sTypoDescender=-120)
    font.setupPost()
    font.font["head"].created = font.font["head"].modified = 0  # the same bytes on every day
    path.parent.mkdir(parents=True, exist_ok=True)
    font.save(path)
    return path
