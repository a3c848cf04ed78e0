"""The exponential moving average of learnt weights, which a training with `train.average` validates and exports:

m ← d · m + (1 - d) · w,  d = min(decay, (1 + k) / (10 + k)) at step k, so that early weights are soon forgotten.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Of the weights of a module that are learnt, by their names in it; `steps` have been taken in."""

    def __init__(
        self, module: nn.Module, decay: float, steps: int = 0, weights: dict[str, Tensor] | None = None
    ) -> None:
        self._learnt = {name: weight for name, weight in module.named_parameters() if weight.requires_grad}
        self.decay, self.steps = decay, steps
        given = weights or {name: weight.detach() for name, weight in self._learnt.items()}
        self.weights = {name: given[name].to(weight.device).clone() for name, weight in self._learnt.items()}

    @torch.no_grad()
    def update(self) -> None:
        """Take a step's weights in."""
        share = 1 - min(self.decay, (1 + self.steps) / (10 + self.steps))
        torch._foreach_lerp_(list(self.weights.values()), [w.detach() for w in self._learnt.values()], share)
        self.steps += 1

    @contextmanager
    def lent(self) -> Iterator[None]:
        """The module has the average's weights meanwhile."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    @torch.no_grad()
    def _swap(self) -> None:
        for name, weight in self._learnt.items():
            own = weight.clone()
            weight.copy_(self.weights[name])
            self.weights[name] = own
