"""What moves as one in a layout: an element with the underlay that it alone stands on, or several that were moved by
one vector. Boxes in px."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from layoutgen.core.layout import Box, Canvas, Element, Role, from_px, to_px, union
from layoutgen.core.refining.lettering import Letters


@dataclass(frozen=True)
class Piece:
    """Elements by their index, as they are set, and the box around them; `members` have their boxes in it."""

    members: Mapping[int, Element]
    canvas: Canvas
    footprint: Box

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        left, top, right, bottom = self.footprint
        return right - left, bottom - top

    def at(self, box: Box) -> dict[int, Element]:
        """The members with the footprint moved to a box of its size."""
        across, down = box[0] - self.footprint[0], box[1] - self.footprint[1]
        canvas = self.canvas
        moved = {}
        for i, element in self.members.items():
            left, top, right, bottom = to_px(element.box, canvas.width, canvas.height)
            px = (left + across, top + down, right + across, bottom + down)
            moved[i] = replace(element, box=from_px(px, canvas.width, canvas.height))
        return moved


def own_underlay(layout: Mapping[int, Element], index: int) -> int | None:
    """The underlay that an element alone stands on."""
    under = layout[index].underlay
    alone = under is not None and sum(e.underlay == under for e in layout.values()) == 1
    return under if alone and under in layout else None


def visible(layout: Mapping[int, Element], index: int, canvas: Canvas) -> Box:
    """The box of an element that relations are of: of what stands on an underlay alone, that."""
    under = own_underlay(layout, index)
    return to_px(layout[index if under is None else under].box, canvas.width, canvas.height)


def piece_of(
    layout: Mapping[int, Element], indices: Sequence[int], scales: Sequence[float], canvas: Canvas, letters: Letters
) -> Piece:
    """The piece of some elements, each at a multiple of its size. Raises ValueError where a text can't be set so."""
    members: dict[int, Element] = {}
    for index, scale in zip(indices, scales, strict=True):
        before = to_px(layout[index].box, canvas.width, canvas.height)
        element = layout[index]
        if element.lines:
            element = letters.scaled(element, scale, letters.widest_px)
        elif scale != 1:
            element = replace(element, box=from_px(_grown(before, before, scale), canvas.width, canvas.height))
        members[index] = element
        under = own_underlay(layout, index)
        if under is not None:
            plate, now = layout[under], to_px(element.box, canvas.width, canvas.height)
            around = _around(to_px(plate.box, canvas.width, canvas.height), before, now, scale)
            radius = round(plate.radius_px * scale)
            members[under] = replace(plate, box=from_px(around, canvas.width, canvas.height), radius_px=radius)
    boxes = [to_px(e.box, canvas.width, canvas.height) for e in members.values()]
    return Piece(members, canvas, union(boxes) or boxes[0])


def borne(layout: Mapping[int, Element], underlay: int) -> list[int]:
    """The elements that stand on an underlay."""
    return [i for i, e in layout.items() if e.underlay == underlay and e.role is not Role.UNDERLAY]


def _grown(box: Box, now: Box, scale: float) -> Box:
    middle = (now[0] + now[2]) / 2, (now[1] + now[3]) / 2
    half = (box[2] - box[0]) * scale / 2, (box[3] - box[1]) * scale / 2
    return (middle[0] - half[0], middle[1] - half[1], middle[0] + half[0], middle[1] + half[1])


def _around(plate: Box, before: Box, now: Box, scale: float) -> Box:
    """An underlay around an element as it was around it before, its pads as much larger as the element."""
    pads = [(before[k] - plate[k]) * scale for k in (0, 1)] + [(plate[k] - before[k]) * scale for k in (2, 3)]
    return (now[0] - pads[0], now[1] - pads[1], now[2] + pads[2], now[3] + pads[3])
