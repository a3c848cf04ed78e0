"""The critic: a small network that looks at a layout's sketch, its picture drawn small, and says how well it is done.

Its number means nothing by itself: of two layouts of one copy on one canvas, the one with more is the better, and the
difference is the log odds of that. It was trained on pairs, what a designer drew and the same damaged, or what people
preferred (`layoutgen.training.critic`); its odds are calibrated on pairs that it did not learn from. How far a layout
lies from those that it learnt from it says too: of one that lies far it knows little. Weights and card lie in
`embedded/`. It runs on ONNX Runtime; the network is written once, for training and for running.
"""

import hashlib
from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import Any

import numpy as np
from safetensors.numpy import load

from layoutgen.models.critics.sketch import CHANNELS, SIDE
from layoutgen.models.critics.sketch import VERSION as SKETCH_VERSION
from layoutgen.models.finders.network import OnnxOperations, Operations, embedded
from layoutgen.models.finders.onnx_graph import Graph, session

_WIDTHS = (16, 32, 64, 96, 128)
FEATURES = _WIDTHS[-1]
"""How many features of a sketch there are."""
TEMPERATURE, MEAN, WHITENING = "temperature", "domain.mean", "domain.whitening"
"""Names of what the weights hold beside the network's: by what its numbers are divided, (1,); and the mean (128,) of
the features of layouts that it learnt from, and what whitens them (128, 128), so that one in a hundred is longer than
1."""


def features(ops: Operations, x: Any) -> Any:
    """Sketches (n, 6, 128, 128) to what the network sees in them, (n, 128, 1, 1)."""
    before = CHANNELS
    for number, width in enumerate(_WIDTHS):
        x = ops.conv(x, f"down{number}", (before, width), stride=2)
        x = ops.add(x, ops.conv(x, f"same{number}", (width, width)))
        before = width
    return ops.conv(ops.mean(x), "context", (before, before), kernel=1)


def network(ops: Operations, x: Any) -> tuple[Any]:
    """Sketches (n, 6, 128, 128) to numbers (n, 1, 1, 1)."""
    return (ops.conv(features(ops, x), "last", (FEATURES, 1), kernel=1, relu=False),)


class Critic:
    """Runs the network on the CPU. Deterministic, a sketch at a time. `weights` are the bytes of another file."""

    def __init__(self, threads: int = 1, weights: bytes | None = None) -> None:
        self._weights, self._threads = load(embedded("critic")[0] if weights is None else weights), threads
        self._rating = self._session(lambda ops, x: network(ops, x)[0], 1)

    def rate(self, sketches: Sequence[np.ndarray]) -> list[float]:
        """A number for each sketch (6, 128, 128); more is better, and a difference is log odds."""
        temperature = float(self._weights[TEMPERATURE][0])
        return [float(self._rating.run(None, {"sketch": sketch[None]})[0].item()) / temperature for sketch in sketches]

    def features(self, sketches: Sequence[np.ndarray]) -> np.ndarray:
        """What the network sees in each sketch (6, 128, 128) before it rates it, (n, 128) float32."""
        rows = [self._features.run(None, {"sketch": sketch[None]})[0].reshape(FEATURES) for sketch in sketches]
        return np.array(rows, np.float32).reshape(len(sketches), FEATURES)

    def distances(self, sketches: Sequence[np.ndarray]) -> list[float]:
        """How far each sketch lies from layouts that the critic learnt from (Mahalanobis 1936, of the features): at
        most 1 for 99 in 100 of these."""
        apart = (self.features(sketches) - self._weights[MEAN]) @ self._weights[WHITENING]
        return [float(length) for length in np.linalg.norm(apart, axis=1)]

    def log_odds(self, sketches: Sequence[np.ndarray]) -> list[float]:
        """Of layouts of one copy on one canvas: the log odds that each is better than the first one. Where any lies far
        from what the critic learnt from, all odds are the nearer to even, by the square of the distance."""
        first, *_ = rates = self.rate(sketches)
        far = max(1.0, *self.distances(sketches)) ** 2
        return [(rate - first) / far for rate in rates]

    @cached_property
    def _features(self) -> Any:
        return self._session(features, FEATURES)

    def _session(self, part: Callable[[Operations, Any], Any], channels: int) -> Any:
        """What runs a part of the network."""
        graph = Graph()
        end = part(OnnxOperations(graph, self._weights), graph.input("sketch", (1, CHANNELS, SIDE, SIDE)))
        return session(graph.model({end: (1, channels, 1, 1)}), self._threads)


def card() -> dict[str, Any]:
    """What the embedded weights are: made of what, how, and how good."""
    return embedded("critic")[1]


@cache
def version() -> str:
    """Name of the network and of its weights, as fingerprints hold it."""
    return f"critic-2-{SKETCH_VERSION}-{hashlib.sha256(embedded('critic')[0]).hexdigest()[:12]}"
