"""Adapters of other programs and other years do what they were trained for, or are refused by name."""

import json
import re
import shutil
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

from layoutgen.models.vlm import adapters
from layoutgen.models.vlm.checkpoints import FAMILIES, LORA_TARGETS, load_model, load_skeleton
from layoutgen.models.vlm.tensor_names import plain
from layoutgen.models.vlm.tiny import build_checkpoint

TEXT = ("embed_tokens", "layers", "norm")


def is_text(name: str) -> bool:
    return name.startswith(TEXT)


# How a tensor of a module with this plain path is named by whom.
NAMINGS: dict[str, Callable[[str], str]] = {
    "today": lambda p: (
        f"base_model.model.{'model.language_model.' if is_text(p) else '' if p[:2] == 'lm' else 'model.'}{p}"
    ),
    "before transformers 4.52": lambda p: f"base_model.model.{'model.' if is_text(p) else ''}{p}",
    "InternVL before 4.52": lambda p: f"base_model.model.{'language_model.model.' if is_text(p) else ''}{p}",
    "the model without its head": lambda p: f"base_model.model.{'language_model.' if is_text(p) else ''}{p}",
    "a wrapped module": lambda p: f"module.base_model.model.model.{p}",
    "a compiled module": lambda p: f"base_model.model._orig_mod.model.{p}",
    "no wrapper at all": lambda p: p,
}
NAMES = r".*(self_attn\.(q|k|v|o)_proj|mlp\.(gate|up|down)_proj)$"

