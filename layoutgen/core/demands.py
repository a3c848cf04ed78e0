"""What a row demands of its layout: the manifest's column `constraints`, an object or its JSON, with any of these keys.

    lock       {"price": [0.05, 0.8, 0.4, 0.95]}            an element stands in a box
    present    ["price"]                                    there is an element of the role
    absent     ["badge"]                                    there is none, whatever the copy says
    above, left_of, inside, same_size   [["title", "price"]]   the first to the second
    free       [[0.0, 0.9, 1.0, 1.0], "avatar_strip"]       nothing stands in a box, or a platform's zone of a name
    largest, smallest   {"logo": [0.2, 0.1]}                an element's width and height, at most and at least; 0: any

Boxes are ltrb and sizes shares of the canvas. An element is named by its role, the second selling point and so on
`selling_point:2`. All of it holds for any composer: a layout that does not keep it is a dead letter that names what.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from layoutgen.core.layout import Box, Copy, Element, Role, inside, intersection

RELATIONS = ("above", "left_of", "inside", "same_size")
KEYS = ("lock", "present", "absent", *RELATIONS, "free", "largest", "smallest")
_NAMED = tuple(role.value for role in Role if role not in (Role.UNDERLAY, Role.SUBTITLE, Role.OTHER))
_NAME = re.compile(r"([a-z_]+?)(?::([1-9][0-9]?))?")
_SLACK = 0.002  # of the canvas: letters stand on whole pixels


class DemandError(ValueError):
    """What is demanded can't be read, or contradicts itself; the message names the value and the mend."""


