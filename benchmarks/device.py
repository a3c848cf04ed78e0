"""No benchmark itself: what a device reaches, and shapes of the models measured on it. Needs torch alone."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

QWEN_7B: dict[str, Any] = {
    "model_type": "qwen2_5_vl",
    "tie_word_embeddings": False,
    "text_config": {
        "model_type": "qwen2_5_vl_text",
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "vocab_size": 152064,
        "max_position_embeddings": 128000,
        "rms_norm_eps": 1e-6,
        "rope_parameters": {"rope_type": "default", "mrope_section": [16, 24, 24], "rope_theta": 1e6},
    },
    "vision_config": {
        "depth": 32,
        "hidden_size": 1280,
        "intermediate_size": 3420,
        "num_heads": 16,
        "out_hidden_size": 3584,
        "patch_size": 14,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "window_size": 112,
        "fullatt_block_indexes": [7, 15, 23, 31],
    },
}
INTERNVL2_8B: dict[str, Any] = {
    "model_type": "internvl",
    "image_seq_length": 256,
    "downsample_ratio": 0.5,
    "tie_word_embeddings": False,
    "text_config": {
        "model_type": "llama",
        "hidden_size": 4096,
        "intermediate_size": 14336,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "vocab_size": 92553,
        "max_position_embeddings": 32768,
        "rms_norm_eps": 1e-5,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6},
        "tie_word_embeddings": False,
    },
    "vision_config": {
        "model_type": "internvl_vision",
        "hidden_size": 1024,
        "intermediate_size": 4096,
        "num_hidden_layers": 24,
        "num_attention_heads": 16,
        "image_size": [448, 448],
        "patch_size": [14, 14],
        "attention_bias": True,
    },
}


@dataclass(frozen=True)
class Rates:
    """What the device reaches: operations and bytes a second."""

    operations: float
    bytes: float


def timed(device: torch.device, run: Callable[[], Any]) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    run()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def measured_rates(device: torch.device, side: int) -> Rates:
    """The rates of a large matrix product and of a large copy, the best of a few."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    a, b = (torch.randn(side, side, dtype=dtype, device=device) for _ in range(2))
    source = torch.zeros(side * side * 8, dtype=dtype, device=device)
    target = torch.empty_like(source)
    product = min(timed(device, lambda: a @ b) for _ in range(12))
    copy = min(timed(device, lambda: target.copy_(source)) for _ in range(12))
    return Rates(2 * side**3 / product, 2 * source.numel() * source.element_size() / copy)
