"""Copy as groups of text in a style's type scale, as large as a room lets it.

A text is broken once into one, two, three lines and more, at its good breaks; all sizes have the same breaks, so that
how a group looks at a size is arithmetic. Words are parted only where no number of lines keeps them whole.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache

from layoutgen.core.layout import Canvas, Copy, Role
from layoutgen.core.proposals.groups import Group, Piece, Set, row_width
from layoutgen.core.proposals.stacking import is_price
from layoutgen.core.reading.text_roles import is_call
from layoutgen.core.styles.containers import is_held, padding
from layoutgen.core.styles.style import Style
from layoutgen.core.text.breaking import break_into
from layoutgen.core.text.typography import ASCENT, Face, em_length, line_height_for

_UNIT = 100  # px at which texts are measured
_SLACK = 1.012  # of a line's width: advances are rounded to px at each size
_PILL_EMS = 14.0
_MOST_LINES = {Role.TITLE: 4, Role.DISCLAIMER: 3, Role.SELLING_POINT: 2, Role.SUBTITLE: 2, Role.OTHER: 2}


LOGO_LARGEST = 0.075
"""Height of a logo's image at most, a share of the canvas's short side."""
_Option = tuple[tuple[str, ...], float, float]
"""A text's lines, the width of the widest, and the height of each in em."""


@dataclass(frozen=True, eq=False)
class Text:
    """A text of a group: `scale` is its font size as a multiple of the title's, `container` what it stands on."""

    role: Role
    text: str
    face: Face
    scale: float
    leading: float
    container: str = "none"

    @cached_property
    def is_held(self) -> bool:
        """Whether its container is a shape of its own, rather than a line or nothing."""
        return is_held(self.container)

    @cached_property
    def whole(self) -> tuple[_Option, ...]:
        """It in one line and more, in whole words wherever it has such."""
        return _broken(self.text, self.face, self._most, self.leading)

    @cached_property
    def parted(self) -> tuple[_Option, ...]:
        """The same with words parted."""
        return _parted(self.text, self.face, self._most, self.leading)

    @property
    def _most(self) -> int:
        return 1 if self.is_held else _MOST_LINES.get(self.role, 1)


@dataclass(frozen=True)
class Picture:
    """A logo's image: width over height, its largest height, and what stays free on every side of it, px."""

    aspect: float
    height: float
    clear: float = 0.0


_Row = tuple[tuple[Piece, ...], float]
"""Pieces of a row, and the gap above it."""


@dataclass(frozen=True, eq=False)
class Speech:
    """A copy as its style says it: the texts of the head (brand, badge, title, subtitle), the selling points, and the
    offer (price, was-price, call to action, disclaimer), and a logo's image. `is_offer_first`: the offer goes before
    the selling points."""

    head: tuple[Text, ...]
    points: tuple[Text, ...]
    offer: tuple[Text, ...]
    logo: Picture | None = None
    is_offer_first: bool = False
    _pieces: "dict[tuple[Text, int, int, bool], tuple[Piece, ...]]" = field(default_factory=dict, init=False)
    _groups: "dict[tuple[tuple[str, ...], int, int, float, int, bool], Group | None]" = field(
        default_factory=dict, init=False
    )

    def group(self, parts: tuple[str, ...], points: int, title_px: int, room: "Room") -> Group | None:
        """Some of its parts, and of the selling points the first, with a title of a size; None where they do not fit a
        room."""
        key = (parts, points, title_px, room.width, room.smallest_px, room.may_part)
        if key not in self._groups:
            self._groups[key] = _set(self, parts, points, title_px, room)
        group = self._groups[key]
        return group if group and group.height <= room.height + 0.5 else None

    def piece(self, text: Text, title_px: int, room: "Room") -> Piece | None:
        """A text in the fewest lines that a room is wide enough for; None where there are none."""
        key = (text, title_px, room.smallest_px, room.may_part)
        if key not in self._pieces:
            self._pieces[key] = tuple(_pieces(text, title_px, room))
        return next((piece for piece in self._pieces[key] if piece.width <= room.width), None)

    @property
    def em_area(self) -> float:
        """Roughly the area that it takes, em² of its title."""
        return sum(em_length(t.text) * t.scale**2 * (2.2 if t.is_held else 1.5) for t in self.texts)

    @property
    def texts(self) -> tuple[Text, ...]:
        """All texts."""
        return (*self.head, *self.points, *self.offer)

    @property
    def has_price(self) -> bool:
        """Whether there is a price to be the hero."""
        return any(text.role is Role.PRICE for text in self.offer)


