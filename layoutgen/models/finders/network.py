"""The embedded saliency network: a small encoder and decoder of ours that marks what a picture is about.

The network is written once, in `network`, against a handful of operations; `OnnxOperations` here makes a graph for
ONNX Runtime of it, `layoutgen.training.saliency` a torch module. Weights and their card lie in `embedded/`, batch
normalisation folded in. A picture is squeezed to a square, whatever its shape, and the map is stretched back.
"""

import hashlib
import json
from functools import cache
from importlib.resources import files
from typing import Any, Protocol

import cv2
import numpy as np
from safetensors.numpy import load

from layoutgen.imaging.shrinking import shrink
from layoutgen.models.finders.border import border_contrast, on_plain
from layoutgen.models.finders.onnx_graph import Graph, session

SIDE = 192
CHANNELS = 6
MAP_SIDE = 256
MEAN, SPREAD = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
"""Mean and standard deviation of ImageNet's pixels, RGB in [0, 1]."""


class Operations(Protocol):
    """What `network` is made of. Tensors are (n, channels, h, w)."""

    def conv(
        self,
        x: Any,
        name: str,
        channels: tuple[int, int],
        *,
        kernel: int = 3,
        stride: int = 1,
        dilation: int = 1,
        relu: bool = True,
    ) -> Any:
        """Convolve with the weights called `name`, padded to keep the size, then ReLU."""
        ...

    def add(self, a: Any, b: Any) -> Any:
        """Add, broadcasting (n, c, 1, 1)."""
        ...

    def doubled(self, x: Any) -> Any:
        """Twice the size, bilinear, half-pixel centres."""
        ...

    def mean(self, x: Any) -> Any:
        """Mean over the picture, (n, c, 1, 1)."""
        ...

    def spread(self, x: Any) -> Any:
        """(n, 4, h, w) to (n, 1, 2h, 2w), depth to space."""
        ...


def network(ops: Operations, x: Any) -> tuple[Any, Any]:
    """The network: (n, 6, s, s) as `inputs` makes it, s a multiple of 32, to logits (n, 1, s, s) and coarse logits
    (n, 1, s / 16, s / 16), which only training looks at. Residual blocks after He et al. 2016; context by a global
    mean; skips are added, not concatenated."""
    a = ops.conv(ops.conv(x, "a0", (CHANNELS, 16), stride=2), "a1", (16, 16))
    b = _residual(ops, ops.conv(a, "b0", (16, 32), stride=2), "b1", 32)
    c = _residual(ops, ops.conv(b, "c0", (32, 48), stride=2), "c1", 48)
    c = _residual(ops, c, "c2", 48, dilation=2)
    d = _residual(ops, ops.conv(c, "d0", (48, 64), stride=2), "d1", 64)
    d = _residual(ops, d, "d2", 64, dilation=2)
    e = _residual(ops, ops.conv(d, "e0", (64, 96), stride=2), "e1", 96)
    e = _residual(ops, e, "e2", 96, dilation=2)
    e = ops.add(e, ops.conv(ops.mean(e), "context", (96, 96), kernel=1))
    d = _joined(ops, e, d, "d", (96, 64, 64))
    coarse = ops.conv(d, "coarse", (64, 1), kernel=1, relu=False)
    c = _joined(ops, d, c, "c", (64, 48, 40))
    b = _joined(ops, c, b, "b", (40, 32, 24))
    a = _joined(ops, b, a, "a", (24, 16, 16))
    return ops.spread(ops.conv(a, "last", (16, 4), relu=False)), coarse


def _residual(ops: Operations, x: Any, name: str, width: int, dilation: int = 1) -> Any:
    return ops.add(x, ops.conv(x, name, (width, width), dilation=dilation))


def _joined(ops: Operations, low: Any, high: Any, name: str, widths: tuple[int, int, int]) -> Any:
    from_low = ops.doubled(ops.conv(low, f"{name}_low", (widths[0], widths[2]), kernel=1))
    from_high = ops.conv(high, f"{name}_high", (widths[1], widths[2]), kernel=1)
    return ops.conv(ops.add(from_low, from_high), f"{name}_joined", (widths[2], widths[2]))


