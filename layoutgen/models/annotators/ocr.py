"""The embedded annotator: text as `models.annotators.ppocr` reads it, and how it is drawn.

What the readings mean (language, role, placed or printed) is decided by the rules of `core.reading.text_roles`; here
pixels become readings. One image is read at a time: batches of lines are then the same whatever images stand beside it.
"""

from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.colour import to_hex
from layoutgen.core.framing import main_box
from layoutgen.core.layout import Box
from layoutgen.core.pictures import strips
from layoutgen.core.reading.text_roles import (
    Reading,
    joined,
    language,
    placed_lines,
    reading_order,
    roles,
    segments,
    split_text,
)
from layoutgen.models.annotators import ppocr
from layoutgen.models.base import Fault, Saliency
from layoutgen.models.finders.border import shrink

VERSION = "ppocr-v6-small-5"
_SMALLEST_SIDE_PX = 16
_LONGEST_SIDE_PX = 1600
_NARROWEST = 4
_SOFT_EDGE_PX = 1.0
_SIDE_BEARING = 0.08
_STRAIGHT_DEGREES = 8
_WHOLE_PICTURE = 0.7
_INK_SHARE = 0.75


class OcrAnnotator:
    """Reads images with PP-OCRv6 small on the CPU. `threads` is the number that one image may use; `saliency` gives the
    subject's box and helps to tell printed text, None leaves the subject unknown."""

    def __init__(self, *, threads: int = 1, saliency: Saliency | None = None) -> None:
        self._reader = ppocr.reader(threads)
        self._saliency = saliency

    def annotate(self, images: list[np.ndarray]) -> list[Annotation | Fault]:
        """Return each image's annotation; a wrongly shaped array is a fault, an image without text is not."""
        return [self._annotate(image) for image in images]

    def _annotate(self, image: np.ndarray) -> Annotation | Fault:
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
            return Fault("image", f"{image.dtype} array of shape {image.shape}: give (height, width, 3) uint8 RGB")
        if min(image.shape[:2]) < _SMALLEST_SIDE_PX:
            return Annotation()
        height, width = image.shape[:2]
        readings = self._readings_of_whole(image)
        subject, saliency = None, None
        if self._saliency is not None:
            saliency = self._saliency.saliency([shrink(image, _LONGEST_SIDE_PX)])[0]
            subject = main_box(saliency)
            # A subject that fills the picture tells nothing: designers set text on such pictures. A strip has many.
            if (saliency >= 0.5).mean() < _WHOLE_PICTURE and not strips.is_strip(width, height):
                readings = [replace(r, on_subject=_covered(saliency, r.box_px, width, height)) for r in readings]
        placed = placed_lines(readings, width)
        named = roles(readings, placed, width, height)
        lines = [
            TextLine(
                text=reading.text,
                box=_within(_scaled(reading.box_px, 1 / width, 1 / height)),
                role=role,
                language=language(reading.text),
                colour=reading.colour,
                score=reading.score,
                placed=set_,
            )
            for reading, role, set_ in zip(readings, named, placed, strict=True)
        ]
        order = reading_order([line.box for line in lines])
        return Annotation(tuple(lines[i] for i in order), subject, saliency)

    def _readings_of_whole(self, image: np.ndarray) -> list[Reading]:
        """Readings in px of the image; very long ones are read in parts."""
        height, width = image.shape[:2]
        found: list[tuple[strips.Part, list[strips.Piece[Reading]]]] = []
        for part in strips.parts(width, height):
            left, top, right, bottom = part
            cut = shrink(image[top:bottom, left:right], _LONGEST_SIDE_PX)
            x, y = (right - left) / cut.shape[1], (bottom - top) / cut.shape[0]
            readings = self._readings(cut)
            found.append((part, [strips.Piece(r.text, _scaled(r.box_px, x, y), r.score, r) for r in readings]))
        if len(found) == 1:
            return [replace(piece.line, box_px=piece.box_px) for piece in found[0][1]]
        return [
            replace(piece.line, text=piece.text, box_px=piece.box_px, score=piece.score)
            for piece in strips.whole_lines(found, width, height)
        ]

    def _readings(self, image: np.ndarray) -> list[Reading]:
        return joined(
            [
                reading
                for line in self._reader.read(_filled_out(image))
                for reading in measured(image, line.quad, line.text, line.score)
            ]
        )


