"""The layout task in words: what a vision-language model is told, how it has to answer, and the parser of its answer.

Training and inference share this file: `layout_prompt` asks, `write_layout` gives the answer a model learns to write,
`answer_grammar` and `box_digits` bound what a constrained decoder may write, and `parse_layout` reads it back. Boxes in
an answer are whole numbers from 0 to 1000 relative to the canvas, for every model family; they say nothing of pixels,
so the size at which the model sees the canvas may change without changing their meaning.

The prompt's `system` part is constant and stands before the image, so its prefill can be shared by all rows; all that
differs stands in one JSON object after the image. Nothing in the copy can leave its field there: quotes, newlines and
control characters are escaped, and every `<` is written as `\\u003c`, so no text becomes a model's control token such
as `<|im_end|>` or `<|image_pad|>`.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from layoutgen.core.layout import TEXT_ROLES, Canvas, Copy, Role, Suggestion

PROMPT_VERSION = "layout-1"
"""Changes with every change of the prompt, the answer's form or the order of its items; adapters record it."""

CODEC = "relative_1000"
"""How answers write coordinates; adapters record it."""

GRID = 1000
"""What an answer's coordinates count to: 0 is the canvas's left or top edge, GRID its right or bottom edge."""

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
class _Slot:
    """One element that the copy demands: its text ("" for a logo image) and the roles it may take."""

    text: str
    roles: tuple[Role, ...]


_POINT_ROLES = (Role.SUBTITLE, Role.SELLING_POINT, Role.PRICE, Role.CALL_TO_ACTION, Role.OTHER)


def layout_prompt(copy: Copy, canvas: Canvas, logo_aspect: float | None = None) -> LayoutPrompt:
    """Return the prompt of one layout. `logo_aspect` is the logo image's width over its height, where known.

    Raises `ValueError` where the copy has nothing to place.
    """
    if not _slots(copy):
        raise ValueError("copy has no title, no selling point, no brand and no logo: nothing to place; mend the row")
    fields: dict[str, Any] = {"canvas": [canvas.width, canvas.height]}
    if _said(copy.title):
        fields["title"] = copy.title
    points = [point for point in copy.selling_points if _said(point)]
    if points:
        fields["selling_points"] = points
    if copy.brand and _said(copy.brand):
        fields["brand"] = copy.brand
    if copy.logo:
        fields["logo"] = round(logo_aspect or 1.0, 2)
    if copy.language:
        fields["language"] = copy.language
    return LayoutPrompt(SYSTEM, _spell(fields))


def write_layout(suggestions: Sequence[Suggestion], copy: Copy) -> str:
    """Return the answer that says `suggestions`: the inverse of `parse_layout`, up to rounding to the grid.

    Items come in the order of the prompt: title, selling points, logo, underlays. Raises `ValueError` where the
    suggestions do not fit the copy, as `parse_layout` does.
    """
    order = [slot.text for slot in _slots(copy)]
    place = {text: index for index, text in reversed(list(enumerate(order)))}
    ranked = sorted(
        suggestions, key=lambda s: (s.role == Role.UNDERLAY, s.role == Role.LOGO, place.get(s.text, len(order)))
    )
    items = [
        {"role": s.role.value, "text": s.text, "box": [round(min(max(v, 0.0), 1.0) * GRID) for v in s.box]}
        for s in ranked
    ]
    answer = _spell(items)
    parse_layout(answer, copy)
    return answer


def parse_layout(answer: str, copy: Copy) -> tuple[Suggestion, ...]:
    """Read a model's answer, in the answer's order.

    Texts are compared under Unicode NFC, because tokenizers normalise to it; a suggestion carries the copy's own
    spelling. Raises `ValueError` naming the first fault found: no valid JSON, an item with other fields, an unknown
    role, a box out of range or inverted, a text that is missing, doubled or invented, a text in a role it cannot take,
    too many underlays.
    """
    try:
        items = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"answer is not JSON ({error}): {_short(answer)}") from error
    if not isinstance(items, list):
        raise ValueError(f"answer is not a JSON array: {_short(answer)}")
    open_slots: dict[str, list[_Slot]] = {}
    for slot in _slots(copy):
        open_slots.setdefault(unicodedata.normalize("NFC", slot.text), []).append(slot)
    wanted = sum(len(slots) for slots in open_slots.values())
    suggestions = tuple(_suggestion(item, index, open_slots) for index, item in enumerate(items))
    missing = [slot.text or "(the logo image)" for slots in open_slots.values() for slot in slots]
    if missing:
        raise ValueError(f"answer leaves out {', '.join(map(_short, missing))}")
    underlays = len(suggestions) - wanted
    if underlays > wanted:
        raise ValueError(f"answer has {underlays} underlays for {wanted} texts; at most one for each text")
    return suggestions


def answer_grammar(copy: Copy) -> str:
    """Return the grammar of this copy's answers, in the Lark dialect of llguidance, for a constrained decoder.

    It fixes the order of the items and their texts, letter by letter. Not a JSON Schema, which would leave the
    spelling of a text to the decoder: one that spells `<|im_end|>` plainly runs into the control token. It cannot say
    that a box is not inverted: see `box_digits`.
    """
    slots = _slots(copy)
    items = ' "," '.join(_item_rule(slot) for slot in slots)
    underlay = _item_rule(_Slot("", (Role.UNDERLAY,)))
    return (
        f'start: "[" {items} ("," underlay){{0,{len(slots)}}} "]"\n'
        f"underlay: {underlay}\n"
        'box: "[" NEAR "," NEAR "," FAR "," FAR "]"\n'
        f"NEAR: /0|[1-9][0-9]{{0,2}}/\n"
        f"FAR: /[1-9][0-9]{{0,2}}|{GRID}/\n"
    )


