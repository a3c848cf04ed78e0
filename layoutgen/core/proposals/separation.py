"""Elements moved off obstacles, such as a product, and texts off each other, as little as can be.

Of two boxes that share area one side is chosen for the first, above, below, left or right of the second: the one that
asks for the smallest move, where a box that has to shrink to fit there pays four times what it loses. The sides become
relations (`constraints`), and the nearest layout that keeps all of them is taken. Moves may bring boxes onto others, so
this is done up to four times. Where the relations contradict each other those between elements are dropped, then all.
"""

from collections.abc import Sequence
from dataclasses import replace

from layoutgen.core.layout import Box, area, inside, intersection
from layoutgen.core.proposals.constraints import LEAST_SIDE, Constraints, ContradictionError, Relation, project

_ROUNDS = 4
_LEAST_SHARED = 1e-4  # of the smaller box's area
_STIFF = 4.0
_THIN = 0.04  # room for a box that is no room


def separated(
    boxes: Sequence[Box],
    texts: int,
    obstacles: Sequence[Box],
    constraints: Constraints,
    relations: Sequence[Relation] = (),
) -> list[Box]:
    """The nearest boxes that keep `constraints` and `relations`, off the obstacles, ltrb normalised, and with the first
    `texts` of them off each other, where that can be. Given boxes stay."""
    count = len(boxes)
    fixed = {count + k: box for k, box in enumerate(_on_canvas(obstacles))}
    held = {relation.first: relation.second for relation in relations if relation.kind == "inside"}
    placed, own = list(boxes), list(relations)
    away: list[Relation] = []
    near: list[Relation] = []
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
        if not away and not near and not own:
            break
        nearest = _nearest(list(boxes), fixed, constraints, ([*own, *away, *near], [*own, *away], [*away], own))
        is_done = nearest == placed
        placed = nearest
        if is_done:
            break
    return placed


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
    """The relation of box i to box k that moves it least."""
    width, height = box[2] - box[0], box[3] - box[1]

    def cost(move: float, room: float, size: float) -> float:
        return move + _STIFF * max(0.0, size - room) + (10.0 if room < min(_THIN, size) else 0.0)

    sides = [
        (cost(box[3] - other[1], other[1], height), Relation("above", i, k)),
        (cost(other[3] - box[1], 1 - other[3], height), Relation("above", k, i)),
        (cost(box[2] - other[0], other[0], width), Relation("left_of", i, k)),
        (cost(other[2] - box[0], 1 - other[2], width), Relation("left_of", k, i)),
    ]
    return min(sides, key=lambda side: side[0])[1]
