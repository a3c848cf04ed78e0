"""Run by Python at its start in vLLM's environment on CPUs: torchvision's build there is for CUDA and can't be imported
next to a torch for CPUs unless the operators that it registers kernels for are defined."""

import torch

_TORCHVISION = torch.library.Library("torchvision", "DEF")
_TORCHVISION.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
_TORCHVISION.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
