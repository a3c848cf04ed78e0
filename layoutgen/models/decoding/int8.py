"""Linear layers whose weights are kept as 8-bit integers: a row of a weight is a scale and numbers from -127 to 127.

Of 7 billion weights in bfloat16 those of the language model's layers are 12 GiB, and 6 so. A product is computed in the
dtype of what goes in, after the weights of its one layer were written out, which takes time and no lasting memory.
torch's own kernel for such weights is slower on CPUs but for a few rows in bfloat16, and was not tried on a GPU.
"""

import re

import torch
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.models.vlm.checkpoints import LORA_TARGETS

_LARGEST = 127


class Int8Linear(nn.Module):
    """A linear layer with the weights of another, (outputs, inputs), rounded to the nearest of 255 steps a row."""

    weight: Tensor
    scale: Tensor

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        values = linear.weight.detach().float()
        scale = values.abs().amax(1).clamp_min(torch.finfo(torch.float32).tiny * _LARGEST) / _LARGEST
        self.register_buffer("weight", (values / scale[:, None]).round().to(torch.int8))
        self.register_buffer("scale", scale.to(linear.weight.dtype))
        self.bias = linear.bias

    def forward(self, inputs: Tensor) -> Tensor:
        """The product (…, outputs) of (…, inputs)."""
        product = functional.linear(inputs, self.weight.to(inputs.dtype)) * self.scale
        return product if self.bias is None else product + self.bias


def quantised(model: nn.Module) -> nn.Module:
    """The model with the linear layers of its language model's blocks in 8 bits; all else stays as it is."""
    layers = {name: module for name, module in model.named_modules() if isinstance(module, nn.Linear)}
    for name, linear in layers.items():
        if re.fullmatch(LORA_TARGETS, name):
            owner, _, own_name = name.rpartition(".")
            setattr(model.get_submodule(owner), own_name, Int8Linear(linear))
    return model
