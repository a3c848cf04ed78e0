"""What both judges and the critic say of layouts that are held back, made as in serving while a model learns from
rewards: the judge whose objections it learns to avoid, and the held-out one, from which nothing is learnt. Where the
one's fall and the other's rise, the model has learnt to please the judge: learning ends by the held-out judge's.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from layoutgen.core.layout import Framing
from layoutgen.core.metrics import judge, second_judge
from layoutgen.imaging import drawing, framed
from layoutgen.imaging.sheets import contact_sheet
from layoutgen.models.base import Composition, Fault
from layoutgen.models.finders.border import BorderSaliency
from layoutgen.training.data.cases import Case
from layoutgen.training.rewards.reward import Reward, Worth

_SIDE, _COLUMNS = 320, 5
_TERMS = (
    "text_on_subject",
    "overlap",
    "alignment",
    "hierarchy",
    "crowding",
    "balance",
    "breaks",
    "groups",
    "emptiness",
)
MEASURED = ("held_out", "objections", "reward", "critic", "unplaced", *_TERMS)
"""What is measured of layouts: among them terms of the judge that a composer can do something about."""


class HeldBack:
    """Cases that are held back, and what is said of answers to them."""

    def __init__(self, cases: Sequence[Case], reward: Reward) -> None:
        self.cases, self._reward = cases, reward
        self._other = BorderSaliency().saliency([case.pixels for case in cases])

    def judged(self, answers: Sequence[Composition | Fault]) -> tuple[dict[str, tuple[float, float]], list[Worth]]:
        """By the names of `MEASURED`, totals and weights of what is said of answers, and what each is worth."""
        worths = [self._reward(case, answer) for case, answer in zip(self.cases, answers, strict=True)]
        placed = [worth for worth in worths if worth.layout is not None]
        values = {
            "held_out": [held_out(worth, other) for worth, other in zip(worths, self._other, strict=True)],
            "objections": [worth.objections for worth in worths],
            "reward": [worth.reward for worth in worths],
            "critic": [worth.rating for worth in placed],
            "unplaced": [float(worth.layout is None) for worth in worths],
            **{name: [min(worth.terms[name], judge.MOST) for worth in placed] for name in _TERMS},
        }
        return {name: (float(sum(each)), float(len(each))) for name, each in values.items()}, worths


def held_out(worth: Worth, subject: np.ndarray) -> float:
    """The held-out judge's objections to what became of a proposal; `subject` is another finder's map (h, w) of its
    canvas."""
    if worth.layout is None:
        return judge.UNPLACED
    canvas = worth.layout.canvas
    return second_judge.judge(replace(worth.layout, subject=framed.draw(subject, Framing(), canvas, _SIDE))).objections


def sheet(worths: Sequence[Worth]) -> np.ndarray | None:
    """A picture (h, w, 3) of layouts as they were placed; None of none."""
    drawn = [_drawn(worth.layout) for worth in worths if worth.layout is not None]
    return contact_sheet(drawn, min(_COLUMNS, len(drawn)), _SIDE) if drawn else None


def _drawn(layout: judge.Judged) -> np.ndarray:
    assert layout.ground is not None
    canvas = layout.canvas
    ground = framed.draw(layout.ground, Framing(), canvas, max(canvas.width, canvas.height))
    return drawing.draw(ground, list(layout.elements), canvas, boxes=True)
