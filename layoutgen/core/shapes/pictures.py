"""The outline of a photo on its canvas: how it ends where it does not end with the canvas."""

from collections.abc import Callable

from layoutgen.core.layout import Box, Framing, to_px
from layoutgen.core.shapes.paths import Path, Segment, polygon, rectangle

EDGES = ("straight", "slanted", "slanted_back", "arched", "overlap")
BLENDS = ("normal", "cut_out", "outpaint")
_NEAR = 0.004
"""Closer to the canvas's side, as a share of it, a photo ends with the canvas."""
_SLANT, _MOST_SLANT = 0.16, 0.3
"""How far a slanted side leans, of its length; at most, of the photo's extent across it."""
_BULGE, _MOST_BULGE = 0.14, 0.3
_OVERLAP = 0.045
"""Radius of a photo in front of its panel, of the canvas's short side, where none is given."""
SHADOW_BLUR, SHADOW_DROP, SHADOW = 0.022, 0.008, 0.34
"""Of a photo in front of its panel: how soft its shadow is and how far below it, shares of the canvas's short side, and
how dark."""


def is_rectangle(framing: Framing) -> bool:
    """Whether a photo is shown in a plain rectangle. Raises ValueError for an edge that nobody knows."""
    if framing.edge not in EDGES:
        raise ValueError(f"a photo's edge is {framing.edge!r}; known: {', '.join(EDGES)}")
    return (framing.edge == "straight" and framing.radius <= 0) or not any(_free(framing))


def picture_box(framing: Framing, width: int, height: int) -> tuple[int, int, int, int]:
    """Where a photo lies on a canvas: left, top, right and bottom in whole px."""
    left, top, right, bottom = map(round, to_px(framing.picture, width, height))
    return left, top, right, bottom


def outline(framing: Framing, width: int, height: int) -> Path:
    """What is shown of a photo on a canvas of a size in px: the outline in which it ends."""
    left, top, right, bottom = map(float, picture_box(framing, width, height))
    box, free, radius = (left, top, right, bottom), _free(framing), framing.radius * min(width, height)
    if framing.edge == "overlap":
        radius = radius or _OVERLAP * min(width, height)
    radii = [radius if free[a] or free[b] else 0.0 for a, b in ((0, 1), (1, 2), (2, 3), (3, 0))]
    if not any(free):
        return rectangle(box)
    if framing.edge.startswith("slanted"):
        return _slanted(box, free, radii, framing.edge == "slanted_back")
    return _arched(box, free, radii) if framing.edge == "arched" else rectangle(box, radii)


def shadow(framing: Framing, width: int, height: int) -> Path:
    """What throws the shadow of a photo in front of its panel, where that falls: what ends with the canvas goes on, so
    that its shadow leaves the canvas with it."""
    short, free = min(width, height), _free(framing)
    radius, out = (framing.radius or _OVERLAP) * short, 4 * SHADOW_BLUR * short
    left, top, right, bottom = picture_box(framing, width, height)
    drop = SHADOW_DROP * short
    radii = [radius if free[a] and free[b] else 0.0 for a, b in ((0, 1), (1, 2), (2, 3), (3, 0))]
    box = left - out * (not free[0]), top + drop - out * (not free[1]), right + out * (not free[2])
    return rectangle((*box, bottom + drop + out * (not free[3])), radii)


def _free(framing: Framing) -> tuple[bool, bool, bool, bool]:
    """Which of a photo's sides, left, top, right and bottom, do not end with the canvas."""
    left, top, right, bottom = framing.picture
    return left > _NEAR, top > _NEAR, right < 1 - _NEAR, bottom < 1 - _NEAR


