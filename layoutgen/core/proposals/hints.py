"""An answer of a model with what is given of the layout laid over it, and how far each edge may be off then.

An edge is exact where a locked element tells it, off by the level of the hints where a hint tells it, and a model's
guess where nothing tells it. Levels are standard deviations, shares of the canvas's side.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from layoutgen.core.layout import Box, Copy, Role, Suggestion, iou
from layoutgen.core.prompts.layouts import POINT_ROLES, slots
from layoutgen.core.prompts.refinements import Given, kept_box, matched
from layoutgen.core.proposals.constraints import Constraints, Edges

PLACED = 0.02
"""The level of an element that a model placed by itself."""
_ANYWHERE = (0.3, 0.46, 0.7, 0.54)
_SAME = 0.3  # IoU of an underlay of the answer with a given one: it is that

Levels = tuple[float, float, float, float]


@dataclass(frozen=True)
class Draft:
    """A layout with a level for each edge of its elements: texts in the order of the copy, then underlays. `locked`
    are the numbers of the elements whose told edges stay."""

    elements: tuple[Suggestion, ...]
    levels: tuple[Levels, ...]
    given: dict[int, Given]

    def held(self, boxes: Sequence[Box]) -> tuple[Suggestion, ...]:
        """The layout with other boxes, on the canvas, in which locked elements are as they were told to be."""
        out = []
        for index, (element, box) in enumerate(zip(self.elements, boxes, strict=True)):
            hint = self.given.get(index)
            box_held = kept_box(hint, box) if hint is not None and hint.locked else box
            out.append(Suggestion(element.role, _on_canvas(box_held, element.box), element.text))
        return tuple(out)


def draft(copy: Copy, answer: Sequence[Suggestion], given: Sequence[Given], level: float) -> Draft:
    """Lay what is given, hints at a `level`, over an answer: what is told of an element stands, the rest is as
    answered. What is given whole needs no answer. Raises ValueError where what is given does not fit the copy, or
    where a text of the copy is neither answered nor given whole."""
    placed, underlays = matched(copy, given)
    wanted = slots(copy)
    free = [element for element in answer if element.role is not Role.UNDERLAY]
    elements: list[Suggestion] = []
    hints: dict[int, Given] = {}
    for index, slot in enumerate(wanted):
        at = next((k for k, element in enumerate(free) if _says(element, slot.text, slot.roles)), None)
        answered = None if at is None else free.pop(at)
        hint = placed.get(index)
        if answered is None and (hint is None or hint.hidden):
            raise ValueError(f"text {slot.text!r} of the copy is neither answered nor given whole")
        if hint is None:
            assert answered is not None
            elements.append(answered)
            continue
        hints[index] = hint
        elements.append(_laid_over(hint, answered))
    grounds = [element for element in answer if element.role is Role.UNDERLAY]
    for hint in underlays:
        same = max(grounds, key=lambda ground: iou(ground.box, hint.element.box), default=None)
        if same is not None and iou(same.box, hint.element.box) >= _SAME:
            grounds.remove(same)
        hints[len(elements)] = hint
        elements.append(_laid_over(hint, same))
    room = len(wanted) + max(0, len(wanted) - len(underlays))
    elements = (elements + grounds)[: max(room, len(elements))]
    levels = tuple(_levels(hints[k], level) if k in hints else (PLACED,) * 4 for k in range(len(elements)))
    return Draft(tuple(elements), levels, hints)


def constraints_of(copy: Copy, given: Sequence[Given]) -> Constraints:
    """What is told of given elements, hints like locked ones, as constraints on a layout whose elements are the texts
    of the copy in their order, then the given underlays. Raises ValueError where what is given does not fit it."""
    placed, underlays = matched(copy, given)
    wanted = slots(copy)
    hints = {**placed, **dict(enumerate(underlays, len(wanted)))}
    roles = {
        index: hint.element.role
        for index, hint in hints.items()
        if "role" not in hint.hidden and (index >= len(wanted) or hint.element.role in wanted[index].roles)
    }
    whole = {index: hint.element.box for index, hint in hints.items() if not hint.hidden - {"role"}}
    parts = {index: hint for index, hint in hints.items() if index not in whole}
    told_edges = {index: _told_edges(hint) for index, hint in parts.items()}
    sizes = {index: size for index, hint in parts.items() if any(size := _told_size(hint))}
    return Constraints(
        given=whole,
        roles=roles,
        underlays=len(underlays) or None,
        smallest=sizes,
        largest=sizes,
        edges={index: edges for index, edges in told_edges.items() if any(edge is not None for edge in edges)},
    )


def _told_size(hint: Given) -> tuple[float, float]:
    """Width and height where they are told and their place is not, 0 for any."""
    box = hint.element.box
    across, down = (
        box[axis + 2] - box[axis] if place in hint.hidden and size not in hint.hidden else 0.0
        for axis, (place, size) in enumerate((("x", "w"), ("y", "h")))
    )
    return across, down


def _told_edges(hint: Given) -> Edges:
    left, top, right, bottom = hint.element.box
    is_hidden = [bool(hint.hidden & names) for names in ({"x"}, {"y"}, {"x", "w"}, {"y", "h"})]
    sides = [None if hides else side for side, hides in zip((left, top, right, bottom), is_hidden, strict=True)]
    return (sides[0], sides[1], sides[2], sides[3])


def without_whole(copy: Copy, given: Sequence[Given]) -> tuple[Copy, tuple[Box, ...]]:
    """The copy without the texts that are given whole, and the boxes of these and of given underlays: what a composer
    that knows nothing of hints is asked, and where it may place nothing. Raises ValueError as `matched` does."""
    placed, underlays = matched(copy, given)
    wanted = slots(copy)
    gone = [index for index, hint in placed.items() if not hint.hidden]
    left = [slot for index, slot in enumerate(wanted) if index not in gone]
    has_logo = any(slot.roles == (Role.LOGO,) for slot in left)
    rest = replace(
        copy,
        title=copy.title if any(slot.roles == (Role.TITLE,) for slot in left) else "",
        selling_points=tuple(slot.text for slot in left if slot.roles == POINT_ROLES),
        brand=copy.brand if has_logo else None,
        logo=copy.logo if has_logo else None,
    )
    return rest, tuple(hint.element.box for hint in (*(placed[index] for index in gone), *underlays))


def _says(element: Suggestion, text: str, roles: Sequence[Role]) -> bool:
    return element.text == text and (element.role is Role.LOGO) == (roles[0] is Role.LOGO)


def _laid_over(hint: Given, answered: Suggestion | None) -> Suggestion:
    element = hint.element
    if answered is None:
        if not hint.hidden:
            return element
        answered = Suggestion(element.role, _ANYWHERE)  # an underlay: texts are answered wherever they are not whole
    role = answered.role if "role" in hint.hidden else element.role
    return Suggestion(role, _on_canvas(kept_box(hint, answered.box), answered.box), element.text)


def _levels(hint: Given, level: float) -> Levels:
    """The levels of a given element's edges: an edge follows from a place, and the far one from the size, too."""
    known = 0.0 if hint.locked else level
    near = [PLACED if name in hint.hidden else known for name in ("x", "y")]
    far = [PLACED if {place, size} & hint.hidden else known for place, size in (("x", "w"), ("y", "h"))]
    return (near[0], near[1], far[0], far[1])


def _on_canvas(box: Box, instead: Box) -> Box:
    """A box cut to the canvas; where its far edge is not beyond the near one, it is as long as another box."""
    sides = [min(max(side, 0.0), 1.0) for side in box]
    for axis in (0, 1):
        length = min(instead[axis + 2] - instead[axis], 1.0)
        if sides[axis + 2] <= sides[axis]:
            sides[axis + 2] = min(1.0, sides[axis] + length)
        if sides[axis + 2] <= sides[axis]:
            sides[axis] = 1.0 - length
    return (sides[0], sides[1], sides[2], sides[3])
