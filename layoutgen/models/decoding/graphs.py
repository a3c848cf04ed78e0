"""Steps of one shape as CUDA graphs: captured when the shape comes a second time, and given to the GPU as a whole.

A step of a 7B model is about two thousand small launches, which take the host longer than they take the GPU. On CPUs,
and where a capture fails, the same functions are called as they are.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import torch

from layoutgen.models.decoding.devices import is_lost, is_out_of_memory

log = logging.getLogger("layoutgen")

_MOST = 64
"""Graphs that are kept, the ones used last."""


@dataclass(frozen=True)
class _Captured:
    graph: Any
    numbers: torch.Tensor
    answer: torch.Tensor


class Graphs:
    """The graphs of one model and cache. They hold addresses: `clear` them when a buffer moves."""

    def __init__(self, device: torch.device) -> None:
        self._works = device.type == "cuda" and torch.cuda.is_available()
        self._seen: set[Hashable] = set()
        self._known: OrderedDict[Hashable, _Captured] = OrderedDict()
        self._pool: Any = None

    def clear(self) -> None:
        """Forget all graphs and give their memory back."""
        self._seen.clear()
        self._known.clear()
        self._pool = None

    def run(self, key: Hashable, numbers: torch.Tensor, step: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
        """What `step` makes of a vector of numbers on the device. `key` says the shapes of all that happens inside; the
        answer holds until the next call."""
        if not self._works:
            return step(numbers)
        if key not in self._known:
            if key not in self._seen:  # kernels are chosen and workspaces made, which no capture may do
                self._seen.add(key)
                return step(numbers)
            self._capture(key, numbers, step)
            if not self._works:
                return step(numbers)
        found = self._known[key]
        self._known.move_to_end(key)
        found.numbers.copy_(numbers)
        found.graph.replay()
        return found.answer

    def _capture(self, key: Hashable, numbers: torch.Tensor, step: Callable[[torch.Tensor], torch.Tensor]) -> None:
        graph, own = torch.cuda.CUDAGraph(), numbers.clone()
        self._pool = self._pool or torch.cuda.graph_pool_handle()
        try:
            # Other threads may go on with CUDA meanwhile: only what this one does is captured.
            with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
                answer = step(own)
        except RuntimeError as error:
            if is_out_of_memory(error) or (is_lost(error) and "captur" not in str(error)):
                raise
            log.warning("steps are not captured as CUDA graphs, which costs speed alone: %s", error)
            self.clear()
            self._works = False
            return
        self._known[key] = _Captured(graph, own, answer)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
