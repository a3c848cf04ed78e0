"""The embedded composer: looks for the framing and the place where the copy stands best, by rules a designer would own.

It tries every framing of `core.framing` with the copy set by `core.proposals.stacking` at each anchor and alignment,
and takes the cheapest by `_cost`. Needs no weights; it is the baseline that a learned composer must beat.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from layoutgen.core import colour, framing
from layoutgen.core.layout import Box, Canvas, Framing, Role, Suggestion, area, from_px
from layoutgen.core.placing.colouring import readable
from layoutgen.core.proposals import stacking
from layoutgen.core.proposals.stacking import Block
from layoutgen.core.text.typography import Face
from layoutgen.imaging import framed
from layoutgen.imaging.grounds import flat_ground, panel_colour
from layoutgen.models.base import Brief, Composition, Fault, Saliency

VERSION = "rules-1"
_SIDE = 128
_PRIOR = {"bleed": 0.0, "extend": -0.1, "panel": 0.27, "card": 0.32}


@dataclass(frozen=True)
class _Scene:
    """A framed photo at map size: subject map, clutter (gradient) map and colours, with summed-area tables."""

    candidate: framing.Candidate
    pixels: np.ndarray
    subject: np.ndarray
    clutter: np.ndarray
    shown: float
    centre: tuple[float, float]


class RulesComposer:
    """Composes by search. Deterministic."""

    def __init__(
        self, saliency: Saliency, face_for: Callable[[Role, str], Face], *, margin: float, min_font: float
    ) -> None:
        self._saliency, self._face_for, self._margin, self._min_font = saliency, face_for, margin, min_font

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's best composition; a Fault `copy_too_long` where the title fits nowhere."""
        return [self._one(brief, subject_map(brief, self._saliency)) for brief in briefs]

    def _one(self, brief: Brief, found: np.ndarray) -> Composition | Fault:
        found = protect(found, brief)
        height, width = brief.image.shape[:2]
        tried = framing.candidates(
            width / height,
            framing.subject_box(found),
            brief.canvas,
            flat=flat_ground(brief.image, found),
            panel=panel_colour(brief.image, found),
            margin=self._margin,
        )
        scenes: dict[Framing, _Scene] = {}
        best: tuple[float, int, _Scene, Block, tuple[float, float, str]] | None = None
        for order, candidate in enumerate(tried):
            if candidate.subject_seen < framing.ENOUGH_SEEN:
                continue
            scene = scenes.get(candidate.framing) or _scene(brief, found, candidate)
            scenes[candidate.framing] = scene
            scene = replace(scene, candidate=candidate)
            block, spots = self._set(brief, candidate)
            for spot in spots:
                assert block is not None
                cost = _cost(scene, block, spot, brief.canvas)
                if best is None or cost < best[0] - 1e-9:
                    best = (cost, order, scene, block, spot)
        if best is None:
            return Fault(
                "copy_too_long",
                f"the title has {len(brief.copy.title)} characters and fits nowhere on {brief.canvas.name} at the "
                "smallest size; shorten it",
            )
        _, _, scene, block, (left, top, alignment) = best
        return Composition(scene.candidate.framing, _suggest(block, left, top, alignment, brief.canvas))

    def _set(self, brief: Brief, candidate: framing.Candidate) -> tuple[Block | None, list[tuple[float, float, str]]]:
        """Set the copy in a candidate's region, and list where the block may stand: (left, top, alignment) in px."""
        canvas = brief.canvas
        short = min(canvas.width, canvas.height)
        edge = self._margin * short
        inner = edge
        region = candidate.region
        left = max(region[0] * canvas.width + (inner if region[0] > 0 else 0), edge)
        top = max(region[1] * canvas.height + (inner if region[1] > 0 else 0), edge)
        right = min(region[2] * canvas.width - (inner if region[2] < 1 else 0), canvas.width - edge)
        bottom = min(region[3] * canvas.height - (inner if region[3] < 1 else 0), canvas.height - edge)
        if right - left < 0.12 * short or bottom - top < 0.06 * short:
            return None, []
        block = stacking.stack(
            brief.copy,
            right - left,
            bottom - top,
            self._face_for,
            canvas,
            smallest_px=int(np.ceil(self._min_font * short)),
            logo_aspect=brief.logo_aspect,
        )
        if block is None:
            return None, []
        free_x, free_y = right - left - block.width, bottom - top - block.height
        return block, [
            (
                float(round(left + free_x * {"left": 0.0, "center": 0.5, "right": 1.0}[alignment])),
                float(round(top + free_y * y)),
                alignment,
            )
            for alignment in ("left", "center", "right")
            for y in (0.0, 0.5, 1.0)
        ]


def subject_map(brief: Brief, saliency: Saliency) -> np.ndarray:
    """The subject map (h, w) that the annotator left, else one made now."""
    known = brief.annotation.subject_map
    return saliency.saliency([brief.image])[0] if known is None else known


def protect(subject_map: np.ndarray, brief: Brief) -> np.ndarray:
    """Add the text that is already in the image to its subject map: it must not be written over."""
    out = subject_map.copy()
    height, width = out.shape
    for line in brief.annotation.lines:
        left, top, right, bottom = line.box
        out[int(top * height) : int(np.ceil(bottom * height)), int(left * width) : int(np.ceil(right * width))] = 1
    return out


