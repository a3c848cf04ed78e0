"""Collages worth trying: several photos of a product in cells with gutters between them, and room for text beside.

In every cell stands the crop of its shape that keeps the whole subject, closer where that is small; a packshot stands
without its ground, whole. A set of photos of which one fits no cell of an arrangement is tried in others, then without
that photo.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from layoutgen.core.collages import LEAST_PHOTOS
from layoutgen.core.framing import contain
from layoutgen.core.layout import Box, Canvas, Framing, Tile, area, from_px
from layoutgen.core.proposals.framings import Candidate, Subject, zone

_SHARES = (0.36, 0.42, 0.48, 0.54, 0.6, 0.66, 0.72, 0.78)
_HEROES = (0.52, 0.6, 0.68)
_GUTTER, _CAPTION = 0.016, 0.05  # of the canvas's short side
_KEPT = 0.992  # of a subject's mask; masks are soft
_FILLED, _CLOSEST = 0.84, 0.6
"""How much of a cell a subject fills at most after a crop has come closer, and the least share of the photo that such a
crop has."""
_LEAST_SIDE, _GOOD_SIDE = 0.13, 0.24
"""Of a cell's shorter side, shares of the canvas's short side: the least, and from which on nothing is lost."""
_LONGEST = 2.6  # ratio of a cell's sides
_UNEQUAL = (0.1, 0.5)
"""What tiles cost that are not equal: of any collage, and of one that is to have equal ones."""
_HALVINGS = 16
_IN_LANES = 5  # photos of which four stand in two lanes beside the first
_SMALL_FIRST = 0.4  # what it costs that the first photo is smaller than the others
_EMPTY = 0.5  # what a cell costs that its packshot leaves empty
_STANDS = 0.88  # of a cell's sides, at most, a packshot's


@dataclass(frozen=True, eq=False)
class Shot:
    """A photo that may stand on a collage: its URI, the sha256 of its bytes, the upright original's size in px, its
    subject, whether its ground is one colour, and whether that ground can be taken away."""

    uri: str
    sha256: str
    width: int
    height: int
    subject: Subject
    is_flat: bool = False
    is_packshot: bool = False

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width / self.height

    @property
    def shapes(self) -> tuple[float, float]:
        """The narrowest and the widest crop, width over height, that hold its subject; of a packshot, any."""
        left, top, right, bottom = self.subject.box
        if self.is_packshot:
            return 1 / _LONGEST, _LONGEST
        narrowest, widest = 1.01 * self.aspect * (right - left), 0.99 * self.aspect / (bottom - top)
        return min(max(narrowest, 1 / _LONGEST), _LONGEST), min(max(widest, 1 / _LONGEST), _LONGEST)


def candidates(
    shots: Sequence[Shot],
    canvas: Canvas,
    *,
    kind: str,
    may_cut_out: bool,
    is_inset: bool,
    margin: float,
    has_captions: bool = False,
) -> list[Candidate]:
    """List the collages of as many of the shots as any holds, the first of them the framing's own photo; [] where there
    is none of two. `kind` is hero, grid, steps or before_after, else any. `may_cut_out`: packshots stand without their
    ground, if all photos on a ground of one colour are such. `is_inset`: the cells keep the canvas's free edge
    (`margin`, a share of its short side), else they end with the canvas. With `has_captions`, every cell
    has a place for a line or two below it."""
    if not may_cut_out or any(shot.is_flat and not shot.is_packshot for shot in shots):
        shots = [replace(shot, is_packshot=False) for shot in shots]
    while len(shots) >= LEAST_PHOTOS:
        listed = list(_listed(shots, canvas, kind, margin if is_inset or has_captions else 0.0, has_captions))
        if listed:
            return listed
        shots = _without_the_stiffest(shots)
    return []


def _listed(shots: Sequence[Shot], canvas: Canvas, kind: str, margin: float, has_captions: bool) -> Iterator[Candidate]:
    short = min(canvas.width, canvas.height)
    edge = margin * short / canvas.width, margin * short / canvas.height
    gutter = _GUTTER * short * (1.4 if margin else 1.0)
    foot = _CAPTION * short if has_captions else 0.0
    for side in ("left", "right", "top", "bottom"):
        is_across = side in ("left", "right")
        for share in _SHARES:
            free = (1 - share) * (canvas.width if is_across else canvas.height)
            if free < 0.2 * short or (is_across and free < 0.36 * canvas.height):
                continue
            left, top, right, bottom = zone(side, share, edge)
            area_px = (left * canvas.width, top * canvas.height, right * canvas.width, bottom * canvas.height)
            for cost, cells in _arrangements(shots, kind, area_px, gutter):
                candidate = _filled(shots, cells, canvas, side, foot)
                if candidate is not None:
                    yield replace(candidate, cost=candidate.cost + cost)


def _arrangements(shots: Sequence[Shot], kind: str, area_px: Box, gutter: float) -> Iterator[tuple[float, list[Box]]]:
    """Cells (px) for photos in a part of the canvas, with what each arrangement costs."""
    count = len(shots)
    if kind not in ("steps", "before_after", "grid"):
        for share in _HEROES:
            for is_first in (True, False):
                for is_across in (True, False):
                    for lanes in (1, 2) if count == _IN_LANES else (1,):
                        yield 0.0, _with_hero(count, area_px, share, (is_first, is_across), lanes, gutter)
    if kind == "hero":
        return
    for columns in range(1, count + 1):
        rows, rest = divmod(count, columns)
        if not rest:
            yield (
                0.02,
                [cell for row in _parted(area_px, rows, False, gutter) for cell in _parted(row, columns, True, gutter)],
            )
    for lanes in range(1, min(3, count) + 1):
        for is_across in (True,) if kind == "steps" and lanes > 1 else (True, False):  # steps are read line by line
            cells = _justified([shot.shapes for shot in shots], area_px, lanes, is_across, gutter)
            if cells:
                yield _UNEQUAL[kind in ("grid", "steps", "before_after")], cells


def _justified(
    shapes: Sequence[tuple[float, float]], area_px: Box, lanes: int, is_across: bool, gutter: float
) -> list[Box]:
    """Cells in so many lanes, rows or columns, each of a shape between its photo's narrowest and widest, so that they
    fill the part of the canvas; [] where they can't. Every shape lies as far between its two as all others."""
    left, top, right, bottom = area_px
    if not is_across:  # columns are rows of the transposed canvas
        turned = [(1 / widest, 1 / narrowest) for narrowest, widest in shapes]
        cells = _justified(turned, (top, left, bottom, right), lanes, True, gutter)
        return [(cell[1], cell[0], cell[3], cell[2]) for cell in cells]
    ends = [round(i * len(shapes) / lanes) for i in range(lanes + 1)]
    in_lanes = [shapes[first:last] for first, last in pairwise(ends)]

    def heights(share: float) -> list[float]:
        widths = [right - left - gutter * (len(lane) - 1) for lane in in_lanes]
        sums = [sum(low ** (1 - share) * high**share for low, high in lane) for lane in in_lanes]
        return [width / total for width, total in zip(widths, sums, strict=True)]

    wanted = bottom - top - gutter * (lanes - 1)
    if not sum(heights(1.0)) <= wanted <= sum(heights(0.0)):
        return []
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(heights(middle)) > wanted else (low, middle)
    placed: list[Box] = []
    y = top
    for lane, height in zip(in_lanes, heights(high), strict=True):
        x = left
        for narrowest, widest in lane:
            width = height * narrowest ** (1 - high) * widest**high
            placed.append((x, y, x + width, y + height))
            x += width + gutter
        y += height + gutter
    return placed


