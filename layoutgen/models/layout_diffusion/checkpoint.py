"""A network that denoises boxes as a folder: see `network_files`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from layoutgen.models import network_files
from layoutgen.models.layout_diffusion.network import Radm, build
from layoutgen.models.layout_diffusion.sizes import Size

MODEL_TYPE = "layoutgen-radm-1"
_SWITCHES = ("geometric", "textual", "anchored")


def save(network: Radm, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a network."""
    about = {
        "model_type": MODEL_TYPE,
        "size": asdict(network.size),
        "geometric": network.heads[0].geometric is not None,
        "textual": network.heads[0].textual is not None,
        "anchored": network.anchored,
    }
    network_files.save(network, about, folder, dtype)


def load(folder: Path, device: str = "cpu") -> Radm:
    """Read a network. Raises ValueError naming what is wrong."""
    return network_files.load(folder, MODEL_TYPE, _build, device)


def _build(about: dict[str, Any]) -> Radm:
    return build(Size(**network_files.sized(about["size"])), **{name: about[name] for name in _SWITCHES})
