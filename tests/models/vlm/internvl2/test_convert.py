"""The converter of original InternVL2 repositories, held against the original's computation written independently."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText, AutoTokenizer

from jobs.convert import main
from layoutgen.models.vlm.internvl2.convert import convert
from layoutgen.models.weights import SENTINEL, check_weights, weights_sha
from tests.models.vlm.internvl2.original import ADDED, TILE, OriginalModel, build_original

QUESTION = "describe the picture in one sentence: 手冲咖啡壶 ¥199"


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("originals")
    return {tower: build_original(folder / tower, tower) for tower in ("internlm2", "qwen2")}


@pytest.fixture(scope="module")
def converted(originals: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("converted")
    return {tower: convert(source, folder / tower) for tower, source in originals.items()}


def load(folder: Path):
    model, report = AutoModelForImageTextToText.from_pretrained(
        folder, dtype=torch.float32, local_files_only=True, output_loading_info=True
    )
    assert not any(report[key] for key in ("missing_keys", "unexpected_keys", "mismatched_keys"))
    return model.eval()


def prompt(tokenizer, tiles: int) -> list[int]:
    messages = [
        {"role": "system", "content": "You are a designer."},
        {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": QUESTION}]},
    ]
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    picture = "<img>" + "<IMG_CONTEXT>" * (4 * tiles) + "</img>"
    return tokenizer(text.replace("<IMG_CONTEXT>", picture)).input_ids


def pixels(tiles: int) -> torch.Tensor:
    return torch.randn((tiles, 3, TILE, TILE), generator=torch.Generator().manual_seed(3))


def assert_same_logits(source: Path, target: Path, ids: list[int], picture: torch.Tensor) -> None:
    image_token = json.loads((target / "config.json").read_text())["image_token_id"]
    theirs = OriginalModel(source).logits(ids, picture, image_token)
    with torch.no_grad():
        ours = load(target)(input_ids=torch.tensor([ids]), pixel_values=picture).logits[0]
    assert theirs.std() > 0.5
    torch.testing.assert_close(ours, theirs, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize("tower", ["internlm2", "qwen2"])
def test_logits_are_the_originals(originals, converted, tower):
    ids = prompt(AutoTokenizer.from_pretrained(converted[tower]), tiles=3)
    assert_same_logits(originals[tower], converted[tower], ids, pixels(3))


@pytest.mark.parametrize("tower", ["internlm2", "qwen2"])
def test_generated_text_is_the_originals(originals, converted, tower):
    tokenizer = AutoTokenizer.from_pretrained(converted[tower])
    ids = prompt(tokenizer, tiles=2)
    model = load(converted[tower])
    theirs = OriginalModel(originals[tower]).greedy(ids, pixels(2), model.config.image_token_id, 16)
    written = model.generate(
        input_ids=torch.tensor([ids]), pixel_values=pixels(2), do_sample=False, max_new_tokens=16, eos_token_id=None
    )[0, len(ids) :].tolist()
    assert tokenizer.decode(written) == tokenizer.decode(theirs)
    assert len(set(written)) > 2


def test_a_text_longer_than_the_models_length_scales_rope_as_the_original_does(originals, converted):
    tokenizer = AutoTokenizer.from_pretrained(converted["internlm2"])
    ids = (prompt(tokenizer, tiles=1) + tokenizer("手冲咖啡壶 Wireless headphones, ").input_ids * 30)[:400]
    assert len(ids) > 256
    assert_same_logits(originals["internlm2"], converted["internlm2"], ids, pixels(1))


@pytest.mark.parametrize(
    ("tower", "vision", "llm"),
    [
        ("internlm2", {"qk_normalization": True, "norm_type": "rms_norm", "qkv_bias": False}, {"bias": True}),
        ("internlm2", {}, {"rope_scaling": {"type": "linear", "factor": 4.0}, "num_key_value_heads": 6}),
        ("internlm2", {}, {"rope_scaling": None, "num_key_value_heads": 3}),
        ("qwen2", {}, {"tie_word_embeddings": True}),
    ],
    ids=["vision of 26B, biases", "linear rope, no groups", "no rope scaling", "tied embeddings"],
)
def test_other_settings_of_the_family_convert_alike(tmp_path, monkeypatch, tower, vision, llm):
    source = build_original(tmp_path / "source", tower, vision=vision, llm=llm, shards=1)
    target = convert(source, tmp_path / "target")
    if (llm.get("rope_scaling") or {}).get("type") == "linear":

        def linear_rope(self, x):
            n, _, size = x.shape
            angles = torch.arange(n)[:, None] / 4.0 / 1e6 ** (torch.arange(0, size, 2) / size)
            angles = torch.cat([angles, angles], -1)[:, None]
            return x * angles.cos() + torch.cat([-x[..., size // 2 :], x[..., : size // 2]], -1) * angles.sin()

        monkeypatch.setattr(OriginalModel, "_rotated", linear_rope)
    ids = prompt(AutoTokenizer.from_pretrained(target), tiles=1)
    assert_same_logits(source, target, ids, pixels(1))


def test_half_precision_is_carried_over_bit_by_bit(tmp_path):
    source = build_original(tmp_path / "source", dtype=torch.bfloat16, shards=1)
    weights = load_file(convert(source, tmp_path / "target") / "model.safetensors")
    old = load_file(source / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.bfloat16}
    layer = "encoder.layers.1.attn.qkv.weight"
    parts = [weights[f"vision_tower.encoder.layer.1.attention.{name}_proj.weight"] for name in "qkv"]
    assert torch.equal(torch.cat(parts), old[f"vision_model.{layer}"])
    assert sum(weight.numel() for weight in weights.values()) == sum(weight.numel() for weight in old.values())


def test_the_tokenizer_is_the_originals(converted, originals):
    for tower, source in originals.items():
        tokenizer = AutoTokenizer.from_pretrained(converted[tower])
        added = json.loads((source / "added_tokens.json").read_text())
        assert tokenizer.convert_tokens_to_ids(list(ADDED)) == [added[name] for name in ADDED]
        ids = tokenizer("<|im_start|>user\n<img><IMG_CONTEXT></img>手冲 12<|im_end|>").input_ids
        assert tokenizer.decode(ids) == "<|im_start|>user\n<img><IMG_CONTEXT></img>手冲 12<|im_end|>"
        assert [tokenizer.context_image_token, tokenizer.start_image_token] == ["<IMG_CONTEXT>", "<img>"]


def test_internlm2_prompts_begin_with_the_beginning_of_text_once(converted):
    tokenizer = AutoTokenizer.from_pretrained(converted["internlm2"])
    ids = prompt(tokenizer, tiles=1)
    assert ids[0] == tokenizer.bos_token_id
    assert ids.count(tokenizer.bos_token_id) == 1


def test_pictures_are_tiled_as_the_original_tiles_them(converted):
    from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

    processor = GotOcr2ImageProcessorPil.from_pretrained(converted["internlm2"])
    wide = processor(np.zeros((TILE, 3 * TILE, 3), np.uint8), return_tensors="pt")
    assert wide["pixel_values"].shape == (4, 3, TILE, TILE)  # 3 x 1 tiles and the thumbnail
    assert processor.max_patches == 12


def test_a_sharded_original_becomes_a_sharded_checkpoint(converted, originals):
    index = json.loads((converted["qwen2"] / "model.safetensors.index.json").read_text())
    assert set(index["weight_map"].values()) == {f"model-0000{k}-of-00002.safetensors" for k in (1, 2)}
    check_weights(converted["qwen2"])
    sizes = [path.stat().st_size for path in converted["qwen2"].glob("*.safetensors")]
    assert index["metadata"]["total_size"] < sum(sizes)
    assert weights_sha(originals["qwen2"]) in (converted["qwen2"] / "README.md").read_text()
    names = json.loads((converted["qwen2"] / SENTINEL).read_text())["files"]
    assert set(names) == {path.name for path in converted["qwen2"].iterdir()} - {SENTINEL}


def change_config(source: Path, part: str | None = None, **changes) -> None:
    path = source / "config.json"
    config = json.loads(path.read_text())
    (config[part] if part else config).update(changes)
    path.write_text(json.dumps(config))


def change_weights(source: Path, change) -> None:
    weights = load_file(source / "model.safetensors")
    change(weights)
    save_file(weights, source / "model.safetensors", metadata={"format": "pt"})


BROKEN = {
    "lacks: language_model.output.weight": lambda s: change_weights(s, lambda w: w.pop("language_model.output.weight")),
    "has unknown tensors: surprise": lambda s: change_weights(s, lambda w: w.update(surprise=torch.zeros(1))),
    r"mlp1.1.bias has the shape \[3\]": lambda s: change_weights(s, lambda w: w.update({"mlp1.1.bias": torch.ones(3)})),
    "bytes where its header asks for": lambda s: (s / "model.safetensors").write_bytes(
        (s / "model.safetensors").read_bytes()[:-5]
    ),
    "only pickled weights": lambda s: (s / "model.safetensors").rename(s / "pytorch_model.bin"),
    "'Phi3ForCausalLM'; converted are InternLM2ForCausalLM, Qwen2ForCausalLM": lambda s: change_config(
        s, "llm_config", architectures=["Phi3ForCausalLM"]
    ),
    "model_type 'internvl'": lambda s: change_config(s, model_type="internvl"),
    "ps_version='v1'": lambda s: change_config(s, ps_version="v1"),
    "use_llm_lora=16": lambda s: change_config(s, use_llm_lora=16),
    "rope_pos_id_version is 'v2pe'": lambda s: change_config(s, "llm_config", rope_pos_id_version="v2pe"),
    "rope_scaling is": lambda s: change_config(s, "llm_config", rope_scaling={"type": "yarn", "factor": 2.0}),
    "config.json lacks vision_config": lambda s: (s / "config.json").write_text('{"model_type": "internvl_chat"}'),
    "is not JSON": lambda s: (s / "config.json").write_text("{"),
    "has no config.json": lambda s: (s / "config.json").unlink(),
    "has no tokenizer.model": lambda s: (s / "tokenizer.model").unlink(),
    "tokenizer.model is cut short": lambda s: (s / "tokenizer.model").write_bytes(
        (s / "tokenizer.model").read_bytes()[:-9]
    ),
    "lacks <img>": lambda s: (s / "added_tokens.json").unlink(),
}


@pytest.mark.parametrize("message", BROKEN)
def test_a_broken_or_foreign_repository_is_refused_and_leaves_nothing(tmp_path, broken_source, message):
    source = shutil.copytree(broken_source, tmp_path / "source")
    BROKEN[message](source)
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        convert(source, tmp_path / "target")
    assert {path.name for path in tmp_path.iterdir()} == {"source"}


@pytest.fixture(scope="module")
def broken_source(tmp_path_factory) -> Path:
    return build_original(tmp_path_factory.mktemp("broken") / "source", shards=1)


def test_a_folder_that_is_there_is_never_written_into(originals, tmp_path):
    (tmp_path / "mine").write_text("x")
    with pytest.raises(ValueError, match="exists"):
        convert(originals["qwen2"], tmp_path)


def test_the_command_converts_and_says_what_is_wrong(originals, tmp_path, capsys):
    assert main([str(originals["internlm2"]), str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / SENTINEL).exists()
    assert capsys.readouterr().out == f"{tmp_path / 'out'}\n"
    assert main([str(tmp_path / "none"), str(tmp_path / "out2")]) == 2
    assert "not a folder" in capsys.readouterr().err
