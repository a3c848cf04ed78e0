"""Changes done in a finished layout, on whatever canvas: what they name is moved, all else stays where it is.

Each piece goes to the free place nearest to where the change wants it, off the subject, in the room that its relations
leave (`core.placing.spots`, as the place stage's solver does it). Where there is none, what stands in the way makes
way, then the piece grows less; where that does not help either it stays as it was, and the outcome names it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

import numpy as np

from layoutgen.core.gallery.edits import FaceOf
from layoutgen.core.layout import Box, Canvas, Element, Role, intersection, to_px
from layoutgen.core.metrics.own import contrast_of
from layoutgen.core.placing.placement import ORDER
from layoutgen.core.placing.spots import Spots, into
from layoutgen.core.refining import rooms
from layoutgen.core.refining.changes import ALIGNED, PLACES, Change, Name, described, named
from layoutgen.core.refining.lettering import Letters
from layoutgen.core.refining.making_way import make_way
from layoutgen.core.refining.pieces import Piece, borne, own_underlay, piece_of, visible
from layoutgen.core.refining.reading import readable_again
from layoutgen.core.refining.relations import holds

VERSION = "refining-1"  # goes up with every change of what is decided
_NEAR, _FAR = 0.06, 0.25
"""How far from where it is wanted a piece may end, of the canvas's sides: before others make way, and at all."""
_SHRINKS = (1.0, 0.85, 0.7, 0.5, 0.35, 0.2, 0.1)
_LEAST = 1.05
"""What is no larger than this is not larger."""
_GAP = 0.01
_MORE = 0.05
"""How much more of a piece may lie on the subject than before."""


@dataclass(frozen=True, eq=False)
class Page:
    """What a layout is changed on: its canvas, the free edge and the smallest font in px, the subject's map (h, w) in
    [0, 1] and the ground's pixels (h, w, 3), the least contrast of texts, and what sets them."""

    canvas: Canvas
    margin_px: float
    smallest_px: int
    subject: np.ndarray
    ground: np.ndarray
    min_contrast: float
    face_of: FaceOf


@dataclass(frozen=True)
class Applied:
    """A layout with changes: `origins` says which element of the layout before each is, None of a new one; `done` are
    those that it has, `undone` says of the others why not, `aside` of further elements that they made way."""

    elements: tuple[Element, ...]
    origins: tuple[int | None, ...]
    done: tuple[Change, ...]
    undone: tuple[str, ...]
    aside: tuple[str, ...] = ()


def apply(
    changes: Sequence[Change], layout: Sequence[Element], page: Page, *, same_copy: bool = True, exactly: bool = False
) -> Applied:
    """A layout with changes. Of another product's layout, `same_copy` is False: words are not taken there; `exactly`
    takes the boxes that changes say, which are those of one canvas."""
    barred: dict[int, str] = {}
    for _ in range(len(changes) + 1):
        work = _Work(layout, page, same_copy, exactly)
        failed = work.run(changes, barred)
        if not failed:
            break
        barred |= failed
    return work.outcome(changes, barred)


