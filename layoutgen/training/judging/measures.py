"""What a composer makes of held-back layouts, measured: the same for every contender, through the serving path.

Each case is composed as in the nightly job (by a vision-language model with its grammar and decoding loop); its
proposal is measured as it is (solver off), then placed by `core.placing.placement` and measured again (solver on). A
row of measures a case:

- **parsed** (higher is better): 1 where the answer became a layout; **count_error** (lower): |elements - designer's|;
- **iou** (higher): mean over the designer's elements of the IoU with the element of the same text, of underlays with
  the best fitting one; 0 for what is missing or was not parsed; **role** (higher): share of texts in the right role;
- **covering** (lower): share of texts of whose box more than 5 % lies on the subject;
- **overlap** (lower): shared area of pairs of elements, underlays left out, over the smaller one's, by their number;
- **placed** (higher): 1 where the solver finds a layout; **placed_iou** (higher): as iou, after the solver;
- **violations** (lower, pooled): hard constraints broken after the solver, by those checked, as `metrics.own` has them;
- **objections** (lower): what the judge holds against what the solver places, **second_objections** (lower) what the
  held-out judge does, by another finder's subject; `UNPLACED` each where it places nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from layoutgen.core.annotation import Annotation
from layoutgen.core.framing import subject_box
from layoutgen.core.layout import Element, Framing, Role, Suggestion, area, iou, to_px
from layoutgen.core.metrics import judge, own, second_judge
from layoutgen.core.metrics.judge import UNPLACED
from layoutgen.core.proposals.ranking import overlap
from layoutgen.imaging import framed
from layoutgen.models.base import Brief, Composer, Composition, Fault, Prepared
from layoutgen.models.critics.outcome import Placing
from layoutgen.models.finders.border import BorderSaliency
from layoutgen.models.vlm.pictures import PictureKind
from layoutgen.training.data.cases import Case
from layoutgen.training.judging.judged import SIDE, judged_of, placed

BETTER = {
    "parsed": "higher",
    "iou": "higher",
    "role": "higher",
    "count_error": "lower",
    "covering": "lower",
    "overlap": "lower",
    "placed": "higher",
    "placed_iou": "higher",
    "violations": "lower",
    "objections": "lower",
    "second_objections": "lower",
}
JUDGES = ("objections", "second_objections")
"""The judge's measure, and the held-out judge's."""
_OF_LAYOUTS = ("covering", "overlap", "violations", "role", *JUDGES)
_ON_SUBJECT = 0.05
_AT_ONCE = 64

Measures = dict[str, list[tuple[float, float]]]
"""By name, a total and a weight a case; weight 0 where it could not be measured."""


def measure(
    cases: Sequence[Case], composer: Composer, kind: PictureKind | None, side: int, placing: Placing
) -> Measures:
    """Make the layouts of cases and measure them; `kind` and `side` are as in `brief_of`."""
    measures: Measures = {name: [] for name in BETTER}
    for first in range(0, len(cases), _AT_ONCE):
        batch = [cases[i] for i in range(first, min(first + _AT_ONCE, len(cases)))]
        answers = composer.compose([brief_of(case, kind, side) for case in batch])
        for case, answer in zip(batch, answers, strict=True):
            for name, value in _measure(case, answer, placing).items():
                measures[name].append(value)
    return measures


def framed_before(*_: object) -> Framing:
    """How a composer frames a case: not at all, for its picture is the framed canvas."""
    return Framing()


def brief_of(case: Case, kind: PictureKind | None = None, side: int = 0) -> Brief:
    """A case as a composer is asked: with `kind`, one that is shown pictures of that kind at `side` px."""
    prepared = Prepared(Framing(), kind.prepare(case.pixels, side)) if kind else None
    subject = None if case.subject is None else case.subject.astype(np.float32) / 255
    box = None if subject is None else subject_box(subject)
    annotation = Annotation((), box, subject_map=subject)
    return Brief(case.pixels, annotation, case.copy, case.canvas, case.logo_aspect, prepared)


def proposal_measures(case: Case, answer: Composition | Fault) -> dict[str, tuple[float, float]]:
    """The measures of a proposal as it is, each a total and a weight."""
    if isinstance(answer, Fault):
        # What was not made has no overlap and breaks no limit; it counts where it is missed.
        return {
            name: (float(len(case.truth)) if name == "count_error" else 0.0, 0.0 if name in _OF_LAYOUTS else 1.0)
            for name in BETTER
        }
    proposed = answer.suggestions
    return {
        "parsed": (1.0, 1.0),
        "count_error": (float(abs(len(proposed) - len(case.truth))), 1.0),
        "iou": (closeness(proposed, case.truth), 1.0),
        "role": (_right_roles(proposed, case.truth), 1.0),
        "covering": _covering(case, proposed),
        "overlap": (overlap([element.box for element in proposed if element.role is not Role.UNDERLAY]), 1.0),
    }


def _measure(case: Case, answer: Composition | Fault, placing: Placing) -> dict[str, tuple[float, float]]:
    measures = proposal_measures(case, answer)
    unjudged = dict.fromkeys(JUDGES, (UNPLACED, float(case.subject is not None)))
    if isinstance(answer, Fault):
        return {**measures, **unjudged}
    proposed = answer.suggestions
    elements = placed(case, proposed, placing)
    if elements is None:
        return {**measures, "placed": (0.0, 1.0), "placed_iou": (0.0, 1.0), "violations": (0.0, 0.0), **unjudged}
    as_suggested = [Suggestion(element.role, element.box, element.text) for element in elements]
    return {
        **measures,
        "placed": (1.0, 1.0),
        "placed_iou": (closeness(as_suggested, case.truth), 1.0),
        "violations": _violations(case, elements, placing),
        **(unjudged if case.subject is None else _objections(case, elements, placing)),
    }


def _objections(case: Case, elements: Sequence[Element], placing: Placing) -> dict[str, tuple[float, float]]:
    """What both judges hold against a placed layout."""
    layout = judged_of(case, elements, placing)
    (other,) = BorderSaliency().saliency([case.pixels])
    shown = framed.draw(other, Framing(), case.canvas, max(layout.subject.shape))
    verdicts = judge.judge(layout), second_judge.judge(replace(layout, subject=shown))
    return {name: (verdict.objections, 1.0) for name, verdict in zip(JUDGES, verdicts, strict=True)}


def _violations(case: Case, elements: Sequence[Element], placing: Placing) -> tuple[float, float]:
    pixels = framed.draw(case.pixels, Framing(), case.canvas, SIDE)
    scores = [
        own.ElementScore(
            element.role,
            area(element.box),
            element.font_px or None,
            own.contrast_of(elements, i, pixels) if own.is_text(element) else None,
        )
        for i, element in enumerate(elements)
    ]
    # Texts that the solver left out are not excused here: a proposal that leaves them room is the better one.
    asked = own.Asked((case.copy.title, *case.copy.selling_points), int(bool(case.copy.brand or case.copy.logo)))
    smallest = math.ceil(placing.min_font * min(case.canvas.width, case.canvas.height))
    broken, checked = own.violations(
        elements, case.canvas, scores, asked=asked, smallest_px=smallest, min_contrast=placing.min_contrast
    )
    return float(len(broken)), float(checked)


def closeness(proposed: Sequence[Suggestion], truth: Sequence[Suggestion]) -> float:
    """Mean IoU over the truth's elements."""
    free = list(proposed)
    total = 0.0
    for wanted in sorted(truth, key=lambda element: -area(element.box)):
        alike = [element for element in free if element.text == wanted.text and _kind(element) == _kind(wanted)]
        if alike:
            best = max(alike, key=lambda element: iou(element.box, wanted.box))
            free.remove(best)
            total += iou(best.box, wanted.box)
    return total / len(truth)


def _kind(element: Suggestion) -> Role | None:
    """What must agree besides the text: an underlay and a logo image have none."""
    return element.role if element.role in (Role.UNDERLAY, Role.LOGO) else None


def _right_roles(proposed: Sequence[Suggestion], truth: Sequence[Suggestion]) -> float:
    roles = {element.text: element.role for element in proposed if element.role is not Role.UNDERLAY}
    texts = [element for element in truth if element.role is not Role.UNDERLAY]
    return sum(roles.get(text.text) is text.role for text in texts) / len(texts) if texts else 1.0


def _covering(case: Case, proposed: Sequence[Suggestion]) -> tuple[float, float]:
    """Texts on the subject, and texts."""
    boxes = [element.box for element in proposed if element.role not in (Role.UNDERLAY, Role.LOGO)]
    if case.subject is None:
        return 0.0, 0.0
    height, width = case.subject.shape
    shares = []
    for box in boxes:
        left, top, right, bottom = (max(0, round(side)) for side in to_px(box, width, height))
        covered = case.subject[top : max(bottom, top + 1), left : max(right, left + 1)]
        shares.append(covered.mean() / 255 if covered.size else 0.0)
    return float(sum(share > _ON_SUBJECT for share in shares)), float(len(boxes))