def _slanted(box: Box, free: tuple[bool, bool, bool, bool], radii: list[float], is_back: bool) -> Path:
    """Free upright sides lean to the right at the top, or to the left; where there are none, the others rise to the
    right, or fall."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    if free[0] or free[2]:
        lean = min(_SLANT * height, _MOST_SLANT * width)
        at_top, at_foot = (0.0, lean) if is_back else (lean, 0.0)
        upper = left + at_top * free[0], right - at_foot * free[2]
        lower = left + at_foot * free[0], right - at_top * free[2]
        return polygon([(upper[0], top), (upper[1], top), (lower[1], bottom), (lower[0], bottom)], radii)
    lean = min(_SLANT * width, _MOST_SLANT * height)
    at_left, at_right = (0.0, lean) if is_back else (lean, 0.0)
    heads = top + at_left * free[1], top + at_right * free[1]
    feet = bottom - at_right * free[3], bottom - at_left * free[3]
    return polygon([(left, heads[0]), (right, heads[1]), (right, feet[1]), (left, feet[0])], radii)


def _arched(box: Box, free: tuple[bool, bool, bool, bool], radii: list[float]) -> Path:
    """A bulge on a free side, or on two opposite ones; the round corner of a photo in a corner; an arched window of one
    that stands free, whose head is up, or where it is furthest from the side that it ends with."""
    is_free_x, is_free_y = free[0] and free[2], free[1] and free[3]
    if sum(free) >= 3:
        head = 1 if sum(free) == 4 else next(i for i in range(4) if free[i] and not free[(i + 2) % 4])
        return _window(box, head, radii)
    if sum(free) == 2 and not is_free_x and not is_free_y:
        corner = {(True, True): 0, (False, True): 1, (False, False): 2, (True, False): 3}[free[0], free[1]]
        sides = (box[2] - box[0], box[3] - box[1])
        return rectangle(box, [0.75 * min(sides) if i == corner else 0.0 for i in range(4)])
    return _bulging(box, free)


def _window(box: Box, head: int, radii: list[float]) -> Path:
    """A box with a half circle, or the most of an ellipse, at its side `head`: 0 left, 1 top, 2 right, 3 bottom."""
    across, turn = _turned(box, head)
    width, height = across
    rise = min(width / 2, 0.6 * height)
    handle = 0.5522847498
    foot = min(radii[(head + 1) % 4], width / 2, (height - rise) / 2)
    round_foot = foot * (1 - handle)
    segments: list[Segment] = [
        (0, rise),
        (0, rise * (1 - handle), width / 2 * (1 - handle), 0, width / 2, 0),
        (width / 2 * (1 + handle), 0, width, rise * (1 - handle), width, rise),
        (width, height - foot),
        (width, height - round_foot, width - round_foot, height, width - foot, height),
        (foot, height),
        (round_foot, height, 0, height - round_foot, 0, height - foot),
    ]
    return (tuple(turn(segment) for segment in segments),)


def _turned(box: Box, head: int) -> tuple[tuple[float, float], Callable[[Segment], Segment]]:
    """A box's extent as seen with its side `head` up, and what brings points of that view back onto the canvas."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    extent = (width, height) if head % 2 else (height, width)

    def point(x: float, y: float) -> tuple[float, float]:
        return {0: (left + y, top + x), 1: (left + x, top + y), 2: (right - y, top + x), 3: (left + x, bottom - y)}[
            head
        ]

    def turn(segment: Segment) -> Segment:
        return tuple(v for i in range(0, len(segment), 2) for v in point(segment[i], segment[i + 1]))

    return extent, turn


def _bulging(box: Box, free: tuple[bool, bool, bool, bool]) -> Path:
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    sag_x, sag_y = min(_BULGE * height, _MOST_BULGE * width), min(_BULGE * width, _MOST_BULGE * height)
    inner = left + sag_x * free[0], top + sag_y * free[1], right - sag_x * free[2], bottom - sag_y * free[3]
    # A third of a curve's handles' distance is missing at its middle.
    out = inner[0] - 4 / 3 * sag_x, inner[1] - 4 / 3 * sag_y, inner[2] + 4 / 3 * sag_x, inner[3] + 4 / 3 * sag_y
    near_x, far_x = inner[0] + 0.3 * (inner[2] - inner[0]), inner[0] + 0.7 * (inner[2] - inner[0])
    near_y, far_y = inner[1] + 0.3 * (inner[3] - inner[1]), inner[1] + 0.7 * (inner[3] - inner[1])

    def side(is_curved: bool, handles: Segment, end: Segment) -> Segment:
        return (*handles, *end) if is_curved else end

    corners = ((inner[0], inner[1]), (inner[2], inner[1]), (inner[2], inner[3]), (inner[0], inner[3]))
    return (
        (
            corners[0],
            side(free[1], (near_x, out[1], far_x, out[1]), corners[1]),
            side(free[2], (out[2], near_y, out[2], far_y), corners[2]),
            side(free[3], (far_x, out[3], near_x, out[3]), corners[3]),
            side(free[0], (out[0], far_y, out[0], near_y), corners[0]),
        ),
    )