def offers_of(copy: Copy) -> Copy:
    """The same copy with prices and calls to action that came as selling points where they belong, the first of each
    where the copy has none."""
    price, call, points = copy.price, copy.call_to_action, []
    for point in copy.selling_points:
        if price is None and is_price(point):
            price = point
        elif call is None and is_call(point):
            call = point
        else:
            points.append(point)
    return replace(copy, selling_points=tuple(points), price=price, call_to_action=call)


def speech_of(
    copy: Copy,
    style: Style,
    face_for: Callable[[Role, str], Face],
    canvas: Canvas,
    logo_aspect: float | None,
    logo_clear: float = 0.0,
) -> Speech:
    """A copy in a style. Equal selling points get one container; those too long for one get none. `logo_clear` is what
    stays free round a logo's image, as a share of the canvas's short side."""
    short = min(canvas.width, canvas.height)
    is_offer_first = any(is_price(point) or is_call(point) for point in copy.selling_points[:1])
    copy = offers_of(copy)

    def text(role: Role, words: str, container: str | None = None) -> Text:
        kind = style.type_of(role)
        scale = max(1.0, kind.scale) if role is Role.PRICE else kind.scale
        held = kind.container if container is None else container
        return Text(role, words, face_for(role, words), scale, kind.leading, held)

    has_image = bool(copy.logo and logo_aspect)
    head = [text(Role.LOGO, copy.brand, "none")] if copy.brand and not has_image else []
    head += [text(Role.BADGE, copy.badge)] if copy.badge else []
    container = style.type_of(Role.SELLING_POINT).container
    if any(em_length(point) > _PILL_EMS for point in copy.selling_points):
        container = "none"
    offer = [text(role, words) for role, words in copy.offers.items() if role is not Role.BADGE]
    subtitle = [text(Role.SUBTITLE, copy.subtitle)] if copy.subtitle else []
    return Speech(
        (*head, text(Role.TITLE, copy.title), *subtitle),
        tuple(text(Role.SELLING_POINT, point, container) for point in copy.selling_points),
        tuple(offer),
        Picture(float(logo_aspect), LOGO_LARGEST * short, logo_clear * short) if has_image and logo_aspect else None,
        is_offer_first,
    )


@lru_cache(maxsize=8192)
def _broken(text: str, face: Face, most: int, leading: float) -> tuple[_Option, ...]:
    """A text in one to `most` lines, the fewest lines first; in parted words where it has none else. Widths fall;
    numbers of lines that don't make it narrower are left out."""
    options: list[_Option] = []
    for count in range(1, most + 1):
        lines = break_into(text, count, face, _UNIT)
        if lines is None or len(lines) != count:
            continue
        option = _measured(lines, face, leading)
        if not options or option[1] < options[-1][1] - 0.05:
            options.append(option)
    return tuple(options)


@lru_cache(maxsize=8192)
def _parted(text: str, face: Face, most: int, leading: float) -> tuple[_Option, ...]:
    """The same with words parted."""
    tried = ((count, break_into(text, count, face, _UNIT, split=True)) for count in range(2, most + 3))
    return tuple(_measured(lines, face, leading) for count, lines in tried if lines and len(lines) == count)


def _measured(lines: list[str], face: Face, leading: float) -> _Option:
    width = max(face.width(line, _UNIT) for line in lines) / _UNIT
    return tuple(lines), width, line_height_for(lines, face, _UNIT, leading) / _UNIT


@dataclass(frozen=True)
class Room:
    """What a group is set in: px, the smallest font, whether words may be parted, and how the rows are led."""

    width: float
    height: float
    smallest_px: int
    may_part: bool = False


