"""What a layout has to keep: given boxes, locked sizes, relations between elements; and the layout nearest to a
proposal that keeps it.

Elements have numbers: those that the copy demands in the order of `prompts.slots`, then demanded underlays. Of elements
a and b: `above` says that a ends where b begins or higher, `left_of` the same across, `inside` that a lies in b,
`same_size` that both are as wide and as high. All are linear in centres c and sizes s of boxes, and across and down
have nothing to do with each other, so the nearest layout is two linear programs:

    min Σ |c_i - c_i⁰| + 4 Σ |s_i - s_i⁰|      boxes rather move than change their size
    with every box on the canvas, no side below 1 % of the canvas's, and all that has to be kept

What can't be kept together is refused by name: of the constraints, a set that contradicts itself and from which none
can be left out (deletion filter, Chinneck & Dravnieks 1991).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

from layoutgen.core.layout import Box, Role, inside

if TYPE_CHECKING:
    from scipy.sparse import coo_array

LEAST_SIDE = 0.01
_STIFF = 4.0
_SLACK = 1e-6

Edges = tuple[float | None, float | None, float | None, float | None]
Kind = Literal["above", "left_of", "same_size", "inside"]


class ContradictionError(ValueError):
    """Constraints that no layout keeps; `names` are those that contradict each other."""

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(f"no layout keeps all of: {'; '.join(names)}. Leave one of them out")
        self.names = tuple(names)


@dataclass(frozen=True)
class Relation:
    """`first` lies to `second` as `kind` says."""

    kind: Kind
    first: int
    second: int

    @property
    def name(self) -> str:
        """As messages name it."""
        return f"{self.first} {self.kind} {self.second}"


@dataclass(frozen=True)
class Constraints:
    """What has to be kept, by element number: boxes that are `given`, ltrb, sizes (width, height) that are locked,
    smallest and largest ones, 0 for any, `edges`, ltrb, of which None is any, all normalised to the canvas; relations;
    roles; and the number of underlays, None for any. Its length is the number of constraints on boxes."""

    given: Mapping[int, Box] = field(default_factory=dict)
    sizes: Mapping[int, tuple[float, float]] = field(default_factory=dict)
    relations: tuple[Relation, ...] = ()
    roles: Mapping[int, Role] = field(default_factory=dict)
    underlays: int | None = None
    smallest: Mapping[int, tuple[float, float]] = field(default_factory=dict, repr=False)
    largest: Mapping[int, tuple[float, float]] = field(default_factory=dict, repr=False)
    edges: Mapping[int, Edges] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return sum(map(len, (self.given, self.sizes, self.smallest, self.largest, self.edges, self.relations)))

    def check(self, demanded: int) -> None:
        """Raises ValueError where a constraint is none of a layout of `demanded` elements, besides underlays,
        ContradictionError where they can't be kept together."""
        if self.underlays is not None and not 0 <= self.underlays <= demanded:
            raise ValueError(f"underlays is {self.underlays}; give 0 to {demanded}, at most one for each text")
        count = demanded + (self.underlays or 0)
        for index, role in self.roles.items():
            if (role is Role.UNDERLAY) != (index >= demanded):
                raise ValueError(
                    f"element {index} is a {role}; underlays, and they alone, are numbered from {demanded}"
                )
        for relation in self.relations:
            if relation.kind not in ("above", "left_of", "same_size", "inside"):
                raise ValueError(f"relation {relation.kind!r} is unknown; known: above, left_of, same_size, inside")
            if relation.first == relation.second:
                raise ValueError(f"relation {relation.name} is of an element to itself; name another one")
        self._check_boxes(count)
        project([(0.4, 0.4, 0.6, 0.6)] * count, self)

    def _check_boxes(self, count: int) -> None:
        """Raises ValueError where a constraint is of no element, or no box on the canvas."""
        related = (index for relation in self.relations for index in (relation.first, relation.second))
        named = {*self.given, *self.sizes, *self.edges, *self.roles, *related}
        for index in sorted(named):
            if not 0 <= index < count:
                raise ValueError(f"constraint on element {index}; there are {count}, numbered from 0")
        for index, box in self.given.items():
            if not (np.isfinite(box).all() and box[0] < box[2] and box[1] < box[3] and inside(box, (0, 0, 1, 1))):
                raise ValueError(f"given box {box} of element {index} is no box on the canvas; give ltrb in [0, 1]")
        for index, size in self.sizes.items():
            if not all(LEAST_SIDE <= side <= 1 for side in size):
                raise ValueError(f"locked size {size} of element {index}: give sides from {LEAST_SIDE} to 1")
        for index, edges in self.edges.items():
            if not all(edge is None or 0 <= edge <= 1 for edge in edges):
                raise ValueError(f"edges {edges} of element {index}: give shares of the side, 0 to 1, or None")


