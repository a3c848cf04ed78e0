"""Texts measured and drawn a second: HarfBuzz with bidirectional order, fallback fonts and shaping, against Pillow's
basic layout, which sets glyph beside glyph from one font.

    python -m benchmarks.text [--titles N] [--full]

Rates are of CPU time. Cases, each with both engines in one process, on Chinese and Latin titles of which Pillow's one
font has all letters:

- `measure`: widths of titles and of their parts at 12 sizes, as line breaking and fitting ask for them
- `draw`: texts drawn at 26 to 97 px on a canvas of 1080 x 1080 px, five a picture
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.benchmark import Benchmark
from layoutgen.core.layout import Canvas, Element, Role, from_px
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.typography import set_lines
from layoutgen.imaging import drawing, fonts

BENCHMARK = Benchmark(
    "text", "titles measured and pictures drawn a second", "Pillow's basic layout of glyphs", seconds=10,
    full="2000 titles, about a minute", uses="one core",
)  # fmt: skip
_SIZES = (26, 31, 37, 44, 52, 61, 70, 79, 86, 97, 113, 130)
_WORDS = ("轻薄", "静音", "破壁机", "多功能", "连衣裙", "夏季", "收腰", "Pro", "Max", "Linen", "shirt", "AVATAR")
_CANVAS = Canvas(1080, 1080)
_RECTANGLE = (60, 96, 42, 40, 26)  # font sizes of a picture's texts, px


def main() -> None:
    """Both cases."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--titles", 300, 2000)
    given = parser.parse_args()
    rng = np.random.default_rng(7)
    titles = [" ".join(rng.choice(_WORDS, 5)) + str(i) for i in range(given.titles)]
    face = fonts.typeface("NotoSansSC-Bold")
    opened = {px: _pillow(px) for px in {*_SIZES, *_RECTANGLE}}
    ours = _rate(titles, lambda title: [face.width(part, px) for px in _SIZES for part in _parts(title)])
    widths: dict[tuple[str, int], float] = {}

    def pillow(part: str, px: int) -> float:
        if (part, px) not in widths:
            widths[part, px] = opened[px].getlength(part)
        return widths[part, px]

    theirs = _rate(titles, lambda title: [pillow(part, px) for px in _SIZES for part in _parts(title)])
    BENCHMARK.compare("measure", ours, theirs, "titles/s", titles=given.titles, sizes=len(_SIZES))
    pictures = [titles[i : i + 5] for i in range(0, len(titles) - 4, 5)]
    BENCHMARK.compare("draw", _rate(pictures, _draw), _rate(pictures, lambda texts: _draw_plainly(texts, opened)),
                      "pictures/s", pictures=len(pictures))  # fmt: skip


def _parts(title: str) -> list[str]:
    return [title, *title.split()]


def _pillow(px: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(fonts.SIMPLIFIED, px, layout_engine=ImageFont.Layout.BASIC)
    font.set_variation_by_axes([700])
    return font


def _rate(items: Sequence[Any], work: Callable[[Any], object]) -> float:
    start = time.process_time()
    for item in items:
        work(item)
    return len(items) / (time.process_time() - start)


def _ground() -> np.ndarray:
    return np.full((_CANVAS.height, _CANVAS.width, 3), 230, np.uint8)


def _draw(texts: Sequence[str]) -> None:
    face = fonts.typeface("NotoSansSC-Bold")
    elements, top = [], 40
    for text, px in zip(texts, _RECTANGLE, strict=True):
        setting = set_lines([text], face, px)
        box = from_px((40, top, 40 + setting.width_px, top + setting.height_px), _CANVAS.width, _CANVAS.height)
        element = Element(Role.TITLE, box, text, setting.lines, face.name, px, setting.line_height_px)
        elements.append(with_runs(element, face, setting.width_px))
        top += setting.height_px
    drawing.draw(_ground(), elements, _CANVAS)


def _draw_plainly(texts: Sequence[str], opened: dict[int, ImageFont.FreeTypeFont]) -> None:
    page = Image.fromarray(_ground())
    pen, top = ImageDraw.Draw(page), 40
    for text, px in zip(texts, _RECTANGLE, strict=True):
        pen.text((40, top + px), text, font=opened[px], fill="#000000", anchor="ls")
        top += round(1.28 * px)
    np.asarray(page)


if __name__ == "__main__":
    main()
