"""A step of learning from rewards: rollouts of some questions, what each is worth, and what is learnt of that.

- `best_of`: of each question's rollouts the best one is learnt as if a designer had drawn it (rejection sampling, or
  expert iteration).
- `grpo`: the policy is led towards rollouts that are better than others of their question; see `grpo`.

A step is whole or not taken, and its rollouts are told by the weights and its questions alone, so a training that goes
on after an interruption learns what it would have learnt.
"""

import heapq
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from layoutgen.models.base import Composition, Fault
from layoutgen.training.data.cases import Case
from layoutgen.training.loop.engines import Engine, most, total
from layoutgen.training.loop.steps import DIVERGED, DivergedError, Recipe, rate_at
from layoutgen.training.rewards.groups import Groups
from layoutgen.training.rewards.held_back import MEASURED, HeldBack, sheet
from layoutgen.training.rewards.reward import Reward, Worth
from layoutgen.training.rewards.rollouts import Policy, Question, Rollout

log = logging.getLogger("layoutgen")

_KEPT = 10


@dataclass(frozen=True)
class Explored:
    """A step that was taken: means of what was made and learnt, over all ranks, the rate, the gradients' norm (0 where
    there was nothing to learn), and how many layouts were made and tokens, or what a kind counts, were read."""

    step: int
    means: dict[str, float]
    rate: float
    norm: float
    samples: int
    read: int


