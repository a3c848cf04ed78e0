"""What is shipped is a version of a registry, with a card that tells all its trainings."""

import importlib.util
import json
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from layoutgen.models.denoising.networks import FAMILIES
from layoutgen.models.vlm.checkpoints import family_of, load_chat_format, load_model
from layoutgen.models.vlm.tiny import build_adapter, build_checkpoint
from layoutgen.models.weights import weights_sha
from layoutgen.training.shipping import ship
from tests.training.tiny_networks import network_of


def version(folder: Path, steps: int, **recipe: Any) -> Path:
    folder.mkdir()
    save_file({"weight": torch.zeros(3, 4)}, folder / "model.safetensors")
    (folder / "config.json").write_text("{}")
    told = {
        "family": "qwen2_5_vl", "image_side": 224, "codec": "c", "prompt_version": "p", "code_version": "v",
        "created_at": "now", "recipe": {"batch": 8, "dense_steps": 0} | recipe, "data": {"rows": {"train": 5}},
        "data_sha": f"sha-{steps}", "steps": steps, "training": {"validation_loss": 0.5},
        "base": "shop/model", "base_revision": "abc",
        "metrics": {"held": {"iou": {"ours": 0.2, "theirs": 0.1, "better": "higher"}}},
    }  # fmt: skip
    (folder / "card.json").write_text(json.dumps(told))
    return folder


@pytest.mark.parametrize("count", [1, 2])
def test_its_card_tells_every_training(tmp_path: Path, count: int) -> None:
    first = version(tmp_path / "first", 10, batch=32, dense_steps=3)
    last = version(tmp_path / "last", 20) if count == 2 else first
    card = ship(last, tmp_path / "out", "a note", first if count == 2 else None)
    assert json.loads((tmp_path / "out" / "card.json").read_text("utf-8")) == card
    assert (card["parameters"], card["note"], len(card["made_by"])) == (12, "a note", (3, 6)[count - 1])
    samples = [one["samples"] for one in card["trainings"]]
    assert samples == [{"dense": 96, "layouts": 320}, {"dense": 0, "layouts": 160}][:count]
    assert card["trainings"][0]["held_back_posters"]["iou"] == {"before": 0.1, "after": 0.2, "better": "higher"}
    assert (tmp_path / "out" / "config.json").read_text() == "{}"


def test_a_network_is_shipped_as_half_floats_that_load(tmp_path: Path) -> None:
    told = json.loads((version(tmp_path / "told", 5) / "card.json").read_text()) | {"family": "radm"}
    folder = network_of("radm", tmp_path / "radm")
    (folder / "card.json").write_text(json.dumps(told))
    card = ship(folder, tmp_path / "out", "")
    assert card["made_by"][-1].startswith("python -m jobs.retrain --config jobs/retrain.radm.toml")
    assert "codec" not in card
    assert card["bytes"] < 0.6 * (folder / "model.safetensors").stat().st_size
    before, after = (FAMILIES["radm"].load(path, "cpu").state_dict() for path in (folder, tmp_path / "out"))
    assert all(torch.allclose(before[name].float(), after[name].float(), rtol=1e-3, atol=1e-4) for name in before)


EMBEDDED = sorted((Path(__file__).parents[2] / "layoutgen" / "models" / "embedded").rglob("*.json"))
CARDS = [path for path in EMBEDDED if "made_by" in json.loads(path.read_text("utf-8"))]


def test_every_embedded_model_has_its_card() -> None:
    assert [path.parent.name for path in CARDS] == [
        "embedded",  # the critic
        "layout_image",
        "painted",
        "plans",
        "qwen_vl",
        "radm",
        "embedded",  # the refiner
        "embedded",  # the finder
        "scenes",
    ]


@cache
def command(module: str) -> tuple[str, str]:
    """The source of a command's module, and what it says to --help."""
    spec = importlib.util.find_spec(module)
    if spec and spec.submodule_search_locations:
        spec = importlib.util.find_spec(f"{module}.__main__")
    assert spec and spec.origin, module
    done = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True)
    return Path(spec.origin).read_text("utf-8"), done.stdout


@pytest.mark.parametrize("card", CARDS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_command_that_a_card_names_is_there_with_its_options_and_settings(card: Path) -> None:
    made_by = json.loads(card.read_text("utf-8"))["made_by"]
    for line in [made_by] if isinstance(made_by, str) else made_by:
        python, flag, module, *arguments = line.split()
        assert (python, flag) == ("python", "-m")
        source, said = command(module)
        assert '__name__ == "__main__"' in source, f"{module} is no command"
        options = [word for word in arguments if word.startswith("--")]
        assert options
        assert [option for option in options if option not in said] == []
        for word in arguments:
            assert not word.endswith(".toml") or (Path(__file__).parents[2] / word).exists()


def test_an_adapter_is_shipped_merged_into_its_base_and_answers_as_they_do(tmp_path: Path) -> None:
    base = build_checkpoint("qwen2_5_vl", tmp_path / "base")
    adapter = build_adapter(base, tmp_path / "adapter", max_side=224)
    shutil.copyfile(version(tmp_path / "told", 20) / "card.json", adapter / "card.json")
    card = ship(adapter, tmp_path / "out", "a note", base=base)
    assert (card["base_sha"], card["adapter_sha"]) == (weights_sha(base), weights_sha(adapter))
    assert (card["base"], card["base_revision"]) == ("shop/model", "abc")
    assert (card["image_side"], card["codec"], card["prompt_version"]) == (224, "c", "p")
    assert family_of(tmp_path / "out") == "qwen2_5_vl" and not (tmp_path / "out" / "adapter_config.json").exists()
    merged, apart, plain = (
        load_model(folder, with_adapter, "cpu", torch.float32)
        for folder, with_adapter in ((tmp_path / "out", None), (base, adapter), (base, None))
    )
    words = load_chat_format(tmp_path / "out").tokenizer("a title for a vase", return_tensors="pt")
    with torch.inference_mode():
        ours, theirs, before = (model(**words).logits for model in (merged, apart, plain))
    assert torch.allclose(ours, theirs, atol=1e-5) and not torch.allclose(ours, before, atol=1e-2)


def test_an_adapter_needs_its_own_base_and_nothing_else_has_one(tmp_path: Path) -> None:
    base = build_checkpoint("qwen2_5_vl", tmp_path / "base")
    adapter = build_adapter(base, tmp_path / "adapter", max_side=224)
    shutil.copyfile(version(tmp_path / "told", 20) / "card.json", adapter / "card.json")
    with pytest.raises(ValueError, match="is an adapter; give the checkpoint"):
        ship(adapter, tmp_path / "out", "")
    with pytest.raises(ValueError, match="is no adapter; leave --base out"):
        ship(tmp_path / "told", tmp_path / "out", "", base=base)
    with pytest.raises(ValueError, match="base_sha"):
        ship(adapter, tmp_path / "out", "", base=build_checkpoint("qwen2_5_vl", tmp_path / "other", seed=1))
