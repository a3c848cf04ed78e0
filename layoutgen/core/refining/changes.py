"""Changes of a layout's elements, said so that they can be done on any canvas, and their JSON.

An element is named by its role and its place among those of its role, from the top: `selling_point:2`, and
`selling_point:*` for all of them. Shares of the free room say where it goes: 0 is the left or upper edge, 1 the right
or lower one, whatever the canvas.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from layoutgen.core.layout import Box, Element, Role

PLACES = ("above", "below", "left_of", "right_of")
ALIGNED = ("align_left", "align_center", "align_right", "align_top", "align_middle", "align_bottom")
RELATIONS = (*PLACES, *ALIGNED, "same_size")
OPPOSITE = {"above": "below", "below": "above", "left_of": "right_of", "right_of": "left_of"}
ALL, LAST = 0, -1
_NAME = re.compile(r"([a-z_]+)(?::(\*|-1|[1-9][0-9]?))?")
_EDGES = {0.0: ("left", "top"), 0.5: ("centre", "middle"), 1.0: ("right", "bottom")}


class ChangeError(ValueError):
    """Changes can't be read or contradict each other; the message names what and the fix."""


@dataclass(frozen=True)
class Name:
    """An element: the `nth` of its role, from 1 in reading order, `ALL` or `LAST`; in layouts of the same copy by its
    `text`, where that is known."""

    role: Role
    nth: int = 1
    text: str = ""

    def __str__(self) -> str:
        place = {1: "", ALL: ":*"}.get(self.nth, f":{self.nth}")
        return f"{self.role.value}{place}"

    @classmethod
    def of(cls, name: str, text: str = "") -> "Name":
        """Read a name such as `selling_point:2`. Raises ChangeError."""
        match = _NAME.fullmatch(name)
        if not match or match[1] not in set(Role):
            raise ChangeError(f"{name!r} names no element; give a role, or such as selling_point:2")
        return cls(Role(match[1]), ALL if match[2] == "*" else int(match[2] or 1), text)


@dataclass(frozen=True)
class Change:
    """What is to change of one element. `remove` leaves it out, `say` gives it other words, `add` makes it of `say`
    anew; `scale` multiplies its font size, or an image's sides; `at` are the shares of the free room, across and down,
    None where it stays; `shift` moves it by shares of the canvas; `box` (ltrb, normalised) is where it stands exactly,
    on the canvas that was edited alone. Relations are kinds of `RELATIONS` with another element. Changes of one `group`
    other than 0 move as one."""

    name: Name
    remove: bool = False
    add: bool = False
    say: str = ""
    scale: float = 1.0
    at: tuple[float | None, float | None] = (None, None)
    shift: tuple[float, float] = (0.0, 0.0)
    colour: str = ""
    font: str = ""
    alignment: str = ""
    relations: tuple[tuple[str, Name], ...] = ()
    group: int = 0
    box: Box | None = None

    @property
    def moves(self) -> bool:
        """Whether it says anything of where the element stands or how large it is."""
        return bool(
            self.scale != 1
            or any(side is not None for side in self.at)
            or any(self.shift)
            or self.relations
            or self.box
        )

    @property
    def meanings(self) -> Iterator[tuple[str, str, object]]:
        """What it says, each thing apart: the element, what is changed, and to what."""
        name = str(self.name)
        if self.add:
            yield name, "add", self.say
        elif self.say:
            yield name, "say", self.say
        if self.remove:
            yield name, "remove", True
        if self.scale != 1:
            yield name, "scale", self.scale
        if any(side is not None for side in self.at):
            yield name, "at", " ".join(_side(share, axis) for axis, share in enumerate(self.at))
        if any(self.shift):
            yield name, "shift", self.shift
        for kind in ("colour", "font", "alignment"):
            if value := getattr(self, kind):
                yield name, kind, value
        for kind, other in self.relations:
            yield name, kind, str(other)


def _side(share: float | None, axis: int) -> str:
    if share is None:
        return "-"
    return _EDGES[share][axis] if share in _EDGES else f"{share:.0%}"


