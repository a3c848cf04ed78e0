"""Tiny vision-language checkpoints and adapters, shipped in the wheel for tests, benchmarks and rehearsals.

Their weights are random and built in seconds on a laptop. They are laid out like the published ones (flat
`config.json` for Qwen2-VL and Qwen2.5-VL, weight names, chat template, sampling switched on in
`generation_config.json`, a vocabulary padded past the tokenizer's), so what loads them loads those. They have learned
nothing: with constrained decoding their answers are valid layouts, but random ones.

    python -m layoutgen.models.vlm.tiny --output DIR [--family qwen2_5_vl] [--size bench] [--adapter]

writes DIR/<family> for all four families, or DIR for the one that is named; with `--adapter`, DIR/base and DIR/adapter.
Size `tiny` has a million parameters, `bench` seventeen. The same arguments give the same weights.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForImageTextToText, Qwen2Tokenizer

from layoutgen.core.layout import Canvas, Copy, Role, Suggestion
from layoutgen.core.prompts.layouts import CODEC, PROMPT_VERSION, layout_prompt, write_layout
from layoutgen.models.vlm.checkpoints import FAMILIES, LORA_TARGETS, record_adapter


@dataclass(frozen=True)
class Size:
    """A checkpoint's measures: of the language model, then of the vision tower. In the layers `vision_whole` of
    Qwen2.5-VL's tower patches see the whole picture, in others their window; none named: in the last."""

    vocabulary: int
    width: int
    layers: int
    heads: int
    kv_heads: int
    inner: int
    vision_width: int
    vision_layers: int
    vision_whole: tuple[int, ...] = ()


SIZES = {
    "tiny": Size(1280, 128, 3, 4, 2, 256, 128, 2),
    "bench": Size(4096, 384, 7, 6, 2, 1152, 256, 4),
    "embedded": Size(5120, 192, 4, 6, 6, 576, 128, 4, (1, 3)),
}

# `<|endoftext|>` is the tokenizer's own and comes first; the rest stands in the published order.
SPECIAL_TOKENS = (
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
_INTERNVL_TOKENS = {
    "start_image_token": "<img>",
    "end_image_token": "</img>",
    "context_image_token": "<IMG_CONTEXT>",
    "video_token": "<video>",
}

_CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif 'text' in part %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_INTERNVL_TEMPLATE = _CHAT_TEMPLATE.replace("<|vision_start|><|image_pad|><|vision_end|>", "<IMG_CONTEXT>\n")

_TILE = 56
"""px of a tile's side in the tiny InternVL: four visual tokens."""

_COPIES = (
    Copy("Wireless headphones, 40 hours of sound", ("Noise cancelling", "$129", "Shop now"), brand="NORDLYD"),
    Copy("手冲咖啡壶 细口控流", ("食品级不锈钢", "到手价¥199", "立即购买"), brand="山野", language="zh"),
    Copy("防晒霜 SPF50+ 清爽不油腻", ("满199减50", "限时特惠")),
)


def build_checkpoint(family: str, output: Path, *, seed: int = 0, size: str = "tiny", tokenizer: Any = None) -> Path:
    """Write a checkpoint into `output` and return it; `tokenizer` instead of one that is trained on a few copies."""
    if family not in FAMILIES:
        raise ValueError(f"unknown family {family!r}; known: {', '.join(FAMILIES)}")
    output.mkdir(parents=True, exist_ok=True)
    tokenizer = tokenizer or _train_tokenizer(family)
    tokenizer.save_pretrained(output)
    if family == "qwen3_vl":
        _merge_json(output / "tokenizer_config.json", {"chat_template": _CHAT_TEMPLATE})
    elif family == "internvl":
        (output / "chat_template.jinja").write_text(_INTERNVL_TEMPLATE, "utf-8")
        _merge_json(output / "tokenizer_config.json", _INTERNVL_TOKENS)
    else:
        _merge_json(output / "chat_template.json", {"chat_template": _CHAT_TEMPLATE}, replace=True)
    config = _config(family, tokenizer, SIZES[size])
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForImageTextToText.from_config(AutoConfig.for_model(**config), dtype=torch.float32)
        for name, weight in model.named_parameters():
            # Wider than the usual 0.02, so that answers depend on their input and the first choice is no near tie.
            if weight.ndim > 1:
                torch.nn.init.normal_(weight, std=0.3 if "embed_tokens" in name else weight[0].numel() ** -0.5)
    model.save_pretrained(output)
    end, pad = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    _merge_json(output / "config.json", config, replace=True)
    _merge_json(output / "preprocessor_config.json", _image_processor(family), replace=True)
    sampling = {"do_sample": True, "temperature": 0.7, "repetition_penalty": 1.05}
    _merge_json(
        output / "generation_config.json", sampling | {"eos_token_id": [end, pad], "pad_token_id": pad}, replace=True
    )
    return output


def build_adapter(base: Path, output: Path, *, max_side: int, seed: int = 1) -> Path:
    """Write a LoRA adapter of the checkpoint in `base` into `output`, with weights large enough to change answers.

    `max_side` is the image size that the adapter claims to be trained at.
    """
    from peft import LoraConfig, get_peft_model

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = AutoModelForImageTextToText.from_pretrained(base, dtype=torch.float32)
        lora = LoraConfig(r=4, lora_alpha=8, target_modules=LORA_TARGETS, task_type="CAUSAL_LM")
        adapted = get_peft_model(model, lora)
        for name, weight in adapted.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weight, std=0.5)
    adapted.save_pretrained(str(output))
    record_adapter(output, base, max_side=max_side, codec=CODEC, prompt_version=PROMPT_VERSION)
    return output


