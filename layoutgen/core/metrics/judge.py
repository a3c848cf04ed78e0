"""The judge: how much a designer objects to a layout, in one number; 0 is nothing, lower is better.

    objections = Σ over terms of min(term, 3)

One unit of every term means the same: a layout is sent back for that alone. Terms with a limit of the trade have it as
their unit. The unit of the others is what one in twenty posters has that the designer of `training.corpus` draws
(measured on 300 of them: gap 0.11 em, lean 0.17, empty 0.33, subject 0.09; they have no near miss and no text across
an edge of the photo, so one of these is a unit); what the better half of them has costs nothing. A term counts at most
three times, so that one fault does not hide all others.

- text_on_subject: `objections.on_subject`, the worst text's share on the subject, by 0.05;
- subject_cut: `own.subject_cut` by 0.03;
- small_subject: what the box round the subject lacks of 0.12 of the canvas, by 0.03;
- overlap: `objections.shared_area` of two texts, by 0.02;
- alignment: `objections.near_misses`, and half as much for `objections.loners`;
- straddling: texts across an edge of the photo, `objections.straddling`;
- hierarchy: what the title's font lacks of 0.06 of the short side, by 0.01; what it lacks of 1.15 times the next in
  rank, and a price of 1.15 times a selling point, by 0.15;
- crowding: what the least gap between blocks lacks of 0.3 em, by 0.2, or the least distance to an edge of 0.02 of the
  short side, by 0.02, whichever is worse;
- balance: `objections.lean` beyond 0.04, by 0.13;
- breaks: lines that end in a word's middle, and half as much for last lines that are far too short;
- groups: `objections.unequal`, the ways in which equals look different, and `objections.torn`, what stands among them;
- emptiness: `objections.empty_share` beyond 0.25, by 0.08;
- missing: texts of the copy that are not there, half as much where a note excuses it;
- violations: the constraints of `own.CONSTRAINTS` that are broken, without overlap and missing copy, and what else the
  caller says is broken: of a brand's kit, or of a row's demands.

A measure of single layouts for ranking, repair and review. Metrics of protocols are beside it, and never mixed with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from layoutgen.core.layout import Box, Canvas, Element
from layoutgen.core.metrics import objections as of
from layoutgen.core.metrics import own
from layoutgen.core.metrics.own import Asked, ElementScore

VERSION = "judge-2"  # goes up with every change of what it says
MOST = 3.0
UNPLACED = 4 * MOST
"""Objections to a layout that there is none of: four terms at their worst."""
HARD = (
    "text_on_subject",
    "subject_cut",
    "overlap",
    "straddling",
    "hierarchy",
    "breaks",
    "groups",
    "missing",
    "violations",
)
"""Terms that a layout is sent back for by whoever looks at it; the others are matters of taste, too."""
_SUBJECT = 0.5


@dataclass(frozen=True, eq=False)
class Judged:
    """A layout as it is judged: its elements on `ground`, the framed photo (h, w, 3) uint8, with the subject's map
    (h, w) in [0, 1] there, of which the framing leaves out the share `cut`; `picture` is the box of the photo on the
    canvas. `asked` is its copy, None where nobody
    knows it; `split_words` counts lines that end in a word's middle; `forbidden` names what else it breaks. `scores`
    are its elements' as `own` has them; None: contrast is measured here on `ground`, and whether texts fit is not."""

    elements: Sequence[Element]
    canvas: Canvas
    subject: np.ndarray
    ground: np.ndarray | None = None
    cut: float = 0.0
    picture: Box = (0.0, 0.0, 1.0, 1.0)
    asked: Asked | None = None
    split_words: int = 0
    forbidden: Sequence[str] = ()
    smallest_px: float = 0.0
    min_contrast: float = own.READABLE
    scores: Sequence[ElementScore] | None = None


