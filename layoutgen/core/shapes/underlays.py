"""The outlines of what texts stand on: buttons, ribbons, stickers, tags and rules."""

import math

from layoutgen.core.layout import Box, Element
from layoutgen.core.shapes.paths import Path, ellipse, mirrored, polygon, rectangle

SHAPES = ("rounded", "slanted", "ribbon", "burst", "disc", "tag", "line", "quote")
OPEN = ("line", "quote")
"""Shapes that lie beside their text, not behind it."""
_LEAN, _MOST_LEAN = 0.28, 0.12
"""How far a slanted side leans, of the height; at most, of the width."""
_NOTCH, _MOST_NOTCH = 0.36, 0.14
_POINTS, _DEPTH, _TIP = 18, 0.13, 0.018
"""A burst's points, how deep they are, of its radius, and how round, of its width."""
_BEVEL, _MOST_BEVEL, _HOLE = 0.42, 0.3, 0.085
"""How far a tag's head is bevelled, of the height, and at most, of the width; its hole's radius, of the height."""
_RULE, _MOST_RULE = 0.06, 6.0
"""How thick rules are that say nothing of it, of the shorter side and px at most."""


def is_plain(element: Element) -> bool:
    """Whether an underlay is a rounded box of one colour and nothing else. Raises ValueError for a shape that nobody
    knows."""
    if element.shape not in SHAPES:
        raise ValueError(f"an underlay's shape is {element.shape!r}; known: {', '.join(SHAPES)}")
    return element.shape == "rounded" and not element.gradient and not element.stroke_px


def outline(element: Element, box: Box) -> Path:
    """An underlay's outline in its box, px."""
    path = _outline(element, box)
    return mirrored(path, box[0], box[2]) if element.direction == "rtl" else path


def _outline(element: Element, box: Box) -> Path:
    left, top, right, bottom = box
    width, height, radius = right - left, bottom - top, float(element.radius_px)
    thick = _thickness(element, width, height)
    match element.shape:
        case "slanted":
            path = _slanted(box, radius)
        case "ribbon":
            path = _ribbon(box)
        case "burst":
            path = _burst(box)
        case "disc":
            path = ellipse(box)
        case "tag":
            path = _tag(box, radius)
        case "line":
            path = rectangle((left, bottom - thick, right, bottom))
        case "quote":
            path = rectangle((left, top, left + thick, bottom))
        case _:
            path = rectangle(box, radius)
    return path


def _slanted(box: Box, radius: float) -> Path:
    left, top, right, bottom = box
    lean = _lean(right - left, bottom - top)
    points = [(left + lean, top), (right, top), (right - lean, bottom), (left, bottom)]
    return polygon(points, min(radius, 0.2 * (bottom - top)))


def _ribbon(box: Box) -> Path:
    left, top, right, bottom = box
    notch, middle = _notch(right - left, bottom - top), (top + bottom) / 2
    points = [(left, top), (right, top), (right - notch, middle), (right, bottom), (left, bottom)]
    return polygon([*points, (left + notch, middle)])


def _lean(width: float, height: float) -> float:
    return min(_LEAN * height, _MOST_LEAN * width)


def _notch(width: float, height: float) -> float:
    return min(_NOTCH * height, _MOST_NOTCH * width)


def _bevel(width: float, height: float) -> float:
    return min(_BEVEL * height, _MOST_BEVEL * width)


def _thickness(element: Element, width: float, height: float) -> float:
    """How thick a rule is, whole px, so that it is sharp."""
    return float(max(1, element.stroke_px or round(min(_MOST_RULE, _RULE * min(width, height)))))


def _burst(box: Box) -> Path:
    """A star whose points are a little rounded, as it is cut from paper."""
    left, top, right, bottom = box
    x, y, across, down = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
    points = []
    for i in range(2 * _POINTS):
        turned, reach = math.pi * i / _POINTS - math.pi / 2, 1 - _DEPTH * (i % 2)
        points.append((x + across * reach * math.cos(turned), y + down * reach * math.sin(turned)))
    return polygon(points, _TIP * (right - left))


def _tag(box: Box, radius: float) -> Path:
    """A price tag with its head to the left and a hole in it."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    bevel, middle, hole = _bevel(width, height), (top + bottom) / 2, _HOLE * height
    soft = max(radius, 0.06 * height)
    flat = 0.17 * height  # what is left of the head's end
    points = [(left + bevel, top), (right, top), (right, bottom), (left + bevel, bottom)]
    points += [(left, middle + flat), (left, middle - flat)]
    x = left + 0.62 * bevel
    return (*polygon(points, soft), *ellipse((x - hole, middle - hole, x + hole, middle + hole)))