@dataclass(frozen=True)
class Demands:
    """What was demanded, by elements' names; `zones` are names of platforms' zones."""

    lock: tuple[tuple[str, Box], ...] = ()
    present: tuple[Role, ...] = ()
    absent: tuple[Role, ...] = ()
    relations: tuple[tuple[str, str, str], ...] = ()
    free: tuple[Box, ...] = ()
    zones: tuple[str, ...] = ()
    largest: tuple[tuple[str, tuple[float, float]], ...] = ()
    smallest: tuple[tuple[str, tuple[float, float]], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All elements that it names."""
        named = (*self.lock, *self.largest, *self.smallest)
        related = (name for _, *pair in self.relations for name in pair)
        return tuple(dict.fromkeys((*(name for name, _ in named), *related)))

    @property
    def mirrored(self) -> "Demands":
        """The same with left and right exchanged; zones keep their names."""
        sides = tuple((kind, b, a) if kind == "left_of" else (kind, a, b) for kind, a, b in self.relations)
        free = tuple(map(_mirrored, self.free))
        return replace(self, lock=tuple((name, _mirrored(box)) for name, box in self.lock), relations=sides, free=free)


NOTHING = Demands()


def read(value: Any, zones: Collection[str] = ()) -> Demands:
    """Read a manifest's value; nothing of None or an empty text. `zones` are the names that `free` may use. Raises
    DemandError for what can't be read, and for two demands that contradict each other whatever the copy."""
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise DemandError(f"constraints is {value[:60]!r}, which is no JSON; write an object") from None
    if value is None or value in ("", {}):
        return NOTHING
    if not isinstance(value, Mapping):
        raise DemandError(f"constraints is {_shown(value)}; write an object with any of {', '.join(KEYS)}")
    value = {key: part for key, part in value.items() if part is not None}  # as structs of Parquet fill up
    if unknown := [key for key in value if key not in KEYS]:
        raise DemandError(f"constraints has the unknown key {unknown[0]!r}; known: {', '.join(KEYS)}")
    places = [_free(part, zones) for part in _list(value.get("free", ()), "free")]
    demands = Demands(
        tuple((_name(name), _box(box, f"lock.{name}")) for name, box in _pairs(value, "lock")),
        tuple(_role(name, "present") for name in _list(value.get("present", ()), "present")),
        tuple(_role(name, "absent") for name in _list(value.get("absent", ()), "absent")),
        tuple(_relation(kind, pair) for kind in RELATIONS for pair in _list(value.get(kind, ()), kind)),
        tuple(place for place in places if not isinstance(place, str)),
        tuple(place for place in places if isinstance(place, str)),
        tuple((_name(name), _size(size, f"largest.{name}")) for name, size in _pairs(value, "largest")),
        tuple((_name(name), _size(size, f"smallest.{name}")) for name, size in _pairs(value, "smallest")),
    )
    if both := next(_contradictions(demands), None):
        raise DemandError(f"{both[0]} and {both[1]} can't both be kept; leave one of them out")
    return demands


def _contradictions(demands: Demands) -> Iterator[tuple[str, str]]:
    """Pairs of demands that no layout keeps, by name."""
    lock, largest = dict(demands.lock), dict(demands.largest)
    yield from ((f"present {role}", f"absent {role}") for role in demands.present if role in demands.absent)
    if Role.TITLE in demands.absent:
        yield "absent title", "a title, which every layout has,"
    gone = {role.value for role in demands.absent}
    for name in demands.names:
        if role_of(name) in gone:
            yield f"absent {role_of(name)}", f"what is demanded of {name}"
    for (name, box), (other, box_b) in combinations(demands.lock, 2):
        if intersection(box, box_b) > 0:
            yield f"lock {name}", f"lock {other}, which overlaps it,"
    for name, box in demands.lock:
        yield from ((f"lock {name}", f"free {list(part)}") for part in demands.free if intersection(box, part) > 0)
    for name, size in demands.smallest:
        bounds = [(f"largest {name}", largest[name])] if name in largest else []
        if name in lock:
            left, top, right, bottom = lock[name]
            bounds.append((f"lock {name}", (right - left, bottom - top)))
        yield from (
            (f"smallest {name}", bound)
            for bound, most in bounds
            if any(0 < m < s - _SLACK for s, m in zip(size, most, strict=True))
        )
    for kind, first, second in demands.relations:
        if kind in ("above", "left_of", "inside") and (kind, second, first) in demands.relations:
            yield f"{first} {kind} {second}", f"{second} {kind} {first}"
        if first in lock and second in lock and not _keeps(kind, lock[first], lock[second]):
            yield f"{first} {kind} {second}", f"lock {first} with lock {second}"


def texts_of(copy: Copy) -> dict[str, tuple[Role, str]]:
    """The elements that a copy has by the names of demands: role and text, "" for a logo's image."""
    points = copy.selling_points
    named = {f"selling_point:{k}": (Role.SELLING_POINT, point) for k, point in enumerate(points, 1)}
    if points:
        named["selling_point"] = named["selling_point:1"]
    named["title"] = (Role.TITLE, copy.title)
    if copy.logo or copy.brand:
        named["logo"] = (Role.LOGO, "" if copy.logo else copy.brand or "")
    return named | {role.value: (role, text) for role, text in copy.offers.items()}


def placed(demands: Demands, elements: Sequence[Element], texts: Mapping[str, tuple[Role, str]]) -> dict[str, int]:
    """Which of a layout's elements are those that a row demands something of, by name, of those that are there; `texts`
    are those of `texts_of`."""
    indices: dict[str, int] = {}
    for name in demands.names:
        role, text = texts.get(name, (None, ""))
        index = next((i for i, e in enumerate(elements) if e.text == text and role is not Role.LOGO), None)
        if index is None:  # a brand's tone, or a style's case, may have changed letters
            alike = [i for i, e in enumerate(elements) if e.role is role]
            place = int(name.partition(":")[2] or 1) - 1
            index = alike[place] if place < len(alike) else None
        if index is not None:
            indices[name] = index
    return indices


def broken(
    demands: Demands, free: Sequence[Box], elements: Sequence[Element], texts: Mapping[str, tuple[Role, str]]
) -> list[str]:
    """The demands that placed elements break, by name; `free` are all boxes that are to stay free, with the platforms'
    zones; `texts` are those of `texts_of`."""
    roles = {element.role for element in elements}
    faults = [f"present {role}" for role in demands.present if role not in roles]
    faults += [f"absent {role}" for role in demands.absent if role in roles]
    indices = placed(demands, elements, texts)
    boxes = {name: elements[index] for name, index in indices.items()}
    faults += [f"{name}, which is not there" for name in demands.names if name not in indices]
    for name, box in demands.lock:
        if name in boxes and not inside(boxes[name].box, box, _SLACK):
            faults.append(f"lock {name}")
    for kind, first, second in demands.relations:
        if first not in boxes or second not in boxes:
            continue
        if kind == "same_size" and boxes[first].lines and boxes[second].lines:  # texts' boxes are as long as they are
            is_kept = boxes[first].font_px == boxes[second].font_px
        else:
            is_kept = _keeps(kind, boxes[first].box, boxes[second].box)
        faults += [] if is_kept else [f"{first} {kind} {second}"]
    faults += [f"free {list(part)}" for part in free if any(intersection(e.box, part) > _SLACK**2 for e in elements)]
    return [*faults, *_beyond(demands, {name: element.box for name, element in boxes.items()})]


def _beyond(demands: Demands, boxes: Mapping[str, Box]) -> Iterator[str]:
    """The bounds of sizes that boxes break, by name."""
    for word, sizes, sign in (("largest", demands.largest, 1), ("smallest", demands.smallest, -1)):
        for name, size in sizes:
            if name in boxes:
                left, top, right, bottom = boxes[name]
                sides = zip((right - left, bottom - top), size, strict=True)
                if any(bound and sign * (side - bound) > _SLACK for side, bound in sides):
                    yield f"{word} {name}"


def role_of(name: str) -> str:
    """The role in an element's name."""
    return name.partition(":")[0]


def _keeps(kind: str, box: Box, other: Box) -> bool:
    if kind == "above":
        return box[3] <= other[1] + _SLACK
    if kind == "left_of":
        return box[2] <= other[0] + _SLACK
    if kind == "inside":
        return inside(box, other, _SLACK)
    sizes = zip((box[2] - box[0], box[3] - box[1]), (other[2] - other[0], other[3] - other[1]), strict=True)
    return all(abs(a - b) <= _SLACK for a, b in sizes)


def _mirrored(box: Box) -> Box:
    return (1.0 - box[2], box[1], 1.0 - box[0], box[3])


def _list(value: Any, key: str) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise DemandError(f"constraints.{key} is {_shown(value)}; write a list")
    return list(value)


def _pairs(value: Mapping[str, Any], key: str) -> list[tuple[str, Any]]:
    part = value.get(key, {})
    if not isinstance(part, Mapping):
        raise DemandError(f"constraints.{key} is {_shown(part)}; write an object of elements")
    return [(name, inner) for name, inner in part.items() if inner is not None]


def _name(name: Any) -> str:
    match = _NAME.fullmatch(name) if isinstance(name, str) else None
    if not match or match[1] not in _NAMED or (match[2] and match[1] != Role.SELLING_POINT):
        raise DemandError(
            f"constraints names the element {_shown(name)}; known: {', '.join(_NAMED)}, selling_point:2 …"
        )
    return str(name)


def _role(name: Any, key: str) -> Role:
    if name not in _NAMED:
        raise DemandError(f"constraints.{key} names the role {_shown(name)}; known: {', '.join(_NAMED)}")
    return Role(name)


def _relation(kind: str, pair: Any) -> tuple[str, str, str]:
    if not isinstance(pair, list | tuple) or len(pair) != 2 or pair[0] == pair[1]:
        raise DemandError(f"constraints.{kind} has {_shown(pair)}; write pairs of two elements")
    return kind, _name(pair[0]), _name(pair[1])


def _free(part: Any, zones: Collection[str]) -> Box | str:
    if isinstance(part, str):
        if part not in zones:
            raise DemandError(f"constraints.free names the zone {part!r}; known: {', '.join(sorted(zones)) or 'none'}")
        return part
    return _box(part, "free")


def _box(value: Any, key: str) -> Box:
    sides = _numbers(value, 4)
    if sides is None or not (0 <= sides[0] < sides[2] <= 1 and 0 <= sides[1] < sides[3] <= 1):
        raise DemandError(
            f"constraints.{key} is {_shown(value)}, which is no box on the canvas; write left, top, right, bottom in "
            "[0, 1]"
        )
    return (sides[0], sides[1], sides[2], sides[3])


def _size(value: Any, key: str) -> tuple[float, float]:
    sides = _numbers(value, 2)
    if sides is None or not all(0 <= side <= 1 for side in sides):
        raise DemandError(f"constraints.{key} is {_shown(value)}; write width and height in [0, 1]")
    return (sides[0], sides[1])


def _numbers(value: Any, count: int) -> list[float] | None:
    if not isinstance(value, list | tuple) or len(value) != count:
        return None
    if not all(isinstance(side, int | float) and not isinstance(side, bool) for side in value):
        return None
    return [float(side) for side in value]


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)[:80]
