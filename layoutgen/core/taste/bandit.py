"""Which variant of a canvas is served: Thompson sampling with known propensities.

Thompson sampling (Thompson 1933; Chapelle and Li 2011) serves a variant as often as it is believed to be the best. That
belief is counted over a fixed number m of draws from the posterior of the weights, so it is known exactly:

    propensity(v) = (1 - ε) · #{draws in which v has the highest utility} / m + ε / K

K are the canvas's variants; the share ε of all is spread evenly, so that no propensity is below ε / K and what is
logged can be weighed (`off_policy`). Which one it is depends on the seed and the canvas's key alone: the same head
serves the same variant every night.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from layoutgen.core.taste.head import Head


@dataclass(frozen=True)
class Exploration:
    """How variants are served: the share `even` in [0, 1] that is spread evenly, the number of `draws`, the `seed`."""

    even: float = 0.1
    draws: int = 1000
    seed: int = 0

    def noise(self, size: int) -> np.ndarray:
        """The draws (draws, size), standard normal, the same for all canvases."""
        return np.random.default_rng(self.seed).standard_normal((self.draws, size))


@dataclass(frozen=True, eq=False)
class Policy:
    """A way of serving: by a head, or evenly where there is none."""

    head: Head | None
    exploration: Exploration

    @cached_property
    def _noise(self) -> np.ndarray:
        return self.exploration.noise(self.head.size if self.head else 0)

    def knows(self, vectors: Sequence[np.ndarray | None]) -> bool:
        """Whether a canvas whose variants have these features is served by the head."""
        return self.head is not None and all(vector is not None for vector in vectors)

    def propensities(self, group: str, vectors: Sequence[np.ndarray | None]) -> np.ndarray:
        """With what probabilities (K,) a canvas's variants are served, which sum to 1; evenly where a variant has no
        features that the head knows (None)."""
        if self.head is None or not self.knows(vectors):
            return np.full(len(vectors), 1 / len(vectors))
        utilities = self.head.draws(np.array(vectors), group, self._noise)
        best = utilities >= utilities.max(axis=0) - 1e-12  # variants that are alike share their draws
        wins = (best / best.sum(axis=0)).mean(axis=1)
        return np.asarray((1 - self.exploration.even) * wins + self.exploration.even / len(vectors))


def chosen(chances: np.ndarray, key: str, seed: int) -> int:
    """Which of the variants with these propensities is served on the canvas with a key."""
    return min(int(np.searchsorted(np.cumsum(chances), uniform(key, seed), side="right")), len(chances) - 1)


def uniform(key: str, seed: int) -> float:
    """A number in [0, 1) that depends on a key and a seed alone, evenly spread over keys."""
    text = f"{seed} {key}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest(), "big") / 2**56
