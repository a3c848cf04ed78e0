"""The embedded planner: the copy on one side, the product as large as the rest of the canvas lets it, by rules.

It sets the copy by `core.proposals.stacking` above, below and beside the product in several widths, weighs what comes
out by `_cost`, and draws one of those that are nearly as good as the best with the brief's seed, which also moves and
scales the product a little. Needs no weights; it is the floor that a learned planner must beat.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from layoutgen.core.layout import Box, Canvas, area, from_px, intersection, union
from layoutgen.core.proposals import stacking
from layoutgen.core.proposals.stacking import Block
from layoutgen.core.text.typography import Faces
from layoutgen.models.base import Fault, Plan, PlanBrief

VERSION = "plan-rules-2"
_DEPTHS = {"top": (0.26, 0.36, 0.48), "left": (0.36, 0.44, 0.54)}
_ENLARGED = 1.6  # at most so many px of the canvas for one of the cut-out, or it looks soft
_SMALLEST, _LOOSE, _WARMTH = 0.9, 0.2, 0.07


@dataclass(frozen=True)
class _Candidate:
    """The copy at one `side` with its corner at `spot` (px), its `alignment`, and where the product goes, px."""

    side: str
    block: Block
    spot: tuple[float, float]
    alignment: str
    product: Box


class RulesPlanner:
    """Plans by search. The same brief has the same plan."""

    def __init__(self, faces: Faces, *, margin: float, min_font: float) -> None:
        self._faces, self._margin, self._min_font = faces, margin, min_font

    def plan(self, briefs: list[PlanBrief]) -> list[Plan | Fault]:
        """Return each brief's plan; a Fault `copy_too_long` where no title fits beside a product."""
        return [self._plan(brief) for brief in briefs]

    def _plan(self, brief: PlanBrief) -> Plan | Fault:
        canvas, draw = brief.canvas, np.random.default_rng(brief.seed)
        tried = list(self._candidates(brief, draw))
        if not tried:
            return Fault(
                "copy_too_long",
                f"the title has {len(brief.copy.title)} characters and fits nowhere on {canvas.name} beside the "
                "product at the smallest size; shorten it",
            )
        costs = np.array([_cost(candidate, brief) for candidate in tried])
        near = np.flatnonzero(costs <= costs.min() + _LOOSE)
        weights = np.exp((costs.min() - costs[near]) / _WARMTH)
        chosen = tried[int(draw.choice(near, p=weights / weights.sum()))]
        suggestions = chosen.block.suggestions(*chosen.spot, chosen.alignment, canvas)
        return Plan(from_px(chosen.product, canvas.width, canvas.height), suggestions)

    def _candidates(self, brief: PlanBrief, draw: np.random.Generator) -> Iterator[_Candidate]:
        canvas = brief.canvas
        short = min(canvas.width, canvas.height)
        edge = self._margin * short
        ratio = brief.product.shape[1] / brief.product.shape[0]
        faces = self._faces.speaking(brief.copy.language)
        wide, high = canvas.width - 2 * edge, canvas.height - 2 * edge
        for kind, depths in _DEPTHS.items():
            blocks: list[Block] = []
            for depth in depths:
                size = (wide, high * depth) if kind == "top" else (wide * depth, high)
                block = stacking.stack(
                    brief.copy, *size, faces, canvas, smallest_px=math.ceil(self._min_font * short),
                    logo_aspect=brief.logo_aspect,
                )  # fmt: skip
                if block is not None and block not in blocks:
                    blocks.append(block)
            for block in blocks:
                scale, sway = float(draw.uniform(_SMALLEST, 1)), float(draw.uniform(-1, 1))
                most = _ENLARGED * brief.product.shape[1]
                for side in ("top", "bottom") if kind == "top" else ("left", "right"):
                    lay = _stacked if kind == "top" else _beside
                    yield lay(side, block, canvas, edge, (ratio, most, scale, sway))


