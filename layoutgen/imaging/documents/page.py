"""A layout with all that a file of it is made of: photo, elements, logo, fonts, and where it comes from."""

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

import numpy as np

from layoutgen.core.layout import Box, Canvas, Element, Framing, Role, Run, to_px
from layoutgen.core.shapes import pictures
from layoutgen.core.shapes.paths import Path
from layoutgen.core.text.direction import base_direction
from layoutgen.core.text.runs import with_runs
from layoutgen.imaging import drawing, fonts, framed

PixelBox = tuple[int, int, int, int]
"""Left, top, width and height in whole px, as drawing rounds them."""


@dataclass(frozen=True)
class Provenance:
    """Where a layout comes from: the row's key, the run that computed it and when, what composed it, and which trained
    model painted its ground, as the table names them. A file says what is known; None is not known, or none."""

    row_id: str
    run_id: str | None = None
    composer: str | None = None
    adapter: str | None = None
    created_at: datetime | None = None
    painter: str | None = None


@dataclass(frozen=True)
class Layer:
    """An element as a file has it: `index` is its place in the row's elements, `key` its identifier in the file, `name`
    what a designer reads; `box` is in px, `runs` are its text."""

    index: int
    key: str
    name: str
    element: Element
    box: Box
    runs: tuple[Run, ...]

    @property
    def pixel_box(self) -> PixelBox:
        """Where an underlay is drawn."""
        left, top = round(self.box[0]), round(self.box[1])
        return left, top, max(1, round(self.box[2] - self.box[0])), max(1, round(self.box[3] - self.box[1]))

    @property
    def pixel_sides(self) -> Box:
        """The same as ltrb."""
        left, top, width, height = self.pixel_box
        return left, top, left + width, top + height

    def reading_order(self, line: int) -> list[tuple[str, Run]]:
        """A line of the text in the order in which it is read: its stretches, each with the run that draws it."""
        text = self.element.lines[line]
        owners: list[Run | None] = [None] * len(text)
        runs = [run for run in self.runs if run.line == line and run.text]
        for run in sorted(runs, key=lambda run: -len(run.text)):
            start = text.find(run.text)
            while start >= 0 and any(owners[start : start + len(run.text)]):
                start = text.find(run.text, start + 1)
            if start >= 0:
                owners[start : start + len(run.text)] = [run] * len(run.text)
        if not runs:
            return []
        stretches: list[tuple[str, Run]] = []
        for character, owner in zip(text, owners, strict=True):
            # What no run draws, such as spaces at the end, goes with what stands before it.
            run = owner or (stretches[-1][1] if stretches else runs[0])
            if stretches and stretches[-1][1] is run:
                stretches[-1] = (stretches[-1][0] + character, run)
            else:
                stretches.append((character, run))
        return stretches


