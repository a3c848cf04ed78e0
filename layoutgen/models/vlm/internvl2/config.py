"""The configs of an original InternVL2 repository, and what they are for transformers' InternVL.

Every setting that changes the computation is carried over or refused by name; what a file leaves out is the default of
the original's class.
"""

from collections.abc import Mapping
from typing import Any

TOWERS = {"InternLM2ForCausalLM": "llama", "Qwen2ForCausalLM": "qwen2"}
"""The text towers that are taken, and what transformers calls them."""

_IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}


def convert_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the converted config.json, all but the image token's id. Raises ValueError for what is not computed."""
    if config.get("model_type") != "internvl_chat":
        raise ValueError(f"config.json has model_type {config.get('model_type')!r}; only internvl_chat is converted")
    refused = {
        "ps_version": ("v2", "its pixel shuffle transposes the picture"),
        "select_layer": (-1, "it reads an earlier layer of the vision tower"),
        "pad2square": (False, "it pads pictures to squares"),
        "use_backbone_lora": (0, "its LoRA is not merged"),
        "use_llm_lora": (0, "its LoRA is not merged"),
    }
    for key, (taken, why) in refused.items():
        if config.get(key, taken) != taken:
            raise ValueError(f"config.json has {key}={config[key]!r}, only {taken!r} is converted: {why}")
    vision, llm = _need(config, "vision_config"), _need(config, "llm_config")
    tower = (llm.get("architectures") or ["none"])[0]
    if tower not in TOWERS:
        raise ValueError(f"config.json names the text tower {tower!r}; converted are {', '.join(TOWERS)}")
    text = _internlm2(llm) if TOWERS[tower] == "llama" else _qwen2(llm)
    vision = _vision(vision)
    tile = _tile(config)
    ratio = config.get("downsample_ratio", 0.5)
    return {
        "architectures": ["InternVLForConditionalGeneration"],
        "model_type": "internvl",
        "dtype": config.get("torch_dtype") or llm.get("torch_dtype") or "bfloat16",
        "downsample_ratio": ratio,
        "image_seq_length": int((tile // vision["patch_size"][0]) ** 2 * ratio**2),
        "projector_hidden_act": "gelu",
        "text_config": text,
        "tie_word_embeddings": text["tie_word_embeddings"],
        "vision_config": vision,
        "vision_feature_layer": -1,
        "vision_feature_select_strategy": "default",
    }


def _vision(config: Mapping[str, Any]) -> dict[str, Any]:
    """The vision tower's config; what a file leaves out is the original class's default."""
    if config.get("qk_normalization", True) and config.get("layer_norm_eps", 1e-6) != 1e-6:
        raise ValueError(f"vision_config.layer_norm_eps is {config['layer_norm_eps']}, only 1e-6 is converted")
    return {
        "model_type": "internvl_vision",
        **{
            key: _need(config, key)
            for key in ("hidden_size", "intermediate_size", "num_attention_heads", "num_hidden_layers")
        },
        "attention_bias": config.get("qkv_bias", False),
        "hidden_act": config.get("hidden_act", "gelu"),
        "image_size": [_need(config, "image_size")] * 2,
        "layer_norm_eps": config.get("layer_norm_eps", 1e-6),
        "norm_type": config.get("norm_type", "rms_norm"),
        "num_channels": config.get("num_channels", 3),
        "patch_size": [_need(config, "patch_size")] * 2,
        "use_absolute_position_embeddings": True,
        "use_mask_token": False,
        "use_mean_pooling": True,  # what leaves the last norm out, as the original does
        "use_qk_norm": config.get("qk_normalization", True),
    }


def _text(config: Mapping[str, Any], model_type: str) -> dict[str, Any]:
    """What both text towers have."""
    heads = _need(config, "num_attention_heads")
    scaling = config.get("rope_scaling") or {"type": "default"}
    rope = {("rope_type" if key == "type" else key): value for key, value in scaling.items()}
    if rope.get("rope_type") not in ("default", "linear", "dynamic"):
        raise ValueError(f"llm_config.rope_scaling is {scaling}; converted are none, linear and dynamic")
    return {
        "model_type": model_type,
        **{key: _need(config, key) for key in ("hidden_size", "intermediate_size", "num_hidden_layers", "vocab_size")},
        "num_attention_heads": heads,
        "num_key_value_heads": config.get("num_key_value_heads") or heads,
        "hidden_act": config.get("hidden_act", "silu"),
        "rms_norm_eps": config.get("rms_norm_eps", 1e-6),
        "rope_parameters": {**rope, "rope_theta": float(config.get("rope_theta", 10000))},
        "tie_word_embeddings": config.get("tie_word_embeddings", False),
        **{key: config.get(key) for key in ("bos_token_id", "eos_token_id", "pad_token_id")},
    }


def _internlm2(config: Mapping[str, Any]) -> dict[str, Any]:
    if config.get("rope_pos_id_version", "default") != "default":
        raise ValueError(
            f"llm_config.rope_pos_id_version is {config['rope_pos_id_version']!r}; only 'default' is taken"
        )
    text = _text(config, "llama")
    return text | {
        "attention_bias": config.get("bias", True),
        "head_dim": text["hidden_size"] // text["num_attention_heads"],
        "max_position_embeddings": config.get("max_position_embeddings", 2048),
        "mlp_bias": False,
        "tie_word_embeddings": False,  # the original class has no tying
    }


def _qwen2(config: Mapping[str, Any]) -> dict[str, Any]:
    kept = ("use_sliding_window", "sliding_window", "max_window_layers")
    return _text(config, "qwen2") | {
        "max_position_embeddings": config.get("max_position_embeddings", 32768),
        **{key: config[key] for key in kept if key in config},
    }


def preprocessor_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return how pictures are taken: cut into tiles, ImageNet's mean and deviation."""
    dynamic = bool(config.get("dynamic_image_size", True))
    return {
        "processor_class": "InternVLProcessor",
        "image_processor_type": "GotOcr2ImageProcessorFast",
        "crop_to_patches": dynamic,
        "min_patches": config.get("min_dynamic_patch", 1),
        "max_patches": config.get("max_dynamic_patch", 12) if dynamic else 1,
        "size": {"height": _tile(config), "width": _tile(config)},
        "resample": 3,
        "rescale_factor": 1 / 255,
        **{f"do_{step}": True for step in ("resize", "rescale", "normalize", "convert_rgb")},
        **_IMAGENET,
    }


def _tile(config: Mapping[str, Any]) -> int:
    """px of a tile's side."""
    return config.get("force_image_size") or config["vision_config"]["image_size"]


def _need(config: Mapping[str, Any], key: str) -> Any:
    if key not in config:
        raise ValueError(f"config.json lacks {key}; copy the repository's own")
    return config[key]
