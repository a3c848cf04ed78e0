"""What is made smaller: the loss of answers under a model, learnt from examples, preferences or rewards.

Scores are computed only where something is learnt: of a few hundred tokens of a row, the answer's. With a vocabulary of
150,000 that is most of what a loss costs.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.models.decoding.choosing import allowed
from layoutgen.training.rewards.grpo import USUAL, Terms, divergence, surrogate
from layoutgen.training.vlm.tokens import Batch


@dataclass(frozen=True, eq=False)
class PolicyBatch:
    """Rollouts whose choices are learnt. For each choice: the tokens that were allowed as `bits` (k, words) int32, its
    rollout's `advantage` (k,), and its log-probability `before` the step and under the `reference` (k,), None where
    nobody asks for them."""

    rows: Batch
    bits: Tensor
    advantage: Tensor
    before: Tensor | None = None
    reference: Tensor | None = None


class Learner(nn.Module):
    """A model and its loss. `model` is a vision-language model of transformers, or one with a LoRA adapter on it.

    Of `pairs` the loss is DPO's (Rafailov et al. 2023, equation 7) with `beta`, and the reference is the model with its
    adapter switched off; of rollouts GRPO's (`rewards.grpo`), with these `terms`; of other batches the answer tokens'
    cross-entropy. `bf16` computes in bfloat16.
    """

    def __init__(self, model: Any, *, beta: float = 0.1, bf16: bool = False, terms: Terms = USUAL) -> None:
        super().__init__()
        self.model = model
        self.beta, self.bf16, self.terms = beta, bf16, terms

    @property
    def bare(self) -> Any:
        """The model of transformers, with its adapter's layers in it."""
        return self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model

    def forward(self, batch: Batch | PolicyBatch) -> Tensor:
        """Sums (3,) float32: of losses, of what they are sums over (answer tokens, or pairs), and of hits (tokens
        that are the most likely ones, or pairs in which the wanted answer is preferred). Of rollouts (4,): of losses,
        of choices, of those that are clipped, and of the divergence from the reference."""
        if isinstance(batch, PolicyBatch):
            return self._policy(batch)
        if not batch.pairs:
            scores = self._scores(batch)
            lost = functional.cross_entropy(scores, batch.target, reduction="none") * batch.weight
            hits = (scores.detach().argmax(1) == batch.target) * batch.weight
            return torch.stack([lost.sum(), batch.weight.sum(), hits.sum()])
        with torch.no_grad(), self.model.disable_adapter():
            before = self._likelihoods(batch)
        gained = self._likelihoods(batch) - before
        margin = self.beta * (gained[0::2] - gained[1::2])
        weight = torch.zeros(len(batch.ids), device=margin.device).index_put_((batch.row,), batch.weight)[0::2]
        lost = -functional.logsigmoid(margin) * weight
        return torch.stack([lost.sum(), weight.sum(), ((margin.detach() > 0) * weight).sum()])

    def chances(self, batch: PolicyBatch) -> Tensor:
        """Log-probability (k,) of each choice among what was allowed, at the temperature of rollouts."""
        scores = self._scores(batch.rows) / self.terms.temperature
        scores = scores.masked_fill(~allowed(batch.bits, scores.shape[1]), float("-inf"))
        return -functional.cross_entropy(scores, batch.rows.target, reduction="none")

    def _policy(self, batch: PolicyBatch) -> Tensor:
        now, weight = self.chances(batch), batch.rows.weight
        lost, clipped = surrogate(now, batch.before, batch.advantage, self.terms.clip)
        apart = torch.zeros_like(now) if batch.reference is None else divergence(now, batch.reference)
        lost = lost + self.terms.kl * apart
        sums = [lost * weight, weight, clipped * weight, apart.detach() * weight]
        return torch.stack([each.sum() for each in sums])

    def _likelihoods(self, batch: Batch) -> Tensor:
        """Log-likelihood of each row's answer, (b,)."""
        each = -functional.cross_entropy(self._scores(batch), batch.target, reduction="none")
        return torch.zeros(len(batch.ids), device=each.device).index_add(0, batch.row, each)

    def _scores(self, batch: Batch) -> Tensor:
        """Scores (k, vocabulary) float32 of what comes next, where something is learnt."""
        bare = self.bare
        tiled = batch.places.ndim == 2
        with self._precision(batch.ids.device):
            output = bare.model(
                input_ids=batch.ids,
                position_ids=batch.places,
                use_cache=False,
                **batch.pixels,
                **({} if tiled else {"mm_token_type_ids": batch.shown}),
            )
            hidden = output.last_hidden_state
            scores: Tensor = bare.lm_head(hidden.reshape(-1, hidden.shape[-1])[batch.source])
        return scores.float()

    def _precision(self, device: torch.device) -> AbstractContextManager[Any]:
        return torch.autocast(device.type, torch.bfloat16) if self.bf16 else nullcontext()
