"""A piece of a layout put into the free place nearest to where it is wanted. Boxes in px."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from layoutgen.core.layout import Box, Element, intersection, to_px
from layoutgen.core.placing.spots import Spots, into
from layoutgen.core.refining import rooms
from layoutgen.core.refining.changes import Change
from layoutgen.core.refining.lettering import Letters
from layoutgen.core.refining.making_way import make_way
from layoutgen.core.refining.page import Page
from layoutgen.core.refining.pieces import Piece, borne, own_underlay, visible

_NEAR, _FAR = 0.06, 0.25
"""How far from where it is wanted a piece may end, of the canvas's sides: before others make way, and at all."""
_GAP = 0.01
_MORE = 0.05
"""How much more of a piece may lie on the subject than before."""
Layout = Mapping[int, Element]
"""A layout in the making: elements by the index that they had, to which their underlays refer."""


@dataclass(frozen=True, eq=False)
class Putting:
    """Puts pieces of a layout, `first` before any change, on a page; `exactly` where whoever edited it had them."""

    page: Page
    letters: Letters
    spots: Spots
    first: Layout
    exactly: bool = False

    def put(
        self,
        now: Layout,
        piece: Piece,
        part: Sequence[tuple[Change, int]],
        relations: Sequence[tuple[str, int]],
        ahead: set[int],
    ) -> tuple[Layout, list[int]]:
        """The layout with a piece in it, the changes and elements of which are `part`, and the elements that made way
        for it; `ahead` are those that are still to be moved. Raises ValueError with why there is no place for it."""
        plates = {u for i in ahead if i in now and (u := own_underlay(now, i)) is not None}
        others = {i: self._px(now, i) for i in now if i not in {*piece.members, *ahead, *plates}}
        related = [(kind, visible(now, j, self.page.canvas)) for kind, j in relations]
        wanted = self._wanted(piece, part, related)
        room = self._room(now, piece, wanted, related)
        if room is None:
            raise ValueError(f"no room is left where it is {words(relations)}")
        holders = {e.underlay for e in piece.members.values() if e.underlay is not None} - piece.members.keys()
        stays = {i for i in holders if i in others and _holds(others[i], wanted)}
        taken = {i: self._spaced(now, i, box, piece) for i, box in others.items() if i not in stays}
        walls = [] if self.exactly else self.page.walls
        covered = self._covered(now, piece, wanted)
        spot = self._nearest(wanted, room, [*taken.values(), *walls], covered, _NEAR)
        way: dict[int, Element] | None = {}
        if spot is None:
            spot = into(wanted, room)
            way = make_way(now, spot, taken, covered, self.spots, self.letters, walls)
        if way is None:
            way, spot = {}, self._nearest(wanted, room, [*taken.values(), *walls], covered, _FAR)
        if spot is None:
            raise ValueError("there is no free place for it near there")
        left = {i for i in holders if i not in stays}
        placed = {i: replace(e, underlay=None) if e.underlay in left else e for i, e in piece.at(spot).items()}
        after = {**now, **way, **placed}
        return {i: e for i, e in after.items() if i not in left or borne(after, i)}, [*way]

    def _room(self, now: Layout, piece: Piece, wanted: Box, related: rooms.Related) -> Box | None:
        """The room that a piece has: what relations leave of the safe area, and the box that its row demands for it;
        a logo keeps its clear space on the canvas."""
        left, top, right, bottom = self.spots.safe
        if self.exactly:
            return rooms.room(wanted, related, self.spots.safe)
        canvas, keeping = self.page.canvas, self.page.keeping
        clear = max((keeping.clear_px(e, canvas) for e in piece.members.values()), default=0.0)
        left, top = max(left, clear), max(top, clear)
        right, bottom = min(right, canvas.width - clear), min(bottom, canvas.height - clear)
        order = sorted(now)
        indices = [k for k, i in enumerate(order) if i in piece.members]
        if lock := keeping.lock([now[i] for i in order], indices):
            inner = to_px(lock, canvas.width, canvas.height)
            left, top, right, bottom = inner
        return rooms.room(wanted, related, (left, top, right, bottom))

    def _wanted(self, piece: Piece, part: Sequence[tuple[Change, int]], related: rooms.Related) -> Box:
        """Where a piece is wanted: where an edit of this canvas had it, else where its change says."""
        change, index = part[0]
        if not self.exactly or not change.box or len(part) > 1:
            return rooms.wanted(piece.footprint, change, related, self.spots.safe, self.page.canvas)
        own = to_px(change.box, self.page.canvas.width, self.page.canvas.height)
        inner = self._px(piece.members, index)
        across, down = own[0] - inner[0], own[1] - inner[1]
        left, top, right, bottom = piece.footprint
        return (left + across, top + down, right + across, bottom + down)

    def _spaced(self, now: Layout, index: int, box: Box, piece: Piece) -> Box:
        """The box of an element with the gap that a piece keeps around it: as much as between others, or as before, and
        no less than a logo's clear space."""
        if self.exactly:
            return box
        gap = _GAP * self.page.short
        for mine in (self._px(now, i) for i in piece.members if i in now):
            across, down = (max(mine[k] - box[k + 2], box[k] - mine[k + 2]) for k in (0, 1))
            gap = min(gap, max(0.0, across, down))
        logos = (now[index], *piece.members.values())
        gap = max(gap, *(self.page.keeping.clear_px(element, self.page.canvas) for element in logos))
        return (box[0] - gap, box[1] - gap, box[2] + gap, box[3] + gap)

    def _covered(self, now: Layout, piece: Piece, wanted: Box) -> float:
        """The share of a piece that may lie on the subject: as much as before, or as whoever edited this canvas had
        it."""
        before = [self.spots.share(self._px(now, i)) + _MORE for i in piece.members if i in self.first]
        return max([self.spots.stays, *before, *([self.spots.share(wanted)] if self.exactly else [])])

    def _nearest(self, wanted: Box, room: Box, taken: Sequence[Box], covered: float, most: float) -> Box | None:
        """The free place nearest to where a piece is wanted, of which a share of `covered` may lie on the subject; None
        where it is further than `most` from there."""
        spots = self.spots.within(room)
        asked = into(wanted, room)
        spots = replace(spots, stays=covered)
        spot = spots.nearest(asked, taken)
        canvas = self.page.canvas
        if spot is None or any(intersection(spot, box) > 1 for box in taken):
            return None
        far = np.hypot((spot[0] - asked[0]) / canvas.width, (spot[1] - asked[1]) / canvas.height)
        return spot if far <= most else None

    def _px(self, layout: Layout, index: int) -> Box:
        return to_px(layout[index].box, self.page.canvas.width, self.page.canvas.height)


def words(relations: Sequence[tuple[str, object]]) -> str:
    """Relations as reasons name them."""
    return " and ".join(kind.replace("_", " ") for kind, _ in relations) or "asked for"


def _holds(outer: Box, inner: Box) -> bool:
    middle = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= middle[0] <= outer[2] and outer[1] <= middle[1] <= outer[3]