@dataclass(frozen=True)
class Verdict:
    """What is held against a layout, by term, in units of which one is enough to send it back; `hard` are the terms
    that are more than matters of taste."""

    terms: Mapping[str, float]
    hard: Sequence[str] = HARD

    @property
    def objections(self) -> float:
        """All of it in one number; 0 is nothing."""
        return sum(min(term, MOST) for term in self.terms.values())

    @property
    def is_sent_back(self) -> bool:
        """Whether a hard term alone is reason enough."""
        return any(self.terms[name] >= 1 for name in self.hard)

    @property
    def reasons(self) -> list[str]:
        """The terms that are each reason enough to send it back, the worst first."""
        return sorted((name for name in self.terms if self.terms[name] >= 1), key=lambda name: -self.terms[name])

    @property
    def worst(self) -> str:
        """The term that is held against it most; "" where there is none."""
        name = max(self.terms, key=lambda term: self.terms[term])
        return name if self.terms[name] > 0 else ""


def judge(layout: Judged) -> Verdict:
    """What is held against a layout."""
    elements, canvas = layout.elements, layout.canvas
    mask = layout.subject > _SUBJECT
    excused, absent = of.missing(elements, layout.asked)
    shown = of.subject_share(layout.subject)
    gap = of.tightest(elements, canvas)
    return Verdict(
        {
            "text_on_subject": of.on_subject(elements, mask) / 0.05,
            "subject_cut": layout.cut / 0.03,
            "small_subject": 0.0 if shown is None else max(0.0, 0.12 - shown) / 0.03,
            "overlap": of.shared_area(elements) / 0.02,
            "straddling": float(of.straddling(elements, layout.picture)),
            "alignment": of.near_misses(elements, canvas) + of.loners(elements, canvas) / 2,
            "hierarchy": _hierarchy(elements, canvas),
            "crowding": max(
                0.0 if gap is None else max(0.0, 0.3 - gap) / 0.2,
                max(0.0, 0.02 - of.nearest_edge(elements, canvas)) / 0.02,
            ),
            "balance": max(0.0, of.lean(elements, layout.subject) - 0.04) / 0.13,
            "breaks": layout.split_words + of.short_lines(elements) / 2,
            "groups": float(of.unequal(elements) + of.torn(elements)),
            "emptiness": max(0.0, of.empty_share(elements, layout.subject) - 0.25) / 0.08,
            "missing": absent + excused / 2,
            "violations": float(len(_violations(layout))),
        }
    )


def split_words(element: Element, places: Sequence[int]) -> int:
    """How many of a text's lines end in a word's middle, of whose text lines may break before the characters
    `places`. Spaces at a line's end are in no line, a hyphen may be."""
    at, count, text = 0, 0, " ".join(element.text.split())
    for line in element.lines[:-1]:
        at += len(line.rstrip("-\u00ad"))
        while at < len(text) and text[at] in " \u00ad-":
            at += 1
        count += at < len(text) and at not in places
    return count


def _hierarchy(elements: Sequence[Element], canvas: Canvas) -> float:
    title = of.title_share(elements, canvas)
    small = 0.0 if title is None else max(0.0, 0.06 - title) / 0.01
    ratios = [ratio for ratio in (of.rank_ratio(elements), of.price_ratio(elements)) if ratio is not None]
    return small + sum(max(0.0, 1.15 - ratio) / 0.15 for ratio in ratios)


def _violations(layout: Judged) -> list[str]:
    scores = layout.scores
    if scores is None:
        ratios = [
            own.contrast_of(layout.elements, i, layout.ground) if element.lines and layout.ground is not None else None
            for i, element in enumerate(layout.elements)
        ]
        scores = [
            ElementScore(element.role, 0.0, element.font_px or None, ratio)
            for element, ratio in zip(layout.elements, ratios, strict=True)
        ]
    broken, _ = own.violations(
        layout.elements,
        layout.canvas,
        scores,
        asked=None,
        smallest_px=layout.smallest_px,
        min_contrast=layout.min_contrast,
    )
    return [*(name for name in broken if name != "overlap"), *layout.forbidden]
