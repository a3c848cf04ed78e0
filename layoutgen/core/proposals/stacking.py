"""Sets a product's copy as one block of text: brand or logo, title, selling points, price, in designers' proportions.

Sizes follow the title: selling points at 0.48 of it, prices at 0.8, within limits given as shares of the canvas's
short side. Short selling points become pills (a rounded underlay each) that flow in rows; long ones become paragraphs.
"""

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace

from layoutgen.core.layout import Box, Canvas, Copy, Role, Suggestion, from_px
from layoutgen.core.text.typography import BODY_LEADING, Face, Setting, em_length, set_text

TITLE_LARGEST, TITLE_SMALLEST, BODY_LARGEST, BODY_SHARE = 0.125, 0.042, 0.052, 0.48
_PRICE = re.compile(r"^\s*(?:[￥¥$€£]\s*\d|.{0,4}\d+(?:\.\d+)?\s*元)")
# An amount in the digits of any script with a currency before or behind it: R$ 199,90, 3 990 ₽, ١٩٩ ر.س, 89 AED.
_SIGNS = "".join(char for char in map(chr, range(0x11000)) if unicodedata.category(char) == "Sc")
_CODE = (
    "AED|ARS|AUD|BRL|CAD|CHF|CLP|CNY|COP|CZK|DKK|EGP|EUR|GBP|HKD|HUF|IDR|ILS|INR|IQD|JOD|JPY|KRW|KWD|KZT|MAD|MXN|"
    "MYR|NGN|NOK|NZD|OMR|PEN|PHP|PKR|PLN|QAR|RON|RUB|SAR|SEK|SGD|THB|TRY|TWD|UAH|USD|VND|ZAR"
)
_WORD = (
    r"TL|Ks|Kč|kr\.?|zł|Ft|lei|лв\.?|руб\.?|грн\.?|Rs\.?|Rp\.?|RM|Br|円|원|บาท|đ"
    r"|ر\.س\.?|د\.إ\.?|د\.ك\.?|د\.م\.?|ج\.م\.?|ریال|تومان|درهم|ريال|جنيه|ש״ח"
)
_MONEY = rf"(?:[A-Z]{{0,3}}[{re.escape(_SIGNS)}]|{_CODE}|{_WORD})"
_AMOUNT = r"\d(?:[\d.,'’٫٬\u00a0\u202f ]*\d)?(?:,-|\.-)?"
_SUM = re.compile(rf"(?:{_MONEY}\s?{_AMOUNT}|{_AMOUNT}\s?{_MONEY})")
_LONGEST_PRICE = 18
_PILL_EMS = 12.0


@dataclass(frozen=True)
class Piece:
    """One thing set: its size in px with padding, and how it is drawn. `setting` is None for a logo image."""

    role: Role
    text: str
    setting: Setting | None
    width: float
    height: float
    pill: bool = False


@dataclass(frozen=True)
class Block:
    """Rows of pieces, the gap above each row, and how many selling points had no room."""

    rows: tuple[tuple[Piece, ...], ...]
    gaps: tuple[float, ...]
    row_gap: float
    omitted: int
    title_px: int

    @property
    def width(self) -> float:
        """Px, of the widest row."""
        return max(_row_width(row, self.row_gap) for row in self.rows)

    @property
    def height(self) -> float:
        """Px, of all rows and gaps."""
        return sum(max(piece.height for piece in row) for row in self.rows) + sum(self.gaps)

    def boxes_px(self, left: float, top: float, alignment: str) -> list[tuple[Piece, Box]]:
        """Each piece with its box in px when the block's corner lies at (left, top)."""
        placed, y = [], top
        for row, gap in zip(self.rows, self.gaps, strict=True):
            y += gap
            # Whole pixels: what is placed is what is drawn.
            free = self.width - _row_width(row, self.row_gap)
            x = left + {"left": 0.0, "center": float(round(free / 2)), "right": free}[alignment]
            height = max(piece.height for piece in row)
            for piece in row:
                placed.append((piece, (x, y, x + piece.width, y + piece.height)))
                x += piece.width + self.row_gap
            y += height
        return placed

    def suggestions(self, left: float, top: float, alignment: str, canvas: Canvas) -> tuple[Suggestion, ...]:
        """The same as elements to propose, a pill's underlay before its text."""
        proposed = []
        for piece, outer in self.boxes_px(left, top, alignment):
            px = outer
            if piece.pill and piece.setting:
                across, down = pill_padding(piece.setting.font_px)
                proposed.append(Suggestion(Role.UNDERLAY, from_px(outer, canvas.width, canvas.height)))
                px = (outer[0] + across, outer[1] + down, outer[2] - across, outer[3] - down)
            proposed.append(Suggestion(piece.role, from_px(px, canvas.width, canvas.height), piece.text))
        return tuple(proposed)


def _row_width(row: tuple[Piece, ...], gap: float) -> float:
    return sum(piece.width for piece in row) + gap * (len(row) - 1)


def is_price(text: str) -> bool:
    """Tell whether a selling point is a price, such as ￥199起 or 3 990 ₽."""
    is_sum = len(text) <= _LONGEST_PRICE and bool(_SUM.fullmatch(text.strip()))
    return is_sum or (len(text) <= 12 and bool(_PRICE.match(text)))