class Explorer:
    """Takes steps with an engine. `updates` are the optimiser's steps on what was made in one. `highest` are the
    highest rewarded layouts of this rank since they were last taken, the best first."""

    def __init__(self, engine: Engine, policy: Policy, reward: Reward, recipe: Recipe, updates: int = 1) -> None:
        self._engine, self._policy, self._reward = engine, policy, reward
        self._recipe, self._updates = recipe, updates
        self._highest: list[tuple[float, int, Worth]] = []
        self._seen = 0

    def take_highest(self) -> list[Worth]:
        """The highest rewarded layouts since this was last asked, the best first."""
        highest, self._highest = self._highest, []
        return [worth for _, _, worth in sorted(highest, key=lambda entry: entry[:2], reverse=True)]

    def step(self, chunks: list[list[Question]], step: int, steps: int) -> Explored:
        """Take one step of `steps` with this rank's questions. Raises DivergedError as `train_step` does."""
        engine, device = self._engine, next(self._engine.learner.parameters()).device
        asked = [question for chunk in chunks for question in chunk if question.weight]
        torch.manual_seed(1_000_003 * self._recipe.seed + 1009 * step + engine.rank)  # dropout, as in `train_step`
        # Ranks work in step: one without a question makes what it learns nothing of.
        rollouts = self._policy.rollouts(engine.learner, asked or chunks[0][:1])
        engine.learner.train()
        worths = [[self._worth(q, r) for r in group] for q, group in zip(asked, rollouts, strict=False)]
        groups = Groups(np.array([[worth.reward for worth in group] for group in worths] or np.zeros((0, 1))))
        self._remember(groups, worths)
        rows = self._rows(rollouts, groups)
        learnt, read = total([sum(row.learnt for row in rows), sum(row.read for row in rows)], device)
        rate = rate_at(step, steps, self._recipe)
        sums, norm = self._learn(rows, rollouts, learnt, rate, step) if learnt else (torch.zeros(4), 0.0)
        means = self._means(groups, worths, sums, device)
        return Explored(step, means, rate, norm, int(means.pop("rollouts")), int(read))

    def _worth(self, question: Question, rollout: Rollout) -> Worth:
        worth = self._reward(question.case, rollout.answer)
        if not math.isfinite(worth.reward):
            log.warning("a layout of %s has the reward %s: it is left out", question.case.key, worth.reward)
        return worth

    def _rows(self, rollouts: Sequence[Sequence[Rollout]], groups: Groups) -> list[Any]:
        """What is learnt, as rows."""
        if self._recipe.method == "best_of":
            best = [group[k] for group, k in zip(rollouts, groups.best(), strict=False) if k is not None]
            return [rollout.row for rollout in best if rollout.row is not None]
        return [
            self._policy.valued(rollout.row, float(advantage))
            for group, advantages in zip(rollouts, groups.advantages(), strict=False)
            for rollout, advantage in zip(group, advantages, strict=True)
            if advantage and rollout.row is not None
        ]

    def _learn(
        self, rows: list[Any], rollouts: Sequence[Sequence[Rollout]], learnt: float, rate: float, step: int
    ) -> tuple[torch.Tensor, float]:
        """Take the optimiser's steps; returns sums of the last one over all ranks, and the first one's norm."""
        engine, micro = self._engine, self._recipe.micro
        device = next(engine.learner.parameters()).device
        places = most(-(-len(rows) // micro), device) * micro
        spare = rows[-1:] or [rollout.row for group in rollouts for rollout in group if rollout.row is not None][:1]
        if not spare:
            raise ValueError(f"nothing could be made of the questions of step {step}; see the faults of their answers")
        rows = rows + [self._policy.valued(spare[0], 0.0).filler()] * (places - len(rows))
        with torch.no_grad():
            batches = [self._policy.batch(engine.learner, rows[i : i + micro]) for i in range(0, places, micro)]
        norms = []
        for _ in range(self._updates):
            sums: Any = 0.0
            for batch in batches:
                sums = sums + engine.accumulate(batch, engine.ranks / learnt, last=batch is batches[-1])
            sums = torch.tensor(total(sums.double(), device))
            if not math.isfinite(float(sums[0])):
                raise DivergedError(DIVERGED.format(what="loss", step=step, value=float(sums[0])))
            norms.append(engine.step(rate))
            if not math.isfinite(norms[-1]):
                raise DivergedError(DIVERGED.format(what="norm of the gradients", step=step, value=norms[-1]))
        return sums, norms[0]

    def _means(
        self, groups: Groups, worths: Sequence[Sequence[Worth]], sums: torch.Tensor, device: torch.device
    ) -> dict[str, float]:
        """Over all ranks: means of rewards, of each group's best, of spreads within groups and of what is learnt, and
        shares of what is left out."""
        finite, has_best = groups.finite, groups.finite.any(1)
        unplaced = sum(worth.layout is None for group in worths for worth in group)
        here = [groups.rewards[finite].sum(), finite.sum(), groups.highest[has_best].sum(), groups.spread.sum()]
        rewards, good, best, spread, asked, equal, not_finite, failed, count = total(
            [*map(float, here), len(worths), groups.equal, (~finite).sum(), unplaced, finite.size], device
        )
        lost, weight, *more = (float(value) for value in sums)
        means = {
            "loss": lost / max(1.0, weight),
            "reward": rewards / max(1.0, good),
            "best": best / max(1.0, asked),
            "spread": spread / max(1.0, asked),
            "equal": equal / max(1.0, asked),
            "not_finite": not_finite / max(1.0, count),
            "unplaced": failed / max(1.0, count),
            "rollouts": count,
        }
        if self._recipe.method == "grpo":
            means |= {name: value / max(1.0, weight) for name, value in zip(("clipped", "kl"), more, strict=True)}
        return means

    def _remember(self, groups: Groups, worths: Sequence[Sequence[Worth]]) -> None:
        for group in worths:
            for worth in group:
                self._seen += 1
                if worth.layout is not None and math.isfinite(worth.reward):
                    heapq.heappush(self._highest, (worth.reward, -self._seen, worth))
                    if len(self._highest) > _KEPT:
                        heapq.heappop(self._highest)


@dataclass(frozen=True, eq=False)
class Exploring:
    """Learning from rewards, as a training has it: how layouts are made, who takes its steps, and what is held back;
    `compose` makes cases as in serving."""

    policy: Policy
    explorer: Explorer
    held_back: HeldBack
    compose: Callable[[Any, Sequence[Case]], list[Composition | Fault]]

    def validated(self, engine: Engine) -> tuple[dict[str, float], dict[str, np.ndarray]]:
        """Means of what is said of the held-back layouts of all ranks, of which `loss` is the held-out judge's; and
        pictures (h, w, 3), `held-back` of this rank's, `rewarded` of the highest rewarded since the last time."""
        device = next(engine.learner.parameters()).device
        sums, worths = self.held_back.judged(self.compose(engine.learner.eval(), self.held_back.cases))
        engine.learner.train()
        flat = total([value for name in MEASURED for value in sums.get(name, (0.0, 0.0))], device)
        means = {name: flat[2 * i] / flat[2 * i + 1] for i, name in enumerate(MEASURED) if flat[2 * i + 1]}
        sheets = {"held-back": sheet(worths), "rewarded": sheet(self.explorer.take_highest())}
        loss = means.get("held_out", math.nan)
        return {"loss": loss, **means}, {name: drawn for name, drawn in sheets.items() if drawn is not None}
