"""How the copy may be arranged in a scene's rooms: in one column or as head and offer apart, as its style has it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import permutations

from layoutgen.core.layout import Box, Canvas, from_px
from layoutgen.core.proposals.blocks import Room, Speech
from layoutgen.core.proposals.groups import Group
from layoutgen.core.styles.style import Style
from layoutgen.models.composers.rules.scenes import Scene

_STEPS = 6
_ALL = ("head", "points", "offer")
_FLUSH = 0.02  # of the canvas, within which a room ends with the safe area


@dataclass(frozen=True)
class Spot:
    """A group with the corner (px) where it stands, and the room (normalised) that it was meant for."""

    group: Group
    left: float
    top: float
    alignment: str
    room: Box

    @property
    def exact(self) -> "Spot":
        """The same with its texts measured at their own sizes; what that leaves free lies on the side that they are not
        aligned with."""
        group = self.group.exact
        free = self.group.width - group.width
        moved = {"left": 0.0, "center": float(round(free / 2)), "right": free}[self.alignment]
        return replace(self, group=group, left=self.left + moved)

    def box(self, canvas: Canvas) -> Box:
        """The box around it, normalised."""
        right, bottom = self.left + self.group.width, self.top + self.group.height
        return from_px((self.left, self.top, right, bottom), canvas.width, canvas.height)


@dataclass(frozen=True)
class Arrangement:
    """A copy in its places: `block` is the kind, `omitted` how many selling points had no room."""

    block: str
    spots: tuple[Spot, ...]
    omitted: int

    @property
    def title_px(self) -> int:
        """Its title's font size."""
        return self.spots[0].group.title_px


