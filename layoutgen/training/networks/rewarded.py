"""How networks that denoise learn from rewards: see `rewards.grpo` and `rewards.rollouts`.

A question's rollouts are chains of noise, each from a seed of its own, and what they become is tidied, as in serving.
`best_of` makes them as serving does and learns the best one as a truth, at `_DRAWS` times with noise of their own.
`grpo` makes chains of which every step is drawn; of each chain `_MOVES` steps are learnt, drawn by its seed: an
unbiased estimate of the whole at less than half its cost. The divergence from the reference, the network as it was, is
that of the steps' Gaussians, in closed form.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from layoutgen.models.base import Composition
from layoutgen.models.denoising.briefs import NOT_FINITE, tidy
from layoutgen.models.denoising.chains import Chains, Move, divergence, joined, log_prob, repeated
from layoutgen.models.denoising.family import Family, Network, NetworkSize
from layoutgen.models.denoising.inputs import Inputs, truth_of
from layoutgen.models.denoising.seeds import sample_seed
from layoutgen.training.data.sample import Sample
from layoutgen.training.judging.measures import brief_of, framed_before
from layoutgen.training.loop.rows import Encode
from layoutgen.training.networks.learner import Denoiser, Row, encode
from layoutgen.training.rewards.grpo import surrogate
from layoutgen.training.rewards.rollouts import Question, Rollout, case_of

_DRAWS, _MOVES = 4, 3


@dataclass(frozen=True, eq=False)
class ChainRow:
    """A chain as `grpo` learns it: what was shown, some moves, and its advantage."""

    inputs: Inputs
    moves: tuple[Move, ...]
    advantage: float = 0.0
    weight: float = 1.0
    learnt: int = 1

    @property
    def read(self) -> int:
        """Elements."""
        return len(self.inputs.lines)

    def __len__(self) -> int:
        return len(self.inputs.lines)

    def filler(self) -> "ChainRow":
        """The same, of which nothing is learnt."""
        return replace(self, weight=0.0, learnt=0)


@dataclass(frozen=True, eq=False)
class ChainBatch:
    """Rows as they are learnt: the moves of all, before any step what the policy gave them (k,), and where the
    reference would have led, None without it."""

    rows: Sequence[ChainRow]
    move: Move
    before: Tensor
    reference: Tensor | None


class Rewarded(Denoiser):
    """A denoiser that learns from rewards, and beside it the network as it began: the reference."""

    def __init__(
        self, family: Family, network: Network, chains: Chains, *, clip: float, kl: float, bf16: bool = False
    ) -> None:
        super().__init__(family, network, bf16=bf16)
        self.chains, self.clip, self.kl = chains, clip, kl
        # In a list it is no part of the module: nothing of it is learnt, saved or sent to other ranks.
        self._reference = [copy.deepcopy(network).eval().requires_grad_(False)] if kl else []

    def forward(self, batch: Any) -> Tensor:
        """Sums (4,) of a batch of chains: losses, chains, moves that are clipped, divergences; of rows, those of a
        `Denoiser`."""
        if not isinstance(batch, ChainBatch):
            return super().forward(batch)
        weight = batch.before.new_tensor([row.weight / len(row.moves) for row in batch.rows for _ in row.moves])
        advantage = batch.before.new_tensor([row.advantage for row in batch.rows for _ in row.moves])
        mean = self.means(self.network, batch.rows, batch.move)
        loss, clipped = surrogate(log_prob(batch.move, mean), batch.before, advantage, self.clip)
        apart = torch.zeros_like(loss)
        if batch.reference is not None:
            apart = divergence(batch.move, mean, batch.reference)
        each = torch.stack([loss + self.kl * apart, torch.ones_like(loss), clipped, apart.detach()])
        return each @ weight

    def means(self, network: Network, rows: Sequence[ChainRow], move: Move) -> Tensor:
        """Where a network leads from where chains were."""
        device = next(network.parameters()).device
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
            context = repeated(self.chains.see(network, [row.inputs for row in rows]), [len(row.moves) for row in rows])
            return self.chains.mean(network, context, move).float()

    @torch.no_grad()
    def batch(self, rows: Sequence[ChainRow]) -> ChainBatch:
        """Rows as a batch, with what the policy gave and the reference gives their moves."""
        move = joined([move for row in rows for move in row.moves])
        reference = self.means(self._reference[0], rows, move) if self._reference else None
        return ChainBatch(rows, move, log_prob(move, move.mean), reference)


class NetworkPolicy:
    """The policy of a training (`rewards.rollouts.Policy`): `samples` chains a question in `steps` of denoising."""

    def __init__(self, family: Family, size: NetworkSize, method: str, samples: int, steps: int, seed: int) -> None:
        assert family.chains, f"{family.name} has no chains"
        self._family, self._size, self._chains = family, size, family.chains()
        self._is_grpo, self._samples, self._steps, self._seed = method == "grpo", samples, steps, seed

    def encoder(self) -> Encode:
        """Samples as they are shown, with the case that the judge is asked about."""
        return partial(question, family=self._family, size=self._size, seed=self._seed)

    def rollouts(self, learner: Rewarded, questions: Sequence[Question]) -> list[list[Rollout]]:
        """Denoise."""
        learner.eval()
        return [self._denoised(learner.network, question) for question in questions]

    def valued(self, row: Any, advantage: float) -> Any:
        """A chain with its advantage; a truth has none."""
        return replace(row, advantage=advantage) if isinstance(row, ChainRow) else row

    def batch(self, learner: Rewarded, rows: list[Any]) -> Any:
        """Chains with what policy and reference say of them; the best layouts at several times."""
        if self._is_grpo:
            return learner.batch(rows)
        return [
            replace(row, seed=sample_seed(row.seed, k), weight=row.weight / _DRAWS)
            for row in rows
            for k in range(_DRAWS)
        ]

    def _denoised(self, network: Network, asked: Question) -> list[Rollout]:
        row: Row = asked.asked
        seeds = [sample_seed(asked.seed, k) for k in range(self._samples)]
        with torch.no_grad():
            context = repeated(self._chains.see(network, [row.inputs]), [self._samples])
        inputs = [row.inputs] * self._samples
        rollouts = self._chains.roll(network, context, inputs, seeds, steps=self._steps, stochastic=self._is_grpo)
        brief = brief_of(asked.case)
        out = []
        for k, (proposed, seed) in enumerate(zip(rollouts.layouts, seeds, strict=True)):
            if proposed is None:
                out.append(Rollout(NOT_FINITE, None))
                continue
            layout = tidy(proposed, brief, framed_before())
            learnt: Any = self._truth(row, layout, seed)
            if self._is_grpo:
                rng = np.random.default_rng([seed, 67])
                chosen = sorted(
                    rng.choice(len(rollouts.moves), min(_MOVES, len(rollouts.moves)), replace=False).tolist()
                )
                learnt = ChainRow(row.inputs, tuple(rollouts.moves[i].of(k) for i in chosen))
            out.append(Rollout(Composition(framed_before(), layout), learnt))
        return out

    def _truth(self, row: Row, layout: Sequence[Any], seed: int) -> Row:
        inputs = row.inputs
        target = self._family.encode(layout, inputs.size, self._size)
        return Row(replace(inputs, truth=truth_of(layout, inputs.lines), target=target), seed)


def question(sample: Sample, index: int, epoch: int, *, family: Family, size: NetworkSize, seed: int) -> Question:
    """A sample as a question. Raises SampleError where it can't be asked, or its subject is unknown."""
    name = str(sample.log.get("key", index))
    row = encode(sample, index, epoch, family=family, size=size, seed=seed)
    return Question(case_of(sample, name), row, row.seed)
