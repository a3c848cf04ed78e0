"""Rewards within groups: the rollouts of one question, of which the better ones are learnt.

A group of which all rewards are equal says nothing and is no step; a reward that is not finite is left out of its
group. Both are counted.
"""

from dataclasses import dataclass

import numpy as np

_LEAST_SPREAD = 0.1
"""Objections: groups that differ by less are not blown up to the size of others."""
_EQUAL = 1e-6


@dataclass(frozen=True, eq=False)
class Groups:
    """Rewards (g, n) of n rollouts of g questions."""

    rewards: np.ndarray

    @property
    def finite(self) -> np.ndarray:
        """Which rewards are numbers, (g, n) bool."""
        return np.isfinite(self.rewards)

    @property
    def counted(self) -> np.ndarray:
        """Which count, (g, n) bool: finite ones, of a group whose rewards differ."""
        lowest = np.where(self.finite, self.rewards, np.inf).min(1, keepdims=True, initial=np.inf)
        return self.finite & (self.highest[:, None] - lowest > _EQUAL)

    @property
    def highest(self) -> np.ndarray:
        """Each group's highest reward, (g,); -inf where none is finite."""
        return np.where(self.finite, self.rewards, -np.inf).max(1, initial=-np.inf)

    @property
    def spread(self) -> np.ndarray:
        """Each group's standard deviation, (g,), of finite rewards."""
        return np.sqrt((self._apart**2).sum(1) / self._count[:, 0])

    @property
    def equal(self) -> int:
        """Groups that are no step, though a reward of theirs is finite."""
        return int((self.finite.any(1) & ~self.counted.any(1)).sum())

    def advantages(self) -> np.ndarray:
        """(g, n) float64: rewards less their group's mean, over its standard deviation (Shao et al. 2024, GRPO), which
        is 0.1 at least; 0 of what does not count."""
        return np.where(self.counted, self._apart / np.maximum(self.spread[:, None], _LEAST_SPREAD), 0.0)

    def best(self) -> list[int | None]:
        """Of each group the rollout with the highest reward, the first of several; None of one that is no step."""
        first = np.where(self.finite, self.rewards, -np.inf).argmax(1)
        return [int(first[i]) if self.counted[i].any() else None for i in range(len(first))]

    @property
    def _count(self) -> np.ndarray:
        return np.maximum(1, self.finite.sum(1, keepdims=True))

    @property
    def _apart(self) -> np.ndarray:
        """Finite rewards less their group's mean, 0 of others."""
        finite = np.where(self.finite, self.rewards, 0.0)
        return np.where(self.finite, finite - finite.sum(1, keepdims=True) / self._count, 0.0)
