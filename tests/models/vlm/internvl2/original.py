"""Tiny InternVL2 repositories in the original's layout, and the original's computation written from its publication.

The computation shares nothing with transformers' model or with the converter: it reads the original tensors, keeps
`qkv` and `wqkv` whole and takes q, k and v out of their products, as the published model does.
"""

import json
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, normalizers, trainers
from torch.nn.functional import gelu, layer_norm, linear, silu
from transformers import Qwen2Tokenizer

TEXTS = (
    "Wireless headphones, 40 hours of sound. Noise cancelling, $129, Shop now",
    "手冲咖啡壶 细口控流 食品级不锈钢 到手价¥199 立即购买 防晒霜 清爽不油腻 限时特惠",
    '{"role":"title","text":"...","box":[12,345,678,990]} user assistant system describe the picture in one sentence',
)
ADDED = ("<img>", "</img>", "<IMG_CONTEXT>", "<quad>", "</quad>", "<ref>", "</ref>", "<box>", "</box>")
TILE, PATCH = 56, 14


def build_original(
    folder: Path,
    tower: str = "internlm2",
    *,
    dtype: torch.dtype = torch.float32,
    shards: int = 2,
    vision: dict[str, Any] | None = None,
    llm: dict[str, Any] | None = None,
    seed: int = 0,
) -> Path:
    """Write a repository; `vision` and `llm` are changes of the two configs."""
    folder.mkdir(parents=True, exist_ok=True)
    words = _spm_tokenizer(folder) if tower == "internlm2" else _qwen2_tokenizer(folder)
    vision_config = {
        "architectures": ["InternVisionModel"],
        "hidden_act": "gelu",
        "hidden_size": 32,
        "image_size": TILE,
        "intermediate_size": 48,
        "layer_norm_eps": 1e-06,
        "model_type": "intern_vit_6b",
        "norm_type": "layer_norm",
        "num_attention_heads": 4,
        "num_channels": 3,
        "num_hidden_layers": 2,
        "patch_size": PATCH,
        "qk_normalization": False,
        "qkv_bias": True,
    } | (vision or {})
    llm_config = {
        "hidden_act": "silu",
        "hidden_size": 48,
        "intermediate_size": 80,
        "num_attention_heads": 6,
        "num_hidden_layers": 2,
        "num_key_value_heads": 2,
        "rms_norm_eps": 1e-05,
        "rope_theta": 1000000,
        "tie_word_embeddings": False,
        "vocab_size": words,
    }
    if tower == "internlm2":
        llm_config |= {"architectures": ["InternLM2ForCausalLM"], "bias": False, "model_type": "internlm2"}
        llm_config |= {"max_position_embeddings": 256, "rope_scaling": {"factor": 2.0, "type": "dynamic"}}
        llm_config |= {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 2}
    else:
        llm_config |= {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "max_position_embeddings": 256}
        llm_config |= {"bos_token_id": 0, "eos_token_id": 2, "use_sliding_window": False, "max_window_layers": 2}
    llm_config |= llm or {}
    config = {
        "_name_or_path": "OpenGVLab/InternVL2-tiny",
        "architectures": ["InternVLChatModel"],
        "auto_map": {"AutoModel": "modeling_internvl_chat.InternVLChatModel"},
        "downsample_ratio": 0.5,
        "dynamic_image_size": True,
        "force_image_size": TILE,
        "llm_config": llm_config,
        "max_dynamic_patch": 12,
        "min_dynamic_patch": 1,
        "model_type": "internvl_chat",
        "pad2square": False,
        "ps_version": "v2",
        "select_layer": -1,
        "template": "internlm2-chat" if tower == "internlm2" else "Hermes-2",
        "torch_dtype": str(dtype).removeprefix("torch."),
        "use_backbone_lora": 0,
        "use_llm_lora": 0,
        "use_thumbnail": True,
        "vision_config": vision_config,
    }
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    generator = torch.Generator().manual_seed(seed)
    weights = {}
    for name, shape in _shapes(config).items():
        noise = torch.randn(shape, generator=generator)
        norm = any(part in name for part in ("norm", "mlp1.0")) and name.endswith("weight")
        weights[name] = ((1 + 0.2 * noise) if norm else 0.25 * noise).to(dtype)
    _save(folder, weights, shards)
    return folder


