"""A layer has one plain name, however programs wrapped it."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from layoutgen.models.vlm.checkpoints import load_model
from layoutgen.models.vlm.tensor_names import by_plain, plain, prefixes, renamed
from layoutgen.models.vlm.tiny import FAMILIES, build_checkpoint


@pytest.mark.parametrize(
    "name",
    ["layers.0.mlp", "model.layers.0.mlp", "model.language_model.layers.0.mlp", "language_model.model.layers.0.mlp"],
)
def test_wrappers_are_no_part_of_a_name(name):
    assert plain(name) == "layers.0.mlp"


def test_a_path_is_renamed_as_those_near_it_are():
    wrappers = prefixes([("model.language_model.layers.0.q", "model.layers.0.q"), ("model.visual.x", "visual.x")])
    assert renamed("model.language_model.layers.7.q", wrappers) == "model.layers.7.q"
    assert renamed("model.visual.merger", wrappers) == "visual.merger"
    assert renamed("lm_head", wrappers) == "lm_head"


WRAPPED = {
    "published": lambda text, name: f"model.{name}" if text else name,
    "today": lambda text, name: f"model.language_model.{name}" if text else name if "head" in name else f"model.{name}",
    "in the middle": lambda text, name: f"language_model.model.{name}" if text else name,
    "without a head": lambda text, name: f"language_model.{name}" if text else name,
    "saved inside peft": lambda text, name: f"base_model.model.model.{name}",
    "bare": lambda text, name: name,
}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_checkpoint_is_read_whatever_wrappers_its_names_have(family: str, tmp_path: Path) -> None:
    base = build_checkpoint(family, tmp_path / "base")
    wanted = load_model(base, None, "cpu", torch.float32).state_dict()
    weights = {plain(name): weight for name, weight in load_file(base / "model.safetensors").items()}
    assert weights.keys() <= by_plain(wanted).keys()
    for wrapped, name_of in WRAPPED.items():
        folder = Path(shutil.copytree(base, tmp_path / wrapped))
        named = {name_of(name.startswith(("layers", "embed_tokens", "norm")), name): w for name, w in weights.items()}
        save_file(named, folder / "model.safetensors", {"format": "pt"})
        read = load_model(folder, None, "cpu", torch.float32).state_dict()
        assert all(torch.equal(read[name], weight) for name, weight in wanted.items()), wrapped
