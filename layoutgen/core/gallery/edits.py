"""An edited layout as it is drawn: the row's elements where an edit puts them.

Text whose words and lines are the row's keeps its shape and its side of the box and is as large as the box lets it, as
the page shows it while one edits. Other words or lines are set in the row's font at the largest size, up to that, at
which they fit the box.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from layoutgen.core import rows
from layoutgen.core.edited_elements import fault_of_elements
from layoutgen.core.layout import TEXT_ROLES, Box, Canvas, Element, Role
from layoutgen.core.metrics import table_rows
from layoutgen.core.text.price import PriceFace
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.typography import Face, Setting, fit, leading_of, set_lines

CHANGEABLE = (
    *("colour", "alignment", "opacity", "radius_px", "stroke_px", "stroke", "shadow", "shape", "gradient"),
    *("gradient_angle", "tracking", "strike", "font"),
)
"""What an edit may say of an element besides its role, text, lines, font size and box."""
_LETTERS = {"tracking", "font", "alignment"}  # what letters stand elsewhere by
SMALLEST_PX = 6
_SLACK = 1e-4
_DIGITS = 6e-6  # boxes of edits have five digits
_START = {"left": 0.0, "center": 0.5, "right": 1.0}
FaceOf = Callable[[Element], Face]
"""The face that sets an element's text; raises ValueError for a font that is not here."""


class EditError(ValueError):
    """An edit can't be drawn; the message names the element, what was found and the fix."""


def edited(
    layout: Sequence[Element], edit: object, canvas: Canvas, face_of: FaceOf, *, has_logo: bool = False
) -> list[Element]:
    """The elements of a layout as an edit leaves them: `edit` is a list of objects with `role`, `text` and `box` (ltrb,
    normalised), and perhaps `was` (the index of the row's element), `lines`, `font_px` and any of `CHANGEABLE`.
    `has_logo` tells whether the row has a logo's image, which may be put back. Raises EditError."""
    if fault := fault_of_elements(edit):
        raise EditError(fault)
    assert isinstance(edit, Sequence)
    drawn: list[Element] = []
    places: dict[int, int] = {}
    for k, (was, wanted) in enumerate(zip(origins(layout, edit), edit, strict=True)):
        if was is None:
            if not has_logo:
                raise EditError(f"elements[{k}] has the role 'logo'; the row has no image of one, leave it out")
            drawn.append(Element(Role.LOGO, _box(wanted, f"elements[{k}]"), z=max(e.z for e in layout)))
            continue
        places.setdefault(was, k)
        try:
            drawn.append(redrawn(layout[was], wanted, f"elements[{k}]", canvas, face_of))
        except ValueError as error:
            raise error if isinstance(error, EditError) else EditError(f"elements[{k}]: {error}") from None
    return [replace(e, underlay=None if e.underlay is None else places.get(e.underlay)) for e in drawn]


def origins(layout: Sequence[Element], edit: Sequence[Mapping[str, Any]]) -> list[int | None]:
    """Which of a layout's elements each of an edit's was, None for a logo's image that the layout left out. Raises
    EditError where it is none of them."""
    free = list(range(len(layout)))
    return [_origin(layout, free, wanted, f"elements[{k}]") for k, wanted in enumerate(edit)]


def _origin(layout: Sequence[Element], free: list[int], wanted: Mapping[str, Any], name: str) -> int | None:
    """Which of the row's elements an edited one was, or looks like: as it says, else the one with its role and text, or
    its role, or of a text the smallest."""
    was = wanted.get("was")
    place = was if isinstance(was, int) and not isinstance(was, bool) and 0 <= was < len(layout) else None
    if place is not None and layout[place].role == wanted["role"]:
        if place in free:
            free.remove(place)
        return place
    alike = [i for i in free if layout[i].role == wanted["role"]]
    same = [i for i in alike if layout[i].text == (wanted.get("text") or "")]
    if not alike:
        alike = [i for i, element in enumerate(layout) if element.role == wanted["role"]]
    if not alike and wanted["role"] in TEXT_ROLES:  # a text that was put back looks like the row's smallest
        texts = [i for i, element in enumerate(layout) if element.lines]
        alike = sorted(texts, key=lambda i: layout[i].font_px)[:1]
    if not alike and layout and wanted["role"] == Role.LOGO and not wanted.get("text"):
        return None
    if not alike:
        has = ", ".join(dict.fromkeys(element.role.value for element in layout)) or "none"
        raise EditError(f"{name} has the role {wanted['role']!r}; the layout's elements have {has}")
    chosen = (same or alike)[0]
    if chosen in free:
        free.remove(chosen)
    return chosen