class _Work:
    """A layout in the making: elements by the index that they had."""

    def __init__(self, layout: Sequence[Element], page: Page, same_copy: bool, exactly: bool) -> None:
        self._page, self._same_copy, self._exactly = page, same_copy, exactly
        self._first = dict(enumerate(layout))
        self._now = dict(self._first)
        self._undone: dict[int, str] = {}
        self._aside: list[str] = []
        self._short: dict[int, list[tuple[str, Name]]] = {}
        self._fresh = count(len(layout))
        self._spots = Spots.on(page.canvas, page.margin_px, page.subject)
        widest = page.canvas.width - 2 * page.margin_px
        self._letters = Letters(page.canvas, widest, page.smallest_px, page.face_of)

    def run(self, changes: Sequence[Change], barred: Mapping[int, str]) -> dict[int, str]:
        """Do changes by their place in the list, but for barred ones; return what can't be done, and why."""
        targets: dict[int, list[int]] = {}
        for k, change in enumerate(changes):
            if k in barred:
                continue
            try:
                targets[k] = self._begun(change)
            except ValueError as error:
                return {k: str(error)}
        there = {k: [i for i in indices if i in self._now] for k, indices in targets.items()}
        moving = [k for k in there if there[k] and (changes[k].add or changes[k].moves or changes[k].say)]
        groups: dict[object, list[int]] = {}
        for k in moving:
            groups.setdefault(changes[k].group or ("alone", k), []).append(k)
        order = sorted(groups.values(), key=lambda ks: min(ORDER.index(changes[k].name.role) for k in ks))
        ahead = {i for ks in order for k in ks for i in there[k]}
        for ks in order:
            wanted = list({i: (changes[k], i) for k in ks for i in there[k]}.values())
            parts = [wanted] if len(ks) > 1 else [[each] for each in wanted]
            for part in parts:
                ahead -= {i for _, i in part}
                if reason := self._placed(part, ahead):
                    return dict.fromkeys(ks, reason)
        return self._unread(changes, there) or self._unrelated(changes, there)

    def outcome(self, changes: Sequence[Change], barred: Mapping[int, str]) -> Applied:
        """The layout as it is, with its indices closed up."""
        order = sorted(self._now)
        place = {i: k for k, i in enumerate(order)}
        elements = [self._now[i] for i in order]
        closed = tuple(replace(e, underlay=None if e.underlay is None else place.get(e.underlay)) for e in elements)
        origins = tuple(i if i in self._first else None for i in order)
        done, undone = [], [f"{', '.join(described([changes[k]]))}: {why}" for k, why in barred.items()]
        for k, change in enumerate(changes):
            short = self._short.get(k, [])
            if k not in barred:
                done.append(replace(change, relations=tuple(pair for pair in change.relations if pair not in short)))
            for kind, other in dict.fromkeys(short):
                undone.append(f"{change.name} {kind.replace('_', ' ')} {other}: there is no room for that")
        return Applied(closed, origins, tuple(done), tuple(undone), tuple(dict.fromkeys(self._aside)))

    def _begun(self, change: Change) -> list[int]:
        """Leave out, add and letter what a change says; return the elements that it is of. Raises ValueError."""
        if (change.say or change.add) and not self._same_copy:
            raise ValueError("words are the product's own and not carried to another one")
        if change.add:
            return [self._added(change)]
        order = sorted(self._now)
        indices = [order[k] for k in named(change.name, [self._now[i] for i in order], same_copy=self._same_copy)]
        if not indices:
            raise ValueError("the layout has no such element")
        for kind, other in change.relations:
            there = named(other, [self._now[i] for i in order], same_copy=self._same_copy)
            if not there:
                raise ValueError(f"the layout has no {other} for it to be {kind.replace('_', ' ')}")
        for index in indices:
            if change.remove:
                self._left_out(index)
            elif self._now[index].lines:
                self._now[index] = self._letters.lettered(self._now[index], change)
        return [] if change.remove else indices

    def _left_out(self, index: int) -> None:
        if self._now[index].role is Role.TITLE:
            raise ValueError("every layout has a title")
        under = own_underlay(self._now, index)
        self._now = {i: e for i, e in self._now.items() if i not in (index, under)}

    def _added(self, change: Change) -> int:
        """A new text, which looks like the layout's smallest of its role, or of all."""
        texts = [i for i, e in self._now.items() if e.lines]
        if not change.say:
            raise ValueError("an image that was put back is not put back elsewhere")
        if any(self._now[i].text == change.say for i in texts):
            raise ValueError("the layout says so already")
        alike = [i for i in texts if self._now[i].role is change.name.role] or texts
        if not alike:
            raise ValueError("the layout has no text that it could look like")
        model = self._now[min(alike, key=lambda i: (self._now[i].font_px, i))]
        index = next(self._fresh)
        self._now[index] = replace(model, role=change.name.role, underlay=None, group=None)
        self._now[index] = self._letters.lettered(self._now[index], change)
        return index

    def _placed(self, part: Sequence[tuple[Change, int]], ahead: set[int]) -> str:
        """Place a piece, with all its relations or, where it is told where to go, with those that can be; why it can't
        be, "" where it was. `ahead` are elements that are still to be moved."""
        indices = [i for _, i in part]
        asked = [self._scale(change, i) for change, i in part]
        whole = [pair for change, _ in part for pair in self._related(change, indices) if pair[0] != "same_size"]
        whole = [pair for pair in whole if pair[1] not in ahead]
        places = [pair for pair in whole if pair[0] in PLACES]
        is_free = any(replace(change, relations=()).moves for change, _ in part)
        choices = [[*whole, *self._flush(part, ahead)], whole, *([places, []] if is_free else [])]
        reason = ""
        for relations in (each for k, each in enumerate(choices) if each not in choices[:k]):
            for share in _SHRINKS if max(asked) > 1 else (1.0,):
                scales = [1 + (scale - 1) * share if scale > 1 else scale for scale in asked]
                if share < 1 and max(scales) < _LEAST:
                    break
                try:
                    piece = piece_of(self._now, indices, scales, self._page.canvas, self._letters)
                except ValueError as error:
                    reason = str(error)
                    continue
                failed = self._put(piece, part, relations, ahead)
                if not failed:
                    return ""
                reason = failed
        return reason

    def _flush(self, part: Sequence[tuple[Change, int]], ahead: set[int]) -> list[tuple[str, int]]:
        """The edge or axis that an element shares with another one, which it keeps where it only grows or says other
        words."""
        (change, index), *more = part
        if more or change.at != (None, None) or any(change.shift) or change.relations or change.add:
            return []
        others = [i for i, e in self._now.items() if e.role is not Role.UNDERLAY and i != index and i not in ahead]
        box = self._visible(index)
        pairs = [(kind, i) for kind in ALIGNED[:3] for i in others if holds(kind, box, self._visible(i), 1.0)]
        return pairs[:1]

    def _scale(self, change: Change, index: int) -> float:
        """How much larger an element is to be: as is said, or as large as the one that it is to be like."""
        for kind, other in self._related(change, [index]):
            if kind == "same_size":
                own, like = self._now[index], self._now[other]
                heights = [self._px(i)[3] - self._px(i)[1] for i in (index, other)]
                return like.font_px / own.font_px if own.font_px and like.font_px else heights[1] / heights[0]
        return change.scale

    def _related(self, change: Change, members: Sequence[int]) -> list[tuple[str, int]]:
        order = sorted(self._now)
        elements = [self._now[i] for i in order]
        pairs = [
            (kind, order[k])
            for kind, other in change.relations
            for k in named(other, elements, same_copy=self._same_copy)[:1]
        ]
        return [(kind, j) for kind, j in pairs if j not in members]

    def _put(
        self, piece: Piece, part: Sequence[tuple[Change, int]], relations: Sequence[tuple[str, int]], ahead: set[int]
    ) -> str:
        """Put a piece into the free place nearest to where it is wanted; why that can't be, "" where it was."""
        out = {
            *piece.members,
            *ahead,
            *(u for i in ahead if i in self._now and (u := own_underlay(self._now, i)) is not None),
        }
        others = {i: self._px(i) for i in self._now if i not in out}
        related = [(kind, self._visible(j)) for kind, j in relations]
        wanted = self._wanted(piece, part, related)
        room = rooms.room(wanted, related, self._spots.safe)
        if room is None:
            return f"no room is left where it is {_words(relations)}"
        holders = {e.underlay for e in piece.members.values() if e.underlay is not None} - piece.members.keys()
        stays = {i for i in holders if i in others and _holds(others[i], wanted)}
        taken = {i: self._spaced(box, piece) for i, box in others.items() if i not in stays}
        covered = self._covered(piece, wanted)
        spot = self._nearest(wanted, room, taken, covered, _NEAR)
        way: dict[int, Element] | None = {}
        if spot is None:
            spot = into(wanted, room)
            way = make_way(self._now, spot, taken, covered, self._spots, self._letters)
        if way is None:
            way, spot = {}, self._nearest(wanted, room, taken, covered, _FAR)
        if spot is None:
            return "there is no free place for it near there"
        left = {i for i in holders if i not in stays}
        now = {i: replace(e, underlay=None) if e.underlay in left else e for i, e in piece.at(spot).items()}
        after = {**self._now, **way, **now}
        self._now = {i: e for i, e in after.items() if i not in left or borne(after, i)}
        self._aside += [f"{self._now[i].role.value} makes way" for i in way if self._now[i].role is not Role.UNDERLAY]
        return ""

    def _wanted(self, piece: Piece, part: Sequence[tuple[Change, int]], related: rooms.Related) -> Box:
        """Where a piece is wanted: where an edit of this canvas had it, else where its change says."""
        change, index = part[0]
        if not self._exactly or not change.box or len(part) > 1:
            return rooms.wanted(piece.footprint, change, related, self._spots.safe, self._page.canvas)
        own = to_px(change.box, self._page.canvas.width, self._page.canvas.height)
        inner = to_px(piece.members[index].box, self._page.canvas.width, self._page.canvas.height)
        across, down = own[0] - inner[0], own[1] - inner[1]
        left, top, right, bottom = piece.footprint
        return (left + across, top + down, right + across, bottom + down)

    def _spaced(self, box: Box, piece: Piece) -> Box:
        """A box with the gap that a piece keeps around it: as much as between others, or as before."""
        if self._exactly:
            return box
        gap = _GAP * min(self._page.canvas.width, self._page.canvas.height)
        for mine in (self._px(i) for i in piece.members if i in self._now):
            across, down = (max(mine[k] - box[k + 2], box[k] - mine[k + 2]) for k in (0, 1))
            gap = min(gap, max(0.0, across, down))
        return (box[0] - gap, box[1] - gap, box[2] + gap, box[3] + gap)

    def _covered(self, piece: Piece, wanted: Box) -> float:
        """The share of a piece that may lie on the subject: as much as before, or as whoever edited this canvas had
        it."""
        before = [self._spots.share(self._px(i)) + _MORE for i in piece.members if i in self._first]
        return max([self._spots.stays, *before, *([self._spots.share(wanted)] if self._exactly else [])])

    def _nearest(self, wanted: Box, room: Box, taken: Mapping[int, Box], covered: float, most: float) -> Box | None:
        """The free place nearest to where a piece is wanted, of which a share of `covered` may lie on the subject; None
        where it is further than `most` from there."""
        spots = self._spots.within(room)
        asked = into(wanted, room)
        spots = replace(spots, stays=covered)
        spot = spots.nearest(asked, [*taken.values()])
        canvas = self._page.canvas
        if spot is None or any(intersection(spot, box) > 1 for box in taken.values()):
            return None
        far = np.hypot((spot[0] - asked[0]) / canvas.width, (spot[1] - asked[1]) / canvas.height)
        return spot if far <= most else None

    def _unread(self, changes: Sequence[Change], targets: Mapping[int, Sequence[int]]) -> dict[int, str]:
        """Give texts that moved a colour in which they can be read; changes of which one can't be, and why."""
        changed = {i for i, e in self._now.items() if e.lines and e != self._first.get(i)}
        first, least = list(self._first.values()), self._page.min_contrast
        asked = {i: k for k, indices in targets.items() for i in indices if changes[k].colour}
        order = sorted(self._now)
        place = {i: k for k, i in enumerate(order)}
        elements = [self._now[i] for i in order]
        elements = [replace(e, underlay=None if e.underlay is None else place.get(e.underlay)) for e in elements]
        for i in sorted(changed):
            was = self._first.get(i)
            before = contrast_of(first, i, self._page.ground) if was else None
            enough = min(least, before or least)
            colour = readable_again(elements, place[i], was, self._page.ground, enough, fixed=i in asked)
            if colour is None and self._exactly:  # it is as who edited this canvas saw it
                continue
            if colour is None:
                k = asked.get(i, next((k for k, indices in targets.items() if i in indices), None))
                if k is not None:
                    return {k: f"it could not be read there: its contrast would be under {least:g} : 1"}
            elif colour != self._now[i].colour:
                self._now[i] = replace(self._now[i], colour=colour)
        return {}

    def _unrelated(self, changes: Sequence[Change], targets: Mapping[int, Sequence[int]]) -> dict[int, str]:
        """Note the relations that don't hold in the end; changes that ask for nothing else can't be done."""
        for k, indices in targets.items():
            for index in indices:
                wrong = [
                    (kind, other)
                    for kind, other in changes[k].relations
                    for _, j in self._related(replace(changes[k], relations=((kind, other),)), [index])
                    if kind != "same_size" and not holds(kind, self._visible(index), self._visible(j), 2.0)
                ]
                if wrong and not replace(changes[k], relations=()).moves:
                    return {k: f"it can't be {_words(wrong)} there"}
                self._short.setdefault(k, []).extend(wrong)
        return {}

    def _px(self, index: int) -> Box:
        return to_px(self._now[index].box, self._page.canvas.width, self._page.canvas.height)

    def _visible(self, index: int) -> Box:
        return visible(self._now, index, self._page.canvas)


def _holds(outer: Box, inner: Box) -> bool:
    middle = (inner[0] + inner[2]) / 2, (inner[1] + inner[3]) / 2
    return outer[0] <= middle[0] <= outer[2] and outer[1] <= middle[1] <= outer[3]


def _words(relations: Sequence[tuple[str, object]]) -> str:
    return " and ".join(kind.replace("_", " ") for kind, _ in relations) or "asked for"
