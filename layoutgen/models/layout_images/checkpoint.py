"""A network that draws layout images as a folder: see `network_files`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from layoutgen.models import network_files
from layoutgen.models.layout_images.drawer import Drawer, ImageSize, build

MODEL_TYPE = "layoutgen-layout-image-1"


def save(network: Drawer, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a network."""
    network_files.save(network, {"model_type": MODEL_TYPE, "size": asdict(network.size)}, folder, dtype)


def load(folder: Path, device: str = "cpu") -> Drawer:
    """Read a network. Raises ValueError naming what is wrong."""
    return network_files.load(folder, MODEL_TYPE, _build, device)


def _build(about: dict[str, Any]) -> Drawer:
    return build(ImageSize(**network_files.sized(about["size"])))
