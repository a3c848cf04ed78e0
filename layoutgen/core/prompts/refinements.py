"""The task of finishing a layout that is there in part: some elements are locked where they are, some are hints, and of
some a part of role, place and size is not known.

The answer has the form of `prompts`, so it is the same to a model, plus what is locked. What is told of a locked
element comes back exactly as it was given, not rounded to the grid. A grammar can hold a model to a role, to a left or
upper edge, and to a width or height whose edge is told; a width or height alone it can't: there the parser sets the far
edge, and moves the element inwards where it would leave the canvas.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from layoutgen.core.layout import TEXT_ROLES, Box, Canvas, Copy, Role, Suggestion
from layoutgen.core.prompts.answers import choice, literal, short, spell
from layoutgen.core.prompts.coordinates import LAYOUT
from layoutgen.core.prompts.layouts import LayoutPrompt, item_rule, layout_grammar, parse_layout, slots, told

PROMPT_VERSION = "refinement-2"

SYSTEM = """You are a graphic designer of e-commerce posters. You see a product photo framed on its canvas, \
then a JSON object with the canvas in pixels, the copy, and "given": elements of an unfinished layout. Finish it.

Answer with one JSON array and nothing else, without line breaks:
[{"role":"title","text":"...","box":[x1,y1,x2,y2]},...]
- "role" is one of title, subtitle, selling_point, price, call_to_action, logo, underlay, other.
- "text" repeats a text of the copy letter by letter.
- "box" is left, top, right, bottom in whole numbers from 0 to 1000, relative to the canvas: x1 < x2 and y1 < y2.

A given element with "locked":true stays exactly as it is. One with "locked":false lies roughly where it should: put \
it right. One that has "place":[left,top,width,height] instead of a box is known in part: find what is null there, and \
a role that is null. Place what is not given. Every text of the copy appears exactly once: first the title, then the \
selling points in the given order, then the logo; then locked underlays, then underlays that you add, with the text \
"". Keep texts off the product and off each other, well inside the canvas and large enough to read."""

ATTRIBUTES = ("role", "x", "y", "w", "h")
"""What can be hidden of a given element: its role, left edge, upper edge, width, height."""

MOST_HIDDEN = 4

_EDGES = (("x",), ("y",), ("x", "w"), ("y", "h"))  # what each number of a box follows from


@dataclass(frozen=True)
class Given:
    """An element of an unfinished layout: locked where it is, or a hint. Of `ATTRIBUTES`, those in `hidden` are not
    known: they are not told, whatever `element` says there."""

    element: Suggestion
    locked: bool
    hidden: frozenset[str] = frozenset()


def refinement_prompt(
    copy: Copy, canvas: Canvas, given: Sequence[Given], logo_aspect: float | None = None
) -> LayoutPrompt:
    """Return the prompt of one unfinished layout. Raises `ValueError` where what is given does not fit the copy."""
    _locked(copy, given)
    listed = [{**_told(element), "locked": element.locked} for element in given]
    return LayoutPrompt(SYSTEM, spell(told(copy, canvas, logo_aspect) | {"given": listed}))


def refinement_grammar(copy: Copy, given: Sequence[Given]) -> str:
    """Return the grammar of the answers: as `prompts.answer_grammar`, with what is told of locked elements as
    constants."""
    locked, underlays = _locked(copy, given)
    wanted = slots(copy)
    rules = [
        _item_rule(locked[index], slot.text, slot.roles) if index in locked else item_rule(slot)
        for index, slot in enumerate(wanted)
    ]
    rules += [_item_rule(underlay, "", (Role.UNDERLAY,)) for underlay in underlays]
    return layout_grammar(rules, len(wanted) - len(underlays))


def parse_refinement(answer: str, copy: Copy, given: Sequence[Given]) -> tuple[Suggestion, ...]:
    """Read an answer. Locked elements carry the places and sizes they were given. Raises `ValueError` as
    `prompts.parse_layout` does, and where a locked element was moved, changed or left out."""
    locked, underlays = _locked(copy, given)
    proposed = list(parse_layout(answer, copy))
    # Where the grammar puts them; an answer in another order is searched.
    places = [*locked.items(), *enumerate(underlays, len(slots(copy)))]
    taken: set[int] = set()
    for expected, standing in places:
        order = sorted(range(len(proposed)), key=lambda i: i != expected)
        at = next((i for i in order if i not in taken and _is_kept(standing, proposed[i])), None)
        if at is None:
            element = standing.element
            raise ValueError(
                f"answer moves the locked {element.role} {short(element.text)} from {short(_told(standing))}"
            )
        taken.add(at)
        proposed[at] = Suggestion(proposed[at].role, _kept_box(standing, proposed[at].box), proposed[at].text)
    return tuple(proposed)


def _numbers(given: Given) -> list[int | None]:
    """The whole numbers of a given element's box, None where they do not follow from what is told."""
    written = LAYOUT.write(given.element.box)
    return [None if given.hidden & set(edge) else number for number, edge in zip(written, _EDGES, strict=True)]