@dataclass(frozen=True, eq=False)
class Setter:
    """Sets a speech on a canvas: fonts in px are at least `smallest_px`, titles at least `least_px`."""

    speech: Speech
    style: Style
    canvas: Canvas
    smallest_px: int
    least_px: int
    may_part: bool = False

    @property
    def largest_px(self) -> int:
        """The largest title that the style has."""
        short = min(self.canvas.width, self.canvas.height)
        return max(self.least_px, round(self.style.title_most * short))

    def arranged(self, scene: Scene, rooms: list[Box], block: str) -> Iterator[Arrangement]:
        """All ways to arrange the copy as one kind of block in a scene's rooms."""
        if block in ("column", "centred"):
            for room in rooms:
                yield from self._column(scene, room, block)
        elif block == "rail":
            for room in rooms:
                high = (room[3] - room[1]) * self.canvas.height
                if high >= 1.2 * (room[2] - room[0]) * self.canvas.width and room[3] - room[1] > 0.6:
                    yield from self._rail(scene, room)
        elif self.speech.offer or self.speech.points:
            for first, second in permutations(rooms[:5], 2):
                yield from self._apart(scene, first, second, block)

    def squeezed(self, scene: Scene) -> Iterator[Arrangement]:
        """One column where it covers least of what should stay free, in several widths and sizes: for scenes without
        a room."""
        left, top, right, bottom = scene.safe
        for share in (1.0, 0.62, 0.42):
            room = (left, top, left + share * (right - left), bottom)
            sized = self._room(room)
            for px in sorted({self.largest_px, *(max(self.least_px, round(px)) for px in self._sizes())}):
                for points in range(len(self.speech.points), -1, -1):
                    group = self.speech.group(_ALL, points, px, sized)
                    if group is not None:
                        spot = self._least_covered(scene, group)
                        yield Arrangement("column", (spot,), len(self.speech.points) - points)
                        break

    def _sizes(self) -> tuple[float, ...]:
        short = min(self.canvas.width, self.canvas.height)
        return (0.09 * short, 0.07 * short, 0.055 * short, 0.042 * short, 0.0)

    def _least_covered(self, scene: Scene, group: Group) -> Spot:
        left, top = scene.clearest(group.width / self.canvas.width, group.height / self.canvas.height)
        x, y = round(left * self.canvas.width), round(top * self.canvas.height)
        box = (left, top, left + group.width / self.canvas.width, top + group.height / self.canvas.height)
        return Spot(group, float(x), float(y), "left", box)

    def _column(self, scene: Scene, room: Box, block: str) -> Iterator[Arrangement]:
        best = self._fitted([(_ALL, room)])
        if best:
            (group,), omitted = best
            centred = block == "centred"
            yield Arrangement(block, (self._spot(scene, group, room, centred),), omitted)

    def _rail(self, scene: Scene, room: Box) -> Iterator[Arrangement]:
        """Head at the top of a high room, offer at its foot."""
        foot = ("offer",) if self.speech.offer else ("points",)
        head = tuple(part for part in _ALL if part not in foot)
        middle = room[1] + 0.55 * (room[3] - room[1])
        upper, lower = (room[0], room[1], room[2], middle), (room[0], middle, room[2], room[3])
        best = self._fitted([(head, upper), (foot, lower)])
        if best:
            (above, below), omitted = best
            if not below.rows:
                return
            spots = (self._spot(scene, above, upper, False, 0.0), self._spot(scene, below, lower, False, 1.0))
            yield Arrangement("rail", spots, omitted)

    def _apart(self, scene: Scene, first: Box, second: Box, block: str) -> Iterator[Arrangement]:
        """Head in one room, offer in another."""
        if first[1] >= second[1] or first[3] > second[3] or _touch(first, second):
            return
        foot = ("offer",) if self.speech.has_price or not self.speech.points else ("points", "offer")
        head = tuple(part for part in _ALL if part not in foot)
        if block == "head_and_foot" and min(first[2] - first[0], second[2] - second[0]) < 0.6:
            return
        if block == "diagonal" and second[2] + second[0] <= first[2] + first[0] + 0.1:
            return
        if block == "corner_price" and not (self.speech.has_price and _in_corner(second, scene.safe)):
            return
        best = self._fitted([(head, first), (foot, second)])
        if not best or not best[0][1].rows:
            return
        (above, below), omitted = best
        is_centred = block == "head_and_foot" and "centred" in self.style.blocks
        to_right = block in ("diagonal", "corner_price") and second[2] > scene.safe[2] - _FLUSH
        upper = self._spot(scene, above, first, is_centred)
        lower = self._spot(scene, below, second, is_centred)
        if to_right and not is_centred:
            right = second[2] * self.canvas.width - below.width
            lower = replace(lower, left=float(round(right)), alignment="right")
        yield Arrangement(block, (upper, lower), omitted)

    def _fitted(self, meant: list[tuple[tuple[str, ...], Box]]) -> tuple[tuple[Group, ...], int] | None:
        """Groups for rooms, in the largest title size in which all fit, with as many selling points as fit at the
        least."""
        rooms = [(parts, self._room(box)) for parts, box in meant]

        def at(px: int, points: int) -> tuple[Group, ...] | None:
            groups = []
            for parts, room in rooms:
                group = self.speech.group(parts, points, px, room)
                if group is None:
                    return None
                groups.append(group)
            return tuple(groups)

        count = len(self.speech.points)
        for points in range(count, -1, -1):
            least = at(self.least_px, points)
            if least is not None:
                return _largest(at, points, least, self.least_px, self.largest_px), count - points
        return None

    def _room(self, box: Box) -> Room:
        width, height = (box[2] - box[0]) * self.canvas.width, (box[3] - box[1]) * self.canvas.height
        return Room(width, height, self.smallest_px, self.may_part)

    def _spot(self, scene: Scene, group: Group, room: Box, is_centred: bool, down: float | None = None) -> Spot:
        """Where a group stands in a room: at the side of the canvas that the room ends with, else in its middle."""
        canvas, safe = self.canvas, scene.safe
        free_x = (room[2] - room[0]) * canvas.width - group.width
        free_y = (room[3] - room[1]) * canvas.height - group.height
        at_top, at_foot = room[1] < safe[1] + _FLUSH, room[3] > safe[3] - _FLUSH
        if down is None:
            down = 0.0 if at_top and not at_foot else 1.0 if at_foot and not at_top else 0.5
        alignment = "center" if is_centred else "left"
        left = room[0] * canvas.width + free_x * {"left": 0.0, "center": 0.5}[alignment]
        return Spot(group, float(round(left)), float(round(room[1] * canvas.height + free_y * down)), alignment, room)


def _largest(
    at: Callable[[int, int], tuple[Group, ...] | None], points: int, least: tuple[Group, ...], under: int, over: int
) -> tuple[Group, ...]:
    """The groups at the largest size that fits, by halving."""
    largest = at(over, points)
    if largest is not None:
        return largest
    best = least
    for _ in range(_STEPS):
        middle = (under + over) // 2
        if middle <= under:
            break
        tried = at(middle, points)
        if tried is None:
            over = middle
        else:
            best, under = tried, middle
    return best


def _touch(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def _in_corner(room: Box, safe: Box) -> bool:
    at_side = room[0] < safe[0] + _FLUSH or room[2] > safe[2] - _FLUSH
    return at_side and (room[1] < safe[1] + _FLUSH or room[3] > safe[3] - _FLUSH)
