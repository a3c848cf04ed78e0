"""What people and customers said of layouts, as what ranking heads learn from.

What can't be learnt from is a `Problem` with its reason, never dropped in silence:

- `unknown_row`: no table has the layout; `ambiguous_run`: several runs have its row_id, and no run_id says which;
- `no_features`: the row has none, for it is a cover, or of a night without `[serve]`; `other_features`: it has those of
  another release;
- `not_about_layout`: it was rejected for its picture, its copy or its crop alone; `changed`: the same annotator decided
  otherwise later; `other_variant`: an outcome's variant is not the row's.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from layoutgen.core.feedback import Feedback, blames_layout, name_key
from layoutgen.core.outcomes import Outcome
from layoutgen.core.preferences import Preference
from layoutgen.core.taste.fitting import Observations
from layoutgen.core.taste.head import Projection, group_keys
from layoutgen.core.taste.layouts import Catalogue, Key, Layout

Kind = Literal["decision", "preference", "outcome"]
_WORTH = {"adopt": 1.0, "edit": 0.5, "reject": 0.0}


@dataclass(frozen=True)
class Problem:
    """What can't be learnt from, and why; the message says what to do."""

    reason: str
    message: str


@dataclass(frozen=True, eq=False)
class Evidence:
    """One thing that was said of a layout: its `target` in [0, 1] and how much that weighs. Of a preference the layout
    is that which was chosen, `beside` the other. `propensity` is that with which the layout was served, which outcomes
    alone say: a decision may be about a variant that nobody served."""

    kind: Kind
    layout: Layout
    target: float
    weight: float = 1.0
    beside: Layout | None = None
    propensity: float | None = None

    @property
    def label(self) -> str:
        """What tells it from anything else that was said."""
        beside = self.beside.key if self.beside else ""
        return f"{self.kind} {self.layout.key} {beside} {self.target!r} {self.weight!r}"

    def group(self, by: str) -> str:
        """The group of its product; "" for none."""
        return group_keys([self.layout.groups[by]])[0]

    def inputs(self, projection: Projection) -> np.ndarray:
        """x (k + 2,), as `fitting` says."""
        assert self.layout.features is not None
        z = projection(self.layout.features[None])[0]
        if self.beside is not None:
            assert self.beside.features is not None
            z = z - projection(self.beside.features[None])[0]
        return np.concatenate([z, [float(self.kind == "decision"), float(self.kind == "outcome")]])


def observations(evidence: Sequence[Evidence], projection: Projection, by: str) -> Observations:
    """What a head learns from. Raises LearningError."""
    size = projection.matrix.shape[1] + 2
    return Observations(
        np.array([each.inputs(projection) for each in evidence]).reshape(len(evidence), size),
        np.array([each.target for each in evidence]),
        np.array([each.weight for each in evidence]),
        tuple(each.group(by) for each in evidence),
        tuple(each.layout.product_id for each in evidence),
    )


def of_feedback(decisions: Iterable[Feedback], catalogue: Catalogue) -> tuple[list[Evidence], list[Problem]]:
    """Decisions: of one annotator on a layout the latest counts, of all a final one; where annotators disagree, their
    mean."""
    problems: list[Problem] = []
    by_layout: dict[Key, dict[str, Feedback]] = defaultdict(dict)
    for decision in sorted(decisions, key=lambda decision: decision.time):
        of_layout, who = by_layout[decision.row_id, decision.run_id], name_key(decision.annotator)
        if who in of_layout:
            problems.append(Problem("changed", f"{decision.row_id}: {decision.annotator} decided again later"))
        of_layout[who] = decision
    evidence = []
    for (row_id, run_id), of_layout in by_layout.items():
        known = _known(catalogue, row_id, run_id)
        if isinstance(known, Problem):
            problems.append(known)
            continue
        every = list(of_layout.values())
        finals = [decision for decision in every if decision.final]
        counted = [max(finals, key=lambda decision: decision.time)] if finals else every
        about = [each for each in counted if each.decision != "reject" or blames_layout(each.reasons)]
        if not about:
            message = f"{row_id}: rejected for {', '.join(counted[0].reasons)}, which is not about where things stand"
            problems.append(Problem("not_about_layout", message))
            continue
        target = float(np.mean([_WORTH[each.decision] for each in about]))
        evidence.append(Evidence("decision", known, target))
    return evidence, problems


def of_choices(choices: Iterable[Preference], catalogue: Catalogue) -> tuple[list[Evidence], list[Problem]]:
    """Choices between two layouts: each annotator's latest word on a pair; a tie says that neither is better."""
    latest: dict[tuple[str, tuple[Key, ...]], Preference] = {}
    problems: list[Problem] = []
    for choice in sorted(choices, key=lambda choice: choice.time):
        word = name_key(choice.annotator), choice.pair
        if word in latest:
            problems.append(Problem("changed", f"{choice.row_id}: {choice.annotator} chose again later"))
        latest[word] = choice
    evidence = []
    for choice in latest.values():
        sides = [_known(catalogue, *side.key) for side in (choice.chosen, choice.rejected)]
        lost = [side for side in sides if isinstance(side, Problem)]
        chosen, other = sides
        if isinstance(chosen, Layout) and isinstance(other, Layout):
            evidence.append(Evidence("preference", chosen, 0.5 if choice.is_tie else 1.0, beside=other))
        problems += lost[:1]
    return evidence, problems


def of_outcomes(
    outcomes: Iterable[Outcome], catalogue: Catalogue, reward: str = "clicks"
) -> tuple[list[Evidence], list[Problem]]:
    """What variants earned: clicks, or orders, an impression."""
    evidence, problems = [], []
    for outcome in outcomes:
        known = _known(catalogue, outcome.row_id, outcome.run_id)
        if isinstance(known, Layout) and known.variant != outcome.variant:
            message = f"row {outcome.place}: variant is {outcome.variant}, and {outcome.row_id!r} is {known.variant}"
            known = Problem("other_variant", f"{message}; give the row's own")
        if isinstance(known, Problem):
            problems.append(known)
            continue
        rate = outcome.earned(reward) / outcome.impressions
        evidence.append(Evidence("outcome", known, rate, float(outcome.impressions), propensity=outcome.propensity))
    return evidence, problems


def _known(catalogue: Catalogue, row_id: str, run_id: str) -> Layout | Problem:
    """A layout of which features are known."""
    known = catalogue.find(row_id, run_id)
    if known is None:
        if not run_id and len(catalogue.runs(row_id)) > 1:
            runs = ", ".join(catalogue.runs(row_id)[:3])
            return Problem("ambiguous_run", f"{row_id!r} is a layout of several runs ({runs}); give run_id")
        of_run = f" and run_id {run_id!r}" if run_id else ""
        return Problem("unknown_row", f"no layout has row_id {row_id!r}{of_run}; give the table that it is of")
    if known.features is None and known.version:
        message = f"{row_id} has the features {known.version}; lay it out again by this release"
        return Problem("other_features", message)
    if known.features is None:
        return Problem("no_features", f"{row_id} has no features; lay out its table with serve.variants = true")
    return known
