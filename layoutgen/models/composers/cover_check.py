"""A laid-out cover held against the acceptance check: glyphs as they are drawn, its subject as finders see it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from layoutgen.core.covers import acceptance, protection
from layoutgen.core.covers.protection import Contents, Zone
from layoutgen.core.layout import Canvas, Element, Framing
from layoutgen.core.proposals.framings import Subject, subject_of
from layoutgen.imaging import drawing, framed

_MARKED = 0.5


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture to put a title on: pixels (h, w, 3), and what must not be covered there."""

    pixels: np.ndarray
    contents: Contents


def judged(
    photo: Photo,
    framing: Framing,
    elements: Sequence[Element],
    canvas: Canvas,
    *,
    zones: Sequence[Zone] = (),
    limits: acceptance.Limits | None = None,
    font_files: tuple[str, ...] = (),
) -> acceptance.Verdict:
    """The check's verdict on elements that lie on a framed photo; `font_files` are fonts besides the embedded ones."""
    of = photo.contents
    full = framed.draw(photo.pixels, framing, canvas, max(canvas.width, canvas.height))
    glyphs = {}
    for i, element in enumerate(elements):
        if element.lines:
            glyph = drawing.glyphs(full, element, canvas, font_files)
            glyphs[i] = replace(glyph, behind=acceptance.on_underlays(elements, i, glyph.behind))
    protected = protection.protect(of, canvas, framing, zones=zones, hard_texts=False)
    marked = [of.subject > _MARKED, *([] if of.opinion is None else [of.opinion > protection.SURE])]
    return acceptance.accept(
        elements,
        canvas,
        protected.map,
        glyphs,
        faces=[hard.box for hard in protected.hard if hard.kind == "face"],
        zones=[hard.box for hard in protected.hard if hard.kind == "zone"],
        limits=limits,
        sights=[sight(marks, framing, canvas) for marks in marked],
    )


def sight(marks: np.ndarray, framing: Framing, canvas: Canvas) -> acceptance.Sight:
    """What a canvas shows of what a finder marks (h, w) bool in a photo."""
    values = marks.astype(np.float32)
    drawn = framed.draw(values, framing, canvas, protection.SIDE)
    if not marks.any():
        return acceptance.Sight(drawn > _MARKED, 0.0)
    straight = replace(framing, edge="straight", radius=0.0)
    whole = float(framed.draw(values, straight, canvas, protection.SIDE).sum())
    left = float(drawn.sum()) / whole if whole else 1.0
    return acceptance.Sight(drawn > _MARKED, 1 - left * (1 - _lost(subject_of(values), framing)))


def _lost(subject: Subject, framing: Framing) -> float:
    """The share of a subject that crop and canvas leave out."""
    crop, picture = framing.crop, framing.picture
    across = (crop[2] - crop[0]) / (picture[2] - picture[0])
    down = (crop[3] - crop[1]) / (picture[3] - picture[1])
    left, top = (max(0.0, -side) for side in picture[:2])
    right, bottom = (max(0.0, side - 1) for side in picture[2:])
    return subject.lost(
        (crop[0] + left * across, crop[1] + top * down, crop[2] - right * across, crop[3] - bottom * down)
    )