def _with_hero(
    count: int, area_px: Box, share: float, place: tuple[bool, bool], lanes: int, gutter: float
) -> list[Box]:
    """A large cell, and small ones in the lanes of a strip beside it; `place` says whether the large one comes first,
    and whether the strip stands beside it or below."""
    left, top, right, bottom = area_px
    is_first, is_across = place
    low, high = (left, right) if is_across else (top, bottom)
    large = share * (high - low - gutter)
    ends = (low, low + large) if is_first else (high - large, high)
    others = (low + large + gutter, high) if is_first else (low, high - large - gutter)
    hero, strip = ((a, top, b, bottom) if is_across else (left, a, right, b) for a, b in (ends, others))
    each = (count - 1) // lanes
    return [
        hero,
        *(
            cell
            for lane in _parted(strip, lanes, is_across, gutter)
            for cell in _parted(lane, each, not is_across, gutter)
        ),
    ]


def _parted(box: Box, count: int, is_across: bool, gutter: float) -> list[Box]:
    """A box in equal parts, beside each other or one below the other."""
    left, top, right, bottom = box
    low, high = (left, right) if is_across else (top, bottom)
    step = (high - low + gutter) / count
    starts = [low + i * step for i in range(count)]
    return [
        (start, top, start + step - gutter, bottom) if is_across else (left, start, right, start + step - gutter)
        for start in starts
    ]


