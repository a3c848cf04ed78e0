"""What a model is asked while it learns from rewards, what it makes of that, and what a kind of model has to say."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from layoutgen.imaging.framed import draw_at
from layoutgen.models.base import Composition, Fault
from layoutgen.training.data.cases import Case
from layoutgen.training.data.sample import Sample, SampleError
from layoutgen.training.loop.rows import Encode


@dataclass(frozen=True, eq=False)
class Question:
    """A layout to make: `case` for the judge, `asked` as the kind of model reads it, `seed` of its lots."""

    case: Case
    asked: Any
    seed: int
    weight: float = 1.0
    learnt: int = 1

    @property
    def read(self) -> int:
        """One question."""
        return self.learnt

    def __len__(self) -> int:
        return 1

    def filler(self) -> "Question":
        """The same, of which nothing is learnt."""
        return replace(self, weight=0.0, learnt=0)


@dataclass(frozen=True, eq=False)
class Rollout:
    """What a model made of a question. `row` (see `loop.rows.Row`) is how that is learnt, None where there is nothing
    to learn, which then has to be a fault."""

    answer: Composition | Fault
    row: Any


class Policy(Protocol):
    """How a kind of model makes layouts that are rewarded, and learns them."""

    def encoder(self) -> Encode:
        """What makes questions of samples; travels. Raises SampleError."""
        ...

    def rollouts(self, learner: Any, questions: Sequence[Question]) -> list[list[Rollout]]:
        """Make layouts of each question, as many of each, by the serving path with lots of its seed."""
        ...

    def valued(self, row: Any, advantage: float) -> Any:
        """A rollout's row, with its advantage: what `grpo` learns."""
        ...

    def batch(self, learner: Any, rows: list[Any]) -> Any:
        """Rows as the learner takes them, before a step is taken: with what policy and reference say of them now, where
        that is asked for. Called under no_grad. Of such a batch a learner returns sums (4,): of losses, of what they
        are sums over, of what is clipped, of the divergence; of `best_of`'s, sums (3,) as ever."""
        ...


def case_of(sample: Sample, name: str) -> Case:
    """A sample as a layout to make, by its own name or this one. Raises SampleError where it does not say its canvas
    and copy, or its subject."""
    task, name = sample.task, str(sample.log.get("key", name))
    if task is None:
        raise SampleError(
            f"sample {name} does not say its canvas and copy, which a reward asks for; draw the file again"
        )
    if task.mask is None:
        raise SampleError(
            f"sample {name} does not say where its subject is, which a reward asks for; set data.subjects = 'net'"
        )
    pixels = np.asarray(sample.pixels)
    mask = draw_at(task.mask.astype(np.float32), task.framing, pixels.shape[1], pixels.shape[0])
    subject = np.clip(mask * 255, 0, 255).astype(np.uint8)
    return Case(name, name, pixels, task.copy, task.canvas, task.target, task.logo_aspect, subject)
