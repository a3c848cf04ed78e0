"""What a designer's edit changed in a layout, as changes that hold on other canvases too.

Of what was moved its shares of the free room are taken, and the relations to other elements that hold after the edit
and did not before; what was moved by one vector moves as one. Underlays go with what they bear.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from layoutgen.core.gallery.edits import origins
from layoutgen.core.layout import Box, Canvas, Element, Role, area, to_px, union
from layoutgen.core.refining.changes import Change, Name
from layoutgen.core.refining.pieces import visible
from layoutgen.core.refining.relations import between

_MOVED_PX = 2.0
_SCALED = 0.02
_EDGES = (0.0, 0.5, 1.0)
_AT_EDGE = 0.02
"""Shares of the free room that are this near to an edge or the middle are meant so."""


def changes_of(
    layout: Sequence[Element],
    edit: Sequence[Mapping[str, Any]],
    drawn: Sequence[Element],
    canvas: Canvas,
    margin: float,
) -> tuple[Change, ...]:
    """What `edit` (as `core.gallery.edits.edited` takes it) changed in a layout; `drawn` are its elements as edited,
    `margin` the free edge in px. Raises EditError."""
    was = origins(layout, edit)
    names = names_of(layout)
    box, now = ({k: visible(of, k, canvas) for k in of} for of in (dict(enumerate(layout)), dict(enumerate(drawn))))
    first = {i: k for k, i in reversed([*enumerate(was)]) if i is not None}
    changes = [Change(names[i], remove=True) for i in names if i not in first and layout[i].role is not Role.UNDERLAY]
    groups: dict[tuple[int, int], int] = {}
    for k, (i, wanted) in enumerate(zip(was, edit, strict=True)):
        element = drawn[k]
        if element.role is Role.UNDERLAY:
            continue
        if i is None or first[i] != k or element.role is not layout[i].role:
            shares = _shares(now[k], canvas, margin)
            changes.append(Change(Name(element.role), add=True, say=element.text, at=shares))
            continue
        before = layout[i]
        scale = _scale(before, element, box[i], now[k])
        is_fitted = element.text != before.text and not wanted.get("font_px")  # other words, as large as fits
        change: dict[str, Any] = {"scale": scale} if abs(scale - 1) > _SCALED and not is_fitted else {}
        for name in ("colour", "font", "alignment"):
            if before.lines and wanted.get(name) and getattr(element, name) != getattr(before, name):
                change[name] = getattr(element, name)
        if element.text != before.text:
            change["say"] = element.text
        if _has_moved(box[i], now[k], is_scaled="scale" in change):
            change["at"] = _shares(now[k], canvas, margin)
            by = (round(now[k][0] - box[i][0]), round(now[k][1] - box[i][1]))
            change["group"] = groups.setdefault(by, len(groups) + 1) if "scale" not in change else 0
        if "at" in change or "scale" in change:
            change["relations"] = tuple(
                (kind, names[j])
                for other, j in enumerate(was)
                if j is not None and j != i and other != k and j in names and drawn[other].role is not Role.UNDERLAY
                for kind in sorted(between(now[k], now[other]) - between(box[i], box[j]))
            )
        if change:
            changes.append(Change(names[i], **change, box=element.box))
    return tuple(_as_groups(changes, canvas, margin))


def names_of(layout: Sequence[Element]) -> dict[int, Name]:
    """The name of each of a layout's elements but underlays."""
    names: dict[int, Name] = {}
    counts: dict[Role, int] = {}
    for i in sorted(range(len(layout)), key=lambda i: layout[i].box[1::-1]):
        role = layout[i].role
        if role is not Role.UNDERLAY:
            counts[role] = counts.get(role, 0) + 1
            names[i] = Name(role, counts[role], layout[i].text)
    return names


def _as_groups(changes: list[Change], canvas: Canvas, margin: float) -> list[Change]:
    """Changes whose groups have several members and one place, that of all of them."""
    boxes: dict[int, list[Box]] = {}
    for change in changes:
        if change.group and change.box:
            boxes.setdefault(change.group, []).append(to_px(change.box, canvas.width, canvas.height))
    places = {group: _shares(union(of) or of[0], canvas, margin) for group, of in boxes.items() if len(of) > 1}
    return [
        replace(change, at=places[change.group]) if change.group in places else replace(change, group=0)
        for change in changes
    ]


def _scale(before: Element, after: Element, box: Box, now: Box) -> float:
    if before.font_px and after.font_px:
        return after.font_px / before.font_px
    return math.sqrt(area(now) / area(box))


def _has_moved(box: Box, now: Box, *, is_scaled: bool) -> bool:
    """Whether a box stands elsewhere; one that grew does where none of its edges or middles stayed."""
    stays = []
    for axis in (0, 1):
        low, high = now[axis] - box[axis], now[axis + 2] - box[axis + 2]
        moved = (low, high, (low + high) / 2) if is_scaled else (low,)
        stays.append(min(map(abs, moved)) <= _MOVED_PX)
    return not all(stays)


def _shares(box: Box, canvas: Canvas, margin: float) -> tuple[float, float]:
    """Where a box stands in the room that its size leaves within the margin: [0, 1] across and down."""
    out = []
    for axis, length in ((0, canvas.width), (1, canvas.height)):
        room = length - 2 * margin - (box[axis + 2] - box[axis])
        share = min(1.0, max(0.0, (box[axis] - margin) / room)) if room > 0 else 0.5
        out.append(next((edge for edge in _EDGES if abs(share - edge) < _AT_EDGE), round(share, 4)))
    return (out[0], out[1])
