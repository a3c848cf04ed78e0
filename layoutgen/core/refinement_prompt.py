"""The task of finishing a layout that is there in part: some elements are locked where they are, some boxes are hints.

The answer has the form of `prompts`, so it is the same to a model, plus what is locked. A locked element comes back
with exactly the box that was given, not with that box rounded to the grid.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from layoutgen.core.answers import literal, short, spell
from layoutgen.core.coordinates import LAYOUT
from layoutgen.core.layout import TEXT_ROLES, Canvas, Copy, Role, Suggestion
from layoutgen.core.prompts import LayoutPrompt, item_rule, layout_grammar, parse_layout, slots, told

PROMPT_VERSION = "refinement-1"

SYSTEM = """You are a graphic designer of e-commerce posters. You see a product photo framed on its canvas, \
then a JSON object with the canvas in pixels, the copy, and "given": elements of an unfinished layout. Finish it.

Answer with one JSON array and nothing else, without line breaks:
[{"role":"title","text":"...","box":[x1,y1,x2,y2]},...]
- "role" is one of title, subtitle, selling_point, price, call_to_action, logo, underlay, other.
- "text" repeats a text of the copy letter by letter.
- "box" is left, top, right, bottom in whole numbers from 0 to 1000, relative to the canvas: x1 < x2 and y1 < y2.

A given element with "locked":true stays exactly as it is. One with "locked":false lies roughly where it should: put \
it right. Place what is not given. Every text of the copy appears exactly once: first the title, then the selling \
points in the given order, then the logo; then locked underlays, then underlays that you add, with the text "". Keep \
texts off the product and off each other, well inside the canvas and large enough to read."""


@dataclass(frozen=True)
class Given:
    """An element of an unfinished layout: locked where it is, or a hint."""

    element: Suggestion
    locked: bool


def refinement_prompt(
    copy: Copy, canvas: Canvas, given: Sequence[Given], logo_aspect: float | None = None
) -> LayoutPrompt:
    """Return the prompt of one unfinished layout. Raises `ValueError` where what is given does not fit the copy."""
    _locked(copy, given)
    listed = [{**_written(one.element), "locked": one.locked} for one in given]
    return LayoutPrompt(SYSTEM, spell(told(copy, canvas, logo_aspect) | {"given": listed}))


def refinement_grammar(copy: Copy, given: Sequence[Given]) -> str:
    """Return the grammar of the answers: as `prompts.answer_grammar`, with locked elements as constants."""
    locked, underlays = _locked(copy, given)
    wanted = slots(copy)
    rules = [
        literal(spell(_written(locked[index]))) if index in locked else item_rule(slot)
        for index, slot in enumerate(wanted)
    ]
    rules += [literal(spell(_written(underlay))) for underlay in underlays]
    return layout_grammar(rules, len(wanted) - len(underlays))


def parse_refinement(answer: str, copy: Copy, given: Sequence[Given]) -> tuple[Suggestion, ...]:
    """Read an answer. Locked elements carry the boxes they were given. Raises `ValueError` as `prompts.parse_layout`
    does, and where a locked element was moved or left out."""
    locked, underlays = _locked(copy, given)
    found = list(parse_layout(answer, copy))
    for element in [*locked.values(), *underlays]:
        as_written = (element.role, _nfc(element.text), LAYOUT.read(LAYOUT.write(element.box)))
        at = next((i for i, one in enumerate(found) if (one.role, _nfc(one.text), one.box) == as_written), None)
        if at is None:
            raise ValueError(f"answer moves the locked {element.role} {short(element.text)} from {short(element.box)}")
        found[at] = Suggestion(element.role, element.box, found[at].text)
    return tuple(found)


def _written(element: Suggestion) -> dict[str, object]:
    return {"role": element.role.value, "text": element.text, "box": LAYOUT.write(element.box)}


def _locked(copy: Copy, given: Sequence[Given]) -> tuple[dict[int, Suggestion], list[Suggestion]]:
    """The locked elements by the place of their text among the slots, and the locked underlays. Raises ValueError."""
    wanted = slots(copy)
    taken: dict[int, Suggestion] = {}
    underlays: list[Suggestion] = []
    used: set[int] = set()
    for one in given:
        element = one.element
        x1, y1, x2, y2 = element.box
        if not (0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1):
            raise ValueError(f"given {element.role} has the box {short(element.box)}; give 0 <= x1 < x2 <= 1, y alike")
        if element.role == Role.UNDERLAY:
            underlays += [element] if one.locked else []
            continue
        at = next((i for i, slot in enumerate(wanted) if i not in used and _fits(element, slot.text, slot.roles)), None)
        if at is None:
            raise ValueError(
                f"given {element.role} {short(element.text)} is not in the copy; give its texts only, once"
            )
        used.add(at)
        if one.locked:
            taken[at] = element
    if len(underlays) > len(wanted):
        raise ValueError(f"{len(underlays)} locked underlays for {len(wanted)} texts; lock at most one for each text")
    return taken, underlays


def _fits(element: Suggestion, text: str, roles: Sequence[Role]) -> bool:
    same_text = _nfc(element.text) == _nfc(text)
    return same_text and (element.role in roles or (element.role in TEXT_ROLES and roles[0] in TEXT_ROLES))


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
