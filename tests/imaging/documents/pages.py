"""Layouts to write as files: a drawn product, underlays, logo and copy of several scripts, set by hand."""

import zlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from layoutgen.core.framing import cover
from layoutgen.core.layout import Box, Canvas, Element, Framing, Ornament, Role, Scrim, Tile, from_px
from layoutgen.core.shapes.ornaments import KINDS
from layoutgen.core.shapes.pictures import EDGES
from layoutgen.core.shapes.underlays import OPEN, SHAPES
from layoutgen.core.text.direction import base_direction
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.typography import line_height
from layoutgen.goods.catalogue import logo
from layoutgen.goods.shots import SHOTS
from layoutgen.imaging import fonts
from layoutgen.imaging.documents.page import Page, Provenance

PROVENANCE = Provenance(
    "kettle-pine@1080x1080", "20260102T030405Z-abc", "rules-1", None, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
)
SIZES = (Canvas(1080, 1080), Canvas(1080, 1440), Canvas(1920, 1080), Canvas(750, 1000), Canvas(1200, 628))
LATIN = ("Kettle & Pine", "Brews “quietly” in 3 min", "AVA To: €19.90")
CHINESE = ("法式复古连衣裙", "深层补水，温和不刺激", "限时￥299起")
COPIES = {
    "Latin": LATIN,
    "Han": CHINESE,
    "Kana": ("軽くて走れる靴", "グリップのよい底", "今だけ 9,800円"),
    "Hangul": ("가볍고 편한 운동화", "미끄럼 방지 밑창", "오늘만 59,000원"),
    "Arabic": ("قميص كتان صيفي", "قماش VALE خفيف وناعم", "خصم 30% الآن"),
    "Hebrew": ("שמלת וינטג׳ קיצית", "בד נושם (100% כותנה)", "רק ₪199"),
    "Thai": ("รองเท้าวิ่งน้ำหนักเบา", "พื้นกันลื่น ใส่สบาย", "เพียง ฿1,290"),
    "Devanagari": ("हल्के दौड़ने के जूते", "फिसलन-रोधी तला", "केवल ₹1,499"),
    "Khmer": ("ស្បែកជើងរត់ស្រាល", "បាតមិនរអិល", "ត្រឹមតែ $29"),
    "Vietnamese": ("Ấm đun siêu tốc", "Sôi sau 3 phút", "Chỉ 499.000 ₫"),
}
FONTS = {
    "Kana": "NotoSansJP-Bold",
    "Hangul": "NotoSansKR-Bold",
    "Arabic": "NotoSansArabic-Bold",
    "Hebrew": "NotoSansHebrew-Bold",
    "Thai": "NotoSansThai-Bold",
    "Devanagari": "NotoSansDevanagari-Bold",
    "Khmer": "NotoSansKhmer-Bold",
    "Vietnamese": "NotoSans-Bold",
}
LANGUAGES = {
    "Han": "zh-Hans",
    "Kana": "ja",
    "Hangul": "ko",
    "Arabic": "ar",
    "Hebrew": "he",
    "Thai": "th",
    "Devanagari": "hi",
    "Khmer": "km",
    "Vietnamese": "vi",
}
_shots: dict[str, np.ndarray] = {}


def photo(name: str = "kettle-pine") -> np.ndarray:
    """A drawn product, (h, w, 3)."""
    if name not in _shots:
        _shots[name] = np.asarray(SHOTS[name].picture(np.random.default_rng([0, zlib.crc32(name.encode())])))
    return _shots[name]


def mark() -> np.ndarray:
    """A logo with transparency, (h, w, 4)."""
    return np.asarray(logo("山野").convert("RGBA"))


def text(role: Role, lines: tuple[str, ...], box_px: Box, canvas: Canvas, **style: Any) -> Element:
    """A text set by hand; `font_px` is a third of the box's height for each line, where none is given."""
    px = int(style.pop("font_px", (box_px[3] - box_px[1]) / len(lines) / 1.3))
    fields: dict[str, Any] = {
        "font": "NotoSansSC-Bold",
        "colour": "#ffffff",
        "z": 2,
        "direction": base_direction(" ".join(lines)),
    }
    box = from_px(box_px, canvas.width, canvas.height)
    return Element(role, box, " ".join(lines), lines, font_px=px, line_height_px=line_height(px), **(fields | style))