def violations(boxes: Sequence[Box], constraints: Constraints, slack: float = _SLACK) -> list[str]:
    """The names of the constraints that a layout breaks by more than `slack` of a side."""
    broken = []
    for index, box in constraints.given.items():
        if max(abs(a - b) for a, b in zip(boxes[index], box, strict=True)) > slack:
            broken.append(_given(index))
    for index, size in constraints.sizes.items():
        if max(abs(a - b) for a, b in zip(_size(boxes[index]), size, strict=True)) > slack:
            broken.append(_locked(index))
    for index, edges in constraints.edges.items():
        known = [(box_edge, edge) for box_edge, edge in zip(boxes[index], edges, strict=True) if edge is not None]
        if max((abs(a - b) for a, b in known), default=0.0) > slack:
            broken.append(_edges(index))
    for relation in constraints.relations:
        a, b = boxes[relation.first], boxes[relation.second]
        keeps = {
            "above": a[3] <= b[1] + slack,
            "left_of": a[2] <= b[0] + slack,
            "inside": inside(a, b, slack),
            "same_size": max(abs(x - y) for x, y in zip(_size(a), _size(b), strict=True)) <= slack,
        }
        if not keeps[relation.kind]:
            broken.append(relation.name)
    return broken


def project(boxes: Sequence[Box], constraints: Constraints) -> list[Box]:
    """The boxes nearest to `boxes` that keep the constraints; given ones are exactly as given. Raises
    ContradictionError."""
    if not boxes:
        return []
    wanted = np.nan_to_num(np.asarray(boxes, np.float64), nan=0.5, posinf=1.0, neginf=0.0).clip(-1, 2)
    items = [*_items(constraints)]
    if not items:
        return _on_canvas(wanted)
    axes = [_nearest(wanted[:, axis], wanted[:, axis + 2], items, axis) for axis in (0, 1)]
    if axes[0] is None or axes[1] is None:
        raise ContradictionError(_irreducible(len(boxes), items))
    (left, right), (top, bottom) = axes[0], axes[1]
    found = [tuple(map(float, sides)) for sides in zip(left, top, right, bottom, strict=True)]
    return [constraints.given.get(i, (a, b, c, d)) for i, (a, b, c, d) in enumerate(found)]


def _on_canvas(ltrb: np.ndarray) -> list[Box]:
    """The same where nothing but the canvas is to be kept."""
    size = (ltrb[:, 2:] - ltrb[:, :2]).clip(LEAST_SIDE, 1)
    centre = ((ltrb[:, :2] + ltrb[:, 2:]) / 2).clip(size / 2, 1 - size / 2)
    edges = np.concatenate([centre - size / 2, centre + size / 2], 1).clip(0, 1)
    return [(a, b, c, d) for a, b, c, d in edges.tolist()]


_Row = tuple[dict[int, float], float, bool]
"""Σ factor · variable ≤ bound, or = bound. Of n elements the centres are variables 2 i, the sizes 2 i + 1."""
_Item = tuple[str, tuple[list[_Row], list[_Row]]]
"""A constraint's name and its rows, across and down."""


