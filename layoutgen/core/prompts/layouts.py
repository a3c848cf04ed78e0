"""The layout task in words: what a vision-language model is told, how it has to answer, and the parser of its answer.

Training and inference share this file: `layout_prompt` asks, `write_layout` gives the answer a model learns to write,
`answer_grammar` bounds what a constrained decoder may write, and `parse_layout` reads it back. Boxes in an answer are
whole numbers from 0 to 1000 relative to the canvas, for every model family.

The prompt's `system` part is constant and stands before the image, so its prefill can be shared by all rows; all that
differs stands in one JSON object after the image. Nothing in the copy can leave its field there: quotes, newlines and
control characters are escaped, and every `<` is written as `\\u003c`, so no text becomes a model's control token such
as `<|im_end|>` or `<|image_pad|>`.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from layoutgen.core.layout import TEXT_ROLES, Canvas, Copy, Role, Suggestion
from layoutgen.core.prompts.answers import box_rules, choice, fields, items, literal, read_box, short, spell
from layoutgen.core.prompts.coordinates import LAYOUT

PROMPT_VERSION = "layout-1"
"""Changes with every change of the prompt, the answer's form or the order of its items; adapters record it."""

CODEC = LAYOUT.name
"""How answers write coordinates; adapters record it."""

SYSTEM = """You are a graphic designer of e-commerce posters. You see a product photo framed on its canvas, \
then a JSON object with the canvas in pixels and the copy. Say where each text goes.

Answer with one JSON array and nothing else, without line breaks:
[{"role":"title","text":"...","box":[x1,y1,x2,y2]},...]
- "role" is one of title, subtitle, selling_point, price, call_to_action, logo, underlay, other.
- "text" repeats a text of the copy letter by letter.
- "box" is left, top, right, bottom in whole numbers from 0 to 1000, relative to the canvas: x1 < x2 and y1 < y2.

Every text of the copy appears exactly once: first the title, then the selling points in the given order (each as \
subtitle, selling_point, price, call_to_action or other), then the logo. With "logo" in the copy, the logo is an image \
of that width to height and its text is ""; with "brand" only, the logo's text is the brand. After them you may add \
underlays, plain panels under a text, with the text "", no more than there are texts. Keep texts off the product and \
off each other, well inside the canvas and large enough to read."""


@dataclass(frozen=True)
class LayoutPrompt:
    """What a model is told: `system` stands before the image and is the same for every row, `user` after the image."""

    system: str
    user: str


@dataclass(frozen=True)
class Slot:
    """One element that the copy demands: its text ("" for a logo image) and the roles it may take."""

    text: str
    roles: tuple[Role, ...]


POINT_ROLES = (Role.SUBTITLE, Role.SELLING_POINT, Role.PRICE, Role.CALL_TO_ACTION, Role.OTHER)


def layout_prompt(copy: Copy, canvas: Canvas, logo_aspect: float | None = None) -> LayoutPrompt:
    """Return the prompt of one layout. `logo_aspect` is the logo image's width over its height, where known.

    Raises `ValueError` where the copy has nothing to place.
    """
    return LayoutPrompt(SYSTEM, spell(told(copy, canvas, logo_aspect)))


def told(copy: Copy, canvas: Canvas, logo_aspect: float | None) -> dict[str, Any]:
    """What a prompt says of one layout. Raises `ValueError` as `layout_prompt` does."""
    if not slots(copy):
        raise ValueError("copy has no title, no selling point, no brand and no logo: nothing to place; mend the row")
    found: dict[str, Any] = {"canvas": [canvas.width, canvas.height]}
    if said(copy.title):
        found["title"] = copy.title
    points = [point for point in copy.selling_points if said(point)]
    if points:
        found["selling_points"] = points
    if copy.brand and said(copy.brand):
        found["brand"] = copy.brand
    if copy.logo:
        found["logo"] = round(logo_aspect or 1.0, 2)
    if copy.language:
        found["language"] = copy.language
    return found


def write_layout(suggestions: Sequence[Suggestion], copy: Copy) -> str:
    """Return the answer that says `suggestions`: the inverse of `parse_layout`, up to rounding to the grid.

    Items come in the order of the prompt: title, selling points, logo, underlays. Raises `ValueError` where the
    suggestions do not fit the copy, as `parse_layout` does.
    """
    order = [slot.text for slot in slots(copy)]
    place = {text: index for index, text in reversed(list(enumerate(order)))}
    ranked = sorted(
        suggestions, key=lambda s: (s.role == Role.UNDERLAY, s.role == Role.LOGO, place.get(s.text, len(order)))
    )
    answer = spell([{"role": s.role.value, "text": s.text, "box": LAYOUT.write(s.box)} for s in ranked])
    parse_layout(answer, copy)
    return answer