def redrawn(was: Element, wanted: Mapping[str, Any], name: str, canvas: Canvas, face_of: FaceOf) -> Element:
    """An element as an edit wants it, which messages call `name`. Raises EditError or ValueError."""
    box = _box(wanted, name)
    changes = {key: wanted[key] for key in CHANGEABLE if wanted.get(key) not in (None, getattr(was, key))}
    unlike: list[str] = []
    read = table_rows.elements([{**rows.element_row(was), **changes}], unlike)
    if unlike:
        raise EditError(f"{name} can't be drawn: {unlike[0]}; give {', '.join(sorted(changes))} as rows have them")
    element = replace(read[0], role=Role(wanted["role"]))
    if element.role is Role.UNDERLAY or not was.lines:
        return replace(element, box=box)
    text = was.text if wanted.get("text") is None else str(wanted["text"])
    lines = tuple(map(str, wanted["lines"])) if wanted.get("lines") else was.lines if text == was.text else ()
    scale = min((box[2] - box[0]) / (was.box[2] - was.box[0]), (box[3] - box[1]) / (was.box[3] - was.box[1]))
    size = _size(wanted, name)
    largest = size if size not in (None, was.font_px) else max(1, round(was.font_px * scale))
    if lines == was.lines and not _LETTERS & {*changes} and wanted.get("font_px") in (None, was.font_px):
        stays = all(abs(side - before) < _DIGITS for side, before in zip(box, was.box, strict=True))
        return element if stays else _scaled(element, box, largest / was.font_px)
    return _set(
        replace(element, text=text, runs=()), box, lines, largest, face_for(was, element, face_of), canvas, name
    )


def _scaled(element: Element, box: Box, scale: float) -> Element:
    """A text larger or smaller, in the middle of a box's height and at its alignment's side."""
    runs = tuple(
        replace(run, x_px=run.x_px * scale, baseline_px=run.baseline_px * scale, width_px=run.width_px * scale,
                letter_spacing_px=run.letter_spacing_px * scale)
        for run in element.runs
    )  # fmt: skip
    width, height = ((element.box[k + 2] - element.box[k]) * scale for k in (0, 1))
    return replace(
        element,
        box=_within(box, width, height, element.alignment),
        runs=runs,
        font_px=round(element.font_px * scale),
        line_height_px=round(element.line_height_px * scale),
    )


def _set(
    element: Element, box: Box, lines: tuple[str, ...], largest: int, face: Face, canvas: Canvas, name: str
) -> Element:
    """Words or lines that the row has not, set into a box."""
    width, height = (box[2] - box[0]) * canvas.width, (box[3] - box[1]) * canvas.height
    leading = leading_of(element.role)
    setting: Setting | None = None
    if lines:
        sizes = range(largest, 0, -1)
        settings = (set_lines(lines, face, px, leading) for px in sizes)
        setting = next((s for s in settings if s.width_px <= width and s.height_px <= height), None)
    elif element.text.strip():
        for split in (False, True):
            setting = setting or fit(
                element.text, width, height, face, smallest=min(SMALLEST_PX, largest), largest=largest,
                leading=leading, split=split,
            )  # fmt: skip
    if setting is None:
        raise EditError(
            f"{name}: {element.text!r} does not fit a box of {width:.0f} x {height:.0f} px; make the box larger or the "
            "text shorter"
        )
    inner = _within(box, box[2] - box[0], setting.height_px / canvas.height, element.alignment)
    set_text = replace(element, box=inner, lines=setting.lines, font=face.name, font_px=setting.font_px,
                    line_height_px=setting.line_height_px)  # fmt: skip
    return with_runs(set_text, face, width)


def face_for(was: Element, element: Element, face_of: FaceOf) -> Face:
    """What sets an element that was another one: a price's small currency stays small. Raises ValueError."""
    face = face_of(element)
    small = min((run.scale for run in was.runs), default=1.0)
    return PriceFace(face, small) if was.role is Role.PRICE and small < 1 else face


def _within(box: Box, width: float, height: float, alignment: str) -> Box:
    """A box of a size in another, in the middle of its height and at the side of its alignment."""
    left = box[0] + (box[2] - box[0] - width) * _START[alignment]
    top = (box[1] + box[3] - height) / 2
    return (left, top, left + width, top + height)


def _box(wanted: Mapping[str, Any], name: str) -> Box:
    left, top, right, bottom = (float(side) for side in wanted["box"])
    if not (left < right and top < bottom and min(left, top) >= -_SLACK and max(right, bottom) <= 1 + _SLACK):
        raise EditError(f"{name} has the box {list(wanted['box'])}; give left < right and top < bottom, all in [0, 1]")
    return (left, top, right, bottom)


def _size(wanted: Mapping[str, Any], name: str) -> int | None:
    value = wanted.get("font_px")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 1 <= value <= 4096:
        raise EditError(f"{name} has the font_px {value!r}; give px of the canvas, from 1 to 4096")
    return round(value)
