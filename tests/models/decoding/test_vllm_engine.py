"""What of the vLLM engine can be told without vLLM; the rest is in tests/vllm."""

import json
import sys
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import torch
from safetensors.torch import save_file

from layoutgen.models.decoding.answerer import DecodingOptions
from layoutgen.models.decoding.vllm_engine import VllmDecoder, check_language_only
from layoutgen.models.vlm.tiny import build_checkpoint

TEXT = "base_model.model.model.language_model.layers.0.self_attn.q_proj.lora_A.weight"


def adapter(folder, *names):
    folder.mkdir()
    save_file({name: torch.zeros(4, 8) for name in names}, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({"r": 4}))
    return folder


def test_an_adapter_of_the_language_model_is_taken(tmp_path):
    older = "base_model.model.model.layers.3.mlp.up_proj.lora_B.weight"
    assert check_language_only(adapter(tmp_path / "a", TEXT, older)) == 4


@pytest.mark.parametrize(
    "name",
    [
        "base_model.model.model.visual.blocks.0.attn.qkv.lora_A.weight",
        "base_model.model.visual.merger.mlp.0.lora_B.weight",
        "base_model.model.model.vision_tower.encoder.layer.0.attention.q_proj.lora_A.weight",
        "base_model.model.model.multi_modal_projector.linear_1.lora_A.weight",
    ],
)
def test_an_adapter_that_touches_the_vision_tower_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match=r"1 weights outside the language model .* merge the adapter"):
        check_language_only(adapter(tmp_path / "a", TEXT, name))


def test_without_vllm_the_error_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(ImportError, match=r"pip install 'layoutgen\[vllm\]' .* or use decoder = 'loop'"):
        VllmDecoder(tmp_path)


class FakeVllm:
    """vLLM's names, of which the model notes what it is asked for."""

    asked: ClassVar[dict[str, Any]] = {}

    def __init__(self, **asked):
        FakeVllm.asked = asked


@pytest.mark.parametrize("gpus", [1, 4])
def test_the_gpus_of_an_actor_are_those_that_vllm_parts_the_weights_among(tmp_path, monkeypatch, gpus):
    for name, content in {
        "vllm": {"LLM": FakeVllm, "SamplingParams": object},
        "vllm.lora.request": {"LoRARequest": object},
        "vllm.sampling_params": {"StructuredOutputsParams": object},
    }.items():
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(**content))
    base = build_checkpoint("qwen2_5_vl", tmp_path / "base")
    VllmDecoder(base, options=DecodingOptions(device="cuda"), gpus=gpus)
    assert FakeVllm.asked.get("tensor_parallel_size", 1) == gpus
    assert FakeVllm.asked.get("distributed_executor_backend") == ("mp" if gpus > 1 else None)
