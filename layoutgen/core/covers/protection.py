"""What must not be covered: one map of the canvas made of subject, key elements, faces, text and the player's controls.

The map is float32 in [0, 1], about 256 px on the longer side, higher is dearer: the subject as the finder marks it, the
key elements that a language model named as `key_elements` weighs them, 1 on faces, text and controls, each with a
margin that fades. Beside it stand the **hard** boxes, which nothing may touch: faces and controls always, text of the
picture where the caller says so. Where a canvas shows nothing of the photo, only controls protect it.

Not the solver's cost: how much covering costs is `placement`'s business.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from layoutgen.core.framing import on_canvas
from layoutgen.core.layout import NAMED_RATIOS, Box, Canvas, Framing, area

Map = NDArray[np.float32]
Kind = Literal["face", "text", "zone"]

SIDE = 256
SURE, _MARKED = 0.7, 0.3
"""From these values of a second finder's map on it is sure, and marks at all: soft edges are no objection."""
FACE_MARGIN = 0.12
"""Share of a face's size that is kept free around it: hair, ears and chin lie outside detectors' boxes."""
_MOST_PRINTED = 0.3  # of a picture; what is read all over it is a pattern and no line
TEXT_MARGIN = 0.25
"""Share of a line's height that is kept free around text of the picture."""


@dataclass(frozen=True)
class Zone:
    """A control that the player draws over a cover, `box` ltrb normalised to the canvas."""

    name: str
    box: Box


@dataclass(frozen=True)
class HardBox:
    """A box (ltrb, normalised to the canvas) that nothing may touch, and why: `name` is a zone's, or the kind again."""

    kind: Kind
    box: Box
    name: str


@dataclass(frozen=True, eq=False)
class Contents:
    """What is known of a photo: the map of its subject (h, w), float32 in [0, 1], of any size; the boxes (ltrb,
    normalised) of faces and of text that is there already; the subject's map with key elements in it, None where there
    are none; and the map by another finder, None where none was asked or it has no opinion."""

    subject: Map
    faces: tuple[Box, ...] = ()
    texts: tuple[Box, ...] = ()
    with_elements: Map | None = None
    opinion: Map | None = None

    @property
    def dear(self) -> Map:
        """The map of subject and key elements."""
        return self.subject if self.with_elements is None else self.with_elements


@dataclass(frozen=True)
class Protection:
    """The map (h, w), float32 in [0, 1], of the canvas, the boxes that nothing may touch, and the subject's part of
    the map alone, which shares of covered subject are measured on."""

    map: Map
    hard: tuple[HardBox, ...]
    subject: Map


def opinion(values: Map) -> Map | None:
    """A second finder's map (h, w) in [0, 1]; None where it is vague: of what is marked in it, less than half is
    marked surely, as where a finder that sees no subject marks the middle softly."""
    marked, sure = float((values > _MARKED).sum()), float((values > SURE).sum())
    return values if sure >= 0.5 * marked > 0 else None


Zones = Mapping[str, tuple[Zone, ...]]

SAFE_ZONES: Zones = {
    "16:9": (
        Zone("duration_badge", (0.85, 0.87, 1.0, 1.0)),
        Zone("play_button", (0.45, 0.41, 0.55, 0.59)),
    ),
    "1:1": (
        Zone("duration_badge", (0.78, 0.9, 1.0, 1.0)),
        Zone("play_button", (0.43, 0.43, 0.57, 0.57)),
    ),
    "3:4": (
        Zone("duration_badge", (0.76, 0.92, 1.0, 1.0)),
        Zone("play_button", (0.42, 0.44, 0.58, 0.56)),
    ),
    "9:16": (
        Zone("play_button", (0.41, 0.45, 0.59, 0.55)),
        Zone("avatar_strip", (0.0, 0.86, 1.0, 1.0)),
        Zone("action_column", (0.85, 0.5, 1.0, 0.86)),
    ),
}
"""What common players draw over a cover, by ratio; a platform's own go into the settings."""


ZONE_NAMES = tuple(sorted({zone.name for zones in SAFE_ZONES.values() for zone in zones}))
"""What a row may ask to keep free by name; in a ratio without such a zone nothing is."""


def zones_for(canvas: Canvas, zones: Zones = SAFE_ZONES) -> tuple[Zone, ...]:
    """The zones of the ratio that is nearest to the canvas's, in terms of log(width / height)."""
    if not zones:
        return ()
    shape = np.log(canvas.width / canvas.height)
    nearest = min(sorted(zones), key=lambda name: abs(float(np.log(ratio(name)) - shape)))
    return zones[nearest]


def boxes_named(names: Collection[str], canvas: Canvas) -> tuple[Box, ...]:
    """The boxes of common players' zones of these names, on a canvas; those that its ratio has."""
    return tuple(zone.box for zone in zones_for(canvas) if zone.name in names)


def ratio(name: str) -> float:
    """Width / height of a ratio such as 3:4. Raises ValueError naming it where it is none."""
    if name in NAMED_RATIOS:
        across, down = NAMED_RATIOS[name]
        return across / down
    parts = name.split(":")
    if len(parts) != 2 or not all(part.isdigit() and int(part) > 0 for part in parts):
        raise ValueError(f"ratio {name!r} is not WIDTH:HEIGHT, such as 3:4")
    return int(parts[0]) / int(parts[1])


