"""Elements moved off obstacles, such as a product, and texts off each other, as little as can be.

Of two boxes that share area one side is chosen for the first, above, below, left or right of the second: the one that
asks for the smallest move, where a box that has to shrink to fit there pays four times what it loses. The sides become
relations (`constraints`), and the nearest layout that keeps all of them is taken. So is for a text across the edge of a
picture, wholly on it or at a side of it, whichever is nearest. Moves may bring boxes onto others, so this is done up to
four times. Where the relations contradict each other those between elements are dropped, then those to the picture,
then all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from layoutgen.core.layout import Box, area, inside, intersection
from layoutgen.core.proposals.constraints import LEAST_SIDE, Constraints, ContradictionError, Relation, project

_ROUNDS = 4
_LEAST_SHARED = 1e-4  # of the smaller box's area
_STIFF = 4.0
_THIN = 0.04  # room for a box that is no room
_ACROSS = 0.05
_CANVAS: Box = (0.0, 0.0, 1.0, 1.0)


def separated(
    boxes: Sequence[Box],
    texts: int,
    obstacles: Sequence[Box],
    constraints: Constraints,
    relations: Sequence[Relation] = (),
    picture: Box | None = None,
) -> list[Box]:
    """The nearest boxes that keep `constraints` and `relations`, off the obstacles, ltrb normalised, and with the first
    `texts` of them off each other and wholly on or wholly off a `picture`, where that can be. Given boxes stay."""
    count = len(boxes)
    fixed = {count + k: box for k, box in enumerate(_on_canvas(obstacles))}
    held = {relation.first: relation.second for relation in relations if relation.kind == "inside"}
    placed, own = list(boxes), list(relations)
    away: list[Relation] = []
    near: list[Relation] = []
    whole: list[Relation] = []
    frame = {count + len(fixed): box for box in _on_canvas([picture] if picture else []) if not inside(_CANVAS, box)}
    for _ in range(_ROUNDS):
        away += [
            _side(i, k, placed[i], box)
            for i in range(count)
            for k, box in fixed.items()
            if i not in constraints.given and i not in held and _share(placed[i], box) and not _related(i, k, away)
        ]
        near += [
            _side(i, k, placed[i], placed[k])
            for i in range(texts)
            for k in range(i)
            if _share(placed[i], placed[k]) and not _related(i, k, near)
        ]
        whole += [
            _whole(i, k, placed[i], box, fixed.values())
            for i in range(texts)
            for k, box in frame.items()
            if i not in constraints.given and straddles(placed[i], box) and not _related(i, k, whole)
        ]
        if not any((away, near, own, whole)):
            break
        tries = [*own, *away, *whole, *near], [*own, *away, *whole], [*own, *away], [*away], own
        nearest = _nearest(list(boxes), fixed | frame, constraints, tries)
        is_done = nearest == placed
        placed = nearest
        if is_done:
            break
    return placed


def straddles(box: Box, picture: Box) -> bool:
    """Whether a box lies across an edge of a picture, with more than a twentieth of it on either side."""
    return _ACROSS < intersection(box, picture) / max(area(box), 1e-12) < 1 - _ACROSS


def _nearest(
    boxes: list[Box], fixed: dict[int, Box], constraints: Constraints, tries: Sequence[Sequence[Relation]]
) -> list[Box]:
    for relations in tries:
        whole = replace(
            constraints, given={**constraints.given, **fixed}, relations=(*constraints.relations, *relations)
        )
        try:
            return project([*boxes, *fixed.values()], whole)[: len(boxes)]
        except ContradictionError:
            continue
    return project(boxes, constraints)


def _on_canvas(obstacles: Sequence[Box]) -> list[Box]:
    cut = [(max(0.0, a), max(0.0, b), min(1.0, c), min(1.0, d)) for a, b, c, d in obstacles]
    return [box for box in cut if box[2] - box[0] >= LEAST_SIDE and box[3] - box[1] >= LEAST_SIDE]


def _share(a: Box, b: Box) -> bool:
    return intersection(a, b) > _LEAST_SHARED * min(area(a), area(b)) or inside(a, b)


def _related(i: int, k: int, relations: Sequence[Relation]) -> bool:
    return any({i, k} == {relation.first, relation.second} for relation in relations)


def _side(i: int, k: int, box: Box, other: Box) -> Relation:
    """The relation of box i to box k that moves it off that with the smallest move."""
    return min(_sides(i, k, box, other), key=lambda side: side[0])[1]


def _whole(i: int, k: int, box: Box, picture: Box, obstacles: Iterable[Box]) -> Relation:
    """The relation of box i to a picture k that brings it wholly on it, where no obstacle is, or off it with the
    smallest move."""
    size, room = _size(box), _size(picture)
    left = min(max(box[0], picture[0]), max(picture[2] - size[0], picture[0]))
    top = min(max(box[1], picture[1]), max(picture[3] - size[1], picture[1]))
    on = abs(left - box[0]) + abs(top - box[1])
    on += sum(_STIFF * max(0.0, own - most) for own, most in zip(size, room, strict=True))
    moved = (left, top, left + size[0], top + size[1])
    on += max((intersection(moved, other) / max(area(moved), 1e-12) for other in obstacles), default=0.0)
    return min([*_sides(i, k, box, picture), (on, Relation("inside", i, k))], key=lambda side: side[0])[1]


def _sides(i: int, k: int, box: Box, other: Box) -> list[tuple[float, Relation]]:
    """The relations of box i to box k that move it off that, with what each costs."""
    width, height = _size(box)

    def cost(move: float, room: float, size: float) -> float:
        return move + _STIFF * max(0.0, size - room) + (10.0 if room < min(_THIN, size) else 0.0)

    return [
        (cost(box[3] - other[1], other[1], height), Relation("above", i, k)),
        (cost(other[3] - box[1], 1 - other[3], height), Relation("above", k, i)),
        (cost(box[2] - other[0], other[0], width), Relation("left_of", i, k)),
        (cost(other[2] - box[0], 1 - other[2], width), Relation("left_of", k, i)),
    ]


def _size(box: Box) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]
