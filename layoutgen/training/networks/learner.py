"""What a network that denoises learns of a sample, and its loss, whatever its family.

A sample is shown as its framed picture with its subject, the lines of its copy and its layout; the time and the noise
are drawn from a seed of the sample's index and epoch. Where a sample knows its subject's map, it is shown with it, at
times with its box alone or without it, as it will be by annotators that know less.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from layoutgen.core.layout import Box
from layoutgen.models.denoising.family import Family, Network, NetworkSize
from layoutgen.models.denoising.inputs import Inputs
from layoutgen.training.data.sample import Sample, SampleError, Task
from layoutgen.training.networks.inputs import inputs_of

_WITH_MAP, _WITH_BOX = 0.7, 0.95


@dataclass(frozen=True, eq=False)
class Row:
    """A layout as it is shown, with the seed of its time and noise."""

    inputs: Inputs
    seed: int
    weight: float = 1.0
    learnt: int = 1

    @property
    def read(self) -> int:
        """Elements."""
        return len(self.inputs.truth.ltrb)

    def __len__(self) -> int:
        return len(self.inputs.lines)

    def filler(self) -> "Row":
        """The same row, of which nothing is learnt."""
        return replace(self, weight=0.0, learnt=0)


def encode(sample: Sample, index: int, epoch: int, *, family: Family, size: NetworkSize, seed: int) -> Row:
    """Show a sample to a network of a family and size. Raises SampleError where it can't be."""
    if sample.task is None:
        raise SampleError(
            f"sample {sample.log.get('key', index)!r} has neither canvas nor copy of its own, only prompts; draw the "
            "file again, or train a vision-language model"
        )
    rng = np.random.default_rng([seed, 61, index, epoch])
    try:
        inputs = inputs_of(sample.task, family, size, _subject(sample.task, float(rng.random()), family.whole_map))
    except ValueError as error:
        raise SampleError(f"sample {sample.log.get('key', index)!r}: {error}") from None
    return Row(inputs, int(rng.integers(2**62)))


def _subject(task: Task, lot: float, whole_map: bool) -> np.ndarray | Box | None:
    if (lot < _WITH_MAP or whole_map) and task.mask is not None:
        return task.mask
    return task.keep if lot < _WITH_BOX else None


class Denoiser(nn.Module):
    """A network and its loss, computed in bfloat16 where asked: of a batch the sums of losses, of rows, and of hits,
    which are IoUs of boxes, or shares of the elements' pixels whose class is said."""

    def __init__(self, family: Family, network: Network, *, bf16: bool = False) -> None:
        super().__init__()
        self.family, self.network, self.bf16 = family, network, bf16

    def train(self, mode: bool = True) -> "Denoiser":
        """As any module; statistics of batches, where a backbone has any, stay as they were given."""
        super().train(mode)
        for part in self.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.eval()
        return self

    def forward(self, rows: Sequence[Row]) -> Tensor:
        """Look at rows; those without weight are no part of it."""
        learnt = [row for row in rows if row.weight] or list(rows[:1])
        count = sum(row.weight for row in rows)
        device = next(self.network.parameters()).device
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bf16):
            loss, hits = self.family.loss(self.network, [row.inputs for row in learnt], [row.seed for row in learnt])
        loss = loss.float()
        return torch.stack([loss * count, loss.new_tensor(count), loss.new_tensor(hits * count)])
