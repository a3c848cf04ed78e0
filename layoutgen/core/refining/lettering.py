"""Texts of a layout in other words, sizes, colours and fonts, each set by what sets all texts."""

from dataclasses import dataclass, replace
from typing import Any

from layoutgen.core.gallery.edits import FaceOf, face_for, redrawn
from layoutgen.core.layout import Box, Canvas, Element, from_px, to_px
from layoutgen.core.placing.spots import into
from layoutgen.core.refining.changes import Change
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.typography import leading_of, set_text


@dataclass(frozen=True)
class Letters:
    """What sets texts on a canvas: none wider than `widest_px`, none made smaller than `smallest_px` px."""

    canvas: Canvas
    widest_px: float
    smallest_px: int
    face_of: FaceOf

    def lettered(self, element: Element, change: Change) -> Element:
        """A text in other words, colour, font or alignment, which is set anew where its letters change. Raises
        ValueError where it can't be."""
        canvas = self.canvas
        wanted: dict[str, Any] = {"role": element.role.value, "text": change.say or element.text, "box": element.box}
        wanted |= {name: value for name in ("colour", "font", "alignment") if (value := getattr(change, name))}
        if change.say and change.say != element.text:
            styled = redrawn(element, {**wanted, "text": element.text}, str(change.name), canvas, self.face_of)
            return self._set(styled, change.say, styled.font_px, self.widest_px)
        return redrawn(element, wanted, str(change.name), canvas, self.face_of)

    def scaled(self, element: Element, scale: float, most: float) -> Element:
        """A text at a multiple of its size, its lines broken anew where they would be wider than `most` px. Raises
        ValueError where a word is wider."""
        if scale == 1:
            return element
        px = max(round(element.font_px * scale), min(self.smallest_px, element.font_px))
        scale = px / element.font_px
        left, top, right, bottom = to_px(element.box, self.canvas.width, self.canvas.height)
        width, height = (right - left) * scale, (bottom - top) * scale
        if width > most:
            return self._set(element, element.text, px, most)
        box = from_px(self._about(element, width, height), self.canvas.width, self.canvas.height)
        wanted = {"role": element.role.value, "text": element.text, "box": into(box, (0.0, 0.0, 1.0, 1.0))}
        return redrawn(element, wanted, element.role.value, self.canvas, self.face_of)

    def _set(self, element: Element, text: str, px: int, most: float) -> Element:
        """An element's text at a font size, in lines no wider than `most` px, in a box of its own size round where it
        stood."""
        face = face_for(element, element, self.face_of)
        leading = element.line_height_px / element.font_px if element.font_px else leading_of(element.role)
        setting = set_text(text, most, face, px, leading)
        if setting is None:
            raise ValueError(f"{text!r} is wider than the canvas at {px} px")
        around = self._about(element, setting.width_px, setting.height_px)
        box = from_px(around, self.canvas.width, self.canvas.height)
        words = replace(element, text=text, box=box, lines=setting.lines, font=face.name, font_px=px)
        return with_runs(replace(words, line_height_px=setting.line_height_px), face, setting.width_px)

    def _about(self, element: Element, width: float, height: float) -> Box:
        """A box of a size in px at the side of an element's alignment, about its middle."""
        left, top, right, bottom = to_px(element.box, self.canvas.width, self.canvas.height)
        start = {"left": left, "center": (left + right - width) / 2, "right": right - width}[element.alignment]
        return (start, (top + bottom - height) / 2, start + width, (top + bottom + height) / 2)
