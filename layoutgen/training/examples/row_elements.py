"""What a table's row says of a layout, checked: boxes, roles, texts, the copy that is placed. Pure.

What can't be used is an `UnfitError` with one of the reasons of `examples.REASONS`, the value, the place and the mend.
"""

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from layoutgen.core.layout import OFFER_ROLES, Box, Canvas, Copy, Role, Suggestion, union
from layoutgen.core.prompts.layouts import POINT_ROLES, said, slots, write_layout

_SLACK = 0.005  # a box may reach so far out and is cut
_JOIN_GAP, _JOIN_SIZE, _JOIN_SHARED = 0.9, 1.4, 0.3


class UnfitError(Exception):
    """Why a row is no example: `reason` and `message`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(reason, message)
        self.reason, self.message = reason, message


def image_of(row: Mapping[str, Any]) -> str:
    """The image's URI. Raises UnfitError."""
    image = row.get("image")
    if not isinstance(image, str) or not image:
        raise UnfitError("image_missing", f"{row.get('row_id')} has the image {image!r}; give its URI")
    return image


def canvas_of(row: Mapping[str, Any], width: str, height: str) -> Canvas:
    """The size in px that two columns give. Raises UnfitError."""
    size = (row.get(width), row.get(height))
    if not all(isinstance(side, int) and side > 0 for side in size):
        raise UnfitError("image_missing", f"{row.get('row_id')} has {width}, {height} of {size}; give them in px")
    return Canvas(*size)  # type: ignore[arg-type]


def suggestions_of(elements: Iterable[Mapping[str, Any]], row_id: str) -> tuple[Suggestion, ...]:
    """Elements as suggestions. Raises UnfitError."""
    return tuple(suggestion_of(element, row_id) for element in elements)


def suggestion_of(element: Mapping[str, Any], row_id: str) -> Suggestion:
    """An element or a text line as a suggestion. Raises UnfitError."""
    name = element.get("role")
    if name not in set(Role):
        raise UnfitError("unknown_role", f"{row_id} has the role {name!r}; known: {', '.join(Role)}")
    text = element.get("text") or ""
    return Suggestion(Role(name), box_of(element.get("box"), f"{row_id}: {name} {text!r}"), text)


def box_of(box: Any, place: str) -> Box:
    """A box of `place`, cut to [0, 1]. Raises UnfitError where it is broken, inverted or outside."""
    if not isinstance(box, Sequence) or len(box) != 4 or not all(_finite(side) for side in box):
        raise UnfitError("box_broken", f"{place} has the box {box!r}; give left, top, right, bottom")
    x1, y1, x2, y2 = (float(side) for side in box)
    if x2 <= x1 or y2 <= y1:
        raise UnfitError("box_inverted", f"{place} has the box {list(box)}; give left < right and top < bottom")
    if min(x1, y1) < -_SLACK or max(x2, y2) > 1 + _SLACK:
        raise UnfitError("box_outside", f"{place} has the box {list(box)}; give shares in [0, 1]")
    cut = (max(x1, 0.0), max(y1, 0.0), min(x2, 1.0), min(y2, 1.0))
    if cut[2] <= cut[0] or cut[3] <= cut[1]:
        raise UnfitError("box_outside", f"{place} has the box {list(box)}; give shares in [0, 1]")
    return cut


def _finite(side: Any) -> bool:
    return isinstance(side, int | float) and not isinstance(side, bool) and math.isfinite(side)


def placed_copy(copy: Copy, target: Sequence[Suggestion], row_id: str) -> Copy:
    """The part of a copy that a layout places."""
    left = [_nfc(element.text) for element in target if element.role is not Role.UNDERLAY]
    wanted = {_nfc(slot.text) for slot in slots(copy)}
    for text in left:
        if text not in wanted:
            raise UnfitError("not_in_copy", f"{row_id} places {text!r}, which its copy does not have; mend the copy")

    def take(text: str) -> bool:
        if _nfc(text) in left:
            left.remove(_nfc(text))
            return True
        return False

    if not take(copy.title):
        raise UnfitError("no_title", f"{row_id} does not place its title {copy.title!r}")
    points = tuple(point for point in copy.selling_points if said(point) and take(point))
    if copy.logo:
        has_logo = take("")
        return replace(
            copy, selling_points=points, logo=copy.logo if has_logo else None, brand=copy.brand if has_logo else None
        )
    return replace(copy, selling_points=points, brand=copy.brand if copy.brand and take(copy.brand) else None)