KINDS: dict[str, dict[str, Any]] = {
    "lora": {"target_modules": LORA_TARGETS},
    "list": {"target_modules": ["q_proj", "v_proj", "qkv"]},
    "all-linear": {"target_modules": "all-linear"},
    "rslora": {"target_modules": LORA_TARGETS, "use_rslora": True},
    "dora": {"target_modules": LORA_TARGETS, "use_dora": True},
    "dora of all": {"target_modules": ["q_proj", "embed_tokens"], "use_dora": True},
    "patterns": {
        "target_modules": LORA_TARGETS,
        "rank_pattern": {r"layers\.0\.self_attn\.q_proj": 2, "up_proj": 8},
        "alpha_pattern": {r"layers\.1\.mlp\.down_proj": 32, "up_proj": 1},
    },
    "saved whole": {"target_modules": ["q_proj"], "modules_to_save": ["lm_head", "merger"]},
    "embeddings saved whole": {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens"]},
    "embeddings": {"target_modules": ["q_proj", "embed_tokens", "lm_head"]},
    "all biases": {"target_modules": LORA_TARGETS, "bias": "all"},
    "own biases": {"target_modules": ["q_proj", "k_proj"], "bias": "lora_only"},
    "biases of the lora": {"target_modules": ["q_proj"], "lora_bias": True},
    "a convolution": {"target_modules": ["proj", "q_proj"]},
    "some layers": {"target_modules": ["q_proj"], "layers_to_transform": [1], "layers_pattern": "layers"},
    "not some": {"target_modules": NAMES, "exclude_modules": r".*visual.*"},
    "pissa": {"target_modules": ["q_proj"], "init_lora_weights": "pissa"},
    "olora": {"target_modules": ["q_proj"], "init_lora_weights": "olora"},
}


@pytest.fixture(scope="module")
def bases(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("bases")
    return {family: build_checkpoint(family, folder / family) for family in FAMILIES}


@pytest.fixture(scope="module")
def trained(bases: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Trains, as far as random numbers are a training, an adapter by peft itself; returns its folder."""
    folder = tmp_path_factory.mktemp("adapters")

    @cache
    def make(kind: str, family: str = "qwen2_5_vl") -> Path:
        out = folder / family / kind.replace(" ", "-")
        torch.manual_seed(3)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            adapted = get_peft_model(
                load_model(bases[family], None, "cpu", torch.float32), LoraConfig(r=4, lora_alpha=8, **KINDS[kind])
            )
            for name, weight in adapted.named_parameters():
                if "lora_" in name or "modules_to_save" in name or (weight.requires_grad and "bias" in name):
                    weight.data += 0.1 * torch.randn_like(weight)
            adapted.save_pretrained(str(out))
        return out

    return make


def by_peft(base: Path, adapter: Path) -> dict[str, torch.Tensor]:
    """The merged model's weights as peft has them from an adapter in today's names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adapted = PeftModel.from_pretrained(load_model(base, None, "cpu", torch.float32), adapter)
    return dict(adapted.merge_and_unload().state_dict())


def rewritten(adapter: Path, out: Path, name_of: Callable[[str], str], **settings: Any) -> Path:
    shutil.copytree(adapter, out)
    weights = load_file(adapter / "adapter_model.safetensors")
    save_file({name_of(name): w for name, w in weights.items()}, out / "adapter_model.safetensors", {"format": "pt"})
    path = out / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))
    return out


def in_naming(naming: str) -> Callable[[str], str]:
    return lambda name: NAMINGS[naming](plain(name))


def assert_does_the_same(base: Path, adapter: Path, wanted: dict[str, torch.Tensor]) -> None:
    adapters.check(adapter, load_skeleton(base))
    merged = load_model(base, adapter, "cpu", torch.float32).state_dict()
    assert merged.keys() == wanted.keys()
    for name, weight in wanted.items():
        torch.testing.assert_close(merged[name], weight, rtol=1e-5, atol=1e-6, msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_adapter_does_what_peft_does_under_today_and_older_names(bases, trained, tmp_path, kind):
    base, adapter = bases["qwen2_5_vl"], trained(kind)
    wanted = by_peft(base, adapter)
    plain_model = load_model(base, None, "cpu", torch.float32).state_dict()
    assert any(not torch.equal(wanted[name], plain_model[name]) for name in wanted)
    assert_does_the_same(base, adapter, wanted)
    older = rewritten(adapter, tmp_path / "older", in_naming("before transformers 4.52"))
    assert_does_the_same(base, older, wanted)


@pytest.mark.parametrize("naming", NAMINGS)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_layer_is_a_layer_whatever_its_wrappers(bases, trained, tmp_path, family, naming):
    adapter = trained("lora", family)
    named = rewritten(adapter, tmp_path / "named", in_naming(naming))
    assert_does_the_same(bases[family], named, by_peft(bases[family], adapter))


@pytest.mark.parametrize("name", ["default", "vl-2024"])
@pytest.mark.parametrize("kind", ["lora", "dora of all", "biases of the lora"])
def test_names_with_the_adapters_own_name_in_them_are_known(bases, trained, tmp_path, kind, name):
    part = re.compile(r"(lora_(?:embedding_)?[AB]|lora_magnitude_vector)(?=\.|$)")
    adapter = trained(kind)
    named = rewritten(adapter, tmp_path / "named", lambda tensor: part.sub(rf"\1.{name}", tensor))
    assert_does_the_same(bases["qwen2_5_vl"], named, by_peft(bases["qwen2_5_vl"], adapter))


def test_a_dump_of_modules_trained_whole_is_known(bases, trained, tmp_path):
    adapter = trained("saved whole")
    saved = re.compile(r"\.(lm_head|merger)\.")
    dumped = rewritten(adapter, tmp_path / "dumped", lambda name: saved.sub(r".\1.modules_to_save.default.", name))
    path = dumped / "adapter_model.safetensors"
    weights = load_file(path)
    before = torch.zeros_like(weights["base_model.model.lm_head.modules_to_save.default.weight"])
    save_file(weights | {"base_model.model.lm_head.original_module.weight": before}, path)
    assert_does_the_same(bases["qwen2_5_vl"], dumped, by_peft(bases["qwen2_5_vl"], adapter))


OLDER_TARGETS = {
    "LLaMA-Factory": r"^(?!.*patch_embed)(?!.*visual).*(?:q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj).*",
    "ms-swift": r"^(model)(?!.*(lm_head|output|emb|proj_out)).*\.((q|k|v|o)_proj|gate_proj|up_proj|down_proj)$",
    "ms-swift by layer": r"^model\.layers\.\d+\..*_proj$",
    "unsloth": (
        r"(?:\bmodel\.layers\.[\d]{1,}\.(?:self_attn|attention|attn|mlp|feed_forward|ffn|dense)\."
        r"(?:(?:q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)))"
    ),
    "whole paths": [f"model.layers.{n}.{p}" for n in range(3) for p in (
        *(f"self_attn.{letter}_proj" for letter in "qkvo"), *(f"mlp.{way}_proj" for way in ("gate", "up", "down")))],
}  # fmt: skip


@pytest.mark.parametrize("program", OLDER_TARGETS)
def test_targets_are_read_as_the_program_that_wrote_them_meant_them(bases, trained, tmp_path, program):
    adapter = trained("lora")
    older = rewritten(
        adapter, tmp_path / "older", in_naming("before transformers 4.52"), target_modules=OLDER_TARGETS[program]
    )
    assert_does_the_same(bases["qwen2_5_vl"], older, by_peft(bases["qwen2_5_vl"], adapter))


def test_patterns_of_older_paths_count_for_their_layers(bases, trained, tmp_path):
    adapter = trained("patterns")
    older = rewritten(
        adapter,
        tmp_path / "older",
        in_naming("before transformers 4.52"),
        rank_pattern={r"model\.layers\.0\.self_attn\.q_proj": 2, "up_proj": 8},
        alpha_pattern={r"^model\.layers\.1\.mlp\.down_proj": 32, "up_proj": 1},
    )
    assert_does_the_same(bases["qwen2_5_vl"], older, by_peft(bases["qwen2_5_vl"], adapter))


def test_half_floats_are_read_as_they_are(bases, trained, tmp_path):
    adapter = trained("lora")
    for dtype in (torch.float16, torch.bfloat16):
        folder = rewritten(adapter, tmp_path / str(dtype), str)
        weights = load_file(adapter / "adapter_model.safetensors")
        save_file({n: w.to(dtype) for n, w in weights.items()}, folder / "adapter_model.safetensors")
        assert_does_the_same(bases["qwen2_5_vl"], folder, by_peft(bases["qwen2_5_vl"], folder))


def edit(change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        path = folder / "adapter_model.safetensors"
        save_file({name: weight.contiguous() for name, weight in change(load_file(path)).items()}, path)

    return harm


def said(**settings: Any) -> Callable[[Path], None]:
    def harm(folder: Path) -> None:
        path = folder / "adapter_config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | settings))

    return harm


LAYER = "base_model.model.model.language_model.layers.0.self_attn.q_proj"
TOWER = "base_model.model.model.visual.blocks.0.attn.qkv"
BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "another model's layers": (
        edit(lambda w: {name.replace("self_attn.q_proj", "attention.wqkv"): t for name, t in w.items()}),
        r"it has base_model\S+attention\.wqkv\S+, the base has nothing of that name; nearest is model\.language_model",
    ),
    "a deeper model": (
        edit(lambda w: {name.replace("layers.2", "layers.40"): t for name, t in w.items()}),
        r"layers\.40\..*nearest is model\.language_model\.layers\.",
    ),
    "another width": (
        edit(lambda w: {n: torch.zeros(4, 64) if "q_proj.lora_A" in n else t for n, t in w.items()}),
        r"q_proj\.lora_A\.weight has shape \(4, 64\), model\.\S+q_proj\.lora_A\.weight .*has \(4, 128\)",
    ),
    "another rank": (said(r=16), r"has shape \(4, \d+\), .*r = 16 has \(16, \d+\)"),
    "the tower's weights, which the settings don't name": (
        edit(lambda w: w | {f"{TOWER}.lora_{n}.weight": torch.ones(s) for n, s in (("A", (4, 128)), ("B", (384, 4)))}),
        r"weights for model\.visual\.blocks\.0\.attn\.qkv, which its settings do not name",
    ),
    "a head, which the settings don't name": (
        edit(lambda w: w | {"base_model.model.model.visual.merger.mlp.0.bias": torch.ones(512)}),
        r"visual\.merger\.mlp\.0\.bias, which its settings do not name",
    ),
    "half of the layers": (
        edit(lambda w: {name: t for name, t in w.items() if "layers.1." not in name}),
        r"settings name model\.language_model\.layers\.1\.\S+ of the base and 6 more",
    ),
    "half of the pairs": (
        edit(lambda w: {name: t for name, t in w.items() if name != f"{LAYER}.lora_B.weight"}),
        r"it lacks model\.language_model\.layers\.0\.self_attn\.q_proj\.lora_B\.default\.weight",
    ),
    "two of one": (
        edit(lambda w: w | {f"{LAYER}.lora_A.other.weight": torch.ones(4, 128)}),
        r"are for one and the same weight",
    ),
    "numbers that are none": (
        edit(lambda w: w | {f"{LAYER}.lora_A.weight": torch.full((4, 128), float("nan"))}),
        r"not finite, in base_model\S+q_proj\.lora_A\.weight",
    ),
    "infinity": (edit(lambda w: w | {f"{LAYER}.lora_A.weight": torch.full((4, 128), torch.inf)}), "not finite"),
    "whole numbers": (
        edit(lambda w: {name: t.to(torch.int8) for name, t in w.items()}),
        r"holds base_model\S+ as I8; save it as one of",
    ),
    "a module named whole that is not there": (said(modules_to_save=["lm_head"]), r"name lm_head\.weight of the base"),
    "magnitudes that are not there": (said(use_dora=True), r"it lacks \S+lora_magnitude_vector"),
    "another method": (said(peft_type="IA3"), r"peft_type is 'IA3'.*'LORA'"),
    "a method beyond": (said(trainable_token_indices=[1]), "trainable_token_indices is more than can be merged"),
    "a base that was changed": (said(init_lora_weights="loftq"), "init_lora_weights"),
    "biases of the lora where the base has none": (
        edit(lambda w: w | {n.replace("lora_B.weight", "lora_B.bias"): torch.ones(len(t)) for n, t in w.items()}),
        "lora_B",
    ),
    "a rank of zero": (said(r=0), "r is '0'"),
    "no expression": (said(target_modules="(q_proj"), "is no regular expression"),
    "targets of another model": (said(target_modules=["wq"]), r"settings do not name \(target_modules = \['wq'\]\)"),
    "no settings": (lambda f: (f / "adapter_config.json").unlink(), "has no adapter_config.json"),
    "settings cut short": (lambda f: (f / "adapter_config.json").write_text('{"r": 4'), "adapter_config.json"),
    "settings of another kind": (lambda f: (f / "adapter_config.json").write_text("[]"), "adapter_config.json"),
    "a file cut short": (
        lambda f: (f / "adapter_model.safetensors").write_bytes((f / "adapter_model.safetensors").read_bytes()[:-9]),
        "fetch it again",
    ),
    "a pickle alone": (lambda f: (f / "adapter_model.safetensors").rename(f / "adapter_model.bin"), "convert them"),
    "a model in place of an adapter": (
        lambda f: (f / "adapter_model.safetensors").rename(f / "model.safetensors"),
        "has no adapter_model.safetensors",
    ),
    "no tensor": (edit(lambda w: {}), "holds no tensor"),
}  # fmt: skip


@pytest.mark.parametrize("harm", BROKEN)
def test_an_adapter_that_would_not_do_what_it_was_trained_for_is_refused_without_its_bases_weights(
    bases, trained, tmp_path, harm
):
    folder = rewritten(trained("lora"), tmp_path / "adapter", str)
    BROKEN[harm][0](folder)
    with pytest.raises((ValueError, FileNotFoundError), match=BROKEN[harm][1]):
        adapters.check(folder, load_skeleton(bases["qwen2_5_vl"]))


def test_a_worker_refuses_what_preflight_refuses(bases, trained, tmp_path):
    folder = rewritten(trained("lora"), tmp_path / "adapter", str)
    for harm in ("half of the pairs", "numbers that are none"):
        BROKEN[harm][0](folder)
        with pytest.raises(ValueError, match=BROKEN[harm][1]):
            load_model(bases["qwen2_5_vl"], folder, "cpu", torch.float32)
        edit(lambda w: load_file(trained("lora") / "adapter_model.safetensors"))(folder)
