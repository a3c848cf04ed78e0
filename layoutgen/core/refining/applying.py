"""Changes done in a finished layout, on whatever canvas: what they name is moved, all else stays where it is.

Each piece goes to the free place nearest to where the change wants it, off the subject, in the room that its relations
leave (`core.placing.spots`, as the place stage's solver does it). Where there is none, what stands in the way makes
way, then the piece grows less; where that does not help either it stays as it was, and the outcome names it. So does a
change by which the layout would break what its row keeps (`keeping`) and did not break before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from layoutgen.core.layout import Box, Element, Role, to_px
from layoutgen.core.metrics.own import contrast_of
from layoutgen.core.placing.placement import ORDER
from layoutgen.core.placing.spots import Spots
from layoutgen.core.refining.changes import ALIGNED, PLACES, Change, Name, described, named
from layoutgen.core.refining.lettering import Letters
from layoutgen.core.refining.page import Page
from layoutgen.core.refining.pieces import own_underlay, piece_of, visible
from layoutgen.core.refining.putting import Putting, words
from layoutgen.core.refining.reading import readable_again
from layoutgen.core.refining.relations import holds

VERSION = "refining-2"  # goes up with every change of what is decided
_SHRINKS = (1.0, 0.85, 0.7, 0.5, 0.35, 0.2, 0.1)
_LEAST = 1.05
"""What is no larger than this is not larger."""


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
    own, barred = (list(changes), dict[int, str]()) if exactly else _own(changes, page)
    while True:
        work = _Work(layout, page, same_copy, exactly)
        failed = work.run(own, barred)
        if not failed and not exactly:
            failed = _breaking(own, layout, page, same_copy, barred, work)
        if not failed:
            return work.outcome(own, barred)
        barred |= failed


def _own(changes: Sequence[Change], page: Page) -> tuple[list[Change], dict[int, str]]:
    """Changes as the row's brand has them, and by their place why some can't be."""
    own, barred = list(changes), {}
    for k, change in enumerate(changes):
        try:
            own[k] = page.keeping.own(change)
        except ValueError as error:
            barred[k] = str(error)
    return own, barred


def _breaking(
    changes: Sequence[Change],
    layout: Sequence[Element],
    page: Page,
    same_copy: bool,
    barred: Mapping[int, str],
    work: "_Work",
) -> dict[int, str]:
    """The change by which a layout breaks what its row keeps, all where it is none alone, and what that is; {} where it
    keeps it."""
    before = page.keeping.faults(layout, page.canvas)

    def faults(of: _Work) -> list[str]:
        try:
            elements, keeping = page.keeping.finished(layout, of.outcome(changes, barred).elements)
        except ValueError as error:
            return [str(error)]
        broken = (fault for fault in keeping.faults(elements, page.canvas) if fault not in before)
        return [f"it would not keep {fault}" for fault in broken]

    broken = faults(work)
    open_ = [k for k in range(len(changes)) if k not in barred]
    if not broken or not open_:
        return {}
    reason = "; ".join(broken)
    for k in reversed(open_):
        without = _Work(layout, page, same_copy, exactly=False)
        if not without.run(changes, {**barred, k: reason}) and not {*broken} & {*faults(without)}:
            return {k: reason}
    return dict.fromkeys(open_, reason)


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
        spots = Spots.on(page.canvas, page.margin_px, page.subject)
        widest = page.canvas.width - 2 * page.margin_px
        self._letters = Letters(page.canvas, widest, page.smallest_px, page.face_of)
        self._putting = Putting(page, self._letters, spots, self._first, exactly)

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
                    after, way = self._putting.put(self._now, piece, part, relations, ahead)
                except ValueError as error:
                    reason = str(error)
                    continue
                self._now = dict(after)
                shown = (after[i].role for i in way if after[i].role is not Role.UNDERLAY)
                self._aside += [f"{role.value} makes way" for role in shown]
                return ""
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
            inks = self._page.keeping.inks(elements, place[i])
            fixed, ground = i in asked, self._page.ground
            colour = readable_again(elements, place[i], was, ground, enough, fixed=fixed, inks=inks)
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
                    return {k: f"it can't be {words(wrong)} there"}
                self._short.setdefault(k, []).extend(wrong)
        return {}

    def _px(self, index: int) -> Box:
        return to_px(self._now[index].box, self._page.canvas.width, self._page.canvas.height)

    def _visible(self, index: int) -> Box:
        return visible(self._now, index, self._page.canvas)