def _train_tokenizer(family: str) -> Any:
    tokens = [*SPECIAL_TOKENS, *(_INTERNVL_TOKENS.values() if family == "internvl" else ())]
    tokenizer = Qwen2Tokenizer().train_new_from_iterator(
        _texts(), vocab_size=SIZES["tiny"].vocabulary - 64, new_special_tokens=tokens, show_progress=False
    )
    tokenizer.eos_token = "<|im_end|>"
    return tokenizer


def _texts() -> Iterator[str]:
    """What the tokenizer is trained on: the prompt, and answers in every role."""
    for copy in _COPIES:
        prompt = layout_prompt(copy, Canvas(800, 1200))
        yield prompt.system
        yield prompt.user
        box = (0.1, 0.2, 0.7, 0.8)
        elements = [Suggestion(Role.TITLE, box, copy.title)]
        elements += [Suggestion(Role.SELLING_POINT, box, point) for point in copy.selling_points]
        elements += [Suggestion(Role.LOGO, box, copy.brand)] if copy.brand else []
        yield write_layout([*elements, Suggestion(Role.UNDERLAY, box)], copy)


def _config(family: str, tokenizer: Any, size: Size) -> dict[str, Any]:
    """The checkpoint's config.json in the shape of the published ones."""
    text = {
        "bos_token_id": tokenizer.convert_tokens_to_ids("<|endoftext|>"),
        "eos_token_id": tokenizer.convert_tokens_to_ids("<|im_end|>"),
        "hidden_act": "silu",
        "hidden_size": size.width,
        "intermediate_size": size.inner,
        "max_position_embeddings": 4096,
        "num_attention_heads": size.heads,
        "num_hidden_layers": size.layers,
        "num_key_value_heads": size.kv_heads,
        "rms_norm_eps": 1e-06,
        "rope_theta": 1000000.0,
        "vocab_size": size.vocabulary,
    }
    half = size.width // size.heads // 2
    sections = [half - 2 * (3 * half // 8), 3 * half // 8, 3 * half // 8]
    vision: dict[str, Any] = {
        "depth": size.vision_layers,
        "num_heads": 4,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
    }
    inner = {"hidden_size": size.vision_width, "intermediate_size": 2 * size.vision_width}
    match family:
        case "internvl":
            return _internvl_config(text, size, tokenizer)
        case "qwen2_vl":
            vision |= {"embed_dim": size.vision_width, "hidden_size": size.width, "mlp_ratio": 2, "in_channels": 3}
            vision |= {"patch_size": 14}
        case "qwen2_5_vl":
            vision |= {**inner, "out_hidden_size": size.width, "in_channels": 3, "hidden_act": "silu"}
            vision |= {
                "patch_size": 14,
                "window_size": 112,
                "fullatt_block_indexes": list(size.vision_whole or [size.vision_layers - 1]),
            }
        case _:
            vision |= {**inner, "out_hidden_size": size.width, "in_channels": 3, "patch_size": 16}
            vision |= {"num_position_embeddings": 256, "deepstack_visual_indexes": [0]}
            vision |= {"hidden_act": "gelu_pytorch_tanh", "model_type": "qwen3_vl"}
            text |= {"head_dim": 2 * half, "model_type": "qwen3_vl_text", "tie_word_embeddings": True}
            text["rope_scaling"] = {"mrope_interleaved": True, "mrope_section": [6, 5, 5], "rope_type": "default"}
    tokens = {
        "image_token_id": tokenizer.convert_tokens_to_ids("<|image_pad|>"),
        "video_token_id": tokenizer.convert_tokens_to_ids("<|video_pad|>"),
        "vision_start_token_id": tokenizer.convert_tokens_to_ids("<|vision_start|>"),
        "vision_end_token_id": tokenizer.convert_tokens_to_ids("<|vision_end|>"),
    }
    config: dict[str, Any] = {"model_type": family, "vision_config": vision, "dtype": "float32", **tokens}
    if family == "qwen3_vl":
        return config | {"text_config": text, "tie_word_embeddings": True}
    text["rope_scaling"] = {"type": "mrope", "mrope_section": sections}
    return config | text | {"tie_word_embeddings": family == "qwen2_vl"}


def _internvl_config(text: dict[str, Any], size: Size, tokenizer: Any) -> dict[str, Any]:
    vision = {
        "model_type": "internvl_vision",
        "hidden_size": size.vision_width,
        "intermediate_size": 2 * size.vision_width,
        "num_hidden_layers": size.vision_layers,
        "num_attention_heads": 4,
        "image_size": [_TILE, _TILE],
        "patch_size": [14, 14],
    }
    return {
        "model_type": "internvl",
        "image_token_id": tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"),
        "image_seq_length": (_TILE // 28) ** 2,
        "downsample_ratio": 0.5,
        "text_config": text | {"model_type": "qwen2", "tie_word_embeddings": False},
        "vision_config": vision,
        "tie_word_embeddings": False,
        "dtype": "float32",
    }


def _image_processor(family: str) -> dict[str, Any]:
    """The checkpoint's preprocessor_config.json in the shape of the published ones."""
    if family == "internvl":
        return {
            "processor_class": "InternVLProcessor",
            "image_processor_type": "GotOcr2ImageProcessorFast",
            "size": {"height": _TILE, "width": _TILE},
            "crop_to_patches": False,
            "min_patches": 1,
            "max_patches": 12,
            "image_mean": [0.485, 0.456, 0.406],
            "image_std": [0.229, 0.224, 0.225],
        }
    shared = {"merge_size": 2, "temporal_patch_size": 2, "processor_class": _PROCESSORS[family]}
    if family == "qwen3_vl":
        half = [0.5, 0.5, 0.5]
        size = {"shortest_edge": 65536, "longest_edge": 16777216}
        kind = "Qwen2VLImageProcessorFast"
        return shared | {
            "image_processor_type": kind,
            "patch_size": 16,
            "size": size,
            "image_mean": half,
            "image_std": half,
        }
    return shared | {
        "image_processor_type": "Qwen2VLImageProcessor",
        "patch_size": 14,
        "min_pixels": 3136,
        "max_pixels": 12845056,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
    }


_PROCESSORS = {"qwen2_vl": "Qwen2VLProcessor", "qwen2_5_vl": "Qwen2_5_VLProcessor", "qwen3_vl": "Qwen3VLProcessor"}


def _merge_json(path: Path, fields: dict[str, Any], *, replace: bool = False) -> None:
    before = {} if replace else json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(before | fields, ensure_ascii=False, indent=2) + "\n", "utf-8")


def main() -> None:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(description="Build tiny vision-language checkpoints with random weights.")
    parser.add_argument("--family", choices=FAMILIES, help="left out: all of them, a folder each")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--size", choices=list(SIZES), default="tiny")
    parser.add_argument("--adapter", action="store_true", help="write base/ and adapter/ into the output folder")
    parser.add_argument("--max-side", type=int, default=112, help="the image size the adapter is for, in pixels")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for family in [arguments.family] if arguments.family else FAMILIES:
        folder = arguments.output if arguments.family else arguments.output / family
        base = folder / "base" if arguments.adapter else folder
        build_checkpoint(family, base, seed=arguments.seed, size=arguments.size)
        if arguments.adapter:
            build_adapter(base, folder / "adapter", max_side=arguments.max_side, seed=arguments.seed + 1)


if __name__ == "__main__":
    main()