def protect(
    contents: Contents,
    canvas: Canvas,
    framing: Framing | None = None,
    *,
    zones: Iterable[Zone] = (),
    hard_texts: bool = True,
    side: int = SIDE,
) -> Protection:
    """Combine what must not be covered into one map of the canvas, its longer side `side` px.

    `contents` are of the photo, which `framing` lays on the canvas (None: the photo is the canvas); `zones` are of the
    canvas. Faces grow by FACE_MARGIN of their size on each side, texts by TEXT_MARGIN of their height. The parts are
    combined by the maximum.
    """
    shown = framing or Framing()
    scale = side / max(canvas.width, canvas.height)
    shape = (max(1, round(canvas.height * scale)), max(1, round(canvas.width * scale)))
    subject, dear = (_laid(values, shown, shape) for values in (contents.subject, contents.dear))
    made, hard = dear.copy(), []
    for box in contents.faces:
        grown = _grown(box, FACE_MARGIN * (box[2] - box[0]), FACE_MARGIN * (box[3] - box[1]))
        hard += [HardBox("face", placed, "face") for placed in _placed(grown, shown)]
    photo_aspect = _photo_aspect(shown, canvas)
    for box in (text for text in contents.texts if area(text) <= _MOST_PRINTED):
        margin = TEXT_MARGIN * (box[3] - box[1])
        grown = _grown(box, margin / photo_aspect, margin)
        hard += [HardBox("text", placed, "text") for placed in _placed(grown, shown)]
    hard += [HardBox("zone", zone.box, zone.name) for zone in zones]
    for each in hard:
        np.maximum(made, _box_map(each.box, shape), out=made)
    if not hard_texts:
        hard = [each for each in hard if each.kind != "text"]
    return Protection(made, tuple(hard), subject)


def sampled(values: Map, box: Box, shape: tuple[int, int]) -> Map:
    """The means of a map (h, w) over a grid of `shape` cells (h, w) laid on a box (ltrb, normalised) of it. Exact: each
    value counts by the area that a cell has of it."""
    for axis, low, high in ((0, box[1], box[3]), (1, box[0], box[2])):
        edges = np.clip(np.linspace(low, high, shape[axis] + 1), 0, 1) * values.shape[axis]
        ends = [(1, 0), (0, 0)] if axis == 0 else [(0, 0), (1, 0)]
        summed = np.pad(values.cumsum(axis, dtype=np.float64), ends)
        at = np.minimum(edges.astype(int), values.shape[axis] - 1)
        part = (edges - at)[:, None] if axis == 0 else (edges - at)[None, :]
        until = summed.take(at, axis) * (1 - part) + summed.take(at + 1, axis) * part
        widths = np.maximum(np.diff(edges), 1e-12)
        values = np.diff(until, axis=axis) / (widths[:, None] if axis == 0 else widths[None, :])
    return np.asarray(values, np.float32)


def _laid(values: Map, framing: Framing, shape: tuple[int, int]) -> Map:
    """A map of the photo as the canvas shows it, (h, w), 0 where it shows no photo."""
    out = np.zeros(shape, np.float32)
    rows, columns = _cells(framing.picture, shape)
    if rows.stop > rows.start and columns.stop > columns.start:
        inner = (rows.stop - rows.start, columns.stop - columns.start)
        out[rows, columns] = np.clip(sampled(np.asarray(values, np.float32), framing.crop, inner), 0, 1)
    return out


def _placed(box: Box, framing: Framing) -> list[Box]:
    """Where a box of the photo lies on the canvas; nothing where the crop leaves it out."""
    placed = on_canvas(box, framing)
    return [placed] if area(placed) > 0 else []


def _grown(box: Box, across: float, down: float) -> Box:
    return (
        max(0.0, box[0] - across),
        max(0.0, box[1] - down),
        min(1.0, box[2] + across),
        min(1.0, box[3] + down),
    )


def _photo_aspect(framing: Framing, canvas: Canvas) -> float:
    crop, picture = framing.crop, framing.picture
    shown = (picture[2] - picture[0]) * canvas.width / ((picture[3] - picture[1]) * canvas.height)
    return shown * (crop[3] - crop[1]) / (crop[2] - crop[0])


def _cells(box: Box, shape: tuple[int, int]) -> tuple[slice, slice]:
    """The cells of a map whose middles lie in a box."""
    top, bottom = (min(max(round(v * shape[0]), 0), shape[0]) for v in (box[1], box[3]))
    left, right = (min(max(round(v * shape[1]), 0), shape[1]) for v in (box[0], box[2]))
    return slice(top, max(bottom, top)), slice(left, max(right, left))


def _box_map(box: Box, shape: tuple[int, int], fade: float = 2.5) -> Map:
    """1 in a box, at least in the one cell that holds its middle, fading to 0 within `fade` cells around it."""
    y, x = np.arange(shape[0]) + 0.5, np.arange(shape[1]) + 0.5
    away_y = np.maximum(np.maximum(box[1] * shape[0] - y, y - box[3] * shape[0]), 0)
    away_x = np.maximum(np.maximum(box[0] * shape[1] - x, x - box[2] * shape[1]), 0)
    away = np.maximum(away_y[:, None], away_x[None, :])
    return np.asarray(np.clip(1 - np.maximum(away - 0.5, 0) / fade, 0, 1), np.float32)
