"""The part of a picture that a ratio shows: faces and subject whole where that is possible, else a named reason.

The crop is always the largest of its shape: only one direction is left to choose. There, the window that holds the
most is taken, in this order: the area of whole faces; the shown share of the subject's box; what the protection or
subject map holds; nearness of the subject's middle to the crop's middle. Equal windows: the one further left or up.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layoutgen.core.framing import cover
from layoutgen.core.layout import Box, area, inside, intersection

Reason = str
FACE_CUT: Reason = "face_cut"
"""The faces lie further apart than the crop is wide or high: at least one is not whole."""
SUBJECT_CUT: Reason = "subject_cut"
"""The subject's box is longer than the crop in one direction, or the faces' place leaves part of it out."""
_ENOUGH = 0.995
_STEPS = 128


@dataclass(frozen=True)
class Crop:
    """A crop, `box` ltrb normalised to the picture. `subject_seen` is the share of the subject's box inside, [0, 1],
    1 where there is none; `faces_whole` counts the faces that lie inside; `reason` is None where all is whole."""

    box: Box
    subject_seen: float
    faces_whole: int
    reason: Reason | None


def crop(
    picture_aspect: float,
    aspect: float,
    *,
    subject: Box | None = None,
    faces: Sequence[Box] = (),
    values: NDArray[np.float32] | None = None,
    breathing: float = 0.015,
) -> Crop:
    """Choose the crop of shape `aspect` (width / height) of a picture of shape `picture_aspect`.

    `subject` and `faces` are ltrb, normalised to the picture; `values` (h, w), higher is dearer, settles what boxes
    leave open. `breathing` is the free edge, a share of the picture, that faces and subject get where there is room.
    """
    if not (picture_aspect > 0 and aspect > 0):
        raise ValueError(f"aspects {picture_aspect!r} and {aspect!r} must be positive widths over heights")
    middle = ((subject[0] + subject[2]) / 2, (subject[1] + subject[3]) / 2) if subject else (0.5, 0.5)
    faces = [face for face in faces if area(face) > 0]
    whole = cover(aspect, picture_aspect, middle)
    across = whole[2] - whole[0] < 1 - 1e-9
    length = whole[2] - whole[0] if across else whole[3] - whole[1]
    if length > 1 - 1e-9:
        return _told((0.0, 0.0, 1.0, 1.0), subject, faces)
    mass = _mass(values, across)
    room = 1 - length
    centred = whole[0] if across else whole[1]
    starts = {0.0, room, min(max(centred, 0.0), room), *(room * k / _STEPS for k in range(1, _STEPS))}
    for box in [*faces, *([subject] if subject else [])]:
        low, high = (box[0], box[2]) if across else (box[1], box[3])
        for edge in (low - breathing, low, high - length, high + breathing - length):
            starts.add(min(max(edge, 0.0), room))

    def held(start: float) -> tuple[float, ...]:
        window = _window(start, length, across)
        shown = intersection(window, subject) / area(subject) if subject and area(subject) else 1.0
        faces_area = sum(area(face) for face in faces if inside(face, window))
        easy = _window(start + breathing, length - 2 * breathing, across)
        at_ease = sum(_inside_along(box, easy, across) for box in [*faces, *([subject] if subject else [])])
        return (
            round(faces_area, 9),
            round(min(shown, _ENOUGH), 4),
            at_ease,
            round(_between(mass, start, start + length), 3),
            -round(abs(start - centred), 6),
            -start,
        )

    best = max(sorted(starts), key=held)
    return _told(_window(best, length, across), subject, faces)


def _window(start: float, length: float, across: bool) -> Box:
    end = min(1.0, start + length)
    return (start, 0.0, end, 1.0) if across else (0.0, start, 1.0, end)


def _inside_along(box: Box, window: Box, across: bool) -> bool:
    first, last = (0, 2) if across else (1, 3)
    return box[first] >= window[first] - 1e-9 and box[last] <= window[last] + 1e-9


def _mass(values: NDArray[np.float32] | None, across: bool) -> NDArray[np.float64]:
    """Running sum of a map along the direction of choice, from 0 to 1."""
    if values is None or float(values.sum()) <= 0:
        return np.array([0.0, 1.0])
    along = values.sum(0 if across else 1, dtype=np.float64)
    return np.concatenate([[0.0], np.cumsum(along) / along.sum()])


def _between(mass: NDArray[np.float64], start: float, end: float) -> float:
    at = np.linspace(0, 1, len(mass))
    return float(np.interp(end, at, mass) - np.interp(start, at, mass))


def _told(window: Box, subject: Box | None, faces: Sequence[Box]) -> Crop:
    shown = min(1.0, intersection(window, subject) / area(subject)) if subject and area(subject) else 1.0
    whole = sum(inside(face, window) for face in faces)
    reason = FACE_CUT if whole < len(faces) else SUBJECT_CUT if shown < _ENOUGH else None
    return Crop(window, shown, whole, reason)
