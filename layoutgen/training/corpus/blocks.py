"""A poster's copy set as a block: sizes follow the title by fixed ratios, rows are stacked with fixed gaps.

Lengths are px of the canvas as it is drawn. `u`, the geometric mean of the canvas's sides, is the measure of all sizes,
so that a banner and a square of the same area have the same type.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from layoutgen.core.layout import Box, Role
from layoutgen.core.text.breaking import break_into
from layoutgen.core.text.typography import LEADING, Setting, set_lines
from layoutgen.imaging import fonts
from layoutgen.imaging.shaping import Typeface
from layoutgen.training.corpus.copywriting import SEAM, Words, plain

TITLE_SIZES = tuple(0.155 * 0.92**k for k in range(12))
"""Of u, the largest first."""
SMALLEST = 0.032
HEAD, FOOT = ("mark", "tag", "title", "subtitle"), ("points", "offer")
BODY_LEADING = 1.36
_REFERENCE_PX = 100
_MOST_LINES = 4
_SHORTEST_LINE = 0.42


@dataclass(frozen=True)
class Style:
    """What the designer of a poster holds to: points as `pills` or plain lines, a price as a `badge` or plain, pills'
    corners as a share of half their height, titles in bold or not, a card under the text even where none is needed."""

    pills: bool = False
    badge: bool = False
    round_share: float = 1.0
    bold: bool = True
    card: bool = False


@dataclass(frozen=True)
class Piece:
    """A text or a logo in a row; `width` and `height` are its box, `pad_x` and `pad_y` go around it where it stands on
    an underlay of its own."""

    role: Role
    text: str
    lines: tuple[str, ...]
    bold: bool
    px: int
    line_px: int
    width: float
    height: float
    pad_x: float = 0.0
    pad_y: float = 0.0

    @property
    def outer(self) -> tuple[float, float]:
        """Width and height with the underlay."""
        return self.width + 2 * self.pad_x, self.height + 2 * self.pad_y


@dataclass(frozen=True)
class Row:
    """Pieces beside each other, `gap` px between them, `above` px from the row before."""

    pieces: tuple[Piece, ...]
    above: float = 0.0
    gap: float = 0.0

    @property
    def width(self) -> float:
        """Px of all pieces and gaps."""
        return sum(piece.outer[0] for piece in self.pieces) + self.gap * (len(self.pieces) - 1)

    @property
    def height(self) -> float:
        """Px of the tallest piece."""
        return max(piece.outer[1] for piece in self.pieces)


@dataclass(frozen=True)
class Block:
    """Rows from top to bottom; the first one's `above` does not count."""

    rows: tuple[Row, ...]
    title_px: int

    @property
    def width(self) -> float:
        """Px of the widest row."""
        return max(row.width for row in self.rows)

    @property
    def height(self) -> float:
        """Px of all rows and gaps."""
        return sum(row.height for row in self.rows) + sum(row.above for row in self.rows[1:])

    def placed(self, left: float, top: float, alignment: str) -> list[tuple[Piece, Box]]:
        """Each piece with its outer box in whole px, the block's corner at (left, top)."""
        found, y = [], top
        for i, row in enumerate(self.rows):
            y += row.above if i else 0.0
            free = self.width - row.width
            x = left + {"left": 0.0, "center": free / 2, "right": free}[alignment]
            for piece in row.pieces:
                width, height = piece.outer
                x0, y0 = float(round(x)), float(round(y + (row.height - height) / 2))
                found.append((piece, (x0, y0, x0 + width, y0 + height)))
                x += width + row.gap
            y += row.height
        return found


def face(bold: bool) -> Typeface:
    """The embedded font."""
    return fonts.typeface("NotoSansSC-Bold" if bold else "NotoSansSC-Regular")


@lru_cache(maxsize=50_000)
def _breakings(text: str, bold: bool) -> tuple[tuple[str, ...], ...]:
    """A text in one line, two, …: breaks hold for all sizes. A text with seams is broken at one of them or not at all,
    and no line is much shorter than the longest."""
    options: list[tuple[str, ...]]
    if SEAM in text:
        parts = text.split(SEAM)
        halves = [("".join(parts[:k]).strip(), "".join(parts[k:]).strip()) for k in range(1, len(parts))]
        options = [("".join(parts),), min(halves, key=lambda pair: abs(len(pair[0]) - len(pair[1])))]
    else:
        broken = (break_into(text, count, face(bold), _REFERENCE_PX) for count in range(1, _MOST_LINES + 1))
        options = [tuple(lines) for lines in broken if lines]
    widths = [[face(bold).width(line, _REFERENCE_PX) for line in lines] for lines in options]
    even = [min(of) > _SHORTEST_LINE * max(of) for of in widths]
    return tuple(lines for lines, is_even in zip(options, even, strict=True) if is_even)


@lru_cache(maxsize=200_000)
def _settings(text: str, bold: bool, px: int, leading: float) -> tuple[Setting, ...]:
    return tuple(set_lines(lines, face(bold), px, leading) for lines in _breakings(text, bold))


def set_piece(role: Role, text: str, px: float, width: float, *, bold: bool = False, most: int = 2) -> Piece | None:
    """Set a text at about `px` in the fewest lines that fit `width`; None where more than `most` are needed."""
    leading = LEADING if role in (Role.TITLE, Role.PRICE, Role.LOGO) else BODY_LEADING
    for piece in _settings(text, bold, max(1, round(px)), leading)[:most]:
        if piece.width_px <= width:
            return Piece(
                role,
                plain(text),
                piece.lines,
                bold,
                piece.font_px,
                piece.line_height_px,
                piece.width_px,
                piece.height_px,
            )
    return None