def _told(given: Given) -> dict[str, object]:
    x1, y1, x2, y2 = LAYOUT.write(given.element.box)
    item: dict[str, object] = {
        "role": None if "role" in given.hidden else given.element.role.value,
        "text": given.element.text,
    }
    if not given.hidden - {"role"}:
        return item | {"box": (x1, y1, x2, y2)}
    place = zip(ATTRIBUTES[1:], (x1, y1, x2 - x1, y2 - y1), strict=True)
    return item | {"place": [None if name in given.hidden else number for name, number in place]}


def _item_rule(given: Given, text: str, roles: Sequence[Role]) -> str:
    """The rule of a locked element: what is told as constants, the rest free."""
    role = choice(roles) if "role" in given.hidden else literal(spell(given.element.role.value))
    named = zip(("LEFT", "TOP", "RIGHT", "BOTTOM"), _numbers(given), strict=True)
    box = ' "," '.join(name if number is None else literal(str(number)) for name, number in named)
    middle = literal(f',"text":{spell(text)},"box":[')
    return f'{literal("{" + spell("role") + ":")} {role} {middle} {box} "]}}"'


def _is_kept(given: Given, suggestion: Suggestion) -> bool:
    """Tell whether an element of the answer is as a locked one was told to be."""
    if _nfc(suggestion.text) != _nfc(given.element.text):
        return False
    numbers = zip(LAYOUT.write(suggestion.box), _numbers(given), strict=True)
    same_role = "role" in given.hidden or suggestion.role == given.element.role
    return same_role and all(wanted in (None, number) for number, wanted in numbers)


def _kept_box(one: Given, box: Box) -> Box:
    """The box of an answer, with what was told of it as it was given."""
    given, sides = one.element.box, list(box)
    for axis, (place, size) in enumerate((("x", "w"), ("y", "h"))):
        near, far = given[axis], given[axis + 2]
        if place not in one.hidden:
            sides[axis] = near
            if size not in one.hidden:
                sides[axis + 2] = far
        elif size not in one.hidden:
            sides[axis] = min(sides[axis], 1 - (far - near))
            sides[axis + 2] = min(1.0, sides[axis] + far - near)
    return (sides[0], sides[1], sides[2], sides[3])


def _locked(copy: Copy, given: Sequence[Given]) -> tuple[dict[int, Given], list[Given]]:
    """The locked elements by the place of their text among the slots, and the locked underlays. Raises ValueError."""
    wanted = slots(copy)
    taken: dict[int, Given] = {}
    underlays: list[Given] = []
    used: set[int] = set()
    for one in given:
        element = one.element
        _check(one)
        if element.role == Role.UNDERLAY:
            underlays += [one] if one.locked else []
            continue
        at = next((i for i, slot in enumerate(wanted) if i not in used and _fits(one, slot.text, slot.roles)), None)
        if at is None:
            raise ValueError(
                f"given {element.role} {short(element.text)} is not in the copy; give its texts only, once"
            )
        used.add(at)
        if one.locked:
            taken[at] = one
    if len(underlays) > len(wanted):
        raise ValueError(f"{len(underlays)} locked underlays for {len(wanted)} texts; lock at most one for each text")
    return taken, underlays


def _check(given: Given) -> None:
    """Raise ValueError where a given element says nothing that could be used."""
    element, hidden = given.element, given.hidden
    x1, y1, x2, y2 = element.box
    if not (0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1):
        raise ValueError(f"given {element.role} has the box {short(element.box)}; give 0 <= x1 < x2 <= 1, y alike")
    if unknown := sorted(hidden - set(ATTRIBUTES)):
        raise ValueError(f"given {element.role} hides {', '.join(unknown)}; known: {', '.join(ATTRIBUTES)}")
    if len(hidden) > MOST_HIDDEN:
        raise ValueError(f"given {element.role} {short(element.text)} hides all there is; leave it out")
    if "role" in hidden and not element.text:
        raise ValueError(f"given {element.role} has no text, so its role can't be hidden; tell it")


def _fits(given: Given, text: str, roles: Sequence[Role]) -> bool:
    if _nfc(given.element.text) != _nfc(text):
        return False
    role = given.element.role
    return "role" in given.hidden or role in roles or (role in TEXT_ROLES and roles[0] in TEXT_ROLES)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
