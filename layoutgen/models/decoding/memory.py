"""How much of a card a vision-language model takes, worked out from its measures before anything is loaded.

All in bytes, of the loop in `decoder` on one device; upper bounds, so that what fits here does not run out:

- **weights**: parameters x bytes of the dtype. An adapter is merged into them; while that is done it is there as well:
  rank x (inputs + outputs) of each linear layer of the language model x 4.
- **cache**: 2 x layers x kv heads x head size x bytes for a token, which are `RowCache`'s buffers. A row has room for
  the instructions, the picture's tokens, the copy and the longest answer, and an eighth more (`Batch._reserve`); rows
  are those under way at once. The kept beginning of the prompts and one layer that is copied while the cache grows
  come on top.
- **workspace**: the larger of two passes over `prompt_tokens` tokens (or one prompt, where that is longer). Both are
  made of the tensors that are alive at once in the widest layer, counted in the modules' code; at most
  - a language layer: 4 hidden + the larger of 3 inner (gate, up, product) and 7 heads x head size (queries before and
    after rotation, packed, folded, answers); and masks of keys x (1 + (1 + group) x bytes) for each token;
  - a vision layer, for each patch: 4 widths + the larger of 3 inner and 8 widths, 4 widths in float32 (rotation), and
    the pixels twice.

  And the scores of all rows: vocabulary x (bytes + 9): float32, its masked copy, a mask.
- **graphs**: steps that are captured as CUDA graphs keep the memory of one, apart from all else: a pass over 16 tokens
  a row (a choice, and what it forces), its scores, and of one layer copies of keys and values for rows that are fed
  several tokens, at most all. This counts as workspace, and was not measured on a GPU either.
- **runtime**: 1 GiB for CUDA's context and kernels, and a tenth of all else that the allocator can't use for want of
  whole pieces. This part is an estimate that was not measured on a GPU; the others are held to what the loop
  allocates for tiny models.

Training adapters keeps weights the same way, 16 bytes for each of the adapter's numbers (weight, gradient and AdamW's
two in float32), of each layer its input with `checkpointing`, else what its backward pass needs (at most 6 hidden, 4
inner and 4 heads x head size, and two norms in float32), one layer's own tensors three times (with their gradients),
and the scores of the answers' tokens three times in float32.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from layoutgen.models.vlm.pictures import PictureKind

GIB = 2**30
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}
INSTRUCTIONS = 1024
"""More tokens than the constant part of a prompt takes."""
_RUNTIME, _PIECES = GIB, 0.1
_STEP_TOKENS = 16


@dataclass(frozen=True)
class Measures:
    """A checkpoint's measures: all its parameters, of the language model `layers` of `hidden` and `inner` width with
    `heads` and `kv_heads` of `head_size`, of the vision tower `vision_hidden` and `vision_inner`, and how it takes
    pictures."""

    parameters: int
    layers: int
    hidden: int
    inner: int
    heads: int
    kv_heads: int
    head_size: int
    vocabulary: int
    vision_hidden: int
    vision_inner: int
    pictures: PictureKind

    def token_bytes(self, dtype: str) -> int:
        """What a token takes in the cache."""
        return 2 * self.layers * self.kv_heads * self.head_size * BYTES[dtype]

    def adapter_parameters(self, rank: int) -> int:
        """Numbers of a LoRA adapter on all linear layers of the language model."""
        wide, narrow = self.heads * self.head_size, self.kv_heads * self.head_size
        sides = 2 * (self.hidden + wide) + 2 * (self.hidden + narrow) + 3 * (self.hidden + self.inner)
        return rank * self.layers * sides


@dataclass(frozen=True)
class Need:
    """What a card must hold, in bytes, part by part."""

    weights: int
    cache: int
    workspace: int

    @property
    def total(self) -> int:
        """All of it, with the runtime's share."""
        return round((self.weights + self.cache + self.workspace) * (1 + _PIECES)) + _RUNTIME

    def __str__(self) -> str:
        parts = (("weights", self.weights), ("cache", self.cache), ("workspace", self.workspace))
        return f"{self.total / GIB:.1f} GiB (" + ", ".join(f"{name} {size / GIB:.1f}" for name, size in parts) + ")"


def measures_of(config: Mapping[str, Any], parameters: int, pictures: PictureKind) -> Measures:
    """A checkpoint's measures from its config.json, the number of its parameters and how it takes pictures."""
    text, vision = config.get("text_config") or config, config["vision_config"]
    heads = text["num_attention_heads"]
    # Qwen2-VL calls the tower's width embed_dim, and its hidden_size is that of the language model.
    width = vision.get("embed_dim") or vision["hidden_size"]
    inner = vision.get("intermediate_size") or round(width * vision.get("mlp_ratio", 4))
    return Measures(
        parameters=parameters,
        layers=text["num_hidden_layers"],
        hidden=text["hidden_size"],
        inner=text["intermediate_size"],
        heads=heads,
        kv_heads=text["num_key_value_heads"],
        head_size=text.get("head_dim") or text["hidden_size"] // heads,
        vocabulary=text["vocab_size"],
        vision_hidden=width,
        vision_inner=inner,
        pictures=pictures,
    )


def slots(measures: Measures, image_side: int, max_new_tokens: int) -> int:
    """The most tokens that a row of the cache has room for; copy counts as many as an answer, which repeats it."""
    longest = INSTRUCTIONS + measures.pictures.most_tokens(image_side) + 2 * max_new_tokens
    return longest + longest // 8 + 16


def cache_bytes(measures: Measures, dtype: str, rows: int, slots: int) -> int:
    """What the buffers of a cache take."""
    return measures.token_bytes(dtype) * rows * slots


