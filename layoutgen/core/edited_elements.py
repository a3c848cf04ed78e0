"""Elements of an edited layout as feedback has them, each checked by itself."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from layoutgen.core.json_lines import LineError
from layoutgen.core.layout import Box, Role

ALIGNMENTS = ("left", "center", "right")
_COLOUR = re.compile("#[0-9a-fA-F]{6}")
_MOST = 1e300  # JSON may say a number that a float has not
_SLACK = 1e-4  # boxes are exported with five digits


@dataclass(frozen=True)
class EditedElement:
    """An element as a designer left it; `box` is ltrb, normalised to the canvas. `was` is which of the row's
    elements it was, from 0, where that is known. `lines`, `font_px` (of the canvas), `alignment`, `colour` and `font`
    are there where they were changed; lines that are empty are broken anew."""

    role: Role
    text: str
    box: Box
    was: int | None = None
    lines: tuple[str, ...] = ()
    font_px: int | None = None
    alignment: str | None = None
    colour: str | None = None
    font: str | None = None


def check_element(element: Mapping[str, Any], name: str, place: int) -> EditedElement:
    """Read an element whose form `fault_of_elements` passed, which messages call `name`. Raises LineError."""
    if element["role"] not in set(Role):
        known = ", ".join(Role)
        raise LineError(place, f"{name}.role", f"{name} has the role {element['role']!r}; give one of {known}")
    text = element.get("text")
    if text is not None and not isinstance(text, str):
        raise LineError(place, f"{name}.text", f"{name} has the text {text!r}; give a string")
    box = upright(element["box"], name, place)
    for field, least in (("was", 0), ("font_px", 1)):
        number = element.get(field)
        if number is not None and not (isinstance(number, int) and not isinstance(number, bool) and number >= least):
            message = f"{name} has the {field} {number!r}; give a whole number from {least}"
            raise LineError(place, f"{name}.{field}", message)
    alignment = element.get("alignment")
    if alignment not in (None, *ALIGNMENTS):
        message = f"{name} has the alignment {alignment!r}; give one of {', '.join(ALIGNMENTS)}"
        raise LineError(place, f"{name}.alignment", message)
    colour, font = element.get("colour"), element.get("font")
    if colour is not None and not (isinstance(colour, str) and _COLOUR.fullmatch(colour)):
        raise LineError(place, f"{name}.colour", f"{name} has the colour {colour!r}; give #rrggbb")
    if font is not None and not (isinstance(font, str) and font):
        raise LineError(place, f"{name}.font", f"{name} has the font {font!r}; give its name")
    lines = _lines(element.get("lines"), text or "", name, place)
    numbers = {field: element.get(field) for field in ("was", "font_px")}
    return EditedElement(
        Role(element["role"]), text or "", box, lines=lines, alignment=alignment, colour=colour, font=font, **numbers
    )


def _lines(value: object, text: str, name: str, place: int) -> tuple[str, ...]:
    if value is None:
        return ()
    lines = tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else ("",)
    if not all(isinstance(line, str) and line.strip() for line in lines):
        raise LineError(place, f"{name}.lines", f"{name} has the lines {value!r}; give strings that are not empty")
    if "".join("".join(lines).split()) != "".join(text.split()):
        message = f"{name} has the lines {list(lines)} of the text {text!r}; give lines that make up the text"
        raise LineError(place, f"{name}.lines", message)
    return lines


def upright(box: Sequence[Any], name: str, place: int) -> Box:
    """A box on the canvas, left < right and top < bottom. Raises LineError."""
    left, top, right, bottom = (float(side) for side in box)
    within = min(left, top) >= -_SLACK and max(right, bottom) <= 1 + _SLACK
    if not within or right <= left or bottom <= top:
        message = f"{name} has the box {list(box)}; give left < right and top < bottom, all in [0, 1]"
        raise LineError(place, f"{name}.box", message)
    return left, top, right, bottom


def fault_of_elements(elements: object) -> str | None:
    """What is wrong with the form of an edit's elements: a list of objects with a role and four finite numbers."""
    if not isinstance(elements, Sequence) or isinstance(elements, str):
        return f"elements is {str(elements)[:80]!r}; give the list as edited"
    for k, element in enumerate(elements):
        box = element.get("box") if isinstance(element, Mapping) else None
        if not is_four(box):
            return f"elements[{k}] has the box {box!r}; give left, top, right, bottom"
        if not isinstance(element.get("role"), str):
            return f"elements[{k}] has the role {element.get('role')!r}; give a name"
    return None


def is_four(box: object) -> TypeGuard[Sequence[Any]]:
    """Whether a value is a list of four finite numbers."""
    return isinstance(box, Sequence) and len(box) == 4 and all(_is_number(side) for side in box)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _MOST
