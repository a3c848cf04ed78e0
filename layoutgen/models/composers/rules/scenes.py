"""A photo in a framing: which rooms of the canvas are free for text, and how calm it is there."""

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from layoutgen.core.framing import on_canvas
from layoutgen.core.layout import Box, Canvas, area, intersection
from layoutgen.core.proposals.framings import Candidate
from layoutgen.core.proposals.rooms import free_rooms
from layoutgen.core.summed_area import box_sum
from layoutgen.imaging import framed
from layoutgen.models.composers.rules.photo import Photo

_SIDE = 96
_ROOMS = 6
_TAKEN = 0.35
_TRIED = 24
_BAND_WIDE = 0.9
_LEAST_WIDE, _LEAST_HIGH = 0.2, 0.09  # of a room for text, shares of the canvas's short side
_IN_PICTURE = frozenset({"bleed", "outpaint", "band", "frame", "extend", "cut_out", "as_is"})
"""Grounds on whose photo texts may stand; on others they stand beside it."""
_WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Scene:
    """A framed photo at map size, drawn when it is asked for. `margin` is the free edge as a share of the canvas's
    short side, `free` are boxes on which a platform lays its own; boxes are ltrb, normalised to the canvas."""

    photo: Photo
    candidate: Candidate
    canvas: Canvas
    margin: float
    free: tuple[Box, ...]

    @cached_property
    def edge(self) -> tuple[float, float]:
        """The free edge across and down, shares of the canvas."""
        free = self.margin * min(self.canvas.width, self.canvas.height)
        return free / self.canvas.width, free / self.canvas.height

    @cached_property
    def window(self) -> Box:
        """The part of the canvas where the photo is."""
        left, top, right, bottom = self.candidate.framing.extent
        return (max(0.0, left), max(0.0, top), min(1.0, right), min(1.0, bottom))

    @cached_property
    def safe(self) -> Box:
        """The box that holds all texts."""
        (x, y), window = self.edge, self.window
        if self.ground == "frame":
            return (window[0] + x, window[1] + y, window[2] - x, window[3] - y)
        return (x, y, 1 - x, 1 - y)

    @property
    def least(self) -> tuple[float, float]:
        """How wide and high a room for text is at least."""
        short = min(self.canvas.width, self.canvas.height)
        return _LEAST_WIDE * short / self.canvas.width, _LEAST_HIGH * short / self.canvas.height

    @cached_property
    def _subject(self) -> np.ndarray:
        return self._drawn("subject")

    @cached_property
    def shown(self) -> float:
        """The share of the canvas that the subject takes."""
        return float(self._subject.sum()) / self._subject.size

    @cached_property
    def centre(self) -> tuple[float, float]:
        """The subject's middle."""
        (height, width), total = self._subject.shape, float(self._subject.sum())
        if total <= 0:
            return (0.5, 0.5)
        return (
            float((self._subject.sum(0) * np.arange(width)).sum()) / total / width,
            float((self._subject.sum(1) * np.arange(height)).sum()) / total / height,
        )

    @cached_property
    def _taken(self) -> np.ndarray:
        """The summed-area table of what must stay free of text."""
        blocked = (self._drawn("taken") > _TAKEN).astype(np.float32)
        (x, y), window = self.edge, self.window
        if self.ground not in _IN_PICTURE:
            _block(blocked, (window[0] - x, window[1] - y, window[2] + x, window[3] + y))
        captions = ((x1 - x, y1, x2 + x, y2 + y) for x1, y1, x2, y2 in self.candidate.captions)
        for box in (*self.free, *captions):
            _block(blocked, box)
        return cv2.integral(blocked)

    @cached_property
    def _lights(self) -> tuple[np.ndarray, np.ndarray]:
        """The summed-area tables of the photo's light, and of its square."""
        light = self._drawn("light")
        if self.candidate.framing.blend == "outpaint":
            light = _carried_on(light, on_canvas(_WHOLE, self.candidate.framing))
        return cv2.integral(light), cv2.integral(light * light)

    def _drawn(self, name: str) -> np.ndarray:
        framing = self.candidate.framing
        tiles = [getattr(self.photo.further[tile.image], name) for tile in framing.tiles]
        return framed.draw(getattr(self.photo, name), framing, self.canvas, _SIDE, tiles)

    @cached_property
    def rooms(self) -> list[Box]:
        """The largest boxes in which a text stands on nothing; for a band, those as wide as the canvas."""
        if self.ground == "band":
            least = _BAND_WIDE * (self.safe[2] - self.safe[0]), self.least[1]
            return free_rooms(self._taken, self.safe, least, _ROOMS)
        return free_rooms(self._taken, self.safe, self.least, _ROOMS)

    @property
    def ground(self) -> str:
        """Its kind."""
        return self.candidate.framing.ground

    def light_in(self, box: Box) -> tuple[float, float]:
        """Mean lightness of the photo in a box and how much it varies there; 0 of what shows no photo."""
        light, squared = (_mean(table, box) for table in self._lights)
        return light, math.sqrt(max(0.0, squared - light**2))

    def covered(self, box: Box) -> float:
        """Share of a box that must stay free of text."""
        return _mean(self._taken, box)

    def clearest(self, width: float, height: float) -> tuple[float, float]:
        """Where the upper left corner of a box of a size lies that covers least of what must stay free."""
        rows, columns = self._taken.shape[0] - 1, self._taken.shape[1] - 1
        x = np.linspace(self.safe[0], max(self.safe[0], self.safe[2] - width), _TRIED)
        y = np.linspace(self.safe[1], max(self.safe[1], self.safe[3] - height), _TRIED)
        low_x, high_x = (x * columns).astype(int), np.minimum(columns, np.ceil((x + width) * columns).astype(int))
        low_y, high_y = (y * rows).astype(int), np.minimum(rows, np.ceil((y + height) * rows).astype(int))
        sums = box_sum(self._taken, low_x[None, :], low_y[:, None], high_x[None, :], high_y[:, None])
        i, j = np.unravel_index(int(np.argmin(np.round(sums, 3))), sums.shape)
        return float(x[j]), float(y[i])

    def on_photo(self, box: Box) -> float:
        """Share of a box that lies on the photo."""
        return intersection(box, self.window) / area(box) if area(box) else 0.0


def _carried_on(light: np.ndarray, box: Box) -> np.ndarray:
    """A map of light with that of a box's edges carried on."""
    height, width = light.shape
    left, top, right, bottom = (
        math.ceil(box[0] * width),
        math.ceil(box[1] * height),
        int(box[2] * width),
        int(box[3] * height),
    )
    inner = light[top:bottom, left:right]
    return np.pad(inner, ((top, height - bottom), (left, width - right)), "edge") if inner.size else light


def _block(blocked: np.ndarray, box: Box) -> None:
    height, width = blocked.shape
    left, top, right, bottom = (min(max(side, 0.0), 1.0) for side in box)
    blocked[int(top * height) : math.ceil(bottom * height), int(left * width) : math.ceil(right * width)] = 1


def _mean(table: np.ndarray, box: Box) -> float:
    """Mean of a map inside a box, from its summed-area table."""
    height, width = table.shape[0] - 1, table.shape[1] - 1
    x1, x2 = max(0, int(box[0] * width)), min(width, math.ceil(box[2] * width))
    y1, y2 = max(0, int(box[1] * height)), min(height, math.ceil(box[3] * height))
    if x2 <= x1 or y2 <= y1:
        return 0.0
    return float(box_sum(table, x1, y1, x2, y2)) / ((x2 - x1) * (y2 - y1))
