"""What an accelerator's errors mean: too little memory, which a smaller batch mends, a device lost to its process, or
one that is broken for all.

They are known by their classes' names and what they say: PyTorch, cuBLAS and ONNX Runtime raise others each.
"""

import logging
import os
import re
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from layoutgen.models.base import Fault

Item = TypeVar("Item")
Answer = TypeVar("Answer")

log = logging.getLogger("layoutgen")

_FULL = re.compile(
    r"out of memory|can't allocate memory|_STATUS_ALLOC_FAILED|cudaErrorMemoryAllocation|Failed to allocate memory",
    re.IGNORECASE,
)
_LOST = re.compile(
    r"^(?:CUDA|HIP) error: |\bCUDA failure \d+"
    r"|\bCU(?:DNN|BLAS|FFT|SPARSE|SOLVER)_STATUS_(?:INTERNAL_ERROR|EXECUTION_FAILED|NOT_INITIALIZED)"
    r"|device-side assert|illegal memory access|unspecified launch failure|uncorrectable ECC"
    r"|No CUDA GPUs are available|Found no NVIDIA driver|GPU is lost|fallen off the bus",
    re.IGNORECASE | re.MULTILINE,
)


_BROKEN = re.compile(
    r"uncorrectable ECC|No CUDA GPUs are available|Found no NVIDIA driver|GPU is lost|fallen off the bus", re.IGNORECASE
)


class BrokenDeviceError(RuntimeError):
    """A device is lost to whoever uses it; the message is that of the newest loss."""


class DeviceError(Exception):
    """Devices are lost again and again at the same work; the message says where and what to do."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether there was too little memory, which the process survives."""
    if isinstance(error, MemoryError) or "OutOfMemoryError" in _names(error):
        return True
    return isinstance(error, RuntimeError) and bool(_FULL.search(str(error)))


def is_lost(error: BaseException) -> bool:
    """Whether the device, or the process's context on it, is gone: every later call would fail, whoever asks."""
    if is_out_of_memory(error):
        return False
    if not isinstance(error, RuntimeError):
        return False
    return bool({"AcceleratorError", "BrokenDeviceError"} & _names(error)) or bool(_LOST.search(str(error)))


def is_broken(error: BaseException) -> bool:
    """Whether a lost device would be lost to another process as well."""
    return is_lost(error) and (isinstance(error, BrokenDeviceError) or bool(_BROKEN.search(str(error))))


def name() -> str:
    """This process's devices, for people: the machine and the numbers of its cards."""
    return f"{socket.gethostname()}/{os.environ.get('CUDA_VISIBLE_DEVICES') or '-'}"


def in_halves(work: Callable[[Sequence[Item]], list[Answer]], items: Sequence[Item]) -> list[Answer | Fault]:
    """What `work` makes of items, one answer each; where memory ends, of each half of them, and so on down to one,
    which is a fault (`out_of_memory`). Raises what `work` raises else."""
    try:
        return [*work(items)]
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    if len(items) == 1:
        return [Fault("out_of_memory", "one layout alone exceeds the device's memory; ask for fewer candidates")]
    middle = len(items) // 2
    return [*in_halves(work, items[:middle]), *in_halves(work, items[middle:])]


@contextmanager
def ending_with_device(hold: Callable[[], None] = lambda: None) -> Iterator[None]:
    """End this process where its device is lost inside: a process can't leave a broken context, and another that is
    started in its place, here or elsewhere, begins with a whole one. Before that `hold` sees to it that nobody is given
    a device that is broken."""
    try:
        yield
    except RuntimeError as error:
        if not is_lost(error):
            raise
        log.error(
            "device %s is lost to process %d, which ends; another takes its place: %s", name(), os.getpid(), error
        )
        if is_broken(error):
            hold()
        logging.shutdown()
        sys.stderr.flush()
        os._exit(1)


def _names(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}
