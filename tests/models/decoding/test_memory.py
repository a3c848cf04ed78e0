"""What a card must hold is worked out as the loop allocates it, and published checkpoints are measured right."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from transformers import AutoConfig, AutoModelForImageTextToText

from layoutgen.core.layout import Canvas, Copy
from layoutgen.core.prompts.layouts import layout_prompt
from layoutgen.models.decoding import memory
from layoutgen.models.decoding.backbone import Backbone
from layoutgen.models.decoding.decoder import Decoder, Request
from layoutgen.models.decoding.memory import PUBLISHED, Measures, cache_bytes, measures_of, workspace_bytes
from layoutgen.models.vlm.checkpoints import FAMILIES, LORA_TARGETS, ChatFormat, load_chat_format, load_model
from layoutgen.models.vlm.pictures import PictureKind
from layoutgen.models.vlm.tiny import build_checkpoint

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=FAMILIES)
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_checkpoint(request.param, tmp_path_factory.mktemp("tiny") / request.param)


def loaded(folder: Path) -> tuple[Any, ChatFormat, Measures]:
    """A tiny model in bfloat16, since in float32 a CPU keeps a second copy of the weights, and its measures."""
    model, chat = load_model(folder, None, "cpu", torch.bfloat16), load_chat_format(folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    parameters = sum(weight.numel() for weight in model.parameters())
    return model, chat, measures_of(config, parameters, chat.pictures)


class Alive(TorchDispatchMode):
    """The most bytes of tensors made inside that are alive at once; `apart` says how many of them don't count."""

    def __init__(self, apart: Callable[[], int]) -> None:
        super().__init__()
        self.most = 0
        self._apart, self._made = apart, dict[int, tuple[StorageWeakRef, int]]()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for value in tree_iter(out):
            if isinstance(value, torch.Tensor):
                storage = value.untyped_storage()
                self._made.setdefault(storage._cdata, (StorageWeakRef(storage), storage.nbytes()))
        for tensor in tree_iter((args, kwargs or {})):
            if isinstance(tensor, torch.nn.Parameter):
                self._made.pop(tensor.untyped_storage()._cdata, None)
        self._made = {key: entry for key, entry in self._made.items() if not entry[0].expired()}
        self.most = max(self.most, sum(size for _, size in self._made.values()) - self._apart())
        return out


def requests(chat: ChatFormat, count: int, side: int) -> Iterator[Request]:
    prompt = layout_prompt(Copy("Kettle", ("$12",)), Canvas(800, 1200))
    for number in range(count):
        image = np.random.default_rng(number).integers(0, 256, (side, side, 3), np.uint8)
        picture = chat.pictures.prepare(image, side)
        yield Request(chat.prompt(prompt.system, prompt.user, picture), max_tokens=24)


def test_cache_and_passes_take_what_is_worked_out(checkpoint: Path) -> None:
    model, chat, measures = loaded(checkpoint)
    backbone = Backbone(model, chat.pictures)
    rows, side = 6, 168
    decoder = Decoder(backbone, chat.tokenizer, chat.ends, rows=rows, prompt_tokens=100_000)
    cache = decoder._batch._cache
    asked = list(requests(chat, rows, side))
    with Alive(lambda: cache.bytes) as alive:
        decoder.decode(asked)
    assert measures.token_bytes("bfloat16") == backbone.bytes_a_token
    assert cache.bytes == cache_bytes(measures, "bfloat16", cache.rows, cache.slots)
    assert cache.rows == rows
    tokens = sum(len(request.prompt.rest) for request in asked)
    longest = max(len(request.prompt) for request in asked)
    beginning = backbone.bytes_a_token * len(asked[0].prompt.prefix)
    visual = rows * chat.pictures.tokens(asked[0].prompt.picture)
    bound = workspace_bytes(measures, "bfloat16", tokens, visual, longest, rows)
    taken = alive.most - beginning
    assert taken <= bound <= 2 * taken


