"""The rules by which a drawn poster is laid out: where there is room beside the product, and how large the type can be
there.

The room is what the product leaves free: a side, above, below, above and below, or the panel beside a photo. In each
place the copy is set as large as it fits; the place with the largest title wins, less what speaks against it. So a
layout follows from the picture and the copy, and somebody who sees both can learn it. Lengths are px of the canvas as
it is drawn.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from layoutgen.core.layout import Box, Canvas, intersection, union
from layoutgen.core.summed_area import box_sum
from layoutgen.training.corpus.blocks import FOOT, HEAD, TITLE_SIZES, Block, Piece, Style, set_block
from layoutgen.training.corpus.copywriting import Words

Rng = np.random.Generator
MARGIN = 0.068
"""Free edge, of u."""
MOST_COVERED = 0.004
"""Share of an element's box that may lie on the product."""
_GAP = 0.045  # between text and product, of u
_CARD_PAD = 0.05  # of u
_RESTLESS = 26.0  # grey levels: a ground that varies more is not written on
_LEAST_SIDE = 0.2  # of the canvas's side: a narrower strip takes no text
_ANCHOR = {"side": 0.46, "top": 0.36, "bottom": 0.62, "panel": 0.48}
_PRIOR = {"side": 0.10, "top": 0.06, "bottom": 0.0, "split": 0.02, "panel": 0.10}


@dataclass(frozen=True, eq=False)
class Stage:
    """The framed photo: `pixels` (h, w, 3) uint8 and `subject` (h, w) float32 in [0, 1], at any size; `canvas` is its
    size in px as it is drawn, `picture` the photo's box on it in px, and `goes_on` tells whether the canvas beside it
    is the photo's own ground."""

    pixels: np.ndarray
    subject: np.ndarray
    canvas: Canvas
    picture: Box
    goes_on: bool

    @property
    def u(self) -> float:
        """The measure of type: the geometric mean of the sides."""
        return float(np.sqrt(self.canvas.width * self.canvas.height))


@dataclass(frozen=True)
class Place:
    """Where parts of a copy may stand."""

    family: str
    parts: tuple[str, ...]
    region: Box
    alignment: str


@dataclass(frozen=True)
class Group:
    """A block as placed: each piece with its outer box, and the card's box under all of it, if any."""

    pieces: tuple[tuple[Piece, Box], ...]
    card: Box | None
    alignment: str

    @property
    def box(self) -> Box:
        """Around all of it."""
        around = union([*(box for _, box in self.pieces), *([self.card] if self.card else [])])
        assert around is not None
        return around


@dataclass(frozen=True)
class Design:
    """A layout without its colours."""

    family: str
    groups: tuple[Group, ...]
    title_px: int