def box_digits(answer: str) -> tuple[str, bool] | None:
    """Return which digits may follow an unfinished answer, and whether its last number may end there, so that its last
    box ends right of and below where it begins; None where the answer is not in a box's third or fourth number."""
    corner = _FAR_CORNER.search(answer)
    if corner is None:
        return None
    written = corner["last"]
    least = int(corner["x1"] if corner["x2"] is None else corner["y1"]) + 1
    digits = "".join(digit for digit in "0123456789" if _completes(written + digit, least))
    return digits, bool(written) and int(written) >= least


_FAR_CORNER = re.compile(r'"box":\[(?P<x1>\d+),(?P<y1>\d+),(?:(?P<x2>\d+),)?(?P<last>\d*)$')


def _completes(prefix: str, least: int) -> bool:
    """Tell whether some whole number in [least, GRID] is written with `prefix` as its first digits."""
    if prefix.startswith("0"):
        return prefix == "0" and least <= 0
    low = high = int(prefix)
    while low <= GRID:
        if high >= least:
            return True
        low, high = low * 10, high * 10 + 9
    return False


def _slots(copy: Copy) -> list[_Slot]:
    """The elements that a copy demands, in the answer's order. Blank texts demand nothing."""
    slots = [_Slot(copy.title, (Role.TITLE,))] + [_Slot(point, _POINT_ROLES) for point in copy.selling_points]
    if copy.brand and not copy.logo:
        slots.append(_Slot(copy.brand, (Role.LOGO,)))
    slots = [slot for slot in slots if _said(slot.text)]
    return [*slots, _Slot("", (Role.LOGO,))] if copy.logo else slots


def _said(text: str) -> bool:
    return bool(text.strip())


def _spell(value: Any) -> str:
    """JSON in which no text can be taken for a control token, in NFC as tokenizers normalise it anyway."""
    compact = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return unicodedata.normalize("NFC", compact).replace("<", "\\u003c")


def _item_rule(slot: _Slot) -> str:
    roles = " | ".join(_literal(f'"{role.value}"') for role in slot.roles)
    head, middle = _literal('{"role":'), _literal(f',"text":{_spell(slot.text)},"box":')
    return f'{head} ({roles}) {middle} box "}}"'


def _literal(text: str) -> str:
    """A string of the grammar that stands for `text`."""
    return json.dumps(text, ensure_ascii=False)


def _suggestion(item: Any, index: int, open_slots: dict[str, list[_Slot]]) -> Suggestion:
    """Read one item and take its text out of `open_slots`."""
    if not isinstance(item, dict) or set(item) != {"role", "text", "box"}:
        raise ValueError(f"item {index} is not an object of role, text and box: {_short(item)}")
    try:
        role = Role(item["role"])
    except ValueError:
        known = ", ".join(role.value for role in Role)
        raise ValueError(f"item {index} has the unknown role {_short(item['role'])}; known: {known}") from None
    text = item["text"]
    if not isinstance(text, str):
        raise ValueError(f"item {index} ({role}) has a text that is no string: {_short(text)}")
    x1, y1, x2, y2 = _grid_box(item["box"], f"item {index} ({role})")
    if role == Role.UNDERLAY:
        if text:
            raise ValueError(f"item {index} is an underlay with the text {_short(text)}; an underlay has none")
    else:
        text = _take(text, role, index, open_slots)
    return Suggestion(role, (x1 / GRID, y1 / GRID, x2 / GRID, y2 / GRID), text)


def _take(text: str, role: Role, index: int, open_slots: dict[str, list[_Slot]]) -> str:
    """Take the slot of `text` that `role` may fill out of `open_slots`; return its text as the copy spells it."""
    slots = open_slots.get(unicodedata.normalize("NFC", text))
    if slots is None:
        raise ValueError(f"item {index} ({role}) invents the text {_short(text)}; the copy does not have it")
    if not slots:
        raise ValueError(f"item {index} ({role}) repeats the text {_short(text)} more often than the copy has it")
    for slot in slots:
        if role in slot.roles or (role in TEXT_ROLES and slot.roles[0] in TEXT_ROLES):
            slots.remove(slot)
            return slot.text
    raise ValueError(f"item {index} gives the text {_short(text)} the role {role}, which it cannot take")


def _grid_box(box: Any, place: str) -> tuple[int, int, int, int]:
    if not isinstance(box, list) or len(box) != 4 or any(type(v) is not int for v in box):
        raise ValueError(f"{place} has a box that is not four whole numbers: {_short(box)}")
    x1, y1, x2, y2 = box
    if min(box) < 0 or max(box) > GRID:
        raise ValueError(f"{place} has the box {_short(box)}, out of the range 0 to {GRID}")
    if x1 >= x2 or y1 >= y2:
        raise ValueError(f"{place} has the box {box}, which is empty or inverted; it needs x1 < x2 and y1 < y2")
    return x1, y1, x2, y2


def _short(value: Any, limit: int = 80) -> str:
    """A value as messages show it: at most about `limit` characters, fit for any log."""
    text = repr(value)
    return text if len(text) <= limit else f"{text[:limit]}…"