def test_no_picture_takes_more_tokens_than_the_most(checkpoint: Path) -> None:
    kind = load_chat_format(checkpoint).pictures
    for longest in (56, 112, 224, 300):
        shapes = [(across, down) for across in range(20, 400, 37) for down in range(20, 400, 41)]
        taken = [kind.tokens(kind.prepare(np.zeros((down, across, 3), np.uint8), longest)) for across, down in shapes]
        assert max(taken) <= kind.most_tokens(longest)


def test_an_adapter_has_the_numbers_that_peft_makes(checkpoint: Path) -> None:
    from peft import LoraConfig, get_peft_model

    model, _, measures = loaded(checkpoint)
    adapted = get_peft_model(model, LoraConfig(r=4, target_modules=LORA_TARGETS))
    made = sum(weight.numel() for name, weight in adapted.named_parameters() if "lora_" in name)
    assert made == measures.adapter_parameters(4)


def config_of(name: str, measures: Measures) -> Any:
    """The config of a published checkpoint, from its measures and what they leave out."""
    text: dict[str, Any] = {
        "hidden_size": measures.hidden,
        "intermediate_size": measures.inner,
        "num_hidden_layers": measures.layers,
        "num_attention_heads": measures.heads,
        "num_key_value_heads": measures.kv_heads,
        "vocab_size": measures.vocabulary,
        "tie_word_embeddings": name.endswith(("VL-2B-Instruct", "VL-3B-Instruct")),
    }
    width = measures.vision_hidden
    if "InternVL2" in name:
        vision = {"hidden_size": width, "intermediate_size": measures.vision_inner, "num_hidden_layers": 24}
        vision |= {"num_attention_heads": 16, "patch_size": [14, 14], "image_size": [448, 448], "attention_bias": True}
        text |= {"model_type": "llama"}
        return AutoConfig.for_model("internvl", text_config=text, vision_config=vision, tie_word_embeddings=False)
    text |= {"rope_parameters": {"rope_type": "default", "mrope_section": [16, 24, 24], "rope_theta": 1e6}}
    tied = text["tie_word_embeddings"]
    if "Qwen2-VL" in name:
        vision = {"depth": 32, "embed_dim": width, "hidden_size": measures.hidden, "num_heads": 16}
        return AutoConfig.for_model("qwen2_vl", text_config=text, vision_config=vision, tie_word_embeddings=tied)
    vision = {"depth": 32, "hidden_size": width, "out_hidden_size": measures.hidden, "num_heads": 16}
    vision |= {"intermediate_size": measures.vision_inner}
    return AutoConfig.for_model("qwen2_5_vl", text_config=text, vision_config=vision, tie_word_embeddings=tied)


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_checkpoints_have_the_parameters_that_their_measures_make(name: str) -> None:
    measures = PUBLISHED[name]
    config = config_of(name, measures)
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(config)
    parameters = sum(weight.numel() for weight in model.parameters())
    assert parameters == measures.parameters
    assert measures_of(config.to_dict(), parameters, measures.pictures) == measures


def test_a_larger_anything_needs_more() -> None:
    measures = PUBLISHED["Qwen/Qwen2.5-VL-7B-Instruct"]
    plain: dict[str, Any] = {"dtype": "bfloat16", "rows": 64, "prompt_tokens": 16384}
    plain |= {"image_side": 672, "max_new_tokens": 768}
    need = memory.serving(measures, **plain)
    more = {
        "dtype": "float32",
        "rows": 65,
        "prompt_tokens": 16385,
        "image_side": 700,
        "max_new_tokens": 800,
        "rank": 16,
    }
    for name, value in more.items():
        assert memory.serving(measures, **plain | {name: value}).total > need.total, name


def test_a_picture_kind_without_colours_counts_tokens() -> None:
    assert PictureKind(14, 2, (), ()).most_tokens(672) == 576
    assert PUBLISHED["OpenGVLab/InternVL2-8B"].pictures.most_tokens(1344) == 10 * 256