class Room:
    """What stands where on a stage, as summed-area tables."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        grey = cv2.cvtColor(stage.pixels, cv2.COLOR_RGB2GRAY)
        self._grey, self._square = cv2.integral2(grey, sdepth=cv2.CV_64F, sqdepth=cv2.CV_64F)
        self._subject = cv2.integral(stage.subject)
        height, width = stage.subject.shape
        self._scale = (width / stage.canvas.width, height / stage.canvas.height)
        rows = np.flatnonzero((stage.subject > 0.5).any(1))
        columns = np.flatnonzero((stage.subject > 0.5).any(0))
        self.subject: Box | None = None
        if len(rows):
            across, down = self._scale
            self.subject = (columns[0] / across, rows[0] / down, (columns[-1] + 1) / across, (rows[-1] + 1) / down)
        self._size = (width, height)

    def covered(self, box: Box) -> float:
        """Share of a box that lies on the product."""
        return self._mean(self._subject, box)

    def restless(self, box: Box) -> float:
        """Standard deviation of the grey levels in a box."""
        mean = self._mean(self._grey, box)
        return float(np.sqrt(max(0.0, self._mean(self._square, box) - mean * mean)))

    def _mean(self, table: np.ndarray, box: Box) -> float:
        across, down = self._scale
        x1, y1 = max(0, int(box[0] * across)), max(0, int(box[1] * down))
        x2, y2 = min(self._size[0], math.ceil(box[2] * across)), min(self._size[1], math.ceil(box[3] * down))
        if x2 <= x1 or y2 <= y1:
            return 0.0
        return float(box_sum(table, x1, y1, x2, y2)) / ((x2 - x1) * (y2 - y1))


def places(room: Room, words: Words, left_third: bool = False) -> list[list[Place]]:
    """The places worth trying, each a list of one place or of two that are used together. With `left_third` there is
    one: the left third of the canvas."""
    stage = room.stage
    width, height, edge = float(stage.canvas.width), float(stage.canvas.height), MARGIN * stage.u
    inner: Box = (edge, edge, width - edge, height - edge)
    whole = (*HEAD, *FOOT)
    if left_third:
        return [[Place("side", whole, (inner[0], inner[1], width / 3 + edge / 2, inner[3]), "left")]]
    x1, y1, x2, y2 = stage.picture
    is_full = x1 <= 1 and y1 <= 1 and x2 >= width - 1 and y2 >= height - 1
    if is_full or stage.goes_on:
        return _around(room, words, inner, whole)
    arrangements = []
    strips = {
        "left": (0.0, 0.0, x1, height),
        "right": (x2, 0.0, width, height),
        "top": (0.0, 0.0, width, y1),
        "bottom": (0.0, y2, width, height),
    }
    for side, strip in strips.items():
        region = (max(strip[0], 0) + edge, strip[1] + edge * 0.8, strip[2] - edge, strip[3] - edge * 0.8)
        if region[2] - region[0] > _LEAST_SIDE * width and region[3] - region[1] > 0.12 * height:
            is_wide = region[2] - region[0] > 1.5 * (region[3] - region[1])
            alignment = "center" if side in ("top", "bottom") and is_wide else "left"
            arrangements.append([Place("panel", whole, region, alignment)])
    return arrangements


def _around(room: Room, words: Words, inner: Box, whole: tuple[str, ...]) -> list[list[Place]]:
    """Places around the product on the photo."""
    subject = room.subject
    if subject is None:
        return [[Place("side", whole, inner, "left")]]
    gap, (width, height) = _GAP * room.stage.u, (room.stage.canvas.width, room.stage.canvas.height)
    middle = (subject[0] + subject[2]) / 2 / width
    # Beside a product in the middle, text is centred on it; else it starts at the margin, or ends there.
    across = "center" if abs(middle - 0.5) < 0.08 else "left"
    left = (inner[0], inner[1], subject[0] - gap, inner[3])
    right = (subject[2] + gap, inner[1], inner[2], inner[3])
    top = (inner[0], inner[1], inner[2], subject[1] - gap)
    bottom = (inner[0], subject[3] + gap, inner[2], inner[3])
    arrangements = [
        [Place("side", whole, region, "left")]
        for region in (left, right)
        if region[2] - region[0] > _LEAST_SIDE * width
    ]
    tall = {name: region[3] - region[1] > 0.1 * height for name, region in (("top", top), ("bottom", bottom))}
    arrangements += [[Place("top", whole, top, across)]] if tall["top"] else []
    arrangements += [[Place("bottom", whole, bottom, across)]] if tall["bottom"] else []
    if tall["top"] and tall["bottom"] and (words.points or words.price or words.call):
        arrangements.append([Place("split", HEAD, top, across), Place("split", FOOT, bottom, across)])
    return arrangements


def lay_out(
    room: Room, words: Words, style: Style, mark_aspect: float | None, rng: Rng, left_third: bool = False
) -> tuple[float, Design] | None:
    """The best layout and its score, higher is better; None where the copy fits nowhere. `rng` decides between places
    that are nearly as good."""
    best: tuple[float, Design] | None = None
    for together in places(room, words, left_third):
        card = style.card
        design = _fitted(room, together, words, style, mark_aspect, card)
        if design and not card and any(room.restless(group.box) > _RESTLESS for group in design.groups):
            card = True
            design = _fitted(room, together, words, style, mark_aspect, card)
        lot = float(rng.normal(0, 0.02))
        if design is None:
            continue
        score = _score(room, design, together, card) + lot
        if best is None or score > best[0]:
            best = (score, design)
    return best


def _fitted(
    room: Room, together: list[Place], words: Words, style: Style, mark_aspect: float | None, card: bool
) -> Design | None:
    """The layout with the largest title that fits its places and keeps off the product."""
    u = room.stage.u
    pad = _CARD_PAD * u if card else 0.0

    def blocks_at(size: float) -> list[Block] | None:
        designs = []
        for place in together:
            x1, y1, x2, y2 = place.region
            block = set_block(words, place.parts, size * u, x2 - x1 - 2 * pad, u, style, mark_aspect)
            if block is None or block.height > y2 - y1 - 2 * pad:
                return None
            designs.append(block)
        return designs

    # The largest that fits, by bisection: what fits at a size fits at all smaller ones.
    best, blocks = len(TITLE_SIZES) - 1, blocks_at(TITLE_SIZES[-1])
    if blocks is None:
        return None
    low, high = 0, best - 1
    while low <= high:
        middle = (low + high) // 2
        tried = blocks_at(TITLE_SIZES[middle])
        if tried is None:
            low = middle + 1
        else:
            best, blocks, high = middle, tried, middle - 1
    groups = tuple(_placed(room, *pair, pad) for pair in zip(blocks, together, strict=True))
    boxes = [box for group in groups for _, box in group.pieces] + [g.card for g in groups if g.card]
    if any(room.covered(box) > MOST_COVERED for box in boxes):
        return None
    return Design(together[0].family, groups, round(TITLE_SIZES[best] * u))


def _placed(room: Room, block: Block, place: Place, pad: float) -> Group:
    """Put a block where it belongs in its region."""
    x1, y1, x2, y2 = place.region
    free_x, free_y = x2 - x1 - block.width - 2 * pad, y2 - y1 - block.height - 2 * pad
    family = place.family
    if family == "split":
        family = "top" if place.parts == HEAD else "bottom"
    share = {"left": 0.0, "center": 0.5, "right": 1.0}[place.alignment]
    left, top = x1 + pad + share * free_x, y1 + pad + _ANCHOR[family] * free_y
    pieces = tuple(block.placed(left, top, place.alignment))
    if not pad:
        return Group(pieces, None, place.alignment)
    card = (left - pad, top - pad, left + block.width + pad, top + block.height + pad)
    return Group(pieces, (round(card[0]), round(card[1]), round(card[2]), round(card[3])), place.alignment)


def _score(room: Room, design: Design, together: Iterable[Place], card: bool) -> float:
    """How good a layout is: its title's size, less what is lopsided, lost in too much room, or needs a card."""
    stage = room.stage
    width, height = stage.canvas.width, stage.canvas.height
    around = union([group.box for group in design.groups])
    assert around is not None
    score = 5.0 * design.title_px / stage.u + _PRIOR[design.family] - 0.18 * card
    if room.subject and design.family != "split":
        subject = room.subject
        lean_x = abs((around[0] + around[2] + subject[0] + subject[2]) / 4 / width - 0.5)
        lean_y = abs((around[1] + around[3] + subject[1] + subject[3]) / 4 / height - 0.5)
        score -= 0.9 * lean_x + 0.5 * lean_y
    for group, place in zip(design.groups, together, strict=True):
        room_px = (place.region[2] - place.region[0]) * (place.region[3] - place.region[1])
        fill = intersection(group.box, place.region) / max(1.0, room_px)
        score -= 0.5 * max(0.0, 0.3 - fill) / len(design.groups)
    return score
