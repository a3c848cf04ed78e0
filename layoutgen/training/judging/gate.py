"""Whether a new adapter is better than the one that serves: both make the same layouts through the serving path.

Each case is composed as in the nightly job (by a vision-language model with its grammar and decoding loop); its
proposal is measured as it is (solver off), then placed by `core.placing.placement` and measured again (solver on). A
row of measures a case:

- **parsed** (higher is better): 1 where the answer became a layout; **count_error** (lower): |elements - designer's|;
- **iou** (higher): mean over the designer's elements of the IoU with the element of the same text, of underlays with
  the best fitting one; 0 for what is missing or was not parsed; **role** (higher): share of texts in the right role;
- **covering** (lower): share of texts of whose box more than 5 % lies on the subject;
- **overlap** (lower): shared area of pairs of elements, underlays left out, over the smaller one's, by their number;
- **placed** (higher): 1 where the solver finds a layout; **placed_iou** (higher): as iou, after the solver;
- **violations** (lower, pooled): hard constraints broken after the solver, by those checked, as `metrics.own` has them.

The verdict is of paired differences with bootstrap intervals that draw whole products.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from layoutgen.core.annotation import Annotation
from layoutgen.core.framing import subject_box
from layoutgen.core.layout import Element, Framing, Role, Suggestion, area, intersection, iou, to_px
from layoutgen.core.metrics import own
from layoutgen.core.metrics.layouts import Score
from layoutgen.core.metrics.statistics import Estimate, differences
from layoutgen.core.placing.placement import Ground, Limits, NoLayoutError, place
from layoutgen.core.text.typography import Face
from layoutgen.imaging import framed
from layoutgen.models.base import Brief, Composer, Composition, Fault, Prepared
from layoutgen.models.vlm.pictures import PictureKind
from layoutgen.training.data.cases import Case

BETTER = {
    "parsed": "higher", "iou": "higher", "role": "higher", "count_error": "lower",
    "covering": "lower", "overlap": "lower",
    "placed": "higher", "placed_iou": "higher", "violations": "lower",
}  # fmt: skip
_SIDE = 384
_ON_SUBJECT = 0.05
_AT_ONCE = 64

Measures = dict[str, list[tuple[float, float]]]
"""By name, a total and a weight a case; weight 0 where it could not be measured."""


@dataclass(frozen=True)
class Placing:
    """The solver's settings: as shares of the short side, and the least contrast; and which font sets a text."""

    face_for: Callable[[Role, str], Face]
    margin: float
    min_font: float
    min_contrast: float


@dataclass(frozen=True)
class Verdict:
    """Whether to promote, and each reason why or why not, with its numbers."""

    better: bool
    reasons: tuple[str, ...]
    comparison: dict[str, dict[str, Any]] = field(default_factory=dict)


def measure(
    cases: Sequence[Case], composer: Composer, kind: PictureKind | None, side: int, placing: Placing
) -> Measures:
    """Make the layouts of cases and measure them; `kind` and `side` are as in `brief_of`."""
    found: Measures = {name: [] for name in BETTER}
    for first in range(0, len(cases), _AT_ONCE):
        some = [cases[i] for i in range(first, min(first + _AT_ONCE, len(cases)))]
        answers = composer.compose([brief_of(case, kind, side) for case in some])
        for case, answer in zip(some, answers, strict=True):
            for name, value in _measure(case, answer, placing).items():
                found[name].append(value)
    return found


def compare(
    ours: Measures, theirs: Measures, products: Sequence[str], *, resamples: int, level: float, seed: int = 0
) -> dict[str, dict[str, Any]]:
    """Each measure's means and their paired difference, ours minus theirs, with its interval."""
    mine, other = _scores(ours), _scores(theirs)
    found = differences(mine, other, products, resamples=resamples, level=level, seed=seed)
    return {
        name: {
            "ours": mine[name].mean,
            "theirs": other[name].mean,
            "difference": told.value,
            "low": told.low,
            "high": told.high,
            "pairs": pairs,
            "better": BETTER[name],
        }
        for name, (told, pairs) in found.items()
    }


def judge(held: dict[str, dict[str, Any]], fixed: dict[str, dict[str, Any]], *, metric: str, guards: Sequence[str],
          tolerance: float) -> Verdict:  # fmt: skip
    """The verdict of two comparisons, on the held-back split and on the fixed set (which may be empty): `metric` must
    be better on the held-back split, its whole interval; no guard may fall on either, by its interval or by more than
    `tolerance` in the mean."""
    told = Estimate(held[metric]["difference"], held[metric]["low"], held[metric]["high"])
    good, words = _is_better(told, BETTER[metric])
    reasons = [f"{metric} on the held-back split {words}: {_numbers(held[metric])}"]
    for name, comparison in (("held-back split", held), ("fixed set", fixed)):
        for guard in guards:
            if comparison and _falls(comparison[guard], tolerance):
                good = False
                reasons.append(f"{guard} on the {name} falls: {_numbers(comparison[guard])}")
    return Verdict(good, tuple(reasons), {"held": held, "fixed": fixed})


def framed_before(*_: object) -> Framing:
    """How a composer frames a case: not at all, for its picture is the framed canvas."""
    return Framing()


def brief_of(case: Case, kind: PictureKind | None = None, side: int = 0) -> Brief:
    """A case as a composer is asked: with `kind`, one that is shown pictures of that kind at `side` px."""
    prepared = Prepared(Framing(), kind.prepare(case.pixels, side)) if kind else None
    subject = None if case.subject is None else case.subject.astype(np.float32) / 255
    found = None if subject is None else subject_box(subject)
    return Brief(
        case.pixels, Annotation((), found, subject_map=subject), case.copy, case.canvas, case.logo_aspect, prepared
    )


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
        "overlap": (_overlap(proposed), 1.0),
    }


