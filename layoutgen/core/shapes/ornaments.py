"""The outlines of ornaments."""

from layoutgen.core.layout import Box, Ornament, to_px
from layoutgen.core.shapes.paths import Path, ellipse, polygon, rectangle

KINDS = ("rule", "dots", "corner", "disc", "ring", "bar")
_DOT, _DOTS = 0.34, 5
"""A dot's width, of what it has for itself; how many there are along the shorter side of a box that is no strip."""
_RING, _CORNER = 0.08, 0.1
"""How thick they are, of the box's shorter side."""


def outline(ornament: Ornament, width: int, height: int) -> Path:
    """An ornament on a canvas of a size in px. Raises ValueError for a kind that nobody knows."""
    box = to_px(ornament.box, width, height)
    match ornament.kind:
        case "rule":
            return rectangle(box)
        case "bar":
            return rectangle(box, min(box[2] - box[0], box[3] - box[1]) / 2)
        case "dots":
            return _dots(box)
        case "corner":
            return _corner(box, ornament.box)
        case "disc":
            return ellipse(_square(box))
        case "ring":
            outer = _square(box)
            thick = _RING * (outer[2] - outer[0])
            return (*ellipse(outer), *ellipse(_inset(outer, thick)))
    raise ValueError(f"an ornament's kind is {ornament.kind!r}; known: {', '.join(KINDS)}")


def _square(box: Box) -> Box:
    """The largest square in a box's middle."""
    x, y, half = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, min(box[2] - box[0], box[3] - box[1]) / 2
    return x - half, y - half, x + half, y + half


def _inset(box: Box, by: float) -> Box:
    return box[0] + by, box[1] + by, box[2] - by, box[3] - by


def _dots(box: Box) -> Path:
    """A grid of dots; in a narrow strip, one row or column."""
    width, height = box[2] - box[0], box[3] - box[1]
    short, long = min(width, height), max(width, height)
    along = _DOTS if short > 0.35 * long else 2 if short > 0.15 * long else 1
    pitch = short / along
    columns, rows = max(1, round(width / pitch)), max(1, round(height / pitch))
    half = _DOT * pitch / 2
    middles = [
        (box[0] + (i + 0.5) * width / columns, box[1] + (j + 0.5) * height / rows)
        for j in range(rows)
        for i in range(columns)
    ]
    return tuple(contour for x, y in middles for contour in ellipse((x - half, y - half, x + half, y + half)))


def _corner(box: Box, on_canvas: Box) -> Path:
    """An angle in that corner of a box that is nearest to one of the canvas's."""
    left, top, right, bottom = box
    thick = max(1.0, _CORNER * min(right - left, bottom - top))
    points = [(0.0, 0.0), (right - left, 0.0), (right - left, thick), (thick, thick)]
    points += [(thick, bottom - top), (0.0, bottom - top)]
    at_right, at_foot = on_canvas[0] + on_canvas[2] > 1, on_canvas[1] + on_canvas[3] > 1
    return polygon([(right - x if at_right else left + x, bottom - y if at_foot else top + y) for x, y in points])
