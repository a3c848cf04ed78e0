"""A network comes back as it was saved, or says why it does not."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from layoutgen.models.denoising.boxes import checkpoint
from tests.models.denoising.tiny import network


def test_a_network_comes_back_as_it_was_saved(tmp_path):
    net = network(textual=False)
    checkpoint.save(net, tmp_path)
    back = checkpoint.load(tmp_path)
    assert back.size == net.size
    assert back.heads[0].textual is None
    assert all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), back.state_dict().values(), strict=True))


def test_half_floats_take_half_the_room(tmp_path):
    checkpoint.save(network(), tmp_path / "whole")
    checkpoint.save(network(), tmp_path / "half", torch.float16)
    whole, half = ((tmp_path / name / "model.safetensors").stat().st_size for name in ("whole", "half"))
    assert half < 0.6 * whole
    assert checkpoint.load(tmp_path / "half").letters.low.weight.dtype == torch.float32


def test_weights_of_another_size_are_named(tmp_path):
    checkpoint.save(network(), tmp_path)
    about = json.loads((tmp_path / "config.json").read_text())
    about["size"]["width"] = 48
    (tmp_path / "config.json").write_text(json.dumps(about))
    with pytest.raises(ValueError, match="other weights than its"):
        checkpoint.load(tmp_path)


def test_numbers_that_are_not_finite_are_named(tmp_path):
    checkpoint.save(network(), tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    weights["letters.low.weight"][3, 3] = float("nan")
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match=r"not finite, in letters\.low\.weight"):
        checkpoint.load(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", '{"model_type": "qwen2_vl"}', '{"model_type": "layoutgen-radm-1"}'])
def test_a_folder_of_something_else_is_named(tmp_path, text):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ValueError, match="describes no network of this kind"):
        checkpoint.load(tmp_path)
    with pytest.raises(ValueError, match="describes no network of this kind"):
        checkpoint.load(tmp_path / "nowhere")
