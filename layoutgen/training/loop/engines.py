"""What takes a step: gradients over ranks, clipping, AdamW and its state. `zero` has the same on DeepSpeed."""

import math
import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Protocol

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, distributed

OPTIMISER = "optimiser.safetensors"


class Engine(Protocol):
    """A rank's part of a training. Every rank calls the same methods in the same order."""

    learner: Any
    rank: int
    ranks: int

    def accumulate(self, batch: Any, scale: float, *, last: bool) -> Tensor:
        """Add the gradients of `scale` times a batch's loss; `last` before a step. Returns the learner's sums."""
        ...

    def evaluate(self, batch: Any) -> Tensor:
        """The learner's sums, with nothing learnt."""
        ...

    def step(self, rate: float) -> float:
        """Take a step with the gradients so far; returns their norm before clipping."""
        ...

    def weights(self) -> dict[str, Tensor]:
        """The learnt weights, whole, by their names in the learner; on rank 0, elsewhere maybe none."""
        ...

    def save(self, folder: Path) -> None:
        """Write what a step depends on besides the weights; every rank into a folder of its own."""
        ...

    def load(self, folder: Path) -> None:
        """Read what all ranks of as many ranks wrote."""
        ...


class PlainEngine:
    """One rank alone, or several with the same weights whose gradients are averaged (ZeRO-0)."""

    def __init__(self, learner: Any, *, clip: float, decay: float) -> None:
        self.learner, self.clip = learner, clip
        self.rank, self.ranks = ranks_of()
        self._learnt = [weight for weight in learner.parameters() if weight.requires_grad]
        fused = self._learnt[0].device.type == "cuda"
        self._optimiser = torch.optim.AdamW(self._learnt, lr=0.0, weight_decay=decay, fused=fused)
        self._module: Any = learner
        if self.ranks > 1:
            with warnings.catch_warnings():  # newer torch has another name for it, which the older lacks
                warnings.simplefilter("ignore", FutureWarning)
                self._module = torch.nn.parallel.DistributedDataParallel(learner, broadcast_buffers=False)

    def accumulate(self, batch: Any, scale: float, *, last: bool) -> Tensor:
        """Add gradients; ranks average theirs with the last."""
        with nullcontext() if last or self.ranks == 1 else self._module.no_sync():
            sums: Tensor = self._module(batch)
            (sums[0] * scale).backward()
        return sums.detach()

    @torch.no_grad()
    def evaluate(self, batch: Any) -> Tensor:
        """The learner's sums."""
        sums: Tensor = self.learner(batch)
        return sums

    def step(self, rate: float) -> float:
        """Clip and step; gradients that are not finite change nothing."""
        norm = float(torch.nn.utils.clip_grad_norm_(self._learnt, self.clip))
        if math.isfinite(norm):
            for group in self._optimiser.param_groups:
                group["lr"] = rate
            self._optimiser.step()
        self._optimiser.zero_grad(set_to_none=True)
        return norm

    def weights(self) -> dict[str, Tensor]:
        """The learnt weights, which all ranks hold whole."""
        return {name: w.detach().cpu() for name, w in self.learner.named_parameters() if w.requires_grad}

    def save(self, folder: Path) -> None:
        """Write the optimiser's state; rank 0's is everybody's."""
        if self.rank:
            return
        state = self._optimiser.state_dict()["state"]
        tensors = {
            f"{i}.{key}": value.cpu().contiguous() for i, moments in state.items() for key, value in moments.items()
        }
        save_file(tensors, folder / OPTIMISER)

    def load(self, folder: Path) -> None:
        """Read the optimiser's state."""
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in load_file(folder / OPTIMISER).items():
            number, key = name.split(".")
            state.setdefault(int(number), {})[key] = value
        self._optimiser.load_state_dict({**self._optimiser.state_dict(), "state": state})


def ranks_of() -> tuple[int, int]:
    """This process's rank and how many there are; one alone where nothing is distributed."""
    if not distributed.is_available() or not distributed.is_initialized():
        return 0, 1
    return distributed.get_rank(), distributed.get_world_size()


def total(values: Sequence[float] | Tensor, device: torch.device) -> list[float]:
    """Sums over all ranks."""
    here = torch.as_tensor(values, dtype=torch.float64).to(device)
    if ranks_of()[1] > 1:
        distributed.all_reduce(here)
    return [float(value) for value in here.tolist()]


def most(value: int, device: torch.device) -> int:
    """The highest of all ranks' numbers."""
    here = torch.tensor(value, device=device)
    if ranks_of()[1] > 1:
        distributed.all_reduce(here, distributed.ReduceOp.MAX)
    return int(here)


def from_first(value: Any) -> Any:
    """What rank 0 has, on every rank."""
    if ranks_of()[1] == 1:
        return value
    values = [value]
    distributed.broadcast_object_list(values, src=0)
    return values[0]