def _stacked(
    side: str, block: Block, canvas: Canvas, edge: float, wanted: tuple[float, float, float, float]
) -> _Candidate:
    """The copy above or below the product; `wanted` are the product's ratio, its greatest width in px, its scale in
    (0, 1] and its sway in [-1, 1]."""
    ratio, most, scale, sway = wanted
    gap = 0.8 * edge
    room = canvas.height - 2 * edge - block.height - gap
    width, height = _contained(ratio, canvas.width - 2.4 * edge, max(1.0, room), most, scale)
    slack = max(0.0, room - height)
    # Standing goods want more air above than below; copy below them stands near the edge.
    if side == "top":
        top = edge + 0.3 * slack
        product_top = canvas.height - edge - 0.35 * slack - height
    else:
        top = canvas.height - edge - 0.25 * slack - block.height
        product_top = edge + 0.4 * slack
    free = canvas.width - 2 * edge - width
    alignment = "center" if abs(sway) < 0.7 or block.width > 0.75 * canvas.width else "left" if sway > 0 else "right"
    aside = 0.1 * sway if alignment == "center" else 0.5 * sway
    left = edge + free * (0.5 + 0.5 * aside)
    across = canvas.width - 2 * edge - block.width
    text_left = edge + across * {"left": 0.0, "center": 0.5, "right": 1.0}[alignment]
    box = _at(left, product_top, width, height)
    return _Candidate(side, block, (float(round(text_left)), float(round(top))), alignment, box)


def _beside(
    side: str, block: Block, canvas: Canvas, edge: float, wanted: tuple[float, float, float, float]
) -> _Candidate:
    """The copy left or right of the product."""
    ratio, most, scale, sway = wanted
    gap = 0.9 * edge
    room = canvas.width - 2 * edge - block.width - gap
    width, height = _contained(ratio, max(1.0, room), canvas.height - 2.4 * edge, most, scale)
    slack = max(0.0, room - width)
    if side == "left":
        text_left, left = edge + 0.25 * slack, canvas.width - edge - 0.4 * slack - width
    else:
        text_left, left = canvas.width - edge - 0.25 * slack - block.width, edge + 0.4 * slack
    free = canvas.height - 2 * edge - height
    product_top = edge + free * (0.62 + 0.16 * sway)
    middle = product_top + 0.46 * height + 0.08 * sway * block.height
    top = min(max(middle - block.height / 2, edge), canvas.height - edge - block.height)
    box = _at(left, product_top, width, height)
    return _Candidate(side, block, (float(round(text_left)), float(round(top))), "left", box)


def _contained(ratio: float, width: float, height: float, most: float, scale: float) -> tuple[float, float]:
    """The largest size of a ratio in a room, scaled, at most `most` px wide."""
    across = max(1.0, scale * min(width, height * ratio, most))
    return across, across / ratio


def _at(left: float, top: float, width: float, height: float) -> Box:
    """A box whose corner is a whole pixel."""
    x, y = float(round(left)), float(round(top))
    return (x, y, x + width, y + height)


def _cost(candidate: _Candidate, brief: PlanBrief) -> float:
    """What a designer would hold against a plan; 0 is nothing. Weights were set by looking at pictures."""
    canvas, block = brief.canvas, candidate.block
    short = min(canvas.width, canvas.height)
    product = from_px(candidate.product, canvas.width, canvas.height)
    boxes = [from_px(box, canvas.width, canvas.height)
             for _, box in block.boxes_px(*candidate.spot, candidate.alignment)]  # fmt: skip
    text = union(boxes) or (0.0, 0.0, 1.0, 1.0)
    longest = max(product[2] - product[0], product[3] - product[1])
    middles = [((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) for box in (product, text)]
    lean = abs(sum(middle[0] for middle in middles) / 2 - 0.5) + 0.6 * abs(sum(m[1] for m in middles) / 2 - 0.5)
    hidden = sum(intersection(box, free) for free in brief.free for box in boxes)
    taken = hidden + sum(intersection(product, free) for free in brief.free)
    cost = 2.2 * max(0.0, 0.34 - area(product)) + 1.4 * max(0.0, 0.62 - longest)
    cost += 1.3 * max(0.0, 1 - block.title_px / (0.085 * short)) + 0.5 * block.omitted
    cost += 4.0 * taken + 2.0 * (hidden > 0) + 40.0 * intersection(product, text)
    cost += 1.2 * max(0.0, 0.12 - area(text)) + 0.8 * lean
    return cost + (0.06 if candidate.side == "bottom" else 0.0)