def _set(speech: Speech, parts: tuple[str, ...], points: int, title_px: int, room: Room) -> Group | None:
    """A group at one size; None where it is wider than a room."""
    body_gap = float(round(0.5 * 0.48 * title_px))
    rows: list[_Row] = []
    if "head" in parts:
        above = _above(speech, title_px, room, body_gap)
        if above is None:
            return None
        rows += [(row, 0.3 * title_px) for row in above]
        for role, gap in ((Role.TITLE, 0.32), (Role.SUBTITLE, 0.16)):
            for text in speech.head:
                if text.role is role:
                    piece = speech.piece(text, title_px, room)
                    if piece is None:
                        return None
                    rows.append(((piece,), gap * title_px))
    for part in ("offer", "points") if speech.is_offer_first else ("points", "offer"):
        if part not in parts:
            continue
        if part == "offer":
            placed = _offer(speech, title_px, room, body_gap)
        else:
            placed = _points(speech, points, title_px, room, body_gap)
        if placed is None:
            return None
        rows += [(row, 0.42 * title_px if i == 0 else gap) for i, (row, gap) in enumerate(placed)]
    gaps = [float(round(gap)) if i else 0.0 for i, (_, gap) in enumerate(rows)]
    group = Group(tuple(row for row, _ in rows), tuple(gaps), body_gap, title_px)
    return group if group.width <= room.width + 0.5 else None


def _above(speech: Speech, title_px: int, room: Room, gap: float) -> list[tuple[Piece, ...]] | None:
    """Logo or brand and the badge, side by side where they have room."""
    under = (Role.TITLE, Role.SUBTITLE)
    pieces = [speech.piece(text, title_px, room) for text in speech.head if text.role not in under]
    if speech.logo:
        aspect, clear = speech.logo.aspect, speech.logo.clear
        high = min(speech.logo.height, max(1.0, room.width - 2 * clear) / aspect)
        pad = (clear, clear, clear, clear)
        pieces.insert(0, Piece(Role.LOGO, "", high * aspect + 2 * clear, high + 2 * clear, pad))
    row = tuple(piece for piece in pieces if piece is not None)
    if len(row) < len(pieces):
        return None
    return [row] if row and row_width(row, gap) <= room.width else [(piece,) for piece in row]


def _offer(speech: Speech, title_px: int, room: Room, gap: float) -> list[_Row] | None:
    """Price with the struck price and the call to action beside it, or below where they have no room there."""
    pieces: dict[Role, Piece] = {}
    for text in speech.offer:
        piece = speech.piece(text, title_px, room)
        if piece is None:
            return None
        pieces[text.role] = piece
    rows: list[list[Piece]] = []
    for role in (Role.PRICE, Role.WAS_PRICE, Role.CALL_TO_ACTION):
        if role not in pieces:
            continue
        # A button stands beside both prices or below them.
        if len(rows) == 1 and row_width((*rows[-1], pieces[role]), gap) <= room.width:
            rows[-1].append(pieces[role])
        else:
            rows.append([pieces[role]])
    listed = [(tuple(row), 0.24 * title_px) for row in rows]
    if Role.DISCLAIMER in pieces:
        listed.append(((pieces[Role.DISCLAIMER],), 0.3 * title_px))
    return listed


def _points(speech: Speech, count: int, title_px: int, room: Room, gap: float) -> list[_Row] | None:
    """The first selling points in rows: held ones side by side, others one below the other."""
    rows: list[list[Piece]] = []
    for text in speech.points[:count]:
        piece = speech.piece(text, title_px, room)
        if piece is None:
            return None
        if rows and piece.is_held and row_width((*rows[-1], piece), gap) <= room.width:
            rows[-1].append(piece)
        else:
            rows.append([piece])
    return [(tuple(row), max(4.0, (0.26 if row[0].is_held else 0.14) * title_px)) for row in rows]


def _pieces(text: Text, title_px: int, room: Room) -> Iterator[Piece]:
    """A text at a font size in each of its numbers of lines, the fewest and widest first, with words parted last."""
    px = max(room.smallest_px, round(text.scale * title_px))
    for lines, em, line_em in (*text.whole, *(text.parted if room.may_part else ())):
        width = math.ceil(em * px * _SLACK) + 1
        height = len(lines) * math.ceil(px * line_em)
        pad = padding(text.container, text.role, px, width, height)
        below = 0.0 if text.is_held else (height / len(lines) - px) / 2 + (1 - ASCENT) * px + pad[3]
        how = Set(text.face, lines, px, text.leading)
        outer = (width + pad[0] + pad[2], height + pad[1] + pad[3])
        yield Piece(text.role, text.text, *outer, pad, text.is_held, below, how)