def stack(
    copy: Copy,
    width: float,
    height: float,
    face_for: Callable[[Role, str], Face],
    canvas: Canvas,
    *,
    smallest_px: int,
    logo_aspect: float | None,
) -> Block | None:
    """Set the copy as large as a region of `width` x `height` px lets it, leaving out the last selling points where
    even the smallest title leaves no room; None where the title itself does not fit."""
    short = min(canvas.width, canvas.height)
    largest = round(min(TITLE_LARGEST * short, height * 0.45))
    least = max(smallest_px, round(TITLE_SMALLEST * short))
    most_lines = 2 if em_length(copy.title) <= 14 else 3 if em_length(copy.title) <= 30 else 4
    most_lines += 1 if width < 0.45 * short else 0
    room = _Room(width, short, smallest_px, most_lines, logo_aspect, face_for)
    if _at(copy, (), least, room) is None:
        room = replace(room, split=True)
        if _at(copy, (), least, room) is None:
            return None
    for omitted in range(len(copy.selling_points) + 1):
        points = copy.selling_points[: len(copy.selling_points) - omitted]
        size = largest
        while size >= least:
            block = _at(copy, points, size, room)
            if block and block.height <= height and block.width <= width:
                return block
            size = min(size - 1, math.floor(size * 0.93))
    return None


@dataclass(frozen=True, eq=False)
class _Room:
    """What a copy is set in whatever its size: width, the canvas's short side and the smallest font in px, lines of a
    title, a logo image's width over height, the faces, and whether words may be split."""

    width: float
    short: int
    smallest_px: int
    most_lines: int
    logo_aspect: float | None
    face_for: Callable[[Role, str], Face]
    split: bool = False


def _at(copy: Copy, points: tuple[str, ...], size: int, room: _Room) -> Block | None:
    """Set the copy with these of its selling points, its title at a font size in px; None where that can't be."""
    width, short, smallest_px, face_for = room.width, room.short, room.smallest_px, room.face_for
    title = set_text(copy.title, width, face_for(Role.TITLE, copy.title), size, split=room.split)
    if title is None or len(title.lines) > room.most_lines:
        return None
    body_px = max(smallest_px, min(round(size * BODY_SHARE), round(BODY_LARGEST * short)))
    prices = tuple(point for point in points if is_price(point))
    plain = tuple(point for point in points if not is_price(point))
    rows: list[tuple[Piece, ...]] = []
    gaps: list[float] = []
    if copy.logo and room.logo_aspect:
        high = min(0.075 * short, width / room.logo_aspect)
        rows.append((Piece(Role.LOGO, "", None, high * room.logo_aspect, high),))
        gaps.append(0.0)
    elif copy.brand:
        brand = set_text(copy.brand, width, face_for(Role.LOGO, copy.brand), body_px)
        if brand is None or len(brand.lines) > 1:
            return None
        rows.append((_text(Role.LOGO, copy.brand, brand),))
        gaps.append(0.0)
    gaps.append(size * 0.35 if rows else 0.0)
    rows.append((_text(Role.TITLE, copy.title, title),))
    body = _points(plain, body_px, room)
    if body is None:
        return None
    for i, row in enumerate(body):
        gaps.append(size * 0.4 if i == 0 else body_px * (0.6 if row[0].pill else 0.45))
        rows.append(row)
    for price in prices:
        setting = set_text(price, width, face_for(Role.PRICE, price), max(smallest_px, round(size * 0.8)))
        if setting is None or len(setting.lines) > 1:
            return None
        gaps.append(size * 0.4)
        rows.append((_text(Role.PRICE, price, setting),))
    omitted = len(copy.selling_points) - len(points)
    return Block(tuple(rows), tuple(float(round(gap)) for gap in gaps), float(round(body_px * 0.6)), omitted, size)


def _text(role: Role, text: str, setting: Setting) -> Piece:
    return Piece(role, text, setting, setting.width_px, setting.height_px)


def _points(points: tuple[str, ...], px: int, room: _Room) -> list[tuple[Piece, ...]] | None:
    """Rows of selling points at one size: pills in flowing rows where all are short, else a paragraph each."""
    settings = []
    pills = all(em_length(point) <= _PILL_EMS for point in points)
    for point in points:
        width = room.width - pill_padding(px)[0] * 2 if pills else room.width
        face = room.face_for(Role.SELLING_POINT, point)
        setting = set_text(point, width, face, px, BODY_LEADING, split=room.split)
        if setting is None or len(setting.lines) > (1 if pills else 3):
            return None
        settings.append(setting)
    if not pills:
        return [(_text(Role.SELLING_POINT, p, s),) for p, s in zip(points, settings, strict=True)]
    rows: list[list[Piece]] = []
    across, down = pill_padding(px)
    for point, setting in zip(points, settings, strict=True):
        piece = Piece(
            Role.SELLING_POINT, point, setting, setting.width_px + 2 * across, setting.height_px + 2 * down, pill=True
        )
        if rows and _row_width((*rows[-1], piece), px * 0.6) <= room.width:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [tuple(row) for row in rows]


def pill_padding(px: int) -> tuple[int, int]:
    """Free room in px left and right, above and below a text of a font size in its pill."""
    return round(px * 0.6), round(px * 0.12)