def folded(suggestions: Sequence[Suggestion]) -> tuple[Suggestion, ...]:
    """A layout for `Copy.folded`: texts of an offer in a role that answers have no word for are selling points."""
    return tuple(
        replace(suggestion, role=Role.SELLING_POINT)
        if suggestion.role in OFFER_ROLES and suggestion.role not in POINT_ROLES
        else suggestion
        for suggestion in suggestions
    )


def restricted(suggestions: Sequence[Suggestion], copy: Copy) -> tuple[Suggestion, ...]:
    """What a layout has of a copy, and underlays."""
    left = [_nfc(slot.text) for slot in slots(copy)]
    elements = []
    for element in folded(suggestions):
        if element.role is Role.UNDERLAY:
            elements.append(element)
        elif _nfc(element.text) in left:
            left.remove(_nfc(element.text))
            elements.append(element)
    return tuple(elements)


def check_sayable(target: Sequence[Suggestion], copy: Copy, place: str) -> None:
    """Raise UnfitError where a layout is no answer to its copy."""
    try:
        write_layout(target, copy)
    except ValueError as error:
        raise UnfitError("unsayable", f"{place}: {error}") from None


def is_sayable(target: Sequence[Suggestion], copy: Copy) -> bool:
    """Whether a layout is an answer to a copy."""
    try:
        check_sayable(target, copy, "")
    except UnfitError:
        return False
    return True


def logo_aspect_of(target: Sequence[Suggestion], canvas: Canvas) -> float | None:
    """Width over height of the logo as it is placed; None where there is none."""
    box = next((element.box for element in target if element.role is Role.LOGO), None)
    return None if box is None else (box[2] - box[0]) * canvas.width / ((box[3] - box[1]) * canvas.height)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def joined(lines: Sequence[tuple[Suggestion, str]]) -> list[Suggestion]:
    """Titles and subtitles that were read line by line, put together: lines of one role and size, one below the
    other."""
    texts: list[tuple[Suggestion, float]] = []  # with the height of its last line
    for element, language in lines:
        height = element.box[3] - element.box[1]
        before, last = texts[-1] if texts else (None, 0.0)
        if before and before.role is element.role and element.role in (Role.TITLE, Role.SUBTITLE):
            shared = min(before.box[2], element.box[2]) - max(before.box[0], element.box[0])
            narrow = min(before.box[2] - before.box[0], element.box[2] - element.box[0])
            near = -0.5 * height < element.box[1] - before.box[3] < _JOIN_GAP * height
            if near and shared > _JOIN_SHARED * narrow and max(last, height) < _JOIN_SIZE * min(last, height):
                around = union([before.box, element.box])
                assert around is not None
                text = f"{before.text}{' ' if language == 'en' else ''}{element.text}"
                texts[-1] = (Suggestion(element.role, around, text), height)
                continue
        texts.append((element, height))
    return [element for element, _ in texts]


def one_title(elements: Sequence[Suggestion]) -> tuple[Suggestion, ...]:
    """A copy has one title and one brand: further titles are subtitles, further logos other texts."""
    titles = [element for element in elements if element.role is Role.TITLE]
    chosen = max(titles, key=lambda element: element.box[3] - element.box[1], default=None)
    brand = next((element for element in elements if element.role is Role.LOGO), None)
    titled = []
    for element in elements:
        if element.role is Role.TITLE and element is not chosen:
            titled.append(replace(element, role=Role.SUBTITLE))
        elif element.role is Role.LOGO and element is not brand:
            titled.append(replace(element, role=Role.OTHER))
        else:
            titled.append(element)
    return tuple(titled)