def _items(constraints: Constraints) -> Iterator[_Item]:
    for i, box in constraints.given.items():
        yield (
            _given(i),
            (
                [({2 * i: 1.0}, (box[0] + box[2]) / 2, True), ({2 * i + 1: 1.0}, box[2] - box[0], True)],
                [({2 * i: 1.0}, (box[1] + box[3]) / 2, True), ({2 * i + 1: 1.0}, box[3] - box[1], True)],
            ),
        )
    for i, (width, height) in constraints.sizes.items():
        yield _locked(i), ([({2 * i + 1: 1.0}, width, True)], [({2 * i + 1: 1.0}, height, True)])
    for name, sizes, sign in (("smallest", constraints.smallest, -1.0), ("largest", constraints.largest, 1.0)):
        for i, size in sizes.items():
            bounds: list[list[_Row]] = [[({2 * i + 1: sign}, sign * side, False)] if side else [] for side in size]
            yield f"{name} {i}", (bounds[0], bounds[1])
    for i, edges in constraints.edges.items():
        ends: list[list[_Row]] = [
            [
                ({2 * i: 1.0, 2 * i + 1: sign}, edge, True)
                for edge, sign in ((edges[axis], -0.5), (edges[axis + 2], 0.5))
                if edge is not None
            ]
            for axis in (0, 1)
        ]
        yield _edges(i), (ends[0], ends[1])
    for relation in constraints.relations:
        a, b = 2 * relation.first, 2 * relation.second
        before: list[_Row] = [({a: 1.0, a + 1: 0.5, b: -1.0, b + 1: 0.5}, 0.0, False)]
        same: list[_Row] = [({a + 1: 1.0, b + 1: -1.0}, 0.0, True)]
        within: list[_Row] = [
            ({b: 1.0, b + 1: -0.5, a: -1.0, a + 1: 0.5}, 0.0, False),
            ({a: 1.0, a + 1: 0.5, b: -1.0, b + 1: -0.5}, 0.0, False),
        ]
        rows: dict[str, tuple[list[_Row], list[_Row]]] = {
            "above": ([], before),
            "left_of": (before, []),
            "same_size": (same, same),
            "inside": (within, within),
        }
        yield relation.name, rows[relation.kind]


def _nearest(
    low: np.ndarray, high: np.ndarray, items: Sequence[_Item], axis: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """The nearest edges on an axis, low and high; None where the items contradict each other."""
    count = len(low)
    target = np.stack([(low + high) / 2, high - low], 1).ravel()
    rows: list[_Row] = [row for _, axes in items for row in axes[axis]]
    for i in range(count):
        rows += [({2 * i: -1.0, 2 * i + 1: 0.5}, 0.0, False), ({2 * i: 1.0, 2 * i + 1: 0.5}, 1.0, False)]
    # |v - target| ≤ apart, as two rows a variable; `apart` are the variables from 2 n on
    for v in range(2 * count):
        rows += [({v: 1.0, 2 * count + v: -1.0}, target[v], False), ({v: -1.0, 2 * count + v: -1.0}, -target[v], False)]
    cost = np.concatenate([np.zeros(2 * count), np.tile([1.0, _STIFF], count)])
    bounds = [(0.0, 1.0), (LEAST_SIDE, 1.0)] * count + [(0.0, None)] * (2 * count)
    at_most, equal = [row for row in rows if not row[2]], [row for row in rows if row[2]]
    from scipy.optimize import linprog  # a quarter of a second, and every stage reads this module

    solved = linprog(
        cost,
        *_matrix(at_most, 4 * count),
        *(_matrix(equal, 4 * count) if equal else (None, None)),
        bounds=bounds,
        method="highs",
    )
    if solved.status == 2:
        return None
    if solved.status != 0:
        raise RuntimeError(f"the linear program of {count} elements was not solved: {solved.message}")
    centre, size = solved.x[: 2 * count : 2], solved.x[1 : 2 * count : 2]
    return (centre - size / 2).clip(0, 1), (centre + size / 2).clip(0, 1)


def _matrix(rows: Sequence[_Row], columns: int) -> "tuple[coo_array, np.ndarray]":
    from scipy.sparse import coo_array

    places = [(i, column, factor) for i, (factors, _, _) in enumerate(rows) for column, factor in factors.items()]
    at_row, at_column, factors = zip(*places, strict=True)
    matrix = coo_array((factors, (at_row, at_column)), shape=(len(rows), columns))
    return matrix, np.array([bound for _, bound, _ in rows])


def _irreducible(count: int, items: Sequence[_Item]) -> list[str]:
    """The names of a contradicting set from which none can be left out."""
    low, high = np.full(count, 0.4), np.full(count, 0.6)

    def contradict(items_left: Sequence[_Item]) -> bool:
        return any(_nearest(low, high, items_left, axis) is None for axis in (0, 1))

    items_left = list(items)
    for item in items:
        without = [other for other in items_left if other is not item]
        if contradict(without):
            items_left = without
    return [name for name, _ in items_left]


def _given(index: int) -> str:
    return f"given box of {index}"


def _locked(index: int) -> str:
    return f"locked size of {index}"


def _edges(index: int) -> str:
    return f"told edges of {index}"


def _size(box: Box) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]
