"""Joins what a vision-language model says a cover is about with what finders saw there.

A language model knows what matters, and its boxes are rough: off by some per cent, around the whole picture or around
things that are not there, and some are missing. A subject finder, a face detector and an OCR engine see each pixel and
don't know what it is. So an element counts by what they saw in its box:

- A face, text or logo whose box a detector's box covers half of, or the other way round, is protected by that already,
  tighter: it weighs 0.
- Of any other element, the subject is looked for in its box and a little around. Where the box around that subject has
  an IoU of `_ENOUGH` with the element's, the element is grounded and weighs 1: the subject there is protected with its
  holes and bays filled, and the rest of a box of at most `_MOST_GROUNDED` of the picture as below, as its corners are
  room for a title and the finder may have missed a part. A grounded face is protected as a whole box.
- All else is invented, or the finder missed it. Its box weighs `_UNSEEN`: too little for the acceptance check to count
  it, so that a title goes elsewhere where it can and none is refused for it. A box of more than `_MOST` of the picture
  weighs 0, as there is no elsewhere.

Nothing that finders saw is weakened, and the order of elements does not count.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from layoutgen.core.covers.protection import Map
from layoutgen.core.layout import Box, area, intersection, iou
from layoutgen.core.prompts.covers import KeyElement, Kind

VERSION = "key-elements-1"
UNKNOWN = "key elements are unknown"
"""How the note begins of a row whose answer could not be read."""

_ENOUGH, _UNSEEN, _MOST, _MOST_GROUNDED = 0.5, 0.3, 0.4, 0.8
_JITTER = 0.1
_SAME = 0.5
_SUBJECT = 0.5
_TOUCH = 1e-3  # of a cell


@dataclass(frozen=True)
class Grounded:
    """A key element: what it is, its box as the model said it (ltrb, normalised to the picture), and how much of a
    protected thing it counts as, in [0, 1]: 1 where it is grounded, 0 where faces or texts protect it already."""

    kind: Kind
    label: str
    box: Box
    weight: float


def ground(
    elements: Iterable[KeyElement], subject: Map, faces: Sequence[Box] = (), texts: Sequence[Box] = ()
) -> tuple[Grounded, ...]:
    """Weigh the elements of a picture, given its subject map (h, w) in [0, 1] and the boxes (ltrb, normalised) of its
    faces and texts."""
    protected = {Kind.FACE: faces, Kind.TEXT: texts, Kind.LOGO: texts}
    return tuple(_grounded(element, subject, protected.get(element.kind, ())) for element in elements)


def joined(subject: Map, elements: Iterable[Grounded]) -> Map:
    """A subject map (h, w) with the elements in it."""
    values = np.array(subject, np.float32)
    for element in elements:
        grounded = element.weight >= _SUBJECT
        if area(element.box) <= (_MOST_GROUNDED if grounded else _MOST):
            rest = 1.0 if grounded and element.kind is Kind.FACE else min(element.weight, _UNSEEN)
            part = values[_cells(element.box, values.shape)]
            np.maximum(part, np.float32(rest), out=part)
        if grounded:
            cells = _cells(_around(element.box), values.shape)
            values[cells][_filled(subject[cells] >= _SUBJECT)] = 1.0
    return values


def to_row(element: Grounded) -> dict[str, Any]:
    """An element as a value of `schema.KEY_ELEMENT`."""
    return {**vars(element), "kind": element.kind.value, "box": list(element.box)}


def of_rows(elements: Iterable[Mapping[str, Any]] | None) -> tuple[Grounded, ...]:
    """The elements that `to_row` wrote."""
    return tuple(Grounded(**{**row, "kind": Kind(row["kind"]), "box": tuple(row["box"])}) for row in elements or ())


def _grounded(element: KeyElement, subject: Map, protected: Sequence[Box]) -> Grounded:
    box = element.box
    if any(_is_same(box, other) for other in protected):
        weight = 0.0
    elif (there := _subject_box(box, subject)) and iou(there, box) >= _ENOUGH:
        weight = 1.0
    else:
        weight = _UNSEEN if area(box) <= _MOST else 0.0
    return Grounded(element.kind, element.label, box, weight)


def _is_same(a: Box, b: Box) -> bool:
    shared = intersection(a, b)
    return shared > 0 and shared >= _SAME * min(area(a), area(b))


def _around(box: Box) -> Box:
    """A box and a little around it."""
    across, down = _JITTER * (box[2] - box[0]), _JITTER * (box[3] - box[1])
    return (max(0.0, box[0] - across), max(0.0, box[1] - down), min(1.0, box[2] + across), min(1.0, box[3] + down))


def _subject_box(box: Box, subject: Map) -> Box | None:
    """The box around the subject in and a little around a box; None where there is none."""
    rows, columns = _cells(_around(box), subject.shape)
    marks = subject[rows, columns] >= _SUBJECT
    if not marks.any():
        return None
    down, across = np.flatnonzero(marks.any(1)), np.flatnonzero(marks.any(0))
    height, width = subject.shape
    return (
        (columns.start + int(across[0])) / width,
        (rows.start + int(down[0])) / height,
        (columns.start + int(across[-1]) + 1) / width,
        (rows.start + int(down[-1]) + 1) / height,
    )


def _filled(marks: np.ndarray) -> np.ndarray:
    """A mask (h, w) without holes and bays: what has marks on both sides in its row, and in its column."""
    filled = marks
    for axis in (0, 1):
        before = np.maximum.accumulate(marks, axis)
        after = np.flip(np.maximum.accumulate(np.flip(marks, axis), axis), axis)
        filled = (before & after) if axis == 0 else filled & before & after
    return filled


def _cells(box: Box, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The cells of a map that a box touches, at least one; boxes in tables are float32."""
    top, left = (min(int(side * cells + _TOUCH), cells - 1) for side, cells in zip(box[1::-1], shape, strict=True))
    bottom, right = (int(np.ceil(side * cells - _TOUCH)) for side, cells in zip(box[:1:-1], shape, strict=True))
    return slice(top, max(bottom, top + 1)), slice(left, max(right, left + 1))
