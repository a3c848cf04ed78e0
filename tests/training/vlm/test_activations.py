"""Activations are computed twice where a card would not hold them, and what is kept is counted."""

import json
from pathlib import Path

import pytest
import torch

from layoutgen.models.decoding.memory import PUBLISHED, kept_bytes, measures_of, training
from layoutgen.models.vlm.checkpoints import load_chat_format
from layoutgen.models.vlm.tiny import build_checkpoint
from layoutgen.training.vlm import lora
from layoutgen.training.vlm.activations import decided, fits
from layoutgen.training.vlm.tokens import encoder
from tests.training.vlm.test_lora import SIDE, Drawn, tiny_recipe


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_checkpoint("qwen2_5_vl", tmp_path_factory.mktemp("base") / "base")


def test_what_a_layer_keeps_of_a_token_is_counted(base: Path) -> None:
    recipe, chat = tiny_recipe(), load_chat_format(base)
    learner = lora.load_learner(base, recipe, "cpu")
    rows = [encoder(chat, SIDE)(Drawn(4).sample(i, 0), i, 0) for i in range(4)]
    batch = lora.collator(chat, recipe, torch.device("cpu"))(rows)
    weights = {weight.untyped_storage().data_ptr() for weight in learner.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        learner(batch)
    measures = measures_of(json.loads((base / "config.json").read_text()), 1, chat.pictures)
    bytes_kept = sum(
        tensor.untyped_storage().nbytes()
        for tensor in kept.values()
        if not tensor.ndim or tensor.shape[-1] != measures.vocabulary
    )
    counted = batch.ids.numel() * measures.layers * kept_bytes(measures, "float32")
    assert 0.7 * counted < bytes_kept < counted


def test_a_card_that_holds_all_keeps_all_and_another_computes_twice(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = tiny_recipe(checkpointing="auto")
    assert fits(recipe, base, 2**40)
    assert not fits(recipe, base, 2**20)
    for gib, twice in (1024, False), (1, True):
        card = type("Card", (), {"total_memory": gib * 2**30})
        monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _, card=card: card)
        assert decided(recipe, base, "cuda:0").checkpointing is twice
        for given in (True, False):
            assert decided(tiny_recipe(checkpointing=given), base, "cuda:0").checkpointing is given
    assert decided(recipe, base, "cpu").checkpointing is False
    assert decided(recipe, base, None).checkpointing is True
    assert decided(tiny_recipe(checkpointing="auto", vision=True), base, "cuda:0").checkpointing is True


def test_seven_billion_weights_keep_all_on_a_large_card_and_not_on_a_small_one() -> None:
    seven = PUBLISHED["Qwen/Qwen2.5-VL-7B-Instruct"]
    plain = {"dtype": "bfloat16", "micro": 4, "max_tokens": 1024, "answer_tokens": 400, "rank": 16}
    few, every = (training(seven, **plain, checkpointing=way).total / 2**30 for way in (True, False))
    assert few < 44 < every < 78