@dataclass(frozen=True, eq=False)
class Page:
    """A layout to be written. `photo` is the upright original, (h, w, 3) uint8; of it, `framing` says what is shown and
    where; `tiles` are the photos of its tiles. `logo` is (h, w, 4) uint8 or None. `font_files` are searched for the
    elements' fonts before the embedded ones. `language` of the copy is BCP 47, None for unknown."""

    canvas: Canvas
    framing: Framing
    photo: np.ndarray
    elements: tuple[Element, ...]
    provenance: Provenance
    logo: np.ndarray | None = None
    font_files: tuple[str, ...] = ()
    language: str | None = None
    tiles: tuple[np.ndarray, ...] = ()

    @cached_property
    def ground(self) -> np.ndarray:
        """The framed photos at output size without any element, (h, w, 3) uint8."""
        side = max(self.canvas.width, self.canvas.height)
        return framed.draw(self.photo, self.framing, self.canvas, side, self.tiles)

    @cached_property
    def photos(self) -> tuple["Page", ...]:
        """A page with each photo alone, the first photo's first: what is said of a page's photo is of that one."""
        if not self.tiles:
            return (self,)
        parts = zip((self.photo, *self.tiles), self.framing.parts, strict=True)
        return tuple(replace(self, photo=photo, framing=part, tiles=()) for photo, part in parts)

    @cached_property
    def picture(self) -> np.ndarray:
        """The finished picture at output size, (h, w, 3) uint8: what every file has to look like. Raises ValueError for
        a font that is not here."""
        return drawing.draw(self.ground, list(self.elements), self.canvas, logo=self.logo, font_files=self.font_files)

    @cached_property
    def is_cut_out(self) -> bool:
        """Whether the photo is shown without its ground."""
        return framed.is_cut_out(self.photo, self.framing)

    @property
    def is_redrawn(self) -> bool:
        """Whether what is shown of the photo is no part of it as it is: without its ground, or carried on beyond its
        edges."""
        return self.is_cut_out or self.framing.blend == "outpaint"

    @cached_property
    def outline(self) -> Path | None:
        """In which the photo ends, px; None for its box."""
        if self.is_cut_out or pictures.is_rectangle(self.framing):
            return None
        return pictures.outline(self.framing, self.canvas.width, self.canvas.height)

    @cached_property
    def photo_layer(self) -> tuple[int, int, np.ndarray] | None:
        """The photo by itself: left, top, and its pixels (h, w, 4) uint8 with straight alpha; None where none is
        shown."""
        layer = framed.photo_layer(self.photo, self.framing, self.canvas.width, self.canvas.height)
        return None if layer is None else (layer[0][1].start, layer[0][0].start, layer[1])

    @property
    def picture_box(self) -> PixelBox:
        """Where the photo is drawn."""
        left, top, right, bottom = map(round, to_px(self.framing.picture, self.canvas.width, self.canvas.height))
        return left, top, right - left, bottom - top

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """What is drawn over the photo, from back to front: underlays, texts, and a logo where there is its picture.
        Raises ValueError for a font that is not here."""
        drawn = [(i, element) for i, element in enumerate(self.elements) if self._is_drawn(element)]
        many = Counter(element.role for _, element in drawn)
        numbers: Counter[Role] = Counter()
        layers = []
        for i, element in drawn:
            numbers[element.role] += 1
            key, name = element.role.value, element.role.value.replace("_", " ").capitalize()
            if many[element.role] > 1:
                key, name = f"{key}-{numbers[element.role]}", f"{name} {numbers[element.role]}"
            box = to_px(element.box, self.canvas.width, self.canvas.height)
            layers.append(Layer(i, key, name, element, box, self._runs(element)))
        return tuple(sorted(layers, key=lambda layer: layer.element.z))

    def logo_box(self, layer: Layer) -> PixelBox:
        """Where the logo is drawn: in its own shape, as large as its box lets it, in the box's middle."""
        assert self.logo is not None
        rows, columns = self.logo.shape[:2]
        left, top, right, bottom = layer.box
        scale = min((right - left) / columns, (bottom - top) / rows)
        width, height = max(1, round(columns * scale)), max(1, round(rows * scale))
        return round((left + right - width) / 2), round((top + bottom - height) / 2), width, height

    def face(self, name: str) -> fonts.FontFace:
        """The face that a run names. Raises ValueError where it is not here."""
        return fonts.by_name(name, self.font_files)

    def _is_drawn(self, element: Element) -> bool:
        is_text = element.role is not Role.UNDERLAY and any(element.lines)
        return element.role is Role.UNDERLAY or is_text or (element.role is Role.LOGO and self.logo is not None)

    def _runs(self, element: Element) -> tuple[Run, ...]:
        """An element's runs; of one from a table without runs, as its font sets its lines today."""
        if element.runs or not element.lines:
            return element.runs
        face = fonts.typeface(element.font, self.font_files, self.language or "", base_direction(element.text))
        width_px = (element.box[2] - element.box[0]) * self.canvas.width
        return with_runs(element, face, width_px).runs
