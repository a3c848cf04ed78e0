"""A network that denoises boxes as a folder: see `denoising.files`."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch

from layoutgen.models.denoising import files
from layoutgen.models.denoising.boxes.network import Radm, build
from layoutgen.models.denoising.boxes.sizes import Size
from layoutgen.models.denoising.encoders import PretrainedEncoder, rebuilt

MODEL_TYPE = "layoutgen-radm-1"
_SWITCHES = ("geometric", "textual", "anchored")


def save(network: Radm, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a network."""
    about: dict[str, Any] = {
        "size": asdict(network.size),
        "geometric": network.heads[0].geometric is not None,
        "textual": network.heads[0].textual is not None,
        "anchored": network.anchored,
    }
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(network.letters, PretrainedEncoder):
        about["encoder"] = network.letters.save(folder)
    files.save(network, MODEL_TYPE, about, folder, dtype)


def load(folder: Path, device: str = "cpu") -> Radm:
    """Read a network. Raises ValueError naming what is wrong."""
    return files.load(folder, MODEL_TYPE, partial(_build, folder=folder), device)


def size_in(folder: Path) -> Size:
    """The size of a network, from config.json alone. Raises ValueError."""
    return files.described(folder, MODEL_TYPE, _size)


def _size(about: dict[str, Any]) -> Size:
    return Size(**files.sized(about["size"]))


def _build(about: dict[str, Any], folder: Path) -> Radm:
    encoder = rebuilt(about["encoder"], folder) if "encoder" in about else None
    return build(_size(about), encoder=encoder, **{name: about[name] for name in _SWITCHES})