def _save(folder: Path, weights: dict[str, torch.Tensor], shards: int) -> None:
    names = list(weights)
    places: dict[str, str] = {}
    for number in range(shards):
        part = names[number * len(names) // shards : (number + 1) * len(names) // shards]
        file = "model.safetensors" if shards == 1 else f"model-{number + 1:05d}-of-{shards:05d}.safetensors"
        save_file({name: weights[name] for name in part}, folder / file, metadata={"format": "pt"})
        places |= dict.fromkeys(part, file)
    if shards > 1:
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": places}))


def _shapes(config: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    vision, llm = config["vision_config"], config["llm_config"]
    d, inner = vision["hidden_size"], vision["intermediate_size"]
    shift = ["weight", "bias"] if vision["norm_type"] == "layer_norm" else ["weight"]
    shapes: dict[str, tuple[int, ...]] = {
        "vision_model.embeddings.class_embedding": (1, 1, d),
        "vision_model.embeddings.patch_embedding.weight": (d, 3, PATCH, PATCH),
        "vision_model.embeddings.patch_embedding.bias": (d,),
        "vision_model.embeddings.position_embedding": (1, (TILE // PATCH) ** 2 + 1, d),
    }
    for i in range(vision["num_hidden_layers"]):
        at = f"vision_model.encoder.layers.{i}"
        shapes |= {f"{at}.ls1": (d,), f"{at}.ls2": (d,), f"{at}.attn.qkv.weight": (3 * d, d)}
        shapes |= {f"{at}.attn.qkv.bias": (3 * d,)} if vision["qkv_bias"] else {}
        shapes |= {f"{at}.attn.proj.weight": (d, d), f"{at}.attn.proj.bias": (d,)}
        shapes |= {f"{at}.mlp.fc1.weight": (inner, d), f"{at}.mlp.fc1.bias": (inner,)}
        shapes |= {f"{at}.mlp.fc2.weight": (d, inner), f"{at}.mlp.fc2.bias": (d,)}
        shapes |= {f"{at}.{norm}.{kind}": (d,) for norm in ("norm1", "norm2") for kind in shift}
        if vision["qk_normalization"]:
            shapes |= {f"{at}.attn.{norm}.weight": (d,) for norm in ("q_norm", "k_norm")}
    h, f, words = llm["hidden_size"], llm["intermediate_size"], llm["vocab_size"]
    heads, groups = llm["num_attention_heads"], llm["num_key_value_heads"]
    size = h // heads
    shapes |= {"mlp1.0.weight": (4 * d,), "mlp1.0.bias": (4 * d,), "mlp1.1.weight": (h, 4 * d), "mlp1.1.bias": (h,)}
    shapes |= {"mlp1.3.weight": (h, h), "mlp1.3.bias": (h,), "language_model.model.norm.weight": (h,)}
    internlm2 = llm["model_type"] == "internlm2"
    shapes[f"language_model.model.{'tok_embeddings' if internlm2 else 'embed_tokens'}.weight"] = (words, h)
    if not llm["tie_word_embeddings"]:
        shapes[f"language_model.{'output' if internlm2 else 'lm_head'}.weight"] = (words, h)
    for i in range(llm["num_hidden_layers"]):
        at = f"language_model.model.layers.{i}"
        if internlm2:
            shapes |= {f"{at}.attention.wqkv.weight": ((heads + 2 * groups) * size, h)}
            shapes |= {f"{at}.attention.wo.weight": (h, h)}
            if llm["bias"]:
                shapes |= {f"{at}.attention.wqkv.bias": ((heads + 2 * groups) * size,), f"{at}.attention.wo.bias": (h,)}
            shapes |= {f"{at}.feed_forward.w1.weight": (f, h), f"{at}.feed_forward.w3.weight": (f, h)}
            shapes |= {f"{at}.feed_forward.w2.weight": (h, f)}
            shapes |= {f"{at}.attention_norm.weight": (h,), f"{at}.ffn_norm.weight": (h,)}
            continue
        for name, count in (("q", heads), ("k", groups), ("v", groups)):
            shapes |= {f"{at}.self_attn.{name}_proj.{kind}": (count * size, h)[: 1 + (kind == "weight")]
                       for kind in ("weight", "bias")}  # fmt: skip
        shapes |= {f"{at}.self_attn.o_proj.weight": (h, h), f"{at}.mlp.down_proj.weight": (h, f)}
        shapes |= {f"{at}.mlp.gate_proj.weight": (f, h), f"{at}.mlp.up_proj.weight": (f, h)}
        shapes |= {f"{at}.input_layernorm.weight": (h,), f"{at}.post_attention_layernorm.weight": (h,)}
    return shapes


class OriginalModel:
    """The published computation: pixels (tiles, 3, h, w) and token ids (n,) in, logits (n, vocabulary) out."""

    def __init__(self, folder: Path) -> None:
        self.config = json.loads((folder / "config.json").read_text("utf-8"))
        self.weights: dict[str, torch.Tensor] = {}
        for path in folder.glob("*.safetensors"):
            self.weights |= {name: weight.float() for name, weight in load_file(path).items()}

    @torch.no_grad()
    def logits(self, ids: list[int], pixels: torch.Tensor, image_token: int) -> torch.Tensor:
        internlm2 = self.config["llm_config"]["model_type"] == "internlm2"
        embedding = self.weights[f"language_model.model.{'tok_embeddings' if internlm2 else 'embed_tokens'}.weight"]
        hidden = embedding[torch.tensor(ids)].clone()
        hidden[torch.tensor(ids) == image_token] = self.image_features(pixels).reshape(-1, hidden.shape[1])
        for i in range(self.config["llm_config"]["num_hidden_layers"]):
            hidden = self._text_layer(hidden, f"language_model.model.layers.{i}", internlm2)
        hidden = self._rms(hidden, "language_model.model.norm.weight", self.config["llm_config"]["rms_norm_eps"])
        output = self.weights.get("language_model.output.weight" if internlm2 else "language_model.lm_head.weight")
        return hidden @ (embedding if output is None else output).T

    def greedy(self, ids: list[int], pixels: torch.Tensor, image_token: int, count: int) -> list[int]:
        written: list[int] = []
        for _ in range(count):
            written.append(int(self.logits(ids + written, pixels, image_token)[-1].argmax()))
        return written

    def image_features(self, pixels: torch.Tensor) -> torch.Tensor:
        """What the language model sees of each tile: (tiles, tokens, hidden)."""
        w, config = self.weights, self.config["vision_config"]
        at = "vision_model.embeddings"
        patches = torch.nn.functional.conv2d(
            pixels, w[f"{at}.patch_embedding.weight"], w[f"{at}.patch_embedding.bias"], stride=PATCH
        )
        hidden = patches.flatten(2).transpose(1, 2)
        first = w[f"{at}.class_embedding"].expand(len(pixels), 1, -1)
        hidden = torch.cat([first, hidden], 1) + w[f"{at}.position_embedding"]
        for i in range(config["num_hidden_layers"]):
            at = f"vision_model.encoder.layers.{i}"
            hidden = hidden + self._vision_attention(self._vision_norm(hidden, f"{at}.norm1"), at) * w[f"{at}.ls1"]
            inner = gelu(self._linear(self._vision_norm(hidden, f"{at}.norm2"), f"{at}.mlp.fc1"))
            hidden = hidden + self._linear(inner, f"{at}.mlp.fc2") * w[f"{at}.ls2"]
        hidden = hidden[:, 1:]
        side = int(hidden.shape[1] ** 0.5)
        grid = hidden.reshape(len(pixels), side, side, -1)
        # Pixel shuffle, version 2: each token is a block of 2 x 2 patches, row by row.
        blocks = grid.reshape(len(pixels), side // 2, 2, side // 2, 2, -1).permute(0, 1, 3, 2, 4, 5)
        joined = blocks.reshape(len(pixels), (side // 2) ** 2, -1)
        joined = layer_norm(joined, joined.shape[-1:], w["mlp1.0.weight"], w["mlp1.0.bias"])
        return self._linear(gelu(self._linear(joined, "mlp1.1")), "mlp1.3")

    def _vision_attention(self, x: torch.Tensor, at: str) -> torch.Tensor:
        config = self.config["vision_config"]
        heads = config["num_attention_heads"]
        tiles, n, width = x.shape
        qkv = self._linear(x, f"{at}.attn.qkv").reshape(tiles, n, 3, heads, width // heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        if config["qk_normalization"]:
            q, k = (
                self._rms(y.transpose(1, 2).flatten(2), f"{at}.attn.{name}.weight", config["layer_norm_eps"])
                .reshape(tiles, n, heads, -1)
                .transpose(1, 2)
                for y, name in ((q, "q_norm"), (k, "k_norm"))
            )
        mixed = ((q @ k.transpose(2, 3)) * (width // heads) ** -0.5).softmax(-1) @ v
        return self._linear(mixed.transpose(1, 2).reshape(tiles, n, width), f"{at}.attn.proj")

    def _vision_norm(self, x: torch.Tensor, at: str) -> torch.Tensor:
        config = self.config["vision_config"]
        if config["norm_type"] == "rms_norm":
            return self._rms(x, f"{at}.weight", config["layer_norm_eps"])
        weights = self.weights[f"{at}.weight"], self.weights[f"{at}.bias"]
        return layer_norm(x, x.shape[-1:], *weights, config["layer_norm_eps"])

    def _text_layer(self, x: torch.Tensor, at: str, internlm2: bool) -> torch.Tensor:
        config = self.config["llm_config"]
        heads, groups = config["num_attention_heads"], config["num_key_value_heads"]
        size, count = config["hidden_size"] // heads, heads // groups
        names = ("attention_norm", "ffn_norm") if internlm2 else ("input_layernorm", "post_attention_layernorm")
        before, after = (f"{at}.{name}.weight" for name in names)
        y = self._rms(x, before, config["rms_norm_eps"])
        if internlm2:
            qkv = self._linear(y, f"{at}.attention.wqkv").reshape(len(x), groups, count + 2, size)
            q, k, v = qkv[:, :, :count].reshape(len(x), heads, size), qkv[:, :, -2], qkv[:, :, -1]
        else:
            q, k, v = (self._linear(y, f"{at}.self_attn.{name}_proj").reshape(len(x), -1, size) for name in "qkv")
        q, k = self._rotated(q), self._rotated(k)
        k, v = (part.repeat_interleave(count, 1) for part in (k, v))
        scores = torch.einsum("qhd,khd->hqk", q, k) / size**0.5
        scores = scores.masked_fill(torch.ones(len(x), len(x), dtype=torch.bool).triu(1), float("-inf"))
        mixed = torch.einsum("hqk,khd->qhd", scores.softmax(-1), v).reshape(len(x), -1)
        x = x + self._linear(mixed, f"{at}.attention.wo" if internlm2 else f"{at}.self_attn.o_proj")
        y = self._rms(x, after, config["rms_norm_eps"])
        first, second, third = (
            (f"{at}.feed_forward.w{n}" for n in (1, 3, 2))
            if internlm2
            else (f"{at}.mlp.{name}_proj" for name in ("gate", "up", "down"))
        )
        return x + self._linear(silu(self._linear(y, first)) * self._linear(y, second), third)

    def _rotated(self, x: torch.Tensor) -> torch.Tensor:
        """RoPE of (n, heads, size); where the text is longer than the model's length, the base grows (dynamic NTK)."""
        config = self.config["llm_config"]
        n, _, size = x.shape
        base, scaling, most = float(config["rope_theta"]), config.get("rope_scaling"), config["max_position_embeddings"]
        if scaling and n > most:
            base *= (scaling["factor"] * n / most - (scaling["factor"] - 1)) ** (size / (size - 2))
        angles = torch.arange(n)[:, None] / base ** (torch.arange(0, size, 2) / size)
        angles = torch.cat([angles, angles], -1)[:, None]
        turned = torch.cat([-x[..., size // 2 :], x[..., : size // 2]], -1)
        return x * angles.cos() + turned * angles.sin()

    def _linear(self, x: torch.Tensor, at: str) -> torch.Tensor:
        return linear(x, self.weights[f"{at}.weight"], self.weights.get(f"{at}.bias"))

    def _rms(self, x: torch.Tensor, name: str, eps: float) -> torch.Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * self.weights[name]


def spm_pieces() -> list[tuple[str, float, int]]:
    """A SentencePiece BPE vocabulary: (piece, score, type), with byte pieces, single digits and spare entries."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    trainer = trainers.BpeTrainer(vocab_size=420, show_progress=False, max_token_length=8)
    tokenizer.train_from_iterator(TEXTS, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    joined = ["".join(pair) for pair in model["merges"]]
    joined = [piece for piece in dict.fromkeys(joined) if not any(c.isdigit() for c in piece)]
    single = sorted({character for text in (*TEXTS, "0123456789") for character in text.replace(" ", "▁")})
    pieces = [("<unk>", 0.0, 2), ("<s>", 0.0, 3), ("</s>", 0.0, 3)]
    pieces += [(f"<0x{byte:02X}>", 0.0, 6) for byte in range(256)]
    pieces += [(piece, -float(rank), 1) for rank, piece in enumerate(joined)]
    pieces += [(piece, -float(len(joined) + rank), 1) for rank, piece in enumerate(single)]
    return pieces + [(f"[UNUSED_TOKEN_{k}]", 0.0, 4) for k in range(4)]


def spm_bytes(pieces: Iterable[tuple[str, float, int]], *, model_type: int = 2, dummy_prefix: bool = False) -> bytes:
    """A `tokenizer.model` with these pieces, as a protocol buffer."""

    def field(number: int, value: bytes) -> bytes:
        return _varint(number << 3 | 2) + _varint(len(value)) + value

    def whole(number: int, value: int) -> bytes:
        return _varint(number << 3) + _varint(value)

    message = b"".join(
        field(1, field(1, text.encode()) + _varint(2 << 3 | 5) + struct.pack("<f", score) + whole(3, kind))
        for text, score, kind in pieces
    )
    trainer = whole(3, model_type) + whole(35, 1)
    normalizer = field(1, b"identity") + whole(3, int(dummy_prefix)) + whole(4, 0)
    return message + field(2, trainer) + field(3, normalizer)


def _varint(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _spm_tokenizer(folder: Path) -> int:
    pieces = spm_pieces()
    (folder / "tokenizer.model").write_bytes(spm_bytes(pieces))
    spare = len(pieces) - 4
    special = {0: "<unk>", 1: "<s>", 2: "</s>", spare: "<|action_end|>", spare + 1: "<|action_start|>"}
    special |= {spare + 2: "<|im_end|>", spare + 3: "<|im_start|>"}
    added = {name: len(pieces) + k for k, name in enumerate(ADDED)}
    settings = {
        "tokenizer_class": "InternLM2Tokenizer",
        "auto_map": {"AutoTokenizer": ["tokenization_internlm2.InternLM2Tokenizer", None]},
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "pad_token": "</s>",
        "added_tokens_decoder": {str(i): {"content": name, "special": True} for i, name in special.items()},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    (folder / "added_tokens.json").write_text(json.dumps(added), "utf-8")
    return len(pieces) + len(ADDED)


def _qwen2_tokenizer(folder: Path) -> int:
    trained = Qwen2Tokenizer().train_new_from_iterator(TEXTS, vocab_size=500, show_progress=False)
    model = json.loads(trained.backend_tokenizer.to_str())["model"]
    vocabulary = {name: i for name, i in model["vocab"].items() if name != "<|endoftext|>"}
    vocabulary = {name: i for i, name in enumerate(sorted(vocabulary, key=vocabulary.__getitem__))}
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), "utf-8")
    (folder / "merges.txt").write_text("".join(" ".join(pair) + "\n" for pair in model["merges"]), "utf-8")
    names = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *ADDED]
    added = {name: len(vocabulary) + k for k, name in enumerate(names)}
    settings = {
        "tokenizer_class": "Qwen2Tokenizer",
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>", *ADDED],
        "added_tokens_decoder": {
            str(i): {"content": name, "normalized": False, "lstrip": False, "rstrip": False, "special": True}
            for name, i in added.items()
        },
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    (folder / "added_tokens.json").write_text(json.dumps(added), "utf-8")
    return len(vocabulary) + len(names)