def _filled_out(image: np.ndarray) -> np.ndarray:
    """Repeat the last row or column of a very narrow image: the detector scales the shorter side to its own size, and a
    strip would grow to many megapixels."""
    height, width = image.shape[:2]
    least = max(height, width) // _NARROWEST
    return np.pad(image, ((0, max(0, least - height)), (0, max(0, least - width)), (0, 0)), mode="edge")


def _covered(saliency: np.ndarray, box_px: Box, width: int, height: int) -> float:
    """Share of a box that the saliency map covers at 0.5; the map may be smaller than the image."""
    rows, columns = saliency.shape
    left, top, right, bottom = _scaled(box_px, columns / width, rows / height)
    cut = saliency[int(top) : max(int(top) + 1, round(bottom)), int(left) : max(int(left) + 1, round(right))]
    return float((cut >= 0.5).mean()) if cut.size else 0.0


def measured(image: np.ndarray, quad: np.ndarray, text: str, score: float) -> list[Reading]:
    """Return the readings of one detected line: boxes drawn tight on the glyphs, and how they are drawn. They are more
    than one where the detector took lines side by side for one.

    `quad` holds the detector's corners (4, 2) in pixels, clockwise from the top left. The detector leaves a margin of
    about a sixth of the height; a tight box is the box of the pixels that differ from the ground around them.
    """
    along = quad[1] - quad[0] + quad[2] - quad[3]
    left, top = quad.min(axis=0)
    right, bottom = quad.max(axis=0)
    loose: Box = (float(left), float(top), float(right), float(bottom))
    tilt = float(np.degrees(np.arctan2(along[1], along[0])))
    reading = Reading(text=text, box_px=loose, score=score, tilt=tilt)
    ink = _ink(image, loose)
    if ink is None:
        return [reading]
    reading = replace(reading, **ink.drawing())
    if abs(tilt) > _STRAIGHT_DEGREES:
        return [reading]
    box = ink.tight(loose, text)
    spans = segments(ink.columns(), box[3] - box[1], latin=any(c.isascii() and c.isalnum() for c in text))
    texts = split_text(text, [last - first for first, last in spans]) if len(spans) > 1 else [text]
    if len(texts) == 1:
        return [replace(reading, box_px=box)]
    return [
        replace(reading, text=part, box_px=_part(box, ink.left + first, ink.left + last, i, len(spans)))
        for i, (part, (first, last)) in enumerate(zip(texts, spans, strict=True))
    ]


def _part(box: Box, first: float, last: float, index: int, count: int) -> Box:
    """The box of one of `count` parts: outer sides are the whole box's, inner ones the part's columns."""
    return (box[0] if index == 0 else first, box[1], box[2] if index == count - 1 else last, box[3])


