"""A small network of ours as a folder: config.json says what it is, model.safetensors has its weights, as half floats
if asked."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors.torch import load_file, save_file
from torch import nn

_CONFIG, _WEIGHTS = "config.json", "model.safetensors"
Network = TypeVar("Network", bound=nn.Module)
Described = TypeVar("Described")


def model_type_in(folder: Path) -> str:
    """The `model_type` of a checkpoint's config.json; empty where it says none."""
    try:
        return str(json.loads((folder / _CONFIG).read_text("utf-8")).get("model_type", ""))
    except (OSError, ValueError, AttributeError):
        return ""


def save(network: nn.Module, model_type: str, about: dict[str, Any], folder: Path, dtype: torch.dtype) -> None:
    """Write a network of a model type and what is to be said of it; the weights last."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_type": model_type, **about}
    (folder / _CONFIG).write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    tensors = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous()
        for name, value in network.state_dict().items()
    }
    save_file(tensors, folder / _WEIGHTS)


def load(folder: Path, model_type: str, build: Callable[[dict[str, Any]], Network], device: str = "cpu") -> Network:
    """Read a network of a model type, in float32; `build` makes one of what config.json says. Raises ValueError naming
    what is wrong: no network of this kind, weights of another size, numbers that are not finite."""
    network = described(folder, model_type, build)
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


def described(folder: Path, model_type: str, read: Callable[[dict[str, Any]], Described]) -> Described:
    """What `read` makes of what config.json says of a network of a model type. Raises ValueError where it can't."""
    path = folder / _CONFIG
    try:
        about: dict[str, Any] = json.loads(path.read_text("utf-8"))
        if not isinstance(about, dict):
            raise ValueError("it is no JSON object")
        if about.get("model_type") != model_type:
            raise ValueError(f"model_type is {about.get('model_type')!r}, not {model_type!r}")
        return read(about)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ValueError(f"{path} describes no network of this kind ({error}); give the folder of one") from error


def sized(numbers: dict[str, Any]) -> dict[str, Any]:
    """The fields of a size as they are in config.json, lists as tuples."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in numbers.items()}
