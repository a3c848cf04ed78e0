"""Which of several proposals for a brief is the best.

`rough` weighs the proposal itself (`core.proposals.ranking`). `Foreseen` lets the solver place it and asks the judge,
by whom layouts are mended, sorted and learnt, and the critic what becomes of it:

    worth = CRITIC x rating - objections

The critic's rating is in log odds, and of one row's proposals differences alone count. Where layouts of several
composers, or on several grounds, are compared, more of what they differ in is weighed (`Merits`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from layoutgen.core import framing as framings
from layoutgen.core.colour import to_rgb
from layoutgen.core.layout import TEXT_ROLES, Box, Element, Framing, Suggestion, to_px
from layoutgen.core.metrics import own
from layoutgen.core.metrics.judge import UNPLACED, Judged, judge
from layoutgen.core.metrics.layouts import Layouts
from layoutgen.core.metrics.own import ElementScore
from layoutgen.core.metrics.ralf import ralf
from layoutgen.core.placing.placement import Ground
from layoutgen.core.proposals.ranking import layout_score
from layoutgen.imaging import framed
from layoutgen.models.base import Brief, Critic
from layoutgen.models.critics.outcome import Placing, judged, placed
from layoutgen.models.critics.sketch import sketch

VERSION = "foreseen-3"  # goes up with every change of what it decides
CRITIC = 0.1  # objections that a rating higher by one outweighs
_SURE = 0.5  # of a map of the subject: what is above is no guess
_SIDE = 256  # px of the longer side at which layouts are placed and judged

Rank = Callable[[Brief, Framing, Sequence[Suggestion]], float]
"""What a proposal for a brief, whose photo is framed so, is worth; more is better."""


@dataclass(frozen=True)
class Merits:
    """What counts besides the judge's objections, and how many of them one of each outweighs: the `critic`'s rating;
    the share that elements take of the `room` that the subject leaves; the least contrast ratio of a text (`reading`);
    the share of the texts' boxes that is no part of the subject, however unsure (`clear`); that no text is left out
    (`whole`); the share of the canvas that the subject takes (`shown`); and, less being better, RALF's alignment
    (`order`)."""

    critic: float = CRITIC
    room: float = 0.0
    reading: float = 0.0
    clear: float = 0.0
    whole: float = 0.0
    shown: float = 0.0
    order: float = 0.0


BY_CRITIC = Merits()


def rough(brief: Brief, framing: Framing, proposed: Sequence[Suggestion]) -> float:
    """A proposal's worth by its boxes alone."""
    return layout_score(proposed, brief.canvas, _subject_box(brief, framing))


class Foreseen:
    """A proposal's worth by what becomes of it. Without a critic the judge alone is asked. Of a photo that was prepared
    for a model elsewhere the pixels are not here: its backdrop is taken for it."""

    def __init__(self, placing: Placing, critic: Critic | None = None, merits: Merits = BY_CRITIC) -> None:
        self._placing, self._critic, self._merits = placing, critic, merits
        self._ground: tuple[Brief, Framing, Ground] | None = None

    def __call__(self, brief: Brief, framing: Framing, proposed: Sequence[Suggestion]) -> float:
        """The worth, and of what the solver can't place that of `rough`, below all others."""
        layout = self.outcome(brief, framing, proposed)
        if layout is None or layout.ground is None:
            return rough(brief, framing, proposed) - 2 * UNPLACED
        merits, elements, subject = self._merits, layout.elements, layout.subject
        scores = [_score(layout, index, layout.ground) for index in range(len(elements))]
        verdict = judge(replace(layout, scores=scores))
        worth = -verdict.objections - merits.whole * verdict.terms["missing"]
        if self._critic:
            shown = sketch(elements, layout.canvas, layout.ground, subject)
            worth += merits.critic * self._critic.rate([shown])[0]
        if merits == BY_CRITIC:
            return worth
        texts = [element for element in elements if element.role in TEXT_ROLES]
        return (
            worth
            + merits.room * _share(elements, 1 - subject, of_all=True)
            + merits.reading * min((score.contrast for score in scores if score.contrast is not None), default=0.0)
            + merits.clear * _share(texts, 1 - subject)
            + merits.shown * float((subject > _SURE).mean())
            - merits.order * _disorder(elements)
        )

    def outcome(self, brief: Brief, framing: Framing, proposed: Sequence[Suggestion]) -> Judged | None:
        """What the solver makes of a proposal, in the style that the brief may have where it is one alone, as judges
        take it; None where it finds no layout."""
        ground, canvas = self._on_canvas(brief, framing), brief.canvas
        style = brief.styles[0].on(framing.ground) if len(brief.styles) == 1 else None
        elements = placed(proposed, canvas, ground, self._placing, brief.copy.language, style, brief.free)
        if elements is None:
            return None
        subject, shown = brief.annotation.subject_map, (ground.pixels, ground.subject, self._placing)
        cut = 0.0 if subject is None else own.subject_cut(np.where(subject > _SURE, subject, 0), framing)
        return judged(elements, brief.copy, canvas, *shown, picture=framings.seen_edges(framing), cut=cut)

    def _on_canvas(self, brief: Brief, framing: Framing) -> Ground:
        """The framed photo and its subject's map, which the proposals for a brief share."""
        if self._ground is None or self._ground[0] is not brief or self._ground[1] is not framing:
            image, subject, canvas = brief.image, brief.annotation.subject_map, brief.canvas
            if not image.size:
                image = np.broadcast_to(np.rint(to_rgb(framing.backdrop)).astype(np.uint8), (1, 1, 3))
            pixels = framed.draw(image, framing, canvas, _SIDE)
            shown: np.ndarray = np.zeros(pixels.shape[:2], np.float32)
            if subject is not None:
                shown = framed.draw(subject.astype(np.float32), framing, canvas, _SIDE)
            elif box := _subject_box(brief, framing):
                left, top, right, bottom = (round(side) for side in to_px(box, pixels.shape[1], pixels.shape[0]))
                shown[max(0, top) : max(0, bottom), max(0, left) : max(0, right)] = 1
            self._ground = brief, framing, Ground(pixels, shown)
        return self._ground[2]


def _subject_box(brief: Brief, framing: Framing) -> Box | None:
    """Where the subject is on the canvas: its box as annotated, else that of its map; None where nobody knows."""
    box = brief.annotation.subject
    if box is None and brief.annotation.subject_map is not None:
        box = framings.subject_box(brief.annotation.subject_map)
    return None if box is None else framings.on_canvas(box, framing)


def _score(layout: Judged, index: int, ground: np.ndarray) -> ElementScore:
    element = layout.elements[index]
    ratio = own.contrast_of(layout.elements, index, ground) if element.lines else None
    return ElementScore(element.role, 0.0, element.font_px or None, ratio)


def _disorder(elements: Sequence[Element]) -> float:
    layout = [(own.class_of(element.role), element.box) for element in elements]
    return float(ralf(Layouts.from_lists([layout]))["alignment"].values[0])


def _share(elements: Sequence[Element], weights: np.ndarray, *, of_all: bool = False) -> float:
    """The mean of a map (h, w) where elements stand; with `of_all` the share of its sum that is there."""
    height, width = weights.shape
    taken = np.zeros(weights.shape, bool)
    for element in elements:
        left, top, right, bottom = (max(0, round(side)) for side in to_px(element.box, width, height))
        taken[top:bottom, left:right] = True
    return float(weights[taken].sum() / max(float(weights.sum() if of_all else taken.sum()), 1e-6))