def _filled(shots: Sequence[Shot], cells: list[Box], canvas: Canvas, side: str, foot: float) -> Candidate | None:
    """The shots in their cells, `foot` px of which are a caption's; None where one fits none of its shape."""
    short = min(canvas.width, canvas.height)
    tiles, cost, whole, empty = [], 0.0, 0.0, 0.0
    for shot, (left, top, right, bottom) in zip(shots, cells, strict=True):
        cell = tuple(map(round, (left, top, right, bottom - foot)))
        width, height = cell[2] - cell[0], cell[3] - cell[1]
        if min(width, height) < _LEAST_SIDE * short or max(width, height) > _LONGEST * min(width, height):
            return None
        crop = None if shot.is_packshot else close_crop(shot, width / height)
        picture = from_px((cell[0], cell[1], cell[2], cell[3]), canvas.width, canvas.height)
        if shot.is_packshot:
            crop, picture = _standing(shot, picture, canvas)
        if crop is None:
            return None
        blend = "cut_out" if shot.is_packshot else "normal"
        tiles.append(Tile(shot.uri, shot.sha256, shot.width, shot.height, crop, picture, blend))
        cost += 1.2 * max(0.0, _GOOD_SIDE - min(width, height) / short) / len(cells)
        taken = area(picture) * canvas.width * canvas.height / (width * height)
        whole += width * height
        empty += (1 - taken) * width * height
    first, *others = tiles
    share = (cells[0][2] - cells[0][0]) * (cells[0][3] - cells[0][1]) * len(cells) / whole
    cost += _SMALL_FIRST * max(0.0, 1 - share)
    framing = Framing(first.crop, first.picture, ground="collage", blend=first.blend, tiles=tuple(others))
    below = [(cell[0], cell[3] - 0.86 * foot, cell[2], cell[3]) for cell in cells]
    captions = tuple(from_px(box, canvas.width, canvas.height) for box in below) if foot else ()
    return Candidate(framing, 0.0, side, cost=cost + _EMPTY * empty / whole, captions=captions)


def close_crop(shot: Shot, aspect: float) -> Box | None:
    """The crop of a shape (width / height) that holds a shot's whole subject in its middle, as close as looks well;
    None where none holds it."""
    box = shot.subject.box
    width, height = min(1.0, aspect / shot.aspect), min(1.0, shot.aspect / aspect)
    across, down = box[2] - box[0], box[3] - box[1]
    closer = min(1.0, max(_CLOSEST, max(across / width, down / height) / _FILLED))
    width, height = width * closer, height * closer
    left = min(max((box[0] + box[2] - width) / 2, 0.0), 1 - width)
    top = min(max((box[1] + box[3] - height) / 2, 0.0), 1 - height)
    crop = (left, top, left + width, top + height)
    return crop if shot.subject.lost(crop) <= 1 - _KEPT else None


def _standing(shot: Shot, cell: Box, canvas: Canvas) -> tuple[Box, Box]:
    """A packshot's product with what is near it, and where it stands in its cell."""
    box = shot.subject.box
    pad = 0.05 * max(box[2] - box[0], box[3] - box[1])
    crop = (max(0.0, box[0] - pad), max(0.0, box[1] - pad), min(1.0, box[2] + pad), min(1.0, box[3] + pad))
    x, y = (1 - _STANDS) / 2 * (cell[2] - cell[0]), (1 - _STANDS) / 2 * (cell[3] - cell[1])
    shape = shot.aspect * (crop[2] - crop[0]) / (crop[3] - crop[1])
    return crop, contain(shape, (cell[0] + x, cell[1] + y, cell[2] - x, cell[3] - y), canvas)


def _without_the_stiffest(shots: Sequence[Shot]) -> list[Shot]:
    """All but the one whose subject takes most of one side of its photo and least of the other; the first stays."""

    def stiffness(i: int) -> float:
        box = shots[i].subject.box
        shape = shots[i].aspect * (box[2] - box[0]) / (box[3] - box[1])
        return 0.0 if shots[i].is_packshot else max(shape, 1 / shape)

    worst = max(range(1, len(shots)), key=lambda i: (stiffness(i), i))
    return [shot for i, shot in enumerate(shots) if i != worst]
