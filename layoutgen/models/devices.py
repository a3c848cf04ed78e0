"""What an accelerator's errors mean: too little memory, which a smaller batch mends, or a device lost to its process.

They are known by their classes' names and what they say: PyTorch, cuBLAS, ONNX Runtime and vLLM raise others each.
"""

import re

_FULL = re.compile(
    r"out of memory|can't allocate memory|_STATUS_ALLOC_FAILED|cudaErrorMemoryAllocation|Failed to allocate memory",
    re.IGNORECASE,
)
_LOST = re.compile(
    r"^(?:CUDA|HIP) error: |\bCUDA failure \d+"
    r"|\bCU(?:DNN|BLAS|FFT|SPARSE|SOLVER)_STATUS_(?:INTERNAL_ERROR|EXECUTION_FAILED|NOT_INITIALIZED)"
    r"|device-side assert|illegal memory access|unspecified launch failure|uncorrectable ECC"
    r"|No CUDA GPUs are available|Found no NVIDIA driver",
    re.IGNORECASE | re.MULTILINE,
)
_LOST_KINDS = {"AcceleratorError", "EngineDeadError"}


def is_out_of_memory(error: BaseException) -> bool:
    """Whether there was too little memory, which the process survives."""
    if isinstance(error, MemoryError) or "OutOfMemoryError" in _names(error):
        return True
    return isinstance(error, RuntimeError) and bool(_FULL.search(str(error)))


def is_lost(error: BaseException) -> bool:
    """Whether the device, or the process's context on it, is gone: every later call would fail, whoever asks."""
    if is_out_of_memory(error):
        return False
    return bool(_LOST_KINDS & _names(error)) or (isinstance(error, RuntimeError) and bool(_LOST.search(str(error))))


def _names(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}
