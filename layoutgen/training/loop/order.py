"""Which samples are learnt when: shuffled an epoch, alike in length a batch, the same again after an interruption.

An epoch's samples are shuffled and cut into windows of some batches. Of a window each of n ranks takes every n-th
sample, sorts its own by length and splits them: the k-th longest parts of all ranks make one batch, so that nobody
waits for a rank with longer rows. A window's batches come in an order of their own. What has been done is one number,
the steps taken, whatever the number of ranks: with another number a window is only split a little otherwise.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Order:
    """`count` samples in batches of `batch` for all `ranks`; `window` batches are sorted by length together."""

    count: int
    batch: int
    seed: int
    ranks: int = 1
    rank: int = 0
    window: int = 8

    @property
    def steps_per_epoch(self) -> int:
        """How many batches an epoch has; its last one may be smaller."""
        return math.ceil(self.count / self.batch)

    def at(self, step: int) -> tuple[int, int, int]:
        """The epoch, window and batch in it of a step."""
        epoch, batch = divmod(step, self.steps_per_epoch)
        return epoch, *divmod(batch, self.window)

    def members(self, epoch: int, window: int) -> list[int]:
        """The samples of a window that this rank takes; those of another where there are none, to fill its place."""
        whole = self._whole(epoch, window)
        return whole[self.rank :: self.ranks] or whole[:1]

    def parts(self, epoch: int, window: int, lengths: Sequence[int]) -> list[list[int]]:
        """A window's batches: which of `members`, by their lengths, this rank takes in each. May hold empty ones."""
        whole = self._whole(epoch, window)
        batches = math.ceil(len(whole) / self.batch)
        if self.rank >= len(whole):
            return [[] for _ in range(batches)]
        longest_first = sorted(range(len(lengths)), key=lambda i: (-lengths[i], i))
        split = [part.tolist() for part in np.array_split(np.array(longest_first), batches)]
        turn = np.random.default_rng([self.seed, epoch, window]).permutation(batches)
        return [split[k] for k in turn]

    def most(self, epoch: int, window: int) -> int:
        """The most samples that any rank has in any of a window's batches."""
        whole = len(self._whole(epoch, window))
        return math.ceil(math.ceil(whole / self.ranks) / math.ceil(whole / self.batch))

    def _whole(self, epoch: int, window: int) -> list[int]:
        shuffled = np.random.default_rng([self.seed, epoch]).permutation(self.count)
        size = self.window * self.batch
        return shuffled[window * size : (window + 1) * size].tolist()
