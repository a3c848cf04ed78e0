"""Layers in 8 bits compute what they computed but for their rounding, take a byte a weight, and are other rows."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from layoutgen.config.stages import ComposeSettings
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Framing
from layoutgen.io.storage import Storage
from layoutgen.models.base import Brief, Composition
from layoutgen.models.building.versions import _checkpoint_version
from layoutgen.models.composers.vlm import QwenVlComposer, layout_task
from layoutgen.models.decoding.answerer import DecodingOptions, open_answerer
from layoutgen.models.decoding.int8 import Int8Linear, quantised
from layoutgen.models.decoding.memory import BYTES, PUBLISHED, measures_of, weights_bytes
from layoutgen.models.vlm.checkpoints import load_model
from layoutgen.models.vlm.pictures import picture_kind
from layoutgen.models.vlm.tiny import build_checkpoint
from layoutgen.models.weights import fetch_weights


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_checkpoint("qwen2_5_vl", tmp_path_factory.mktemp("base") / "base")


@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.booleans(),
    st.sampled_from([1e-30, 1e-3, 1.0, 1e4]),
    st.integers(0, 2**31),
)
@settings(max_examples=40, deadline=None)
def test_a_weight_is_off_by_half_a_step_of_its_row_at_most(
    inputs: int, outputs: int, bias: bool, size: float, seed: int
) -> None:
    torch.manual_seed(seed)
    linear = nn.Linear(inputs, outputs, bias=bias)
    linear.weight.data *= size * 10 ** torch.randn(outputs, 1)
    linear.weight.data[0] = 0.0  # a row of nothing stays nothing
    eight = Int8Linear(linear)
    restored = eight.weight.float() * eight.scale[:, None]
    steps = linear.weight.abs().amax(1, keepdim=True) / 127
    assert ((restored - linear.weight).abs() <= 0.501 * steps + 1e-37).all()
    assert eight.weight.abs().max() <= 127
    assert torch.isfinite(eight(torch.ones(2, 3, inputs))).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_products_are_near_those_of_the_layer(dtype: torch.dtype) -> None:
    torch.manual_seed(0)
    linear, inputs = nn.Linear(64, 96).to(dtype), torch.randn(2, 5, 64).to(dtype)
    whole = linear(inputs).float()
    assert (whole - Int8Linear(linear)(inputs).float()).norm() / whole.norm() < 0.02


def test_the_language_models_layers_alone_are_kept_so_and_memory_is_what_was_worked_out(base: Path) -> None:
    model = load_model(base, None, "cpu", torch.float32)
    whole = sum(weight.nbytes for weight in model.parameters())
    config = model.config.to_dict()
    measures = measures_of(
        config, sum(weight.numel() for weight in model.parameters()), picture_kind(base, "qwen2_5_vl")
    )
    kept = quantised(model)
    names = [name for name, module in kept.named_modules() if isinstance(module, Int8Linear)]
    assert len(names) == 7 * measures.layers
    assert all("language_model.layers" in name for name in names)
    left = sum(
        tensor.nbytes for tensor in [*kept.parameters(), *(m for n in names for m in kept.get_submodule(n).buffers())]
    )
    written_out = measures.hidden * measures.inner * BYTES["float32"]
    assert left == weights_bytes(measures, "float32", int8=True) - written_out
    assert left < whole


def test_seven_billion_weights_take_little_more_than_half() -> None:
    seven = PUBLISHED["Qwen/Qwen2.5-VL-7B-Instruct"]
    assert 0.55 < weights_bytes(seven, "bfloat16", int8=True) / weights_bytes(seven, "bfloat16") < 0.68


def test_the_embedded_checkpoint_lays_out_in_8_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[int] = set()
    forward = Int8Linear.forward

    def asking(layer: Int8Linear, inputs: torch.Tensor) -> torch.Tensor:
        asked.add(id(layer))
        return forward(layer, inputs)

    monkeypatch.setattr(Int8Linear, "forward", asking)
    weights = fetch_weights("embedded/qwen_vl", Path("unused"), Storage())
    answerer = open_answerer(weights, None, DecodingOptions(max_side=224, int8=True), task=layout_task)
    photo = np.full((224, 224, 3), 230, np.uint8)
    brief = Brief(photo, Annotation((), (0.3, 0.4, 0.7, 0.9)), Copy("Stoneware vase"), Canvas(1080, 1080))
    (answer,) = QwenVlComposer(answerer, frame=lambda *_: Framing()).compose([brief])
    assert isinstance(answer, Composition), answer
    assert "Stoneware vase" in [suggestion.text for suggestion in answer.suggestions]
    assert len(asked) == 7 * 4, "all of its four layers"


def test_rows_in_8_bits_are_other_rows(base: Path) -> None:
    plain, eight = (DecodingOptions(max_side=112, max_new_tokens=64, int8=way) for way in (False, True))
    identities = [open_answerer(base, None, options, task=layout_task).identity for options in (plain, eight)]
    assert identities[1] == identities[0] | {"weights": "int8"}
    settings = [
        ComposeSettings(engine="qwen_vl", model=str(base), image_side=112, int8=way, cache=str(base.parent / "cache"))
        for way in (False, True)
    ]
    assert _checkpoint_version(settings[0]) != _checkpoint_version(settings[1])


def test_vllm_is_not_asked_for_it() -> None:
    with pytest.raises(ValueError, match="decoder 'vllm' reads quantised checkpoints as they are; name one"):
        ComposeSettings(engine="qwen_vl", model="Qwen/Qwen2.5-VL-7B-Instruct", decoder="vllm", device="cuda", int8=True)
