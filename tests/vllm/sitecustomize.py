"""Run by Python at every start in vLLM's environment for CPUs, where `make test-vllm` puts it: vLLM starts processes of
its own.

Its torchvision is built for CUDA. Next to a torch for CPUs it can be imported once the operators that it has kernels
for are defined.
"""

import os

import torch

os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
_TORCHVISION = torch.library.Library("torchvision", "DEF")  # the definitions last as long as the object
for _name in ("nms", "qnms"):
    _TORCHVISION.define(f"{_name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
