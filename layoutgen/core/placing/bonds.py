"""What a row demands of the places of its texts and logo, as the solver keeps it. Boxes and sizes in px.

Elements have the numbers of the suggestions that they are of, underlays left out. What is named here is placed alone,
locked elements before all others, and each within the room that its box and the elements that stand already leave it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from layoutgen.core.demands import Demands
from layoutgen.core.layout import Box, Canvas, Role, Suggestion, to_px
from layoutgen.core.placing.units import is_text
from layoutgen.core.proposals.demanding import numbers

Size = tuple[float, float]
_ENDS = {"above": (3, 1), "left_of": (2, 0)}  # the side of the first that is no further than that of the second


@dataclass(frozen=True)
class Bonds:
    """Boxes that elements stand in; their largest and smallest widths and heights, 0 for any; and relations: kind,
    first, second, of which `above` and `left_of` are of places, `same_size` of font sizes. `names` are the rows'."""

    locks: Mapping[int, Box] = field(default_factory=dict)
    largest: Mapping[int, Size] = field(default_factory=dict)
    smallest: Mapping[int, Size] = field(default_factory=dict)
    relations: tuple[tuple[str, int, int], ...] = ()
    names: Mapping[int, str] = field(default_factory=dict)

    @property
    def named(self) -> frozenset[int]:
        """All elements that are named."""
        related = (i for _, *pair in self.relations for i in pair)
        return frozenset((*self.locks, *self.largest, *self.smallest, *related))

    def alike(self, index: int) -> tuple[int, ...]:
        """The elements of one font size with an element, itself among them."""
        group = {index}
        for _ in self.relations:
            group |= {i for kind, *pair in self.relations if kind == "same_size" and group & {*pair} for i in pair}
        return tuple(sorted(group))

    def bounds(self, index: int, safe: Box) -> Size:
        """How wide and high an element may be in a safe area, infinity where it is not said."""
        width, height = (side or float("inf") for side in self.largest.get(index, (0.0, 0.0)))
        if index in self.locks:
            left, top, right, bottom = _common(safe, self.locks[index]) or self.locks[index]
            width, height = min(width, right - left), min(height, bottom - top)
        return width, height

    def room(self, members: Collection[int], placed: Mapping[int, Box], safe: Box, clear: float = 0.0) -> Box | None:
        """Where elements that are placed together may lie, with `clear` around them, beside those that stand already: a
        part of the safe area, or of the canvas where a lock leads out of it; None where nothing is left."""
        room = safe
        for index in members:
            if index in self.locks:
                left, top, right, bottom = self.locks[index]
                around = (left - clear, top - clear, right + clear, bottom + clear)
                room = _common(room, around) or around
        left, top, right, bottom = room
        sides = [left, top, right, bottom]
        for kind, first, second in self.relations:
            if kind not in _ENDS:
                continue
            end, start = _ENDS[kind]
            if first in members and second in placed:
                sides[end] = min(sides[end], placed[second][start])
            if second in members and first in placed:
                sides[start] = max(sides[start], placed[first][end])
        return (sides[0], sides[1], sides[2], sides[3]) if sides[0] < sides[2] and sides[1] < sides[3] else None

    def others(self, members: Collection[int]) -> list[Box]:
        """The boxes of other elements, which stay free."""
        return [box for index, box in self.locks.items() if index not in members]

    def reasons(self, members: Collection[int]) -> list[str]:
        """What is demanded of elements, by name."""
        locks = [f"lock {self.names[i]}" for i in self.locks if i in members]
        related = [f"{self.names[a]} {kind} {self.names[b]}" for kind, a, b in self.relations if {a, b} & {*members}]
        sizes = (("largest", self.largest), ("smallest", self.smallest))
        return [*locks, *related, *(f"{word} {self.names[i]}" for word, of in sizes for i in of if i in members)]


FREE = Bonds()
"""Of a row that demands nothing of places."""


def bonds_of(
    demands: Demands, wanted: Sequence[Suggestion], texts: Mapping[str, tuple[Role, str]], canvas: Canvas
) -> Bonds:
    """What is demanded of suggestions without underlays; `texts` are `texts_of` their copy. Relations that places and
    fonts can't say (`inside`, an image's `same_size`) are left to the look at what became of them."""
    number = numbers(demands, wanted, texts)
    largest, smallest = (
        {number[name]: (size[0] * canvas.width, size[1] * canvas.height) for name, size in bounds if name in number}
        for bounds in (demands.largest, demands.smallest)
    )
    related = [(kind, number[a], number[b]) for kind, a, b in demands.relations if a in number and b in number]
    return Bonds(
        {number[name]: to_px(box, canvas.width, canvas.height) for name, box in demands.lock if name in number},
        largest,
        smallest,
        tuple(each for each in related if each[0] in _ENDS or _is_of_type(each, wanted)),
        {i: name for name, i in number.items()},
    )


def _is_of_type(relation: tuple[str, int, int], wanted: Sequence[Suggestion]) -> bool:
    kind, *pair = relation
    return kind == "same_size" and all(is_text(wanted[i]) for i in pair)


def _common(box: Box, other: Box) -> Box | None:
    left, top = max(box[0], other[0]), max(box[1], other[1])
    right, bottom = min(box[2], other[2]), min(box[3], other[3])
    return (left, top, right, bottom) if left < right and top < bottom else None
