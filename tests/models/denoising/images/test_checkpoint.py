"""A network that draws comes back as it was saved, or says why it does not."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

pytest.importorskip("diffusers")

from layoutgen.models.denoising.images import checkpoint
from layoutgen.models.denoising.images.network import build
from layoutgen.models.denoising.images.sizes import SMALL

TINY = replace(SMALL, name="tiny", side=32, patch=4, widths=(16, 32), text=16, letters=16, attention=16, out=16)


def test_a_network_comes_back_as_it_was_saved(tmp_path):
    network = build(TINY)
    checkpoint.save(network, tmp_path)
    found = checkpoint.load(tmp_path)
    assert found.size == checkpoint.size_in(tmp_path) == TINY
    assert not found.training
    pairs = zip(network.state_dict().items(), found.state_dict().items(), strict=True)
    assert all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


def test_weights_of_another_size_and_broken_ones_are_named(tmp_path):
    checkpoint.save(build(TINY), tmp_path)
    about = json.loads((tmp_path / "config.json").read_text())
    about["size"]["text"] = 24
    (tmp_path / "config.json").write_text(json.dumps(about))
    with pytest.raises(ValueError, match="other weights than its"):
        checkpoint.load(tmp_path)
    checkpoint.save(build(TINY), tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights["pixels.bias"][0] = float("inf")
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=r"not finite, in pixels\.bias"):
        checkpoint.load(tmp_path)


def test_a_folder_of_something_else_is_named(tmp_path):
    (tmp_path / "config.json").write_text('{"model_type": "layoutgen-layout-image-1", "size": {"name": "x"}}')
    for read in (checkpoint.load, checkpoint.size_in):
        with pytest.raises(ValueError, match="describes no network of this kind"):
            read(tmp_path)
