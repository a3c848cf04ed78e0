"""Which tensors an original InternVL2 checkpoint has, and which ones of transformers' InternVL they become.

Every change is a choice of rows: the vision tower's `qkv` holds the rows of q, then of k, then of v; InternLM2's `wqkv`
holds, for each key-value head, the rows of its query heads, then those of its key, then those of its value. So tensors
are taken apart as bytes, whatever their dtype is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Rows = np.ndarray  # (rows of the first axis, bytes of a row), uint8


def _all(rows: Rows) -> Rows:
    return rows


@dataclass(frozen=True)
class Part:
    """A tensor of the converted checkpoint: its name, its shape, and which rows of the original it takes."""

    name: str
    shape: tuple[int, ...]
    take: Callable[[Rows], Rows] = _all


@dataclass(frozen=True)
class Original:
    """A tensor of the original checkpoint: the shape it has to have, and what becomes of it."""

    shape: tuple[int, ...]
    parts: tuple[Part, ...]


def tensors(vision: Mapping[str, Any], text: Mapping[str, Any], *, merged: int, tied: bool) -> dict[str, Original]:
    """Return every tensor of an original checkpoint by its name.

    `vision` and `text` are the converted configs; `merged` is how many patches the pixel shuffle makes one, `tied`
    tells that the output layer is the embedding and no tensor of its own.
    """
    originals = _vision(vision) | _projector(merged * vision["hidden_size"], text["hidden_size"])
    return originals | (_internlm2(text) if text["model_type"] == "llama" else _qwen2(text, tied=tied))


def _same(old: str, new: str, *shape: int) -> dict[str, Original]:
    return {old: Original(shape, (Part(new, shape),))}


def _linear(old: str, new: str, out: int, into: int, *, bias: bool = True) -> dict[str, Original]:
    weight = _same(f"{old}.weight", f"{new}.weight", out, into)
    return weight | _same(f"{old}.bias", f"{new}.bias", out) if bias else weight


def _norm(old: str, new: str, width: int, *, bias: bool) -> dict[str, Original]:
    weight = _same(f"{old}.weight", f"{new}.weight", width)
    return weight | _same(f"{old}.bias", f"{new}.bias", width) if bias else weight


def _third(index: int, width: int) -> Callable[[Rows], Rows]:
    return lambda rows: rows[index * width : (index + 1) * width]


def _vision(config: Mapping[str, Any]) -> dict[str, Original]:
    width, inner, patch = config["hidden_size"], config["intermediate_size"], config["patch_size"]
    places = (config["image_size"][0] // patch[0]) * (config["image_size"][1] // patch[1]) + 1
    old, new = "vision_model.embeddings", "vision_tower.embeddings"
    originals = _same(f"{old}.class_embedding", f"{new}.cls_token", 1, 1, width)
    originals |= _same(f"{old}.position_embedding", f"{new}.position_embeddings", 1, places, width)
    patches = f"{new}.patch_embeddings.projection"
    originals |= _same(f"{old}.patch_embedding.weight", f"{patches}.weight", width, config["num_channels"], *patch)
    originals |= _same(f"{old}.patch_embedding.bias", f"{patches}.bias", width)
    has_shift = config["norm_type"] == "layer_norm"
    for i in range(config["num_hidden_layers"]):
        old, new = f"vision_model.encoder.layers.{i}", f"vision_tower.encoder.layer.{i}"
        for kind, shape in (("weight", (width, width)), ("bias", (width,))):
            if kind == "weight" or config["attention_bias"]:
                parts = tuple(
                    Part(f"{new}.attention.{name}_proj.{kind}", shape, _third(k, width)) for k, name in enumerate("qkv")
                )
                originals[f"{old}.attn.qkv.{kind}"] = Original((3 * width, *shape[1:]), parts)
        if config["use_qk_norm"]:
            for name in ("q_norm", "k_norm"):
                originals |= _norm(f"{old}.attn.{name}", f"{new}.attention.{name}", width, bias=False)
        originals |= _linear(f"{old}.attn.proj", f"{new}.attention.projection_layer", width, width)
        originals |= _linear(f"{old}.mlp.fc1", f"{new}.mlp.fc1", inner, width)
        originals |= _linear(f"{old}.mlp.fc2", f"{new}.mlp.fc2", width, inner)
        originals |= _norm(f"{old}.norm1", f"{new}.layernorm_before", width, bias=has_shift)
        originals |= _norm(f"{old}.norm2", f"{new}.layernorm_after", width, bias=has_shift)
        for name in ("1", "2"):
            originals |= _same(f"{old}.ls{name}", f"{new}.lambda_{name}", width)
    return originals


def _projector(width: int, out: int) -> dict[str, Original]:
    originals = _norm("mlp1.0", "multi_modal_projector.layer_norm", width, bias=True)
    originals |= _linear("mlp1.1", "multi_modal_projector.linear_1", out, width)
    return originals | _linear("mlp1.3", "multi_modal_projector.linear_2", out, out)


def _heads(groups: int, queries: int, first: int, last: int, size: int) -> Callable[[Rows], Rows]:
    """Take from each of `groups` blocks of `queries + 2` heads the heads from `first` to `last`."""

    def take(rows: Rows) -> Rows:
        blocks = rows.reshape(groups, queries + 2, size, -1)
        return blocks[:, first:last].reshape(groups * (last - first) * size, -1)

    return take


def _internlm2(config: Mapping[str, Any]) -> dict[str, Original]:
    width, inner, size = config["hidden_size"], config["intermediate_size"], config["head_dim"]
    groups, heads = config["num_key_value_heads"], config["num_attention_heads"]
    queries, words = heads // groups, config["vocab_size"]
    old, new = "language_model.model", "language_model.model"
    originals = _same(f"{old}.tok_embeddings.weight", f"{new}.embed_tokens.weight", words, width)
    originals |= _norm(f"{old}.norm", f"{new}.norm", width, bias=False)
    originals |= _same("language_model.output.weight", "language_model.lm_head.weight", words, width)
    for i in range(config["num_hidden_layers"]):
        old, new = f"language_model.model.layers.{i}", f"language_model.model.layers.{i}"
        for kind, row in (("weight", (width,)), ("bias", ())):
            if kind == "weight" or config["attention_bias"]:
                parts = tuple(
                    Part(
                        f"{new}.self_attn.{name}_proj.{kind}",
                        (groups * (last - first) * size, *row),
                        _heads(groups, queries, first, last, size),
                    )
                    for name, first, last in (
                        ("q", 0, queries),
                        ("k", queries, queries + 1),
                        ("v", queries + 1, queries + 2),
                    )
                )
                originals[f"{old}.attention.wqkv.{kind}"] = Original((groups * (queries + 2) * size, *row), parts)
        bias = config["attention_bias"]
        originals |= _linear(f"{old}.attention.wo", f"{new}.self_attn.o_proj", width, heads * size, bias=bias)
        originals |= _linear(f"{old}.feed_forward.w1", f"{new}.mlp.gate_proj", inner, width, bias=False)
        originals |= _linear(f"{old}.feed_forward.w3", f"{new}.mlp.up_proj", inner, width, bias=False)
        originals |= _linear(f"{old}.feed_forward.w2", f"{new}.mlp.down_proj", width, inner, bias=False)
        originals |= _norm(f"{old}.attention_norm", f"{new}.input_layernorm", width, bias=False)
        originals |= _norm(f"{old}.ffn_norm", f"{new}.post_attention_layernorm", width, bias=False)
    return originals


def _qwen2(config: Mapping[str, Any], *, tied: bool) -> dict[str, Original]:
    width, inner = config["hidden_size"], config["intermediate_size"]
    heads, groups, words = config["num_attention_heads"], config["num_key_value_heads"], config["vocab_size"]
    size = width // heads
    names: dict[str, Original] = {}
    for layer in range(config["num_hidden_layers"]):
        at = f"language_model.model.layers.{layer}"
        for name, count in (("q", heads), ("k", groups), ("v", groups)):
            names |= _linear(f"{at}.self_attn.{name}_proj", f"{at}.self_attn.{name}_proj", count * size, width)
        names |= _linear(f"{at}.self_attn.o_proj", f"{at}.self_attn.o_proj", width, heads * size, bias=False)
        names |= _linear(f"{at}.mlp.gate_proj", f"{at}.mlp.gate_proj", inner, width, bias=False)
        names |= _linear(f"{at}.mlp.up_proj", f"{at}.mlp.up_proj", inner, width, bias=False)
        names |= _linear(f"{at}.mlp.down_proj", f"{at}.mlp.down_proj", width, inner, bias=False)
        for name in ("input_layernorm", "post_attention_layernorm"):
            names |= _norm(f"{at}.{name}", f"{at}.{name}", width, bias=False)
    names |= _same("language_model.model.embed_tokens.weight", "language_model.model.embed_tokens.weight", words, width)
    names |= _norm("language_model.model.norm", "language_model.model.norm", width, bias=False)
    if not tied:
        names |= _same("language_model.lm_head.weight", "language_model.lm_head.weight", words, width)
    return names