def layout(canvas: Canvas, copy: tuple[str, str, str] = LATIN, alignment: str = "left", **style: Any) -> list[Element]:
    """Title on an underlay, a point with stroke and shadow, a price on a round ground, and a logo."""
    w, h = canvas.width, canvas.height
    m = round(0.05 * min(w, h))
    block = (m, m, round(0.62 * w), m + round(0.34 * h))
    inner = (block[0] + m, block[1] + m // 2, block[2] - m, block[1] + round(0.2 * h))
    size = min(round(0.09 * h), round((inner[2] - inner[0]) / 8))
    pill = (m, round(0.82 * h), m + round(0.4 * w), round(0.82 * h) + round(0.1 * h))
    size_pill = round(0.045 * h)
    middle = (pill[1] + pill[3] - line_height(size_pill)) / 2
    words = (pill[0], middle, pill[2], middle + line_height(size_pill))
    below = (inner[0], block[1] + round(0.22 * h), inner[2], block[1] + round(0.32 * h))
    style = {"font": "NotoSansSC-Bold"} | style
    return [
        Element(Role.UNDERLAY, from_px(block, w, h), colour="#17324d", opacity=0.82, radius_px=24),
        text(Role.TITLE, (copy[0],), inner, canvas, font_px=size, alignment=alignment, underlay=0, **style),
        text(Role.SELLING_POINT, (copy[1],), below, canvas, font_px=size // 2, alignment=alignment, stroke_px=2,
             stroke="#000000", shadow=0.4, underlay=0, **style),
        Element(Role.UNDERLAY, from_px(pill, w, h), colour="#e8442e", radius_px=(pill[3] - pill[1]) // 2),
        text(Role.PRICE, (copy[2],), words, canvas, font_px=size_pill, alignment="center", underlay=3, **style),
        Element(Role.LOGO, (0.78, 0.04, 0.96, 0.14), z=3),
    ]  # fmt: skip


def written_in(script: str, canvas: Canvas = SIZES[0], mark: str = "", **style: Any) -> Page:
    """A page whose copy is in a script, and its texts in runs, as rows have them; `mark` tells it from others."""
    language = LANGUAGES.get(script, "en")
    title, point, price = COPIES[script]
    style = {"font": FONTS.get(script, "NotoSansSC-Bold"), **style}
    whole = page(canvas, (title, f"{point}{mark}", price), **style)
    elements = (_in_runs(element, language, canvas) if element.lines else element for element in whole.elements)
    return replace(whole, elements=tuple(elements), language=language)


def _in_runs(element: Element, language: str, canvas: Canvas) -> Element:
    face = fonts.typeface(element.font, (), language, base_direction(element.text))
    return with_runs(element, face, (element.box[2] - element.box[0]) * canvas.width)


def page(canvas: Canvas = SIZES[0], copy: tuple[str, str, str] = LATIN, **style: Any) -> Page:
    """A whole page; the photo fills the canvas, or a panel of it where that is wide."""
    rows, columns = photo().shape[:2]
    bleed = Framing(cover(canvas.width / canvas.height, columns / rows, (0.5, 0.5)))
    is_wide = canvas.width > 1.4 * canvas.height
    framing = Framing((0.0, 0.1, 1.0, 0.9), (0.45, 0.0, 1.0, 1.0), "#d8cfc4") if is_wide else bleed
    return Page(canvas, framing, photo(), tuple(layout(canvas, copy, **style)), PROVENANCE, logo=mark(), language="en")


def packshot() -> np.ndarray:
    """A drawn product on white, (h, w, 3), with its shadow."""
    return photo("handbag-sage")


_PICTURES = ((0.0, 0.0, 0.56, 1.0), (0.0, 0.38, 1.0, 1.0), (0.12, 0.1, 0.88, 0.7), (0.4, 0.0, 1.0, 1.0))
_VEIL = Scrim((0.0, 0.5, 1.0, 1.0), "#2a1608", 0.6)
GROUNDS = {
    f"{edge}-{i}": Framing(
        (0.0, 0.1, 1.0, 0.9),
        picture,
        "#f3e3d0",
        "#d9a679" if i % 2 else "",
        edge=edge,
        radius=0.03 * (i % 2),
        scrims=(Scrim((0.0, 0.5, 1.0, 1.0), "#2a1608", 0.6), Scrim((0.0, 0.0, 1.0, 0.2), "#0b3d2e", 0.4, "all"))[
            i % 2 :
        ],
        ornaments=tuple(
            Ornament(kind, (0.05 + 0.15 * n, 0.03, 0.15 + 0.15 * n, 0.09), "#b0472a", 0.9)
            for n, kind in enumerate(KINDS)
        ),
    )
    for i, picture in enumerate(_PICTURES)
    for edge in EDGES
} | {
    "cut_out": Framing((0, 0, 1, 1), (0.1, 0.1, 0.9, 0.9), "#f2c14e", "#e08e45", blend="cut_out"),
    "outpaint": Framing((-0.4, -0.1, 1.0, 1.2), blend="outpaint", focus=(0.2, 0.2, 0.8, 0.8), scrims=(_VEIL,)),
    "collage": Framing(
        (0.1, 0.1, 0.9, 0.9),
        (0.05, 0.05, 0.55, 0.95),
        "#f2c14e",
        radius=0.03,
        ground="collage",
        tiles=(
            Tile("b.jpg", "", 900, 900, (0.0, 0.2, 1.0, 0.8), (0.6, 0.05, 0.95, 0.45)),
            Tile("c.jpg", "", 900, 900, (0.0, 0.0, 1.0, 1.0), (0.6, 0.5, 0.95, 0.95), "cut_out"),
        ),
    ),
}
"""Every edge at several places of the canvas, with gradients, scrims and ornaments, a cut-out, a photo that is carried
on, and a collage."""


def shapes(canvas: Canvas, direction: str = "ltr") -> list[Element]:
    """A text on every shape, with gradients and outlines; prices with a small currency, struck out, and tracked."""
    elements: list[Element] = []
    for i, shape in enumerate(SHAPES):
        left, top = (0.05 + 0.48 * (i % 2)) * canvas.width, (0.16 + 0.2 * (i // 2)) * canvas.height
        side = 0.15 * canvas.height
        box = (left, top, left + (side if shape in ("burst", "disc") else 0.4 * canvas.width), top + side)
        under = Element(
            Role.UNDERLAY,
            from_px(box, canvas.width, canvas.height),
            colour="#c81e3c",
            gradient="#f08a24" if i % 3 else "",
            gradient_angle=30 * i,
            shape=shape,
            radius_px=12,
            stroke_px=0 if shape in OPEN else 2 * (i % 3),
            stroke="#5a0a1c",
            opacity=0.9 if i % 2 else 1.0,
            direction=direction,
        )
        px = round(min(0.3 * side, 0.16 * (box[2] - box[0])))
        middle = (box[1] + box[3] - line_height(px)) / 2
        words = from_px((box[0], middle, box[2], middle + line_height(px)), canvas.width, canvas.height)
        colour = "#20242a" if shape in OPEN else "#ffffff"
        price = Element(Role.PRICE, words, "€199", ("€199",), "NotoSansSC-Bold", px, line_height(px), colour, "center")
        price = replace(price, z=3, strike=shape in ("tag", "line"), underlay=len(elements))
        elements += [under, _with_small_currency(_in_runs(price, "en", canvas))]
    return elements


def _with_small_currency(element: Element) -> Element:
    """The first letter at half the size, a little apart."""
    (run,) = element.runs
    face = fonts.by_name(run.font, ())
    small, large = (face.shape(part, run.script, "", "ltr").width for part in (run.text[:1], run.text[1:]))
    px, gap = element.font_px, 0.04
    wide = px * (0.5 * small + gap + large)
    x = run.x_px + (run.width_px - wide) / 2
    first = replace(run, text=run.text[:1], scale=0.5, x_px=x, width_px=0.5 * px * small)
    rest = replace(run, text=run.text[1:], x_px=x + px * (0.5 * small + gap), width_px=px * large)
    return replace(element, runs=(first, rest))


def dressed(ground: str, canvas: Canvas = SIZES[0], direction: str = "ltr") -> Page:
    """A page with a ground of `GROUNDS` and every shape."""
    framing = GROUNDS[ground]
    elements = tuple(shapes(canvas, direction))
    tiles = (photo(), packshot()) if framing.tiles else ()
    first = packshot() if framing.blend == "cut_out" else photo()
    return Page(canvas, framing, first, elements, PROVENANCE, tiles=tiles)
