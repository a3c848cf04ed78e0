"""Networks that plan, written and read: the same plans, and what is wrong with a bad folder is named."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from layoutgen.models.denoising.networks import FAMILIES, family_in
from layoutgen.models.denoising.plans import checkpoint
from layoutgen.models.denoising.plans.planner import PlanNetPlanner
from layoutgen.models.denoising.plans.sizes import SIZES
from tests.models.denoising.plans.drawn import TINY, brief, network


@pytest.mark.parametrize("bins", [0, 32])
def test_a_written_network_plans_the_same(tmp_path: Path, bins: int) -> None:
    net = network(bins)
    checkpoint.save(net, tmp_path)
    assert family_in(tmp_path) is FAMILIES["plan"]
    assert checkpoint.size_in(tmp_path) == replace(TINY, bins=bins)
    before, after = (
        PlanNetPlanner(one, steps=3).plan([brief(1), brief(3)]) for one in (net, checkpoint.load(tmp_path))
    )
    assert before == after


def test_one_without_relations_is_read_as_one(tmp_path: Path) -> None:
    checkpoint.save(network(geometric=False), tmp_path)
    assert checkpoint.load(tmp_path).near is None


def test_bad_checkpoints_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="describes no network of this kind"):
        checkpoint.load(tmp_path)
    checkpoint.save(network(), tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    save_file(
        {**weights, "near.bias": torch.full_like(weights["near.bias"], torch.nan)}, tmp_path / "model.safetensors"
    )
    with pytest.raises(ValueError, match=r"not finite, in near\.bias"):
        checkpoint.load(tmp_path)
    save_file({name: one for name, one in weights.items() if name != "given"}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="given first"):
        checkpoint.load(tmp_path)
    about = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**about, "model_type": "layoutgen-radm-1"}))
    with pytest.raises(ValueError, match="layoutgen-radm-1"):
        checkpoint.load(tmp_path)


def test_sizes_have_their_own_names() -> None:
    assert all(name == size.name for name, size in SIZES.items())
    assert SIZES["discrete"].bins == 128
