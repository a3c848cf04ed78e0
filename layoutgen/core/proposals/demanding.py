"""Demands of a row put on a copy before it is composed, and on what any composer proposes for it.

Locked texts but the title leave the copy: the others are composed around their boxes, and they are added in them. What
is related or bounded is moved to the nearest boxes that keep it all (`proposals.constraints`); an underlay that bears
one text moves with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from layoutgen.core.demands import Demands, texts_of
from layoutgen.core.layout import OFFER_ROLES, Box, Copy, Role, Suggestion, area, intersection
from layoutgen.core.proposals.constraints import Constraints, ContradictionError, Relation, project

DEMANDED_OUT = "left out, as the row demands: "
"""How a note begins that says so of a text."""
_AIR = 0.08  # of a locked box's sides
_BORNE = 0.85  # share of a text that lies on the underlay that bears it


def demanded_of(demands: Demands, copy: Copy) -> tuple[Copy, tuple[str, str] | None]:
    """The copy without what must be absent, and the fault where something is demanded of it that it has not."""
    gone: dict[str, Any] = {role.value: None for role in OFFER_ROLES if role in demands.absent}
    if Role.LOGO in demands.absent:
        gone |= {"brand": None, "logo": None}
    points = () if Role.SELLING_POINT in demands.absent else copy.selling_points
    left = replace(copy, selling_points=points, **gone)
    texts = texts_of(left)
    lacking = [name for name in (*demands.names, *(role.value for role in demands.present)) if name not in texts]
    if not lacking:
        return left, None
    there = ", ".join(texts)
    return left, ("constraint_missing", f"constraints ask for {lacking[0]}, and the row has {there} alone; fill it")


def to_compose(demands: Demands, copy: Copy) -> Copy:
    """What of a copy is left to compose: all but the locked texts; a title stays, and a logo's image."""
    texts = texts_of(copy)
    apart = {texts[name] for name, _ in demands.lock}
    offers: dict[str, Any] = {role.value: None for role, text in copy.offers.items() if (role, text) in apart}
    points = tuple(point for point in copy.selling_points if (Role.SELLING_POINT, point) not in apart)
    brand = None if (Role.LOGO, copy.brand or "") in apart and not copy.logo else copy.brand
    return replace(copy, selling_points=points, brand=brand, **offers)


def as_demanded(demands: Demands, suggestions: Sequence[Suggestion], copy: Copy) -> tuple[Suggestion, ...]:
    """Suggestions for `to_compose` of a copy, as the demands want them. Raises ContradictionError naming the demands
    that can't be kept together."""
    texts = texts_of(copy)
    added = [
        Suggestion(role, _inner(box), text)
        for (role, text), box in ((texts[name], box) for name, box in demands.lock)
        if not any(_is(s, role, text) for s in suggestions)
    ]
    wanted = [s for s in (*suggestions, *added) if s.role is not Role.UNDERLAY]
    number = numbers(demands, wanted, texts)
    constraints = Constraints(
        given={number[name]: _inner(box) for name, box in demands.lock if name in number},
        relations=tuple(
            Relation(kind, number[first], number[second])  # type: ignore[arg-type]
            for kind, first, second in demands.relations
            if first in number and second in number
        ),
        smallest={number[name]: size for name, size in demands.smallest if name in number},
        largest={number[name]: size for name, size in demands.largest if name in number},
    )
    if not len(constraints):
        return (*suggestions, *added)
    try:
        boxes = project([s.box for s in wanted], constraints)
    except ContradictionError as error:
        names = {str(i): name for name, i in number.items()}
        listed = [" ".join(names.get(word, word) for word in part.split()) for part in error.names]
        raise ContradictionError(listed) from None
    moved = {id(s): replace(s, box=box) for s, box in zip(wanted, boxes, strict=True)}
    underlays = [_with_text(s, wanted, moved) for s in suggestions if s.role is Role.UNDERLAY]
    return (*underlays, *(moved[id(s)] for s in wanted))


def numbers(demands: Demands, wanted: Sequence[Suggestion], texts: Mapping[str, tuple[Role, str]]) -> dict[str, int]:
    """Which suggestion is of each element that is named, as far as there is one; `texts` are `texts_of` the copy."""
    number: dict[str, int] = {}
    for name in demands.names:
        role, text = texts.get(name, (None, ""))
        same = [i for i, s in enumerate(wanted) if role and _is(s, role, text)]
        if same:
            number[name] = same[0]
    return number


def _inner(box: Box) -> Box:
    """What a text is proposed in that must end up in a box: lines are set a little higher than they are asked for."""
    across, down = _AIR * (box[2] - box[0]), _AIR * (box[3] - box[1])
    return (box[0] + across, box[1] + down, box[2] - across, box[3] - down)


def _is(suggestion: Suggestion, role: Role, text: str) -> bool:
    """Whether a suggestion is that of a copy's element; there is one logo, be it an image or a brand."""
    return suggestion.role is role if role is Role.LOGO else suggestion.text == text


def _with_text(underlay: Suggestion, texts: Sequence[Suggestion], moved: dict[int, Suggestion]) -> Suggestion:
    """An underlay around the one text that it bears, as it was around it before that moved."""
    borne = [s for s in texts if intersection(underlay.box, s.box) >= _BORNE * area(s.box) > 0]
    if len(borne) != 1:
        return underlay
    was, now = borne[0].box, moved[id(borne[0])].box
    box: Box = (
        now[0] + underlay.box[0] - was[0],
        now[1] + underlay.box[1] - was[1],
        now[2] + underlay.box[2] - was[2],
        now[3] + underlay.box[3] - was[3],
    )
    return replace(underlay, box=box)