def _measure(case: Case, answer: Composition | Fault, placing: Placing) -> dict[str, tuple[float, float]]:
    found = proposal_measures(case, answer)
    if isinstance(answer, Fault):
        return found
    proposed = answer.suggestions
    placed = _placed(case, proposed, placing)
    if placed is None:
        return {**found, "placed": (0.0, 1.0), "placed_iou": (0.0, 1.0), "violations": (0.0, 0.0)}
    as_told = [Suggestion(one.role, one.box, one.text) for one in placed]
    return {
        **found,
        "placed": (1.0, 1.0),
        "placed_iou": (closeness(as_told, case.truth), 1.0),
        "violations": _violations(case, placed, placing),
    }


_OF_LAYOUTS = ("covering", "overlap", "violations", "role")


def _placed(case: Case, proposed: Sequence[Suggestion], placing: Placing) -> tuple[Element, ...] | None:
    short = min(case.canvas.width, case.canvas.height)
    subject = np.zeros(case.pixels.shape[:2], np.float32) if case.subject is None else case.subject / np.float32(255)
    pixels = framed.draw(case.pixels, Framing(), case.canvas, _SIDE)
    ground = Ground(pixels, framed.draw(subject.astype(np.float32), Framing(), case.canvas, _SIDE))
    limits = Limits(placing.margin * short, math.ceil(placing.min_font * short), placing.min_contrast)
    try:
        return place(proposed, case.canvas, ground, placing.face_for, limits).elements
    except NoLayoutError:
        return None


def _violations(case: Case, placed: Sequence[Element], placing: Placing) -> tuple[float, float]:
    pixels = framed.draw(case.pixels, Framing(), case.canvas, _SIDE)
    scores = [
        own.ElementScore(
            one.role,
            area(one.box),
            one.font_px or None,
            own.contrast_of(placed, i, pixels) if own.is_text(one) else None,
        )
        for i, one in enumerate(placed)
    ]
    # Texts that the solver left out are not excused here: a proposal that leaves them room is the better one.
    asked = own.Asked((case.copy.title, *case.copy.selling_points), int(bool(case.copy.brand or case.copy.logo)))
    smallest = math.ceil(placing.min_font * min(case.canvas.width, case.canvas.height))
    broken, checked = own.violations(
        placed, case.canvas, scores, asked=asked, smallest_px=smallest, min_contrast=placing.min_contrast
    )
    return float(len(broken)), float(checked)


def closeness(made: Sequence[Suggestion], truth: Sequence[Suggestion]) -> float:
    """Mean IoU over the truth's elements."""
    left = list(made)
    total = 0.0
    for wanted in sorted(truth, key=lambda one: -area(one.box)):
        alike = [one for one in left if one.text == wanted.text and _kind(one) == _kind(wanted)]
        if alike:
            best = max(alike, key=lambda one: iou(one.box, wanted.box))
            left.remove(best)
            total += iou(best.box, wanted.box)
    return total / len(truth)


def _kind(one: Suggestion) -> Role | None:
    """What must agree besides the text: an underlay and a logo image have none."""
    return one.role if one.role in (Role.UNDERLAY, Role.LOGO) else None


def _right_roles(made: Sequence[Suggestion], truth: Sequence[Suggestion]) -> float:
    told = {one.text: one.role for one in made if one.role is not Role.UNDERLAY}
    texts = [one for one in truth if one.role is not Role.UNDERLAY]
    return sum(told.get(one.text) is one.role for one in texts) / len(texts) if texts else 1.0


def _covering(case: Case, made: Sequence[Suggestion]) -> tuple[float, float]:
    """Texts on the subject, and texts."""
    texts = [one.box for one in made if one.role not in (Role.UNDERLAY, Role.LOGO)]
    if case.subject is None:
        return 0.0, 0.0
    height, width = case.subject.shape
    shares = []
    for box in texts:
        left, top, right, bottom = (round(side) for side in to_px(box, width, height))
        shares.append(case.subject[top : max(bottom, top + 1), left : max(right, left + 1)].mean() / 255)
    return float(sum(share > _ON_SUBJECT for share in shares)), float(len(texts))


def _overlap(made: Sequence[Suggestion]) -> float:
    boxes = [one.box for one in made if one.role is not Role.UNDERLAY]
    shared = 0.0
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            smaller = min(area(a), area(b))
            shared += intersection(a, b) / smaller if smaller > 0 else 0.0
    return shared / len(boxes) if boxes else 0.0


def _scores(measures: Measures) -> dict[str, Score]:
    return {
        name: Score(np.array([total for total, _ in rows]), np.array([weight for _, weight in rows]))
        for name, rows in measures.items()
    }


def _is_better(told: Estimate, better: str) -> tuple[bool, str]:
    if told.value is None or told.low is None or told.high is None:
        return False, "can't be compared"
    if told.low <= 0 <= told.high:
        return False, "is not shown to be better"
    good = (told.low > 0) == (better == "higher")
    return good, "is better" if good else "is worse"


def _falls(told: dict[str, Any], tolerance: float) -> bool:
    if told["difference"] is None:
        return False
    sign = 1.0 if told["better"] == "higher" else -1.0
    worst = max(sign * told["low"], sign * told["high"]) if told["low"] is not None else 0.0
    return worst < 0 or sign * told["difference"] < -tolerance


def _numbers(told: dict[str, Any]) -> str:
    if told["difference"] is None:
        return "no pair has it on both sides"
    interval = (
        "too few products for an interval" if told["low"] is None else f"{told['low']:+.4f} to {told['high']:+.4f}"
    )
    return f"{told['theirs']:.4f} to {told['ours']:.4f}, {told['difference']:+.4f} ({interval}, {told['pairs']} pairs)"
