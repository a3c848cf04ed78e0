"""A small network of ours as a folder: config.json says what it is, model.safetensors has its weights, as half floats
if asked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import load_file, save_file
from torch import nn

MODEL_TYPES = {"radm": "layoutgen-radm-1", "layout_image": "layoutgen-layout-image-1"}
"""The `model_type` in the config.json of each kind of network."""
_CONFIG, _WEIGHTS = "config.json", "model.safetensors"
Network = TypeVar("Network", bound=nn.Module)
Found = TypeVar("Found")


def kind_in(folder: Path) -> str:
    """Which kind of network a checkpoint's config.json says that it is; empty for none of these."""
    try:
        told = str(json.loads((folder / _CONFIG).read_text("utf-8")).get("model_type", ""))
    except (OSError, ValueError, AttributeError):
        return ""
    return next((name for name, model_type in MODEL_TYPES.items() if model_type == told), "")


def save(network: nn.Module, name: str, about: dict[str, Any], folder: Path, dtype: torch.dtype) -> None:
    """Write a network of a kind and what is to be said of it; the weights last."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {"model_type": MODEL_TYPES[name], **about}
    (folder / _CONFIG).write_text(json.dumps(told, indent=2) + "\n", "utf-8")
    tensors = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous()
        for name, value in network.state_dict().items()
    }
    save_file(tensors, folder / _WEIGHTS)


def load(folder: Path, name: str, build: Callable[[dict[str, Any]], Network], device: str = "cpu") -> Network:
    """Read a network of a kind, in float32; `build` makes one of what config.json says. Raises ValueError naming what
    is wrong: no network of this kind, weights of another size, numbers that are not finite."""
    network = described(folder, name, build)
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


def described(folder: Path, name: str, made: Callable[[dict[str, Any]], Found]) -> Found:
    """What `made` makes of what config.json says of a network of a kind. Raises ValueError where it can't."""
    path = folder / _CONFIG
    try:
        about: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if not isinstance(about, dict):
            raise ValueError("it is no JSON object")
        if about.get("model_type") != MODEL_TYPES[name]:
            raise ValueError(f"model_type is {about.get('model_type')!r}, not {MODEL_TYPES[name]!r}")
        return made(about)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} describes no network of this kind ({error}); give the folder of one") from error


def sized(numbers: dict[str, Any]) -> dict[str, Any]:
    """The fields of a size as they are in config.json, lists as tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in numbers.items()}
