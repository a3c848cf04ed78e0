"""What an accelerator's errors are taken for, and that a process ends with its device and for nothing else."""

import os
from collections.abc import Sequence

import pytest
import torch

from layoutgen.models.base import Fault
from layoutgen.models.decoding.devices import ending_with_device, in_halves, is_lost, is_out_of_memory

FULL = [
    torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    torch.AcceleratorError("CUDA error: out of memory"),
    RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
    MemoryError("Unable to allocate 3.05 GiB"),
]
LOST = [
    torch.AcceleratorError("CUDA error: unspecified launch failure"),
    RuntimeError("CUDA error: device-side assert triggered"),
    RuntimeError("cuDNN error: CUDNN_STATUS_EXECUTION_FAILED"),
    RuntimeError("CUDA failure 719: unspecified launch failure ; GPU=0"),
    RuntimeError("No CUDA GPUs are available"),
]
ROWS = [
    RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"),
    ValueError("CUDA error: said by a product's title"),
    IndexError("out of range"),
]


@pytest.mark.parametrize("error", [*FULL, *LOST, *ROWS], ids=str)
def test_an_error_is_of_memory_of_the_device_or_of_the_row(error: Exception) -> None:
    assert (is_out_of_memory(error), is_lost(error)) == (error in FULL, error in LOST)


@pytest.mark.parametrize("error", [*FULL, *LOST, *ROWS], ids=str)
def test_a_process_ends_with_its_device_alone(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    class Ended(BaseException):
        pass

    def end(code: int) -> None:
        raise Ended(code)

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr("logging.shutdown", lambda: None)
    with pytest.raises(Ended if error in LOST else type(error)), ending_with_device():
        raise error


@pytest.mark.parametrize("room", [0, 1, 3, 8])
def test_a_batch_is_halved_until_it_fits_and_keeps_its_order(room: int) -> None:
    def work(items: Sequence[int]) -> list[str]:
        if sum(2 if item == 5 else 1 for item in items) > room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return [str(item) for item in items]

    found = in_halves(work, range(8))
    assert len(found) == 8
    for item, answer in enumerate(found):
        if room > (item == 5):
            assert answer == str(item)
        else:
            assert isinstance(answer, Fault) and answer.kind == "out_of_memory"
    with pytest.raises(ValueError, match="not of memory"):
        in_halves(lambda _: (_ for _ in ()).throw(ValueError("not of memory")), [1])