def described(changes: Iterable[Change]) -> list[str]:
    """Changes as notes echo them, in plain words."""
    words = {"scale": "times {:.3g}", "at": "to the {}", "remove": "left out", "add": "added: {}", "say": "says {}"}
    out = []
    for change in changes:
        for name, kind, value in change.meanings:
            if kind == "shift":
                across, down = change.shift
                sides = [f"{abs(across):.0%} {'left' if across < 0 else 'right'}"] if across else []
                sides += [f"{abs(down):.0%} {'up' if down < 0 else 'down'}"] if down else []
                out.append(f"{name} {' and '.join(sides)}")
            else:
                shown = words.get(kind, f"{kind} {{}}".replace("_", " ")).format(value)
                out.append(f"{name} {shown.replace(' -', '').replace('- ', '')}")
    return out


def joined(changes: Sequence[Change]) -> tuple[Change, ...]:
    """One change an element. Raises ChangeError naming two that contradict each other."""
    by_name: dict[tuple[Name, bool], Change] = {}
    for change in changes:
        key = change.name, change.add
        by_name[key] = _both(by_name[key], change) if key in by_name else change
    for change in by_name.values():
        for kind, other in change.relations:
            back = by_name.get((other, False))
            same_way = back and (kind, change.name) in back.relations and kind in OPPOSITE
            if same_way or (OPPOSITE.get(kind), other) in change.relations or other == change.name:
                raise ChangeError(f"{change.name} {kind} {other} contradicts the rest; say one of them")
            if back and back.remove:
                raise ChangeError(f"{other} is left out, and {change.name} is to be {kind} it; say one of them")
    return tuple(by_name.values())


def _both(first: Change, second: Change) -> Change:
    """Two changes of one element as one."""
    default = Change(first.name)
    values: dict[str, Any] = {}
    for field in fields(Change):
        a, b, plain = getattr(first, field.name), getattr(second, field.name), getattr(default, field.name)
        if field.name == "relations":
            values[field.name] = tuple(dict.fromkeys((*a, *b)))
        elif field.name == "at":
            if any(x is not None and y is not None and x != y for x, y in zip(a, b, strict=True)):
                raise _contradicts(first, second)
            values[field.name] = tuple(y if x is None else x for x, y in zip(a, b, strict=True))
        else:
            if plain not in (a, b) and a != b:
                raise _contradicts(first, second)
            values[field.name] = b if a == plain else a
    both = Change(**values)
    if both.remove and replace(both, remove=False, group=0) != default:
        raise _contradicts(first, second)
    return both


def _contradicts(first: Change, second: Change) -> ChangeError:
    both = " and ".join(", ".join(described([each])) for each in (first, second))
    return ChangeError(f"{both} contradict each other; say one of them")


def named(name: Name, layout: Sequence[Element], *, same_copy: bool = True) -> list[int]:
    """Which of a layout's elements are meant: those of the text where the copy is the same and has it, else by role and
    place. An image's or a brand's logo are one."""
    if name.text and same_copy:
        texts = [i for i, e in enumerate(layout) if e.text == name.text and e.role is not Role.UNDERLAY]
        if texts:
            return sorted(texts, key=lambda i: layout[i].role is not name.role)[:1]
        if name.role not in _single(layout):
            return []
    alike = sorted((i for i, e in enumerate(layout) if e.role is name.role), key=lambda i: layout[i].box[1::-1])
    if name.nth == ALL:
        return alike
    place = len(alike) - 1 if name.nth == LAST else name.nth - 1
    return alike[place : place + 1] if place >= 0 else []


def _single(layout: Sequence[Element]) -> set[Role]:
    counts = Counter(element.role for element in layout)
    return {role for role, count in counts.items() if count == 1}


def as_json(change: Change) -> dict[str, Any]:
    """A change as JSON has it: without what it does not say."""
    plain = Change(change.name)
    row = {
        field.name: getattr(change, field.name)
        for field in fields(Change)
        if field.name != "name" and getattr(change, field.name) != getattr(plain, field.name)
    }
    if change.relations:
        row["relations"] = [[kind, str(other), other.text] for kind, other in change.relations]
    return {"name": str(change.name), **({"text": change.name.text} if change.name.text else {}), **row}


def from_json(row: Mapping[str, Any]) -> Change:
    """The change that `as_json` wrote."""
    values = {field.name: row[field.name] for field in fields(Change) if field.name in row and field.name != "name"}
    values |= {name: tuple(values[name]) for name in ("at", "shift", "box") if name in values}
    if "relations" in values:
        values["relations"] = tuple((kind, Name.of(name, text)) for kind, name, text in values["relations"])
    return Change(Name.of(row["name"], row.get("text", "")), **values)
