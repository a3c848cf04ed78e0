"""A network as a folder: config.json says its size, model.safetensors has its weights, as half floats if asked."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from layoutgen.models.layout_diffusion.network import Radm, build
from layoutgen.models.layout_diffusion.sizes import Size

MODEL_TYPE = "layoutgen-radm-1"
_CONFIG, _WEIGHTS = "config.json", "model.safetensors"


def save(network: Radm, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a network; the weights last."""
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "model_type": MODEL_TYPE,
        "size": asdict(network.size),
        "geometric": network.heads[0].geometric is not None,
        "textual": network.heads[0].textual is not None,
        "anchored": network.anchored,
    }
    (folder / _CONFIG).write_text(json.dumps(about, indent=2) + "\n", "utf-8")
    tensors = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous()
        for name, value in network.state_dict().items()
    }
    save_file(tensors, folder / _WEIGHTS)


def load(folder: Path, device: str = "cpu") -> Radm:
    """Read a network, in float32. Raises ValueError naming what is wrong: no network of ours, weights of another size,
    numbers that are not finite."""
    network = _empty(folder)
    weights = load_file(folder / _WEIGHTS)
    expected = network.state_dict()
    odd = sorted(weights.keys() ^ expected.keys())
    odd += [name for name in weights.keys() & expected.keys() if weights[name].shape != expected[name].shape]
    if odd:
        raise ValueError(
            f"{folder / _WEIGHTS} has other weights than its {_CONFIG} says: {len(odd)} differ, {odd[0]} first; give "
            "the two files of one training"
        )
    broken = [name for name, value in weights.items() if not value.float().isfinite().all()]
    if broken:
        raise ValueError(f"{folder / _WEIGHTS} holds numbers that are not finite, in {broken[0]}; train it again")
    network.load_state_dict(weights)
    return network.eval().to(device)


def _empty(folder: Path) -> Radm:
    path = folder / _CONFIG
    try:
        about: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if not isinstance(about, dict):
            raise ValueError("it is no JSON object")
        if about.get("model_type") != MODEL_TYPE:
            raise ValueError(f"model_type is {about.get('model_type')!r}, not {MODEL_TYPE!r}")
        numbers: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in about["size"].items()
        }
        return build(Size(**numbers), **{name: about[name] for name in ("geometric", "textual", "anchored")})
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} describes no network of this kind ({error}); give the folder of one") from error
