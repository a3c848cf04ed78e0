"""The critic: a small network that looks at a sketch of a layout and says how well it is done.

Its number means nothing by itself: of two layouts of one copy on one canvas, the one with more is the better. It was
trained on pairs, what a designer drew and the same damaged (`layoutgen.training.critic`). Weights and card lie in
`embedded/`. It runs on ONNX Runtime; the network is written once, for training and for running.
"""

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from safetensors.numpy import load

from layoutgen.models.critics.sketch import CHANNELS, SIDE
from layoutgen.models.critics.sketch import VERSION as SKETCH_VERSION
from layoutgen.models.finders.network import OnnxOperations, Operations, embedded
from layoutgen.models.finders.onnx_graph import Graph, session

_WIDTHS = (24, 40, 64, 96)


def network(ops: Operations, x: Any) -> tuple[Any]:
    """Sketches (n, 6, 64, 64) to numbers (n, 1, 1, 1)."""
    before = CHANNELS
    for number, width in enumerate(_WIDTHS):
        x = ops.conv(x, f"down{number}", (before, width), stride=2)
        x = ops.add(x, ops.conv(x, f"same{number}", (width, width)))
        before = width
    x = ops.conv(ops.mean(x), "context", (before, before), kernel=1)
    return (ops.conv(x, "last", (before, 1), kernel=1, relu=False),)


class Critic:
    """Runs the network on the CPU. Deterministic, a sketch at a time. `weights` are the bytes of another file."""

    def __init__(self, threads: int = 1, weights: bytes | None = None) -> None:
        graph = Graph()
        operations = OnnxOperations(graph, load(embedded("critic")[0] if weights is None else weights))
        (last,) = network(operations, graph.input("sketch", (1, CHANNELS, SIDE, SIDE)))
        self._session = session(graph.model({last: (1, 1, 1, 1)}), threads)

    def rate(self, sketches: Sequence[np.ndarray]) -> list[float]:
        """A number for each sketch (6, 64, 64); more is better."""
        return [float(self._session.run(None, {"sketch": sketch[None]})[0].item()) for sketch in sketches]


def card() -> dict[str, Any]:
    """What the embedded weights are: made of what, how, and how good."""
    return embedded("critic")[1]


@cache
def version() -> str:
    """Name of the network and of its weights, as fingerprints hold it."""
    return f"critic-1-{SKETCH_VERSION}-{hashlib.sha256(embedded('critic')[0]).hexdigest()[:12]}"
