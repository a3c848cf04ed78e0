"""Builds small networks for ONNX Runtime node by node, from arrays: no torch where a model only runs.

A node is named by its output; weights are constants of the graph. Not a converter: what a network is stands in the
file of its model. Both libraries are imported by what uses them: every job reads this module, and not every run opens a
network.
"""

import hashlib
import os
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_OPSET = 17
_IR_VERSION = 9  # of opset 17's time, so that older runtimes read it too


class Graph:
    """A graph in the making. Tensors are float32 unless a constant says otherwise."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []

    def input(self, name: str, shape: tuple[int | str, ...]) -> str:
        """Declare an input; a string in `shape` is a size that is known when the graph runs."""
        from onnx import TensorProto, helper

        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def constant(self, value: np.ndarray) -> str:
        """Add an array and return its name."""
        from onnx import numpy_helper

        name = f"c{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        """Add a node with one output and return its name."""
        from onnx import helper

        out = name or f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, list(inputs), [out], **attributes))
        return out

    def conv(
        self, x: str, weight: np.ndarray, bias: np.ndarray, *, stride: int = 1, pad: int = 0, dilation: int = 1
    ) -> str:
        """Add a convolution: `weight` (out, in, h, w), `bias` (out)."""
        weights = self.constant(weight.astype(np.float32)), self.constant(bias.astype(np.float32))
        return self.add(
            "Conv",
            x,
            *weights,
            kernel_shape=list(weight.shape[2:]),
            strides=[stride] * 2,
            pads=[pad] * 4,
            dilations=[dilation] * 2,
        )

    def model(self, outputs: dict[str, tuple[int | str, ...]]) -> bytes:
        """Return the graph as the bytes of an ONNX file; `outputs` are names of nodes and their shapes."""
        from onnx import TensorProto, checker, helper

        ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
        graph = helper.make_graph(self._nodes, "layoutgen", self._inputs, ends, self._constants)
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)])
        made.ir_version = _IR_VERSION
        checker.check_model(made)
        return bytes(made.SerializeToString())


_sessions: "WeakValueDictionary[tuple[object, ...], InferenceSession]" = WeakValueDictionary()
"""What is open in this process, by what was opened and with how many threads."""


def session(model: bytes | str, threads: int = 1) -> "InferenceSession":
    """Open a model, bytes or the path of an ONNX file, on the CPU with a bounded number of threads; one that is open
    already is shared, for a session remembers nothing of its runs. Raises ValueError for a file that holds none."""
    if isinstance(model, bytes):
        key: tuple[object, ...] = (hashlib.sha256(model).digest(), threads)
    else:
        status = os.stat(model)
        key = (os.path.realpath(model), status.st_mtime_ns, status.st_size, threads)
    if (shared := _sessions.get(key)) is not None:
        return shared
    opened = _sessions[key] = _opened(model, threads)
    return opened


def _opened(model: bytes | str, threads: int) -> "InferenceSession":
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except (state.InvalidProtobuf, state.InvalidGraph, state.NoModel, state.Fail, state.NotImplemented) as error:
        if isinstance(model, bytes):
            raise
        raise ValueError(f"{model} is no network for ONNX Runtime; give another file ({error})") from None