def parse_layout(answer: str, copy: Copy) -> tuple[Suggestion, ...]:
    """Read a model's answer, in the answer's order.

    Texts are compared under Unicode NFC, because tokenizers normalise to it; a suggestion carries the copy's own
    spelling. Raises `ValueError` naming the first fault found: no valid JSON, an item with other fields, an unknown
    role, a box out of range or inverted, a text that is missing, doubled or invented, a text in a role it cannot take,
    too many underlays.
    """
    open_slots: dict[str, list[Slot]] = {}
    for slot in slots(copy):
        open_slots.setdefault(unicodedata.normalize("NFC", slot.text), []).append(slot)
    wanted = sum(map(len, open_slots.values()))
    suggestions = tuple(_suggestion(item, index, open_slots) for index, item in enumerate(items(answer)))
    missing = [slot.text or "(the logo image)" for same in open_slots.values() for slot in same]
    if missing:
        raise ValueError(f"answer leaves out {', '.join(map(short, missing))}")
    underlays = len(suggestions) - wanted
    if underlays > wanted:
        raise ValueError(f"answer has {underlays} underlays for {wanted} texts; at most one for each text")
    return suggestions


def answer_grammar(copy: Copy) -> str:
    """Return the grammar of this copy's answers, in the Lark dialect of llguidance, for a constrained decoder.

    It fixes the order of the items and their texts, letter by letter. Not a JSON Schema, which would leave the
    spelling of a text to the decoder: one that spells `<|im_end|>` plainly runs into the control token. It cannot say
    that a box is not inverted: see `answers.box_digits`.
    """
    wanted = slots(copy)
    return layout_grammar([item_rule(slot) for slot in wanted], len(wanted))


def layout_grammar(rules: Sequence[str], underlays: int) -> str:
    """A grammar of these items in this order, and at most so many underlays after them."""
    listed = ' "," '.join(rules)
    if not underlays:
        return f'start: "[" {listed} "]"\n{box_rules(LAYOUT)}'
    underlay = item_rule(Slot("", (Role.UNDERLAY,)))
    return f'start: "[" {listed} ("," underlay){{0,{underlays}}} "]"\nunderlay: {underlay}\n{box_rules(LAYOUT)}'


def slots(copy: Copy) -> list[Slot]:
    """The elements that a copy demands, in the answer's order. Blank texts demand nothing."""
    wanted = [Slot(copy.title, (Role.TITLE,))] + [Slot(point, POINT_ROLES) for point in copy.selling_points]
    if copy.brand and not copy.logo:
        wanted.append(Slot(copy.brand, (Role.LOGO,)))
    wanted = [slot for slot in wanted if said(slot.text)]
    return [*wanted, Slot("", (Role.LOGO,))] if copy.logo else wanted


def said(text: str) -> bool:
    """Tell whether a text says anything."""
    return bool(text.strip())


def item_rule(slot: Slot) -> str:
    """The rule of an element that may stand anywhere."""
    middle = literal(f',"text":{spell(slot.text)},"box":')
    return f'{literal("{" + spell("role") + ":")} {choice(slot.roles)} {middle} box "}}"'


def _suggestion(item: Any, index: int, open_slots: dict[str, list[Slot]]) -> Suggestion:
    """Read one item and take its text out of `open_slots`."""
    fields(item, index, ("role", "text", "box"))
    try:
        role = Role(item["role"])
    except ValueError:
        known = ", ".join(role.value for role in Role)
        raise ValueError(f"item {index} has the unknown role {short(item['role'])}; known: {known}") from None
    text = item["text"]
    if not isinstance(text, str):
        raise ValueError(f"item {index} ({role}) has a text that is no string: {short(text)}")
    box = read_box(item["box"], f"item {index} ({role})", LAYOUT)
    if role == Role.UNDERLAY:
        if text:
            raise ValueError(f"item {index} is an underlay with the text {short(text)}; an underlay has none")
    else:
        text = _take(text, role, index, open_slots)
    return Suggestion(role, LAYOUT.read(box), text)


def _take(text: str, role: Role, index: int, open_slots: dict[str, list[Slot]]) -> str:
    """Take the slot of `text` that `role` may fill out of `open_slots`; return its text as the copy spells it."""
    same = open_slots.get(unicodedata.normalize("NFC", text))
    if same is None:
        raise ValueError(f"item {index} ({role}) invents the text {short(text)}; the copy does not have it")
    if not same:
        raise ValueError(f"item {index} ({role}) repeats the text {short(text)} more often than the copy has it")
    for slot in same:
        if role in slot.roles or (role in TEXT_ROLES and slot.roles[0] in TEXT_ROLES):
            same.remove(slot)
            return slot.text
    raise ValueError(f"item {index} gives the text {short(text)} the role {role}, which it cannot take")