def workspace_bytes(measures: Measures, dtype: str, tokens: int, visual: int, keys: int, rows: int) -> int:
    """What a pass over packed `tokens`, of which `visual` are pictures', takes at once where the longest row looks at
    `keys`, and the choice of `rows`' next tokens."""
    size, group = BYTES[dtype], measures.heads // measures.kv_heads
    layer = 4 * measures.hidden + max(3 * measures.inner, 7 * measures.heads * measures.head_size)
    language = tokens * (size * layer + keys * (1 + (1 + group) * size))
    kind = measures.pictures
    width = measures.vision_hidden
    vision_layer = 4 * width + max(3 * measures.vision_inner, 8 * width)
    pixels = 3 * (1 if kind.tiles else kind.frames) * kind.patch**2
    vision = visual * kind.merge**2 * (size * (vision_layer + 2 * pixels) + 16 * width)
    return max(language, vision) + rows * measures.vocabulary * (size + 9)


def graph_bytes(measures: Measures, dtype: str, rows: int, keys: int) -> int:
    """What captured steps of so many rows, of which the longest looks at `keys`, keep."""
    copies = rows * keys * measures.token_bytes(dtype) // measures.layers
    return workspace_bytes(measures, dtype, _STEP_TOKENS * rows, 0, keys, rows) + copies


def weights_bytes(measures: Measures, dtype: str, rank: int = 0, *, int8: bool = False) -> int:
    """What weights take: with `int8`, of which an adapter is merged elsewhere, those of the language model's layers a
    byte each, with a scale a row, and one of these layers once more as it is computed in."""
    whole = measures.parameters * BYTES[dtype]
    if not int8:
        return whole + 4 * measures.adapter_parameters(rank)
    wide, narrow = measures.heads * measures.head_size, measures.kv_heads * measures.head_size
    numbers = 2 * measures.hidden * (wide + narrow) + 3 * measures.hidden * measures.inner
    rows = 2 * (wide + narrow) + 2 * measures.inner + measures.hidden
    saved = measures.layers * (numbers * (BYTES[dtype] - 1) - rows * BYTES[dtype])
    return whole - saved + measures.hidden * measures.inner * BYTES[dtype]


def serving(
    measures: Measures,
    *,
    dtype: str,
    rows: int,
    prompt_tokens: int,
    image_side: int,
    max_new_tokens: int,
    rank: int = 0,
    int8: bool = False,
) -> Need:
    """What answering with a model takes; `rank` of an adapter, 0 for none. See the top."""
    room = slots(measures, image_side, max_new_tokens)
    cache = cache_bytes(measures, dtype, rows, room)
    beginning = measures.token_bytes(dtype) * INSTRUCTIONS
    prompt = INSTRUCTIONS + measures.pictures.most_tokens(image_side) + max_new_tokens
    tokens = max(prompt_tokens, prompt)
    return Need(
        weights=weights_bytes(measures, dtype, rank, int8=int8),
        cache=cache + beginning + cache // (2 * measures.layers),
        workspace=workspace_bytes(measures, dtype, tokens, tokens, prompt, rows)
        + graph_bytes(measures, dtype, rows, room),
    )


def training(
    measures: Measures,
    *,
    dtype: str,
    micro: int,
    max_tokens: int,
    answer_tokens: int,
    rank: int,
    checkpointing: bool = True,
) -> Need:
    """What training an adapter takes, of samples of at most `max_tokens`, `micro` at once."""
    size, tokens = BYTES[dtype], micro * max_tokens
    layer = workspace_bytes(measures, dtype, tokens, tokens, max_tokens, 0)
    kept = measures.hidden * size if checkpointing else kept_bytes(measures, dtype)
    return Need(
        weights=measures.parameters * size + 16 * measures.adapter_parameters(rank),
        cache=tokens * measures.layers * kept,
        workspace=3 * layer + 12 * micro * answer_tokens * measures.vocabulary,
    )


def kept_bytes(measures: Measures, dtype: str) -> int:
    """What the backward pass of a language layer needs of a token."""
    wide = measures.heads * measures.head_size
    numbers = 6 * measures.hidden + 4 * wide + 4 * measures.inner
    return numbers * BYTES[dtype] + (8 * measures.hidden if BYTES[dtype] == 2 else 0)


_QWEN2 = PictureKind(14, 2, (), ())
_INTERNVL2 = PictureKind(14, 2, (), (), tiles=12, side=448, tokens_a_tile=256)

PUBLISHED = {
    "Qwen/Qwen2-VL-2B-Instruct": Measures(2_208_985_600, 28, 1536, 8960, 12, 2, 128, 151_936, 1280, 5120, _QWEN2),
    "Qwen/Qwen2-VL-7B-Instruct": Measures(8_291_375_616, 28, 3584, 18_944, 28, 4, 128, 152_064, 1280, 5120, _QWEN2),
    "Qwen/Qwen2.5-VL-3B-Instruct": Measures(3_754_622_976, 36, 2048, 11_008, 16, 2, 128, 151_936, 1280, 3420, _QWEN2),
    "Qwen/Qwen2.5-VL-7B-Instruct": Measures(8_292_166_656, 28, 3584, 18_944, 28, 4, 128, 152_064, 1280, 3420, _QWEN2),
    "OpenGVLab/InternVL2-2B": Measures(2_205_754_368, 24, 2048, 8192, 16, 8, 128, 92_553, 1024, 4096, _INTERNVL2),
    "OpenGVLab/InternVL2-8B": Measures(8_075_365_376, 32, 4096, 14_336, 32, 8, 128, 92_553, 1024, 4096, _INTERNVL2),
}
"""Measures of checkpoints whose files are on a hub, where nobody looks before a worker fetches them."""