@dataclass(frozen=True)
class _Ink:
    """The glyphs in a crop: `mask` and `distance` from the ground (height, width), the crop and its corner in px."""

    mask: np.ndarray
    distance: np.ndarray
    crop: np.ndarray
    left: int
    top: int

    def drawing(self) -> dict[str, Any]:
        """How the glyphs are drawn, as `Reading` names it."""
        distance = self.distance[self.mask]
        contrast = float(np.percentile(distance, 75))
        deep = self.mask & (self.distance >= 0.7 * contrast)
        glyphs = self.crop[deep].astype(np.float32)
        colour = np.median(glyphs, axis=0)
        clear = cv2.dilate(self.mask.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0
        steps = np.maximum(
            np.abs(np.diff(self.distance, axis=0, append=0)), np.abs(np.diff(self.distance, axis=1, append=0))
        )
        rim = cv2.morphologyEx(self.mask.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        return {
            "colour": to_hex(colour),
            "contrast": contrast,
            "ground_spread": float(np.median(self.distance[clear])) if clear.any() else 0.0,
            "ink_spread": float(np.median(np.linalg.norm(glyphs - colour, axis=1))),
            "edge": float(min(1.0, np.percentile(steps[rim], 75) / contrast)),
        }

    def columns(self) -> np.ndarray:
        """For each column whether a glyph or a separator stands in it; a separator may be fainter than the glyphs."""
        middle = slice(len(self.distance) // 3, -(len(self.distance) // 3))
        contrast = np.percentile(self.distance[self.mask], 75)
        return np.asarray(self.mask.any(axis=0) | (self.distance[middle].mean(axis=0) >= 0.25 * contrast))

    def tight(self, loose: Box, text: str) -> Box:
        """The box of the glyphs. The detector's margin is at most a third of its box's height: a side that would move
        in farther has lost glyphs in the ground and moves by the usual margin, unless the rest is wide enough for the
        text and the side was far off."""
        rows = self.mask.sum(axis=1)
        rows = np.flatnonzero(rows >= 0.08 * np.percentile(rows, 90))
        columns = np.flatnonzero(self.mask.any(axis=0))
        height = loose[3] - loose[1]
        usual, most = 0.12 * height, 0.32 * height
        top = self.top + float(rows[0]) - loose[1]
        bottom = loose[3] - (self.top + float(rows[-1]) + 1)
        top, bottom = (move - _SOFT_EDGE_PX if move <= most else usual for move in (top, bottom))
        glyphs = height - top - bottom
        fits = columns[-1] - columns[0] >= 0.95 * glyphs * sum(0.5 if c.isascii() else 1.0 for c in text)
        left = self.left + float(columns[0]) - loose[0]
        right = loose[2] - (self.left + float(columns[-1]) + 1)
        left, right = (
            move - _SOFT_EDGE_PX if move <= most or (fits and move > 1.2 * height) else usual for move in (left, right)
        )
        bearing = _SIDE_BEARING * glyphs
        return (loose[0] + left - bearing, loose[1] + top, loose[2] - right + bearing, loose[3] - bottom)


def _ink(image: np.ndarray, box: Box) -> _Ink | None:
    """Return the glyphs in `box`, or None where ink and ground cannot be told apart.

    The ground is the median colour within a line's height around; ink is what is farther from it than Otsu's level of
    the middle rows, where nothing but glyphs and ground is to be expected.
    """
    height, width = image.shape[:2]
    left, top = max(0, int(box[0])), max(0, int(box[1]))
    right, bottom = min(width, int(np.ceil(box[2]))), min(height, int(np.ceil(box[3])))
    crop = np.ascontiguousarray(image[top:bottom, left:right])
    rows, columns = crop.shape[:2]
    if min(rows, columns) < 6:
        return None
    ground = cv2.medianBlur(crop, min(int(1.2 * min(rows, columns)) | 1, 255))
    distance = np.sqrt(((crop.astype(np.float32) - ground.astype(np.float32)) ** 2).sum(axis=2))
    middle = slice(rows // 4, rows - rows // 4)
    level, _ = cv2.threshold(np.minimum(distance[middle], 255).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    mask = distance > _INK_SHARE * level
    if level < 4:
        return None
    kept = _without_border(mask)
    if kept.any(axis=1).sum() < 0.4 * rows or kept.any(axis=0).sum() < 0.3 * columns:
        kept = np.zeros_like(mask)
        kept[middle] = mask[middle]
    return _Ink(kept, distance, crop, left, top)


def _without_border(mask: np.ndarray) -> np.ndarray:
    """Drop the parts that touch the crop's border (rules, edges of buttons, neighbours) and single specks."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    rows, columns = mask.shape
    touching = (
        (stats[:, 0] == 0)
        | (stats[:, 1] == 0)
        | (stats[:, 0] + stats[:, 2] == columns)
        | (stats[:, 1] + stats[:, 3] == rows)
    )
    keep = ~touching & (stats[:, 4] >= max(3, 0.0008 * rows * rows))
    keep[0] = False
    return keep[labels]


def _within(box: Box) -> Box:
    left, top, right, bottom = (min(1.0, max(0.0, value)) for value in box)
    return (left, top, right, bottom)


def _scaled(box: Box, x: float, y: float) -> Box:
    return (box[0] * x, box[1] * y, box[2] * x, box[3] * y)
