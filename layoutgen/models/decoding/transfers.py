"""Arrays of the host on their way to a device, which the host does not wait for."""

import numpy as np
import torch


def to_device(array: np.ndarray, device: torch.device) -> torch.Tensor:
    """An array as a tensor on a device. On a CPU it is the array's own memory; to a GPU it goes from pinned memory: a
    copy from any other makes the host wait until the GPU has done all that it was given before."""
    tensor = torch.from_numpy(array)
    if device.type == "cpu":
        return tensor
    return pinned(tensor).to(device, non_blocking=True)


def pinned(tensor: torch.Tensor) -> torch.Tensor:
    """A copy in pinned memory, which PyTorch keeps until a GPU has read it; where there is no CUDA, the tensor."""
    return tensor.pin_memory() if torch.cuda.is_available() else tensor