def set_block(
    words: Words, parts: Sequence[str], title: float, width: float, u: float, style: Style, mark_aspect: float | None
) -> Block | None:
    """Set the named parts of a copy, of `HEAD` and `FOOT`, with a title of `title` px, no wider than `width`; None
    where something does not fit."""
    body = max(min(0.40 * title, 0.050 * u), SMALLEST * u)
    task = _Task(words, title, body, width, u, style, mark_aspect)
    rows: list[Row] = []
    for part in parts:
        part_pieces = _PARTS[part](task)
        if part_pieces is None:
            return None
        rows += part_pieces
    return Block(tuple(rows), round(title)) if rows and all(row.width <= width for row in rows) else None


@dataclass(frozen=True)
class _Task:
    """What the parts of a block are set to: a title of `title` px, texts of `body` px, a measure of `width` px."""

    words: Words
    title: float
    body: float
    width: float
    u: float
    style: Style
    aspect: float | None


def _mark(t: _Task) -> list[Row] | None:
    if not t.words.brand:
        return []
    if t.words.has_mark and t.aspect:
        height = round(max(0.052 * t.u, min(0.62 * t.title, 0.08 * t.u)))
        return [Row((Piece(Role.LOGO, "", (), False, 0, 0, round(height * t.aspect), height),), 0.6 * t.body)]
    piece = set_piece(Role.LOGO, t.words.brand, 1.1 * t.body, t.width, bold=True, most=1)
    return [Row((piece,), 0.5 * t.body)] if piece else None


def _tag(t: _Task) -> list[Row] | None:
    if not t.words.tag:
        return []
    piece = _pill(set_piece(Role.OTHER, t.words.tag, t.body, t.width - 1.2 * t.body, bold=True, most=1), 0.6, 0.08)
    return [Row((piece,), 0.9 * t.body)] if piece else None


def _title(t: _Task) -> list[Row] | None:
    piece = set_piece(Role.TITLE, t.words.title, t.title, t.width, bold=t.style.bold, most=3)
    return [Row((piece,), 0.45 * t.body)] if piece else None


def _subtitle(t: _Task) -> list[Row] | None:
    if not t.words.subtitle:
        return []
    px = max(min(0.46 * t.title, 0.064 * t.u), 1.12 * t.body)
    piece = set_piece(Role.SUBTITLE, t.words.subtitle, px, t.width)
    return [Row((piece,), 0.06 * t.title)] if piece else None


def _points(t: _Task) -> list[Row] | None:
    rows: list[Row] = []
    first = 0.3 * t.title
    if t.style.pills:
        line: tuple[Piece, ...] = ()
        for text in t.words.points:
            piece = _pill(
                set_piece(Role.SELLING_POINT, text, 0.92 * t.body, t.width - 1.5 * t.body, most=1), 0.75, 0.16
            )
            if piece is None:
                return None
            tried = Row((*line, piece), 0.5 * t.body if rows else first, 0.5 * t.body)
            if line and tried.width > t.width:
                rows.append(Row(line, 0.5 * t.body if rows else first, 0.5 * t.body))
                tried = Row((piece,), 0.5 * t.body, 0.5 * t.body)
            line = tried.pieces
        if line:
            rows.append(Row(line, 0.5 * t.body if rows else first, 0.5 * t.body))
        return rows
    for text in t.words.points:
        set_point = set_piece(Role.SELLING_POINT, text, t.body, t.width)
        if set_point is None:
            return None
        rows.append(Row((set_point,), 0.12 * t.body if rows else first))
    return rows


def _offer(t: _Task) -> list[Row] | None:
    """Price and call: beside each other where there is room, else below."""
    offers: list[Piece | None] = []
    if t.words.price:
        px = max(min(0.78 * t.title, 0.105 * t.u), 1.35 * t.body)
        if t.style.badge:
            offers.append(
                _pill(set_piece(Role.PRICE, t.words.price, 0.8 * px, t.width - 0.9 * px, bold=True, most=1), 0.5, 0)
            )
        else:
            offers.append(set_piece(Role.PRICE, t.words.price, px, t.width, bold=True, most=1))
    if t.words.call:
        offers.append(
            _pill(
                set_piece(Role.CALL_TO_ACTION, t.words.call, t.body, t.width - 2 * t.body, bold=True, most=1),
                0.95,
                0.22,
            )
        )
    pieces = tuple(piece for piece in offers if piece)
    if len(pieces) < len(offers):
        return None
    if not pieces:
        return []
    above = max(0.34 * t.title, 0.8 * t.body)
    row = Row(pieces, above, 0.9 * t.body)
    if row.width <= t.width:
        return [row]
    return [replace(row, pieces=(piece,), above=above if i == 0 else 0.45 * t.body) for i, piece in enumerate(pieces)]


def _pill(piece: Piece | None, across: float, down: float) -> Piece | None:
    """A piece on an underlay of its own, with padding in em."""
    if piece is None:
        return None
    return replace(piece, pad_x=math.ceil(across * piece.px), pad_y=math.ceil(down * piece.px))


_PARTS = {
    "mark": _mark,
    "tag": _tag,
    "title": _title,
    "subtitle": _subtitle,
    "points": _points,
    "offer": _offer,
}
