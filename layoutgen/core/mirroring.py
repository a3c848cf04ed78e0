"""Left and right exchanged. Copy that runs from right to left is laid out in a mirrored world, in which it is as if it
ran the other way; what comes of it is mirrored back. Texts themselves are never turned.

Everything here is its own inverse.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Box, Canvas, Element, Framing, Role, Suggestion

_ALIGNMENTS = {"left": "right", "right": "left"}
_EDGES = {"slanted": "slanted_back", "slanted_back": "slanted"}
_DIRECTIONS = {"ltr": "rtl", "rtl": "ltr"}


def box(box: Box) -> Box:
    """A normalised box."""
    return (1.0 - box[2], box[1], 1.0 - box[0], box[3])


def boxes(boxes: tuple[Box, ...]) -> tuple[Box, ...]:
    """Normalised boxes."""
    return tuple(map(box, boxes))


def pixels(array: np.ndarray) -> np.ndarray:
    """A picture or map (h, w, …)."""
    return np.ascontiguousarray(array[:, ::-1])


def framing(framing: Framing) -> Framing:
    """How a mirrored photo lies on a mirrored canvas."""
    return replace(
        framing,
        crop=box(framing.crop),
        picture=box(framing.picture),
        focus=framing.focus and box(framing.focus),
        edge=_EDGES.get(framing.edge, framing.edge),
        scrims=tuple(
            replace(veil, box=box(veil.box), towards=_ALIGNMENTS.get(veil.towards, veil.towards))
            for veil in framing.scrims
        ),
        ornaments=tuple(replace(ornament, box=box(ornament.box)) for ornament in framing.ornaments),
        tiles=tuple(replace(tile, crop=box(tile.crop), picture=box(tile.picture)) for tile in framing.tiles),
    )


def suggestion(suggestion: Suggestion) -> Suggestion:
    """A proposed element."""
    return replace(suggestion, box=box(suggestion.box))


def annotation(annotation: Annotation) -> Annotation:
    """What is known of a photo."""
    return Annotation(
        tuple(replace(line, box=box(line.box)) for line in annotation.lines),
        None if annotation.subject is None else box(annotation.subject),
        None if annotation.subject_map is None else pixels(annotation.subject_map),
    )


def element(element: Element, canvas: Canvas) -> Element:
    """A placed element of a canvas: its box, and its lines in it, each from left to right as it was."""
    width = (element.box[2] - element.box[0]) * canvas.width
    ends: dict[int, tuple[float, float]] = {}
    for run in element.runs:
        left, right = ends.get(run.line, (run.x_px, run.x_px))
        ends[run.line] = (min(left, run.x_px), max(right, run.x_px + run.width_px))
    moved: dict[str, Any] = {}
    if element.runs:
        moved["runs"] = tuple(replace(run, x_px=run.x_px + width - sum(ends[run.line])) for run in element.runs)
    if element.role is Role.UNDERLAY:
        moved["gradient_angle"] = (180 - element.gradient_angle) % 360
        moved["direction"] = _DIRECTIONS.get(element.direction, element.direction)
    return replace(
        element, box=box(element.box), alignment=_ALIGNMENTS.get(element.alignment, element.alignment), **moved
    )