class OnnxOperations:
    """Operations that add nodes to a graph."""

    def __init__(self, graph: Graph, weights: dict[str, np.ndarray]) -> None:
        self._graph, self._weights = graph, weights

    def conv(
        self,
        x: str,
        name: str,
        channels: tuple[int, int],
        *,
        kernel: int = 3,
        stride: int = 1,
        dilation: int = 1,
        relu: bool = True,
    ) -> str:
        """Add a convolution, and a ReLU."""
        weight, bias = self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]
        assert weight.shape == (channels[1], channels[0], kernel, kernel), name
        out = self._graph.conv(x, weight, bias, stride=stride, pad=dilation * (kernel // 2), dilation=dilation)
        return self._graph.add("Relu", out) if relu else out

    def add(self, a: str, b: str) -> str:
        """Add a sum."""
        return self._graph.add("Add", a, b)

    def doubled(self, x: str) -> str:
        """Add twice the size."""
        scales = self._graph.constant(np.array([1, 1, 2, 2], np.float32))
        return self._graph.add("Resize", x, "", scales, mode="linear", coordinate_transformation_mode="half_pixel")

    def mean(self, x: str) -> str:
        """Add a mean over the picture."""
        return self._graph.add("GlobalAveragePool", x)

    def spread(self, x: str) -> str:
        """Add depth to space."""
        return self._graph.add("DepthToSpace", x, blocksize=2, mode="CRD")


def onnx_model(weights: dict[str, np.ndarray]) -> bytes:
    """The network with these weights as an ONNX file: input (1, 6, 192, 192), output (1, 1, 192, 192) in [0, 1]."""
    graph = Graph()
    logits, _ = network(OnnxOperations(graph, weights), graph.input("image", (1, CHANNELS, SIDE, SIDE)))
    return graph.model({graph.add("Sigmoid", logits): (1, 1, SIDE, SIDE)})


class NetSaliency:
    """Subject maps by the embedded network, on the CPU: the mean of a picture's map and of its mirror image's. On a
    flat ground, as packshots have, all that differs from it is subject too: white goods on white are the network's weak
    side. Deterministic; an image at a time, so that its map is the same in any company. `model` is another network's
    file as `onnx_model` makes it, for trying weights out."""

    def __init__(self, threads: int = 1, model: bytes | None = None) -> None:
        self._session = session(onnx_model(load(embedded()[0])) if model is None else model, threads)

    def saliency(self, images: list[np.ndarray]) -> list[np.ndarray]:
        """Return for each image a map (h, w) float32 in [0, 1], longer side at most 256 px."""
        return [self._map(image) for image in images]

    def _map(self, image: np.ndarray) -> np.ndarray:
        small = shrink(image, MAP_SIDE)
        seen = prepared(small)
        plain = self._session.run(None, {"image": seen})[0][0, 0]
        mirrored = self._session.run(None, {"image": np.ascontiguousarray(seen[..., ::-1])})[0][0, 0, :, ::-1]
        found = stretched((plain + mirrored) / 2, small.shape[:2])
        flat = on_plain(image)
        if flat is None:
            return found
        soft = cv2.GaussianBlur(flat.astype(np.float32), (0, 0), 0.8)
        return np.maximum(found, stretched(soft, small.shape[:2]))


def inputs(square: np.ndarray) -> np.ndarray:
    """What the network sees of a square picture (s, s, 3) uint8: (6, s, s) float32. Its pixels, normalised; how much
    each differs from the colours at the edge; how far it lies from the middle, across and down, -1 to 1."""
    side = square.shape[0]
    made = np.empty((CHANNELS, side, side), np.float32)
    made[:3] = ((square.astype(np.float32) / 255 - MEAN) / SPREAD).transpose(2, 0, 1)
    made[3] = 4 * cv2.resize(border_contrast(square), (side, side), interpolation=cv2.INTER_LINEAR) - 2
    away = 2 * np.abs(np.linspace(-1, 1, side, dtype=np.float32)) - 1
    made[4], made[5] = away[None, :], away[:, None]
    return made


def prepared(image: np.ndarray, side: int = SIDE) -> np.ndarray:
    """A picture (h, w, 3) uint8 as the network takes it: squeezed to a square, (1, 6, side, side) float32."""
    return inputs(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA))[None]


def stretched(found: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A square map at the picture's shape (h, w), clipped to [0, 1]."""
    return np.clip(cv2.resize(found, shape[::-1], interpolation=cv2.INTER_LINEAR), 0, 1).astype(np.float32)


@cache
def embedded(name: str = "saliency") -> tuple[bytes, dict[str, Any]]:
    """The weights of a small network that comes with the package, and its card."""
    folder = files("layoutgen.models") / "embedded"
    return (folder / f"{name}.safetensors").read_bytes(), json.loads((folder / f"{name}.json").read_text("utf-8"))


def card() -> dict[str, Any]:
    """What the embedded weights are: made of what, how, and how good."""
    return embedded()[1]


@cache
def version() -> str:
    """Name of the network and of its weights, as fingerprints hold it."""
    return f"net-1-{hashlib.sha256(embedded()[0]).hexdigest()[:12]}"