def _scene(brief: Brief, subject_map: np.ndarray, candidate: framing.Candidate) -> _Scene:
    pixels = framed.draw(brief.image, candidate.framing, brief.canvas, _SIDE)
    subject = framed.draw(subject_map, candidate.framing, brief.canvas, _SIDE)
    gray = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 0.7)
    clutter = np.minimum(1.0, np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)) / 160)
    total = float(subject.sum())
    height, width = subject.shape
    centre = (
        (
            float((subject.sum(0) * np.arange(width)).sum()) / total / width,
            float((subject.sum(1) * np.arange(height)).sum()) / total / height,
        )
        if total > 0
        else (0.5, 0.5)
    )
    shown = total / subject.size
    for left, top, right, bottom in brief.free:
        subject[int(top * height) : math.ceil(bottom * height), int(left * width) : math.ceil(right * width)] = 1.0
    return _Scene(candidate, pixels, cv2.integral(subject), cv2.integral(clutter), shown, centre)


def _mean(table: np.ndarray, box: Box) -> float:
    """Mean of a map inside a box, from its summed-area table."""
    height, width = table.shape[0] - 1, table.shape[1] - 1
    x1, x2 = int(box[0] * width), min(width, int(np.ceil(box[2] * width)))
    y1, y2 = int(box[1] * height), min(height, int(np.ceil(box[3] * height)))
    if x2 <= x1 or y2 <= y1:
        return 0.0
    return float(table[y2, x2] - table[y1, x2] - table[y2, x1] + table[y1, x1]) / ((x2 - x1) * (y2 - y1))


def _cost(scene: _Scene, block: Block, spot: tuple[float, float, str], canvas: Canvas) -> float:
    """What a designer would hold against a composition; 0 is nothing. Weights were set by looking at pictures.

    Occlusion and clutter are means over the text's boxes; each other term is a share of what is missing.
    """
    candidate, (left, top, alignment) = scene.candidate, spot
    short = min(canvas.width, canvas.height)
    boxes = [(from_px(box, canvas.width, canvas.height), piece) for piece, box in block.boxes_px(left, top, alignment)]
    sizes = np.array([area(box) for box, _ in boxes])
    covered = float(np.dot(sizes, [_mean(scene.subject, box) for box, _ in boxes]) / sizes.sum())
    clutter = float(np.dot(sizes, [_mean(scene.clutter, box) for box, _ in boxes]) / sizes.sum())
    region = candidate.region
    wide = (region[2] - region[0]) * canvas.width > 1.6 * (region[3] - region[1]) * canvas.height
    fill = block.width * block.height / max(1.0, area(region) * canvas.width * canvas.height)
    middle = (left + block.width / 2) / canvas.width, (top + block.height / 2) / canvas.height
    lean = abs(0.5 * middle[0] + 0.5 * scene.centre[0] - 0.5) + 0.6 * abs(0.5 * middle[1] + 0.5 * scene.centre[1] - 0.5)
    cost = _PRIOR[candidate.kind]
    cost += 16.0 * max(0.0, 0.995 - candidate.subject_seen)
    cost += 9.0 * covered + 2.2 * clutter
    cost += 1.3 * max(0.0, 1 - block.title_px / (0.085 * short))
    cost += 0.5 * block.omitted
    cost += 2.4 * max(0.0, 0.24 - scene.shown)
    cost += 0.8 * lean
    if candidate.kind in ("panel", "card"):
        cost += 0.7 * (1 - area(candidate.framing.picture)) + 1.6 * max(0.0, 0.2 - fill)
        cost += 0.12 * abs((top + block.height / 2) / canvas.height - (region[1] + region[3]) / 2) * 4
        cost += 0.0 if alignment == ("center" if wide else "left") else 0.15
    else:
        cost += 0.0 if alignment == ("center" if wide else "left") else 0.08
    if candidate.kind == "bleed":
        cost += _contrast_cost(scene.pixels, [box for box, piece in boxes if not piece.pill])
    return cost


def _contrast_cost(pixels: np.ndarray, texts: list[Box]) -> float:
    """A quarter for texts that will need an underlay, and as much again for their share."""
    height, width = pixels.shape[:2]
    failing = 0
    for box in texts:
        behind = pixels[
            int(box[1] * height) : int(np.ceil(box[3] * height)), int(box[0] * width) : int(np.ceil(box[2] * width))
        ].reshape(-1, 3)
        failing += max(readable(colour.PAPER, behind), readable(colour.INK, behind)) < 4.5
    return 0.4 * (failing > 0) + 0.4 * failing / max(1, len(texts))


def _suggest(block: Block, left: float, top: float, alignment: str, canvas: Canvas) -> tuple[Suggestion, ...]:
    suggestions = []
    for piece, outer in block.boxes_px(left, top, alignment):
        px = outer
        if piece.pill and piece.setting:
            across, down = stacking.pill_padding(piece.setting.font_px)
            suggestions.append(Suggestion(Role.UNDERLAY, from_px(outer, canvas.width, canvas.height)))
            px = (outer[0] + across, outer[1] + down, outer[2] - across, outer[3] - down)
        suggestions.append(Suggestion(piece.role, from_px(px, canvas.width, canvas.height), piece.text))
    return tuple(suggestions)
