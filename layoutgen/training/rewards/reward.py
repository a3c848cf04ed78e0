"""What a layout that a model proposes is worth, in the judge's units: an objection is one, more is better.

    reward = -(objections + proposal x Σ log2(1 + term)) + critic x rating

- objections: what `core.metrics.judge` holds against what becomes of the proposal, which the solver has placed as the
  gate has it placed; `judge.UNPLACED` where it finds no layout or there is no proposal.
- terms: those of `PROPOSED` that it holds against the proposal as it is, which the solver would mend. A logarithm, for
  a term of 30 is worse than one of 10, and no worse than ten others.
- rating: the critic's, whose number means something within one copy and canvas alone, as groups of rollouts have it.

The held-out judge has no part in it (`held_back` asks that one).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from layoutgen.core.layout import Canvas, Element, Suggestion
from layoutgen.core.metrics import judge
from layoutgen.models.base import Composition, Fault
from layoutgen.models.critics.network import Critic
from layoutgen.models.critics.outcome import Placing
from layoutgen.models.critics.sketch import sketch
from layoutgen.training.data.cases import Case
from layoutgen.training.judging.judged import judged_of, placed, subject_of

PROPOSED = ("text_on_subject", "overlap", "alignment", "crowding")

Rate = Callable[[Sequence[Element], Canvas, np.ndarray, np.ndarray], float]
"""The critic: elements, canvas, ground (h, w, 3) uint8, subject's map (h, w) in [0, 1] to a number; more is better."""


@dataclass(frozen=True, eq=False)
class Worth:
    """What a proposal is worth: its reward, what is held against what became of it by term, the critic's rating, and
    the layout itself, as it is judged; None of what was not placed."""

    reward: float
    terms: Mapping[str, float]
    rating: float = 0.0
    layout: judge.Judged | None = None

    @property
    def objections(self) -> float:
        """All of the terms in one number."""
        return judge.Verdict(self.terms).objections if self.layout else judge.UNPLACED


class Reward:
    """Weighs proposals. `proposal` and `critic` are the weights of the formula above; without `rate` no critic is
    asked."""

    def __init__(
        self, placing: Placing, *, proposal: float = 0.0, critic: float = 0.0, rate: Rate | None = None
    ) -> None:
        self._placing, self._proposal, self._critic, self._rate = placing, proposal, critic, rate

    def __call__(self, case: Case, answer: Composition | Fault) -> Worth:
        """What an answer to a case is worth; `case.subject` has to be known."""
        if isinstance(answer, Fault):
            return Worth(-judge.UNPLACED, {})
        rough = self._rough(case, answer.suggestions)
        elements = placed(case, answer.suggestions, self._placing)
        if elements is None:
            return Worth(-judge.UNPLACED - rough, {})
        layout = judged_of(case, elements, self._placing)
        verdict = judge.judge(layout)
        assert layout.ground is not None
        rating = self._rate(elements, case.canvas, layout.ground, layout.subject) if self._rate else 0.0
        reward = -verdict.objections - rough + self._critic * rating
        return Worth(reward, verdict.terms, rating, layout)

    def _rough(self, case: Case, proposed: Sequence[Suggestion]) -> float:
        """What is held against a proposal as it is."""
        if not self._proposal:
            return 0.0
        elements = [Element(each.role, each.box, each.text) for each in proposed]
        terms = judge.judge(judge.Judged(elements, case.canvas, subject_of(case))).terms
        return self._proposal * float(sum(np.log2(1 + terms[name]) for name in PROPOSED))


def embedded_critic() -> Rate:
    """The critic of the package, of a layout's sketch."""
    critic = Critic()
    return lambda *layout: critic.rate([sketch(*layout)])[0]
