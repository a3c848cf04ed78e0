"""The task of finishing a layout that is there in part: some elements are locked where they are, some are hints, and of
some a part of role, place and size is not known.

The answer has the form of `prompts`, so it is the same to a model, plus what is locked. What is told of a locked
element comes back exactly as it was given, not rounded to the grid. A grammar can hold a model to a role, to a left or
upper edge, and to a width or height whose edge is told; a width or height alone it can't: there the parser sets the far
edge, and moves the element inwards where it would leave the canvas. Hints may be held near to where they are, too:
`within` says how far each told edge may move, a share of the side.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from layoutgen.core.layout import TEXT_ROLES, Box, Canvas, Copy, Role, Suggestion
from layoutgen.core.prompts.answers import choice, literal, short, spell, whole_number
from layoutgen.core.prompts.coordinates import GRID, LAYOUT
from layoutgen.core.prompts.layouts import LayoutPrompt, Slot, item_rule, layout_grammar, parse_layout, slots, told

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
    matched(copy, given)
    listed = [{**_told(element), "locked": element.locked} for element in given]
    return LayoutPrompt(SYSTEM, spell(told(copy, canvas, logo_aspect) | {"given": listed}))


def refinement_grammar(copy: Copy, given: Sequence[Given], within: float | None = None) -> str:
    """Return the grammar of the answers: as `prompts.answer_grammar`, with what is told of locked elements as
    constants. Told edges of hints are free, or `within` that share of the side of where they are told to be. Raises
    ValueError where what is given does not fit the copy, or `within` is not in [0, 1]."""
    if within is not None and not 0 <= within <= 1:
        raise ValueError(f"within is {within}; give a share of the side, 0 to 1, or None for any place")
    placed, underlays = matched(copy, given)
    wanted = slots(copy)
    rules = [
        item_rule(slot) if hint is None or not (hint.locked or within is not None) else _item_rule(hint, slot, within)
        for slot, hint in ((slot, placed.get(index)) for index, slot in enumerate(wanted))
    ]
    locked = [underlay for underlay in underlays if underlay.locked]
    rules += [_item_rule(underlay, Slot("", (Role.UNDERLAY,)), None) for underlay in locked]
    return layout_grammar(rules, len(wanted) - len(locked))


def parse_refinement(answer: str, copy: Copy, given: Sequence[Given]) -> tuple[Suggestion, ...]:
    """Read an answer. Locked elements carry the places and sizes they were given. Raises `ValueError` as
    `prompts.parse_layout` does, and where a locked element was moved, changed or left out."""
    placed, underlays = matched(copy, given)
    proposed = list(parse_layout(answer, copy))
    # Where the grammar puts them; an answer in another order is searched.
    locked = [(index, hint) for index, hint in placed.items() if hint.locked]
    places = [*locked, *enumerate((hint for hint in underlays if hint.locked), len(slots(copy)))]
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
        proposed[at] = Suggestion(proposed[at].role, kept_box(standing, proposed[at].box), proposed[at].text)
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


def _item_rule(given: Given, slot: Slot, within: float | None) -> str:
    """The rule of an element: what is told of a locked one as constants, of a hint near to that; the rest free."""
    roles = slot.roles
    if "role" not in given.hidden and (given.locked or given.element.role in roles):
        roles = (given.element.role,)
    numbers = _numbers(given)
    reach = 0 if given.locked or within is None else round(within * GRID)
    named = ("LEFT", "TOP", "RIGHT", "BOTTOM")
    box = ' "," '.join(named[side] if numbers[side] is None else _near(numbers, side, reach) for side in range(4))
    middle = literal(f',"text":{spell(slot.text)},"box":[')
    return f'{literal("{" + spell("role") + ":")} {choice(roles)} {middle} {box} "]}}"'


def _near(numbers: Sequence[int | None], side: int, reach: int) -> str:
    """A rule for the numbers at most `reach` from a told one; near and far edge of a box never reach each other."""
    number, other = numbers[side], numbers[(side + 2) % 4]
    assert number is not None
    is_near = side < 2
    low, high = max(0 if is_near else 1, number - reach), min(GRID - is_near, number + reach)
    if other is not None:
        middle = (number + other) // 2
        low, high = (low, min(high, middle)) if is_near else (max(low, middle + 1), high)
    return literal(str(number)) if low >= high else f"/{whole_number(low, high)}/"


def _is_kept(given: Given, suggestion: Suggestion) -> bool:
    """Tell whether an element of the answer is as a locked one was told to be."""
    if _nfc(suggestion.text) != _nfc(given.element.text):
        return False
    numbers = zip(LAYOUT.write(suggestion.box), _numbers(given), strict=True)
    same_role = "role" in given.hidden or suggestion.role == given.element.role
    return same_role and all(wanted in (None, number) for number, wanted in numbers)


def kept_box(hint: Given, box: Box) -> Box:
    """The box (ltrb) of an answer, with what was told of it as it was given."""
    given, sides = hint.element.box, list(box)
    for axis, (place, size) in enumerate((("x", "w"), ("y", "h"))):
        near, far = given[axis], given[axis + 2]
        if place not in hint.hidden:
            sides[axis] = near
            if size not in hint.hidden:
                sides[axis + 2] = far
        elif size not in hint.hidden:
            sides[axis] = min(sides[axis], 1 - (far - near))
            sides[axis + 2] = min(1.0, sides[axis] + far - near)
    return (sides[0], sides[1], sides[2], sides[3])


def matched(copy: Copy, given: Sequence[Given]) -> tuple[dict[int, Given], list[Given]]:
    """The given elements by the place of their text among `prompts.slots`, and the given underlays. Raises ValueError
    naming what does not fit the copy."""
    wanted = slots(copy)
    placed: dict[int, Given] = {}
    underlays: list[Given] = []
    for hint in given:
        element = hint.element
        _check(hint)
        if element.role == Role.UNDERLAY:
            underlays.append(hint)
            continue
        at = next((i for i, slot in enumerate(wanted) if i not in placed and _fits(hint, slot.text, slot.roles)), None)
        if at is None:
            raise ValueError(
                f"given {element.role} {short(element.text)} is not in the copy; give its texts only, once"
            )
        placed[at] = hint
    locked = sum(hint.locked for hint in underlays)
    if locked > len(wanted):
        raise ValueError(f"{locked} locked underlays for {len(wanted)} texts; lock at most one for each text")
    return placed, underlays


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
